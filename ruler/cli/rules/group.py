"""The command group `ruler rules`, and how its arguments are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ruler.cli import completing
from ruler.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from rules_store.store import Store

app = typer.Typer(
    help="Look at, edit, test, compare and approve the rules of a scene.", no_args_is_help=True
)

SceneName = Annotated[
    str,
    typer.Argument(
        metavar="SCENE",
        autocompletion=completing.revision,
        help="Name of the scene; SCENE@N for a revision.",
    ),
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


def is_path(target: str) -> bool:
    """True for what names a file rather than a scene or a pack: by its form, or because there is
    one."""
    from pathlib import Path

    from ruler.files import is_file

    return "/" in target or target.endswith((".yaml", ".yml")) or is_file(Path(target))


def rules_text(store: Store, target: str) -> tuple[str, str]:
    """(text, name) of the rules that a file, a scene, SCENE@N or a starter pack holds.

    A scene of the store goes before a pack of its name.

    Raises:
        NotFoundError: there is none of them.
        FileProblems: the file is not UTF-8.
    """
    from pathlib import Path

    from rules_store.packs import builtin_packs, load_pack
    from rules_store.yamlio import read_source

    if is_path(target):
        return read_source(Path(target)), target
    if target in builtin_packs() and store.scenes.find(target) is None:
        pack = load_pack(target)
        return pack.source, pack.file
    try:
        revision = store.scenes.revision(*parse_scene(target))
    except NotFoundError as error:
        raise NotFoundError(f"{error} Starter packs: {', '.join(builtin_packs())}.") from error
    return revision.source, str(revision.ref)
