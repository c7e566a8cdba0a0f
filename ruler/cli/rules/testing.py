"""`ruler rules test`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ruler.cli import console, options
from ruler.cli.rules.group import app, rules_text

if TYPE_CHECKING:
    from ruler.jobs.rule_tests import RuleTestRun
    from ruler.steps.rule_tests import Outcome, State

_MARKS = {"failed": "[red]FAILED[/]", "promote": "[cyan]PROMOTE[/]", "todo": "[yellow]todo[/]"}
_SAID: dict[State, str] = {
    "passed": "passed",
    "failed": "failed",
    "promote": "to promote",
    "todo": "todo",
    "not-evaluable": "not run",
}


@app.command("test")
def run_tests(
    target: Annotated[
        str,
        typer.Argument(metavar="SCENE|FILE|PACK", help="A scene, SCENE@N, a rule file or a pack."),
    ],
    rules: Annotated[
        list[str] | None, typer.Argument(metavar="RULE", help="Rules to test; all by default.")
    ] = None,
    store: options.StorePlace = None,
    as_json: options.AsJson = False,
) -> None:
    """Run the `fire`, `quiet` and `todo` captions that stand beside the rules.

    A test is a caption, caption:HASH or run:RUN/CLIP#FRAME; words such as speed_ratio=2.3, at=23:30
    or on=sat before it say what was measured, and when. Exits with 1 where a test fails.

    Example: ruler rules test front-door front-door.night-stranger
    """
    from ruler.cli.context import open_store
    from ruler.jobs.rule_tests import run_rule_tests

    with open_store(store) as opened:
        source, called = rules_text(opened, target)
        tested = run_rule_tests(source, opened, name=called, chosen=rules or None)
    if as_json:
        console.emit_json(tested.as_data())
    else:
        show_tested(tested)
    if tested.is_failure:
        raise typer.Exit(1)


def show_tested(tested: RuleTestRun) -> None:
    """What did not simply pass, and a summary."""
    not_run: dict[tuple[str, str], int] = {}
    for outcome, line in zip(tested.outcomes, tested.lines, strict=True):
        if outcome.state in _MARKS:
            _show(outcome, f"{tested.name}:{line}")
        elif outcome.state == "not-evaluable":
            key = (outcome.rule_id, outcome.why)
            not_run[key] = not_run.get(key, 0) + 1
    for (rule_id, why), count in not_run.items():
        times = f"{count} test{'' if count == 1 else 's'}"
        console.say(f"[dim]not run[/] {rule_id} ({times}): {console.plain(why)}")
    counts = tested.counts
    parts = [f"{counts[state]} {said}" for state, said in _SAID.items() if counts.get(state)]
    said = ", ".join(parts) or "no tests"
    bare = f"; {len(tested.untested)} without a test" if tested.untested else ""
    console.say(f"{console.plain(tested.name)}: {said} ({tested.rules} rules{bare})")


def _show(outcome: Outcome, place: str) -> None:
    console.say(f"{_MARKS[outcome.state]} {outcome.rule_id} [dim]{console.plain(place)}[/]")
    if outcome.state == "promote":
        console.say("  this todo fires now: move it to `fire`")
    must = {"fire": "must fire", "quiet": "must stay quiet", "todo": "should fire one day"}
    if outcome.text is None:
        console.say(f"  {must[outcome.sort]}: {console.plain(outcome.entry)}")
    else:
        console.say(f"  {must[outcome.sort]}: {_underlined(outcome)}")
        if outcome.entry != outcome.text:
            console.say(f"  [dim]as {console.plain(outcome.entry)}[/]")
    if outcome.why:
        console.say(f"  {console.plain(outcome.why)}")
    instead = [match.rule_id for match in outcome.fired if match.rule_id != outcome.rule_id]
    if outcome.sort != "quiet" and outcome.state != "promote":
        console.say(f"  fires instead: {', '.join(instead) or 'nothing'}")


def _underlined(outcome: Outcome) -> str:
    """The caption with what fired (or nearly did) underlined."""
    from ruler.schemas.verdicts import WordEvidence

    text = outcome.text or ""
    spans = list(outcome.near.spans) if outcome.near else []
    for match in outcome.fired[:3]:
        spans += [(e.start, e.stop) for e in match.evidence if isinstance(e, WordEvidence)]
    shown, done = "", 0
    for start, stop in sorted(spans):
        if start >= done:
            shown += console.plain(text[done:start])
            shown += f"[bold underline]{console.plain(text[start:stop])}[/]"
            done = stop
    facts = [
        f"{e.fact}={e.value:g}"
        for match in outcome.fired[:3]
        for e in match.evidence
        if not isinstance(e, WordEvidence)
    ]
    measured = f" [bold]({', '.join(dict.fromkeys(facts))})[/]" if facts else ""
    return shown + console.plain(text[done:]) + measured
