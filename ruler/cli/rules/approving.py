"""`ruler rules approve|reject`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from ruler.cli import completing, console, options
from ruler.cli.rules.differences import show_difference
from ruler.cli.rules.group import app, parse_scene
from ruler.errors import InputError

if TYPE_CHECKING:
    from ruler.jobs.approving import Choice, Decided
    from ruler.jobs.rule_tests import RuleTestRun
    from rules_store.store import Store

Target = Annotated[
    str,
    typer.Argument(
        metavar="SCENE[@N]|RULE",
        autocompletion=completing.revision,
        help="A proposal (its number, if several wait), or a rule's id.",
    ),
]
Chosen = Annotated[list[str] | None, typer.Argument(metavar="RULE", help="Only these rules of it.")]


@app.command("approve")
def approve(
    target: Target,
    rules: Chosen = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with the revision.")] = "",
    listed: Annotated[
        bool, typer.Option("--list", help="Show what waits for approval; change nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also where a test of these rules fails.")
    ] = False,
    store: options.StorePlace = None,
    as_json: options.AsJson = False,
) -> None:
    """Put a proposal, or some of its rules, in force; what you changed meanwhile stays. Rules whose
    tests fail are not put in force.

    Example: ruler rules approve front-door@4 --reason "backtest looks right"
    """
    from ruler.cli.context import open_store
    from ruler.jobs.approving import approve as put_in_force
    from ruler.jobs.approving import open_choices, trial_of

    with open_store(store) as opened:
        if listed:
            scene = parse_scene(target)[0].partition(".")[0]
            waiting = open_choices(opened, scene)
            if as_json:
                console.emit_json({f"{scene}@{n}": c.model_dump() for n, c in waiting.items()})
                return
            for number, change in waiting.items():
                console.say(f"[bold]{scene}@{number}[/] would change:")
                show_difference(change)
            if not waiting:
                console.say(f"Nothing of {console.plain(scene)} waits for approval.")
            return
        choice = _choice(opened, target, rules, reason or "approved")
        if not force and (run := trial_of(opened, choice)).is_failure:
            _refuse(run, as_json)
        decided = put_in_force(opened, choice)
    _tell(decided, as_json, "approved")


def _refuse(run: RuleTestRun, as_json: bool) -> NoReturn:
    """Show the tests that fail, and end."""
    from ruler.cli.rules.testing import show_tested

    if as_json:
        console.emit_json({"verdict": "refused", "tests": run.as_data()})
    else:
        show_tested(run)
        console.warn("nothing was approved: mend the rules or their tests, or use --force.")
    raise typer.Exit(1)


@app.command("reject")
def reject(
    target: Target,
    rules: Chosen = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with the decision.")] = "",
    store: options.StorePlace = None,
    as_json: options.AsJson = False,
) -> None:
    """Turn down a proposal, some of its rules, or a rule in force; it is not proposed again.

    Example: ruler rules reject front-door.fast --reason "children run here"
    """
    from ruler.cli.context import open_store
    from ruler.jobs.approving import reject as turn_down

    with open_store(store) as opened:
        decided = turn_down(opened, _choice(opened, target, rules, reason or "rejected"))
    _tell(decided, as_json, "rejected")


def _choice(store: Store, target: str, rules: list[str] | None, reason: str) -> Choice:
    """What was named: `SCENE@N [RULE...]`, `SCENE [RULE...]`, or rules of the active revision."""
    from ruler.cli.context import settings
    from ruler.jobs.approving import Choice, the_proposal

    name, number = parse_scene(target)
    scene, dot, _ = name.partition(".")
    named = (name, *(rules or ())) if dot else tuple(rules or ())
    if any(rule.partition(".")[0] != scene for rule in named):
        raise InputError(f"the rules named are not all of scene {scene!r}: {', '.join(named)}.")
    if not dot and number is None:
        number = the_proposal(store, scene)
    return Choice(scene, number, named, settings().author, reason)


def _tell(decided: Decided, as_json: bool, verdict: str) -> None:
    ref = decided.revision.ref
    if as_json:
        console.emit_json(
            {
                "verdict": verdict,
                "revision": str(ref),
                "change": decided.change.model_dump(),
                "still_open": list(decided.still_open),
                "conflicts": list(decided.conflicts),
            }
        )
        return
    show_difference(decided.change, empty="Nothing in force has changed.")
    for rule_id in decided.conflicts:
        console.say(f"[yellow]{rule_id} was changed here meanwhile and stands as it is.[/]")
    console.say(f"{verdict.capitalize()}; [bold]{ref}[/] is active.")
    if decided.still_open:
        console.say(f"[dim]Not decided yet: {', '.join(decided.still_open)}[/]")
