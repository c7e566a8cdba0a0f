"""The names that other packages, notebooks and scripts may rely on, kept in a list.

    python -m tools.public_names            write tools/public_names.txt anew
    python -m tools.public_names --check    fail where the code and the list differ

What is taken out of the list breaks somebody: say so in CHANGELOG.md.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator

from tools.structure import ROOT, made_by

LIST = ROOT / "tools" / "public_names.txt"
MODULES = (
    *("ruler.errors", "ruler.registry", "ruler.metrics", "ruler.settings"),
    *("ruler.captioners.base", "ruler.reasoners.base", "ruler.video.frames", "ruler.video.clips"),
    *(
        f"ruler.schemas.{name}"
        for name in (
            *("base", "captions", "datasets", "facts", "induction", "observations"),
            *("rules", "runs", "taxonomy", "traces", "verdicts"),
        )
    ),
    *("ruler.jobs.detect", "ruler.jobs.induce", "ruler.jobs.explain", "ruler.jobs.backtest"),
    *("graphs.induction", "graphs.deduction", "prompts.loader"),
    *("rules_store.store", "rules_store.rule_files", "rules_store.taxonomy_files"),
)


def names() -> Iterator[str]:
    """`module.name` of everything public, as it stands in the code."""
    for module in MODULES:
        path = ROOT / f"{module.replace('.', '/')}.py"
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            yield from (f"{module}.{name}" for name in made_by(node) if not name.startswith("_"))


def main() -> None:
    """Write the list, or check it."""
    here = sorted(set(names()))
    if "--check" not in sys.argv[1:]:
        LIST.write_text("".join(f"{name}\n" for name in here), encoding="utf-8")
        return
    kept = LIST.read_text(encoding="utf-8").split()
    for name in sorted({*kept} - {*here}):
        print(f"{name} is gone; others may use it. If that is meant: python -m tools.public_names")
    for name in sorted({*here} - {*kept}):
        print(f"{name} is new and public. If that is meant: python -m tools.public_names")
    sys.exit(kept != here)


if __name__ == "__main__":
    main()
