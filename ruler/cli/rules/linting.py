"""`ruler rules lint|schema`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ruler.cli import console, options
from ruler.cli.rules.group import app, rules_text

if TYPE_CHECKING:
    from ruler.jobs.linting import LintFinding

_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}


@app.command("lint")
def lint_rules(
    targets: Annotated[
        list[str],
        typer.Argument(metavar="SCENE|FILE|PACK", help="Scenes, SCENE@N, rule files or packs."),
    ],
    level: Annotated[
        str, typer.Option("--level", help="Show from here on: info, warning or error.")
    ] = "warning",
    taxonomy: Annotated[
        list[str] | None,
        typer.Option("--taxonomy", help="A taxonomy of yours whose categories are known."),
    ] = None,
    store: options.StorePlace = None,
    as_json: options.AsJson = False,
) -> None:
    """Say what is doubtful in rules, and how to mend it. Ends with 1 on an error or a warning.

    Example: ruler rules lint front-door.yaml --level info
    """
    import datetime as dt

    from ruler.cli.context import open_store
    from ruler.jobs.linting import at_least, fails, lint_source
    from ruler.steps.linting.base import Severity
    from rules_store.taxonomy_files import load_taxonomy

    least: Severity = console.one_of("--level", Severity, level)
    known = [load_taxonomy(name) for name in taxonomy or ()]
    today = dt.datetime.now(dt.UTC).astimezone().date()
    found: list[LintFinding] = []
    with open_store(store) as opened:
        for target in targets:
            source, file = rules_text(opened, target)
            found += lint_source(source, file=file, store=opened, as_of=today, taxonomies=known)
    shown = at_least(found, least)
    if as_json:
        import dataclasses

        console.emit_json([dataclasses.asdict(finding) for finding in shown])
    else:
        _print(shown, len(found) - len(shown))
    if fails(found):
        raise typer.Exit(1)


def show_findings(shown: list[LintFinding]) -> None:
    """Each finding: where, what, and how to mend it."""
    for one in shown:
        colour = _COLOURS[one.level]
        rule = f"{console.plain(one.rule_id)}: " if one.rule_id else ""
        head = f"{console.plain(one.place)}: [{colour}]{one.level} {one.code}[/]"
        console.say(f"{head} {rule}{console.plain(one.message)}")
        console.say(f"    [dim]{console.plain(one.advice)}[/]")


def _print(shown: list[LintFinding], hidden: int) -> None:
    show_findings(shown)
    counts = [
        f"{number} {level}{'' if number == 1 or level == 'info' else 's'}"
        for level in ("error", "warning", "info")
        if (number := sum(one.level == level for one in shown))
    ]
    more = f" ({hidden} more with --level info)" if hidden else ""
    console.say(f"{', '.join(counts) if counts else 'Nothing found'}{more}.")


@app.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of rule files, with which editors complete and check them.

    Example: ruler rules schema > rules.schema.json
    """
    from rules_store.rule_schema import rules_schema

    console.emit_json(rules_schema())
