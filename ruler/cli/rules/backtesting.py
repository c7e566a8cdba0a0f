"""`ruler rules backtest`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ruler.cli import completing, console, options
from ruler.cli.rules.group import app, parse_scene
from ruler.errors import InputError

if TYPE_CHECKING:
    from ruler.jobs.backtest import Backtest
    from ruler.schemas.rules import RuleSet
    from ruler.schemas.verdicts import Event
    from ruler.steps.rates import Budget


@app.command("backtest")
def backtest_rules(
    scene: Annotated[
        str,
        typer.Argument(metavar="SCENE", autocompletion=completing.scene, help="Name of the scene."),
    ],
    against: Annotated[
        int | None, typer.Option("--against", metavar="REV", help="The revision to try.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Or a rule file that is not saved yet.")
    ] = None,
    runs: Annotated[
        list[str] | None,
        typer.Option("--runs", metavar="RUN", help="A run to look at; by default all finished."),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option("--budget", metavar="N/day", help="Exit 1 over so many alarms a day."),
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write a page with key frames to this file.")
    ] = None,
    store: options.StorePlace = None,
    as_json: options.AsJson = False,
) -> None:
    """Show what a revision would have said of footage that was captioned before; no model is asked.

    Example: ruler rules backtest front-door --against 4 --budget 2/day
    """
    from ruler.cli.context import open_store
    from ruler.jobs.backtest import backtest, write_page
    from ruler.steps.rates import Budget

    most = console.parsed("--budget", options.BUDGET_FORM, Budget.parse, budget)
    name, _ = parse_scene(scene)
    with open_store(store) as opened:
        found = backtest(opened, name, _candidate(against, file, name), runs or ())
        if html is not None:
            write_page(html, found, opened)
    if as_json:
        console.emit_json(_data(found))
    else:
        _print(found)
    if most is not None and (over := _over(found, most)):
        console.warn(over)
        raise typer.Exit(1)


def _over(found: Backtest, most: Budget) -> str | None:
    """That a budget is not kept, if so; footage that is too short for a rate has to be beyond
    doubt."""
    said = found.difference
    rate = said.a_day(said.after)
    if rate is None:
        least = said.at_least_a_day(said.after)
        if least > most.a_day:
            return f"{found.after.ref} has at least {least:.0f} alarms a day, over {most}."
        console.say("[dim]The footage is too short to hold a budget of alarms a day against it.[/]")
        return None
    return (
        f"{found.after.ref} has {rate:.1f} alarms a day, over {most}."
        if rate > most.a_day
        else None
    )


def _candidate(against: int | None, file: Path | None, scene: str) -> int | RuleSet:
    """What is to be tried: a revision's number, or the rules of a file."""
    from rules_store.rule_files import parse_rules
    from rules_store.yamlio import read_source

    if (against is None) == (file is None):
        raise InputError("say what to try: --against REV, or --file RULES.yaml.")
    if file is None:
        assert against is not None
        return against
    return parse_rules(read_source(file), file=str(file), scene=scene)


def _data(found: Backtest) -> dict[str, Any]:
    said = found.difference
    return {
        "before": str(found.before.ref),
        "after": str(found.after.ref),
        "as_if_approved": found.after.is_proposal,
        "runs": list(found.runs),
        "clips": found.clips,
        "frames": said.frames,
        "seconds": said.seconds,
        "verdicts": {"added": said.added, "removed": said.removed, "changed": said.changed},
        "events": {
            "before": said.before,
            "after": said.after,
            "gained": [event.model_dump(mode="json") for event in said.gained],
            "lost": [event.model_dump(mode="json") for event in said.lost],
        },
        "alarms_a_day": {"before": said.a_day(said.before), "after": said.a_day(said.after)},
        "speaks_of_a_day": said.speaks_of_a_day,
        "never_fires": found.never,
        "always_fires": found.always,
        "model_calls": 0,
        "left_out": list(found.left_out),
    }


def _print(found: Backtest) -> None:
    said = found.difference
    approved = ", as if approved" if found.after.is_proposal else ""
    console.say(f"[bold]{found.after.ref}[/]{approved}, against {found.before.ref} (active)")
    console.say(
        f"  footage   {said.frames} frames, {said.seconds / 3600:.2f} hours; no model asked"
    )
    console.say(f"  verdicts  {said.added} added, {said.removed} removed, {said.changed} changed")
    console.say(f"  events    {said.before} before, {said.after} after")
    if said.speaks_of_a_day:
        rates = [f"{said.a_day(count) or 0.0:.1f}" for count in (said.before, said.after)]
        console.say(f"  alarms    {rates[0]} a day before, {rates[1]} after")
    else:
        console.say("  alarms    less than an hour of footage says nothing of a day")
    for title, events in (("gained", said.gained), ("lost", said.lost)):
        for event in events:
            console.say(f"  {title:<9} {_event(event)}")
    for title, rules in (("never", found.never), ("always", found.always)):
        for rule in rules:
            console.say(f"  {title:<9} {console.plain(rule)} fires on {title_of(title)}")
    for why in found.left_out:
        console.say(f"  left out  {console.plain(why)}")


def title_of(title: str) -> str:
    """On which frames such a rule fires."""
    return "no frame" if title == "never" else "every frame"


def _event(event: Event) -> str:
    where = f"{event.clip} {event.start_seconds:.1f}s to {event.stop_seconds:.1f}s"
    return console.plain(f"{where}, key frame {event.key_frame}: {event.title}")
