"""`ruler cache`: what is kept of what models said, and cleaning it up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from ruler.cli import console, options
from ruler.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rules_store.sizes import Kept

app = typer.Typer(
    help="Look at the captions and answers that the store keeps, and clean them up.",
    no_args_is_help=True,
)

_MOST_DAYS = 36_500


@app.command("show")
def show(store: options.StorePlace = None, as_json: options.AsJson = False) -> None:
    """Show how many captions and answers are kept, by captioner and model, and their size.

    Example: ruler cache show
    """
    from ruler.cli.context import open_store
    from ruler.jobs.caches import contents

    with open_store(store) as opened:
        found = contents(opened)
    if as_json:
        console.emit_json(found.as_data())
        return
    _table("captions", "captioner", found.captions)
    _table("answers", "model", found.answers)


@app.command("prune")
def prune(
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", help="Delete answers that are older, like 30d; else none."),
    ] = None,
    even_unfinished: Annotated[
        bool,
        typer.Option(
            "--even-unfinished",
            help="Also what unfinished runs may need; going on with them asks models again.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be deleted; delete nothing.")
    ] = False,
    store: options.StorePlace = None,
    as_json: options.AsJson = False,
) -> None:
    """Delete old answers of models, and captions that nothing refers to; never what a run needs.

    Example: ruler cache prune --older-than 30d --dry-run
    """
    from ruler.cli.context import open_store
    from ruler.jobs.caches import prune as run

    days = None if older_than is None else _days(older_than)
    with open_store(store) as opened:
        done = run(opened, days=days, is_dry_run=dry_run, even_unfinished=even_unfinished)
    if as_json:
        console.emit_json(done.as_data())
        return
    if done.unfinished:
        console.warn(
            f"unfinished runs may need what is kept: {', '.join(done.unfinished)}. Go on with each "
            "(ruler detect --resume RUN), or give their answers up with --even-unfinished."
        )
        return
    verb = "Would delete" if dry_run else "Deleted"
    for what, gone in (("answers", done.answers), ("captions", done.captions)):
        for kept in gone:
            size = _size(kept.size_bytes)
            console.say(f"{verb} {kept.entries:,} {what} of {console.plain(kept.name)}, {size}")
    if not (done.answers or done.captions):
        console.say("Nothing to delete.")


def _days(text: str) -> int:
    found = re.fullmatch(r"(\d{1,5})d", text)
    if found is None or int(found[1]) > _MOST_DAYS:
        raise InputError(f"--older-than takes days like 30d, not {text!r}.")
    return int(found[1])


def _table(what: str, by: str, found: Sequence[Kept]) -> None:
    from rich.table import Table

    if not found:
        console.say(f"No {what}.")
        return
    table = Table()
    table.add_column(by, overflow="fold")
    table.add_column(what, justify="right")
    table.add_column("size", justify="right")
    for kept in found:
        table.add_row(console.plain(kept.name), f"{kept.entries:,}", _size(kept.size_bytes))
    console.show(table)


def _size(size: float) -> str:
    """Bytes as people write them: 812 B, 4.2 kB, 1.3 MB."""
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
