"""Writes docs/reference/ and docs/lint.md from the code.

python -m tools.reference            write what has changed
python -m tools.reference --check    name what is out of date, and end with 1 where anything is
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from tools import lint_catalogue
from tools.reference import commands, drawings, faults, values

ROOT = Path(__file__).resolve().parents[2]
NOTE = "<!-- Made by `make reference` from the code; edit the code. -->\n\n"

PAGES: dict[str, Callable[[], str]] = {
    "docs/reference/commands.md": commands.page,
    "docs/reference/settings.md": values.settings_page,
    "docs/reference/rule-file.md": values.rules_page,
    "docs/reference/taxonomy-file.md": values.taxonomy_page,
    "docs/reference/dataset-file.md": values.dataset_page,
    "docs/reference/results.md": values.results_page,
    "docs/reference/facts.md": values.facts_page,
    "docs/reference/errors.md": faults.page,
    "docs/reference/graphs.md": drawings.page,
}


def pages() -> dict[str, str]:
    """By its path from the root, the text that every generated page should have."""
    made = {name: NOTE + make().rstrip() + "\n" for name, make in PAGES.items()}
    return made | {"docs/lint.md": lint_catalogue.page()}


def main(arguments: list[str]) -> int:
    """Write the pages, or say which are out of date."""
    stale = []
    for name, text in pages().items():
        path = ROOT / name
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{name} {'is out of date' if '--check' in arguments else 'written'}")
    return int("--check" in arguments and bool(stale))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
