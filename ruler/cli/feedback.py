"""`ruler feedback`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ruler.cli import completing, console, options
from ruler.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ruler.jobs.said import Answered
    from ruler.schemas.verdicts import Event
    from rules_store.feedback import FeedbackKind

AT_FORM = "seconds, like 12.5 or 12-15"


def feedback(
    run: Annotated[
        str, typer.Argument(autocompletion=completing.run, help="Id or folder of a run.")
    ],
    said: Annotated[
        list[str],
        typer.Argument(
            metavar="[EVENT] false-alarm|missed",
            help="What you say of it; EVENT as `ruler explain` names it.",
        ),
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why; rules are named by its words.")],
    clip: Annotated[
        str | None, typer.Option("--clip", help="The clip in which something was missed.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="SECONDS|START-STOP", help="When it was missed.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be proposed; save nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Save a proposal even if it does not help.")
    ] = False,
    store: options.StorePlace = None,
    as_json: options.AsJson = False,
) -> None:
    """Say that an alarm was false, or that one was missed: a change of a rule is proposed.

    The change is tried on the run's captions first, without asking a model, and waits for approval.
    Exits with 1 where no change was found that helps.

    Example: ruler feedback 20261121-190000-front-door today.mp4#1 false-alarm --reason "a courier"
    """
    from ruler.cli.context import open_store, settings
    from ruler.jobs.feedback import give_feedback
    from ruler.jobs.said import Said

    event, kind = _read(said, clip, at)
    if not reason.strip():
        raise InputError('say why with --reason "...": rules are named by its words.')
    with open_store(store) as opened:
        answered = give_feedback(
            opened,
            Said(
                run=_run_id(run),
                kind=kind,
                reason=" ".join(reason.split()),
                author=settings().author,
                event=event,
                clip=clip,
                seconds=console.parsed("--at", AT_FORM, _seconds, at),
                is_forced=force,
                is_dry_run=dry_run,
            ),
        )
    if as_json:
        console.emit_json(answered.as_data())
    else:
        _print(answered)
    if not (answered.is_confirmed or answered.note):
        raise typer.Exit(1)


def _read(said: Sequence[str], clip: str | None, at: str | None) -> tuple[str | None, FeedbackKind]:
    """(the event, what is said of it).

    Raises:
        InputError: it says neither, or does not fit the options.
    """
    *events, kind = said
    if kind == "false-alarm":
        if len(events) != 1 or clip is not None or at is not None:
            raise InputError(
                "a false alarm is an event: ruler feedback RUN EVENT false-alarm --reason ... "
                "(events: ruler explain RUN)."
            )
        return events[0], "false-alarm"
    if kind == "missed":
        if events or clip is None or at is None:
            raise InputError(
                "what was missed has no event: say when it was, with "
                "ruler feedback RUN missed --clip CLIP --at SECONDS --reason ..."
            )
        return None, "missed"
    raise InputError(f"say false-alarm or missed, not {kind!r}.")


def _seconds(text: str) -> tuple[float, float]:
    first, dash, last = text.partition("-")
    start = float(first)
    stop = float(last) if dash else start
    if not 0 <= start <= stop < float("inf"):
        raise ValueError(text)
    return start, stop


def _run_id(run: str) -> str:
    """The id of a run that is named by id or folder."""
    from pathlib import Path

    from ruler.files import exists
    from ruler.jobs.results import read_record

    folder = Path(run)
    return read_record(folder).spec.id if exists(folder / "run.json") else run


def _print(answered: Answered) -> None:
    said, active = answered.said, answered.active
    place = said.event or f"{answered.clip}, frames {answered.frames[0]} to {answered.frames[1]}"
    console.say(f"[bold]{said.kind}[/] {console.plain(place)}: {console.plain(said.reason)}")
    if answered.note:
        console.say(f"  {console.plain(answered.note)}: nothing is proposed.")
        return
    for change in answered.changes:
        console.say(f"  [bold]{change.rule.id}[/] {console.plain(change.said)}")
        if name := answered.built_on.get(change.rule.id):
            console.say(f"    builds on {name}: approve this one instead of it")
        if change.frame is None:
            console.say("    [yellow]no test: the rule still holds there, with less weight[/]")
        else:
            sort = "fire" if said.kind == "missed" else "quiet"
            console.say(f"    test      {sort}: frame {change.frame} as it was captioned")
    _print_effect(answered)
    if not answered.is_confirmed:
        hope = "go" if said.kind == "false-alarm" else "come"
        console.say(f"[yellow]No change was found that makes the alarm {hope}.[/]")
    if answered.revision is None:
        if answered.changes and not said.is_dry_run:
            console.say("Nothing was saved (--force saves it all the same).")
        elif not answered.changes:
            scene = active.ref.scene
            console.say(f"Change the rules by hand: ruler rules edit {scene}")
        else:
            console.say("Nothing was saved (--dry-run).")
        return
    ref = answered.revision.ref
    console.say(f"Saved [bold]{ref}[/] as a proposal; {active.ref} stays active. Next:")
    console.say(f"  ruler rules backtest {ref.scene} --against {ref.revision}")
    console.say(f"  ruler rules approve {ref}")


def _print_effect(answered: Answered) -> None:
    """Before and after, there and in the rest of the run."""
    console.say(f"  before      {_named(answered.before)}")
    console.say(f"  after       {_named(answered.after)}")
    if not answered.changes:
        return
    gone = f"gone: {_listed(answered.lost)}" if answered.lost else ""
    new = f"new: {_listed(answered.gained)}" if answered.gained else ""
    rest = "; ".join(part for part in (gone, new) if part)
    console.say(f"  this run    {rest or 'all other alarms stay as they are'}")
    if answered.said.kind == "false-alarm":
        runs = f"{answered.elsewhere} alarm{'' if answered.elsewhere == 1 else 's'} would go, too"
        console.say(f"  other runs  {runs if answered.elsewhere else 'no alarm would go'}")


def _named(events: Sequence[Event]) -> str:
    if not events:
        return "no alarm there"
    return "; ".join(
        f"{e.start_seconds:.1f}s to {e.stop_seconds:.1f}s {console.plain(e.title)} "
        f"({', '.join(e.rules)})"
        for e in events
    )


def _listed(events: Sequence[Event]) -> str:
    shown = ", ".join(
        f"{console.plain(e.clip)} {e.start_seconds:.1f}s to {e.stop_seconds:.1f}s"
        for e in events[:5]
    )
    more = f" and {len(events) - 5} more" if len(events) > 5 else ""
    return f"{len(events)} ({shown}{more})"
