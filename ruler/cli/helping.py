"""`ruler help TOPIC`."""

from __future__ import annotations

import difflib
from typing import Annotated

import typer

from ruler.cli import completing, console
from ruler.cli.topics import TEXTS, TOPICS
from ruler.errors import InputError


def topic(
    name: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TOPIC", autocompletion=completing.topic, help="What about; none lists them."
        ),
    ] = None,
) -> None:
    """Explain a topic; without one, list the topics.

    Example: ruler help facts
    """
    if not name:
        for known, what in TOPICS.items():
            console.say(f"[bold]{known:<12}[/] {what}")
        console.say("[dim]ruler help TOPIC explains one; ruler COMMAND --help a command[/]")
        return
    asked = "-".join(name).lower()
    if asked == "facts":
        _facts()
    elif asked == "settings":
        _settings()
    elif asked in TEXTS:
        console.say(TEXTS[asked])
    else:
        near = difflib.get_close_matches(asked, TOPICS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"topics: {', '.join(TOPICS)}."
        raise InputError(f"there is no topic {asked[:40]!r}; {hint}")


def _facts() -> None:
    from rich.table import Table

    from ruler.schemas.facts import FACTS

    table = Table(title="Facts a rule may bound (measures: [{fact: ..., above: ...}])")
    for column in ("fact", "unit", "range", "of", "meaning"):
        table.add_column(column, overflow="fold")
    for spec in FACTS.values():
        low = "-inf" if spec.low is None else f"{spec.low:g}"
        high = "inf" if spec.high is None else f"{spec.high:g}"
        who = spec.scope if spec.source == "captioner" else f"{spec.scope}, by tracking"
        table.add_row(spec.name, spec.unit, f"{low} to {high}", who, spec.meaning)
    console.show(table)


def _settings() -> None:
    from ruler.cli.topics import settings

    console.say("An option of a command comes before its variable. Now in force:")
    for variable, what, value in settings():
        console.say(f"[bold]{variable}[/] {console.plain(value) and f'= {console.plain(value)}'}")
        console.say(f"    {console.plain(what)}")
