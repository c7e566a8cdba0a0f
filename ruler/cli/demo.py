"""`ruler demo`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ruler.cli import console, options

if TYPE_CHECKING:
    from ruler.jobs.demonstrate import DemoResult


def demo(
    reference: Annotated[
        list[str] | None,
        typer.Option("--reference", help="A normal clip of your own (repeatable)."),
    ] = None,
    clip: Annotated[
        list[str] | None, typer.Option("--clip", help="A clip of your own to look at (repeatable).")
    ] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for everything it makes.")] = Path(
        "demo"
    ),
    place: options.Place = "any",
    workers: options.Workers = None,
) -> None:
    """Show the whole job on a small rendered scene, or on two clips of your own.

    Example: ruler demo --reference normal.mp4 --clip today.mp4
    """
    from ruler.cli.context import settings
    from ruler.jobs.demonstrate import demonstrate
    from ruler.schemas.rules import Place

    with console.progress() as report:
        result = demonstrate(
            out,
            references=reference or (),
            clips=clip or (),
            place=console.one_of("--place", Place, place),
            workers=workers or settings().workers,
            report=report,
        )
    _print(result)
    _next(reference or [], place)
    raise typer.Exit(result.found.exit_code)


def _print(result: DemoResult) -> None:
    from ruler.reporting.jsonl import read_events

    for error in result.learned.skipped:
        console.warn(str(error))
    console.say("[bold]Learned[/] from the normal clips:")
    for rule in result.learned.rule_set.rules:
        if rule.kind == "normal":
            console.say(f"  {console.plain(rule.statement)}")
    console.say("[bold]Found[/] in the others:")
    staged = {item.path.name: item.what for item in result.clips}
    events = list(read_events(result.found.folder / "events.jsonl"))
    for outcome in result.found.record.clips:
        what = staged.get(Path(outcome.path).name)
        note = f" [dim](staged: {what})[/]" if what else ""
        console.say(f"  [bold]{console.plain(outcome.clip)}[/]{note}")
        if outcome.error:
            console.warn(outcome.error)
        mine = [event for event in events if event.clip == outcome.clip]
        for event in mine:
            console.say(
                f"    {event.start_seconds:.1f}s to {event.stop_seconds:.1f}s  "
                f"{console.plain(event.rationale)}"
            )
        if not mine and not outcome.error:
            console.say("    nothing out of the ordinary")
    report = result.found.folder / "report.html"
    console.say(f"[bold]Report[/]: {console.plain(report)} (open it in a browser)")


_ENOUGH_CLIPS = 4
"""Normal clips from which on bounds leave little room beyond what the references show."""


def _next(references: list[str], place: str) -> None:
    """What to do now; a quick look at footage of one's own knows little, and says so."""
    named = f" --place {place}" if place != "any" else ""
    if references and len(references) < _ENOUGH_CLIPS:
        count = f"{len(references)} normal clip{'s' if len(references) > 1 else ''}"
        console.say(f"From {count} the bounds leave much room; from four or more, less.")
    clips = " ".join(map(shlex.quote, references)) + " MORE..." if references else "CLIP..."
    console.say(f"Next: ruler induce {console.plain(clips)} --scene NAME{named}")
