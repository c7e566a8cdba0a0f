"""Writes docs/lint.md, the catalogue of `ruler rules lint`, from the code and its examples.

python tools/lint_catalogue.py            write it
python tools/lint_catalogue.py --check    end with 1 where it is out of date
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from ruamel.yaml import YAML

from ruler.steps.linting import CODES

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "tools" / "lint_examples.yaml"
PAGE = ROOT / "docs" / "lint.md"
HEADER = "schema: ruler/rules/v1\nscene: yard\n"

UNSHOWN = {"RL206": "It depends on the store, so it has no example here."}
"""Codes without an example, and why."""

_INTRODUCTION = """\
# What `ruler rules lint` finds

*Written by `python tools/lint_catalogue.py` from the code; a test keeps it true.*

    ruler rules lint front-door                       the active revision of a scene
    ruler rules lint front-door@3 rules/*.yaml        a revision, and files
    ruler rules lint front-door --level info          also what is merely worth knowing
    ruler rules lint front-door --json                for programs

It ends with 1 where there is an **error** (the rule cannot do what it is written for) or a
**warning** (it probably does something else), with 0 otherwise: **info** never fails. A file that
is not a valid rule file ends with 2 and every problem in it. Codes are stable.

**In your editor.** `ruler rules schema > rules.schema.json` writes a JSON Schema. With the YAML
language server (VS Code's YAML extension, Neovim, Helix ...), this first line of a rule file
completes and checks keys while you type:

    # yaml-language-server: $schema=./rules.schema.json

"""


def examples() -> dict[str, dict[str, str]]:
    """By code, a bad and a good rule file without its first two lines."""
    loaded: dict[str, dict[str, str]] = YAML(typ="safe").load(EXAMPLES.read_text(encoding="utf-8"))
    return loaded


def page() -> str:
    """The catalogue as Markdown."""
    return _INTRODUCTION + "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    shown = examples()
    yield "| code | level | finds |"
    yield "|---|---|---|"
    for code in CODES.values():
        yield f"| [{code.code}](#{code.code.lower()}) | {code.level} | {code.title} |"
    for code in CODES.values():
        yield f"\n## {code.code}\n"
        yield f"**{code.title}** ({code.level}). {code.advice}"
        if code.code in UNSHOWN:
            yield f"\n{UNSHOWN[code.code]}"
            continue
        for kind in ("bad", "good"):
            yield f"\n{kind.capitalize()}:\n\n```yaml\n{shown[code.code][kind].rstrip()}\n```"


def main(arguments: list[str]) -> int:
    """Write the page, or say whether it is up to date."""
    text = page()
    if arguments == ["--check"]:
        return int(not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
