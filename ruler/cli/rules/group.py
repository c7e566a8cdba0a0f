"""The command group `ruler rules`, and how its arguments are read."""

from __future__ import annotations

from typing import Annotated

import typer

from ruler.errors import InputError

app = typer.Typer(
    help="Look at, edit, test, compare and approve the rules of a scene.", no_args_is_help=True
)

SceneName = Annotated[
    str, typer.Argument(metavar="SCENE", help="Name of the scene; SCENE@N for a revision.")
]


def parse_scene(text: str) -> tuple[str, int | None]:
    """`NAME` or `NAME@N`; a rule's id in place of the name is read in the same way.

    Raises:
        InputError: what stands behind the @ is no number.
    """
    name, _, number = text.partition("@")
    if number and not number.isdigit():
        raise InputError(f"a revision is a number, as in {name}@3, not {number!r}.")
    return name, int(number) if number else None
