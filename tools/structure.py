"""Fail where the code grows past what can be read, or hides what a tool would say.

    python -m tools.structure

- a file of more than 300 lines, or a function of more than 40 (its docstring left out), unless
  `structure.toml` beside this tool lists it with a reason;
- an entry of that list which no longer holds: the list only shrinks by itself;
- a remark that silences a tool without naming the rule, or without saying why;
- what nobody uses: a public function, class or constant of the product that stands nowhere else.
"""

from __future__ import annotations

import ast
import re
import sys
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRODUCT = ("ruler", "graphs", "prompts", "rules_store")
LOOKED_AT = (*PRODUCT, "tools", "benchmarks", "examples")
USERS = (*LOOKED_AT, "tests", "docs")
LISTED = ROOT / "tools" / "structure.toml"
MOST_FILE_LINES = 300
MOST_FUNCTION_LINES = 40

_BLANKET = re.compile(
    r"#\s*(?:noqa(?!: ?[A-Z]+[0-9]+)|type:\s*ignore(?!\[)|pylint:\s*disable|mypy:\s*ignore"
    r"|ruff:\s*noqa|pragma:\s*no)",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DECORATED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def sources(*folders: str) -> Iterator[Path]:
    """The Python files below some folders of the checkout, without what a build wrote."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.name != "_version.py" and "__pycache__" not in path.parts:
                yield path


def lengths(path: Path) -> Iterator[tuple[str, int, int]]:
    """(name, lines, most) of a file and each of its functions; `name` is `path[::function]`."""
    text = path.read_text(encoding="utf-8")
    place = path.relative_to(ROOT).as_posix()
    yield place, len(text.splitlines()), MOST_FILE_LINES
    for owner, function in functions(ast.parse(text)):
        yield f"{place}::{owner}{function.name}", body_lines(function), MOST_FUNCTION_LINES


def functions(
    tree: ast.AST, owner: str = ""
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """All functions with the names of what they stand in."""
    for node in ast.iter_child_nodes(tree):
        inner = owner
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield owner, node
        if isinstance(node, _DECORATED):
            inner = f"{owner}{node.name}."
        yield from functions(node, inner)


def body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from the first statement after the docstring to the end: what is to be followed."""
    body = function.body[ast.get_docstring(function) is not None :]
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def listed() -> dict[str, str]:
    """What may be long, and why."""
    found: dict[str, str] = tomllib.loads(LISTED.read_text(encoding="utf-8"))["long"]
    return found


def long_ones() -> list[str]:
    """What is too long without a reason, and reasons for what is not."""
    reasons = listed()
    said = [
        f"{name}: its reason in tools/structure.toml is empty"
        for name in reasons
        if not reasons[name].strip()
    ]
    known = {
        name: (lines, most) for path in sources(*LOOKED_AT) for name, lines, most in lengths(path)
    }
    for name, (lines, most) in known.items():
        if lines > most and name not in reasons:
            said.append(f"{name}: {lines} lines, more than {most}; split it")
        if lines <= most and name in reasons:
            said.append(f"{name}: no longer long; take it out of tools/structure.toml")
    gone = [name for name in reasons if name not in known]
    return said + [f"{name}: is gone; take it out of tools/structure.toml" for name in gone]


def blanket_remarks() -> Iterator[str]:
    """Remarks that silence a tool wholesale."""
    for path in sources(*LOOKED_AT, "tests"):
        with path.open("rb") as file:
            for token in tokenize.tokenize(file.readline):
                if token.type == tokenize.COMMENT and _BLANKET.search(token.string):
                    place = f"{path.relative_to(ROOT)}:{token.start[0]}"
                    yield f"{place}: name the rule that is silenced: {token.string}"


def unused() -> Iterator[str]:
    """Public names of the product that are written once: where they are made."""
    counts: dict[str, int] = {}
    for folder in USERS:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".md", ".yaml", ".html", ".toml", ".json"):
                for word in set_of_words(path):
                    counts[word] = counts.get(word, 0) + 1
    for word in set_of_words(ROOT / "pyproject.toml"):
        counts[word] = counts.get(word, 0) + 1
    for path in sources(*PRODUCT):
        text = path.read_text(encoding="utf-8")
        own = [found[0] for found in _WORD.finditer(text)]
        for node in ast.parse(text).body:
            for name in made_by(node):
                if not name.startswith("_") and counts.get(name, 0) <= 1 and own.count(name) <= 1:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}: nobody uses `{name}`"


def set_of_words(path: Path) -> set[str]:
    """Every word that could be a name."""
    return set(_WORD.findall(path.read_text(encoding="utf-8", errors="replace")))


def made_by(node: ast.stmt) -> list[str]:
    """The names that a statement of a module makes."""
    if isinstance(node, _DECORATED):
        return [] if node.decorator_list and not isinstance(node, ast.ClassDef) else [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
    return [target.id for target in targets if isinstance(target, ast.Name)]


def main() -> None:
    """Say all that is wrong."""
    said = [*long_ones(), *blanket_remarks(), *unused()]
    for sentence in said:
        print(sentence)
    sys.exit(1 if said else 0)


if __name__ == "__main__":
    main()
