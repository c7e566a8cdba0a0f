"""The page of commands, from the parser that users meet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer.main

from ruler.cli.app import app
from tools.reference.tables import table

_INTRODUCTION = """\
# Commands

Exit codes: 0 done, 1 a finding, 2 a mistake in usage or input, 3 incomplete. Progress goes to
stderr. `--debug`, anywhere in the line, shows the traceback of an error.
"""
_HIDDEN = ("help", "install_completion", "show_completion")


def page() -> str:
    """Every command with its arguments, options and examples."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    found = list(_below((), typer.main.get_command(app)))
    yield _INTRODUCTION
    yield from table(
        ("command", "what it does"),
        (
            (f"[`ruler {' '.join(path)}`](#{_anchor(path)})", _summary(command))
            for path, command in found
        ),
    )
    for path, command in found:
        yield f"\n## ruler {' '.join(path)}\n"
        yield from _command(command)


def _anchor(path: tuple[str, ...]) -> str:
    return "-".join(("ruler", *path))


def _below(path: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Commands that do something, groups left out."""
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name, child in children.items():
        if not child.hidden:
            yield from _below((*path, name), child)


def _summary(command: Any) -> str:
    return " ".join((command.help or "").split("\n\n")[0].split())


def _command(command: Any) -> Iterator[str]:
    parts = (command.help or "").strip().split("\n\n")
    yield from (f"{' '.join(part.split())}\n" for part in parts if not part.startswith("Example:"))
    examples = re.findall(r"^Example: (.+)$", command.help or "", flags=re.MULTILINE)
    if examples:
        yield "```bash\n" + "\n".join(examples) + "\n```\n"
    shown = [one for one in command.params if one.name not in _HIDDEN and not one.hidden]
    rows = [(_named(one), one.help or "", _default(one)) for one in shown]
    if rows:
        yield from table(("argument or option", "meaning", "if not given"), rows)


def _named(parameter: Any) -> str:
    metavar = parameter.metavar or parameter.name.upper()
    if parameter.param_type_name == "argument":
        return f"`{metavar}{'...' if parameter.nargs == -1 else ''}`"
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    return names if parameter.is_flag else f"{names} `{metavar}`"


def _default(parameter: Any) -> str:
    if parameter.required:
        return "*needed*"
    if parameter.default in (None, "", False) or callable(parameter.default):
        return ""
    return f"`{parameter.default}`"
