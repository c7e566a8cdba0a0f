"""`ruler help TOPIC`."""

from __future__ import annotations

from typing import Annotated

import typer

from ruler.cli import console
from ruler.errors import InputError

_TOPICS = {
    "facts": "what captioners measure, with units and ranges",
    "outcomes": "normal, anomaly, undetermined, failed",
    "scores": "how a frame score is made",
    "files": "rule files, results, and where things are kept",
    "exit-codes": "what a command's exit code says",
}


def topic(
    name: Annotated[str | None, typer.Argument(metavar="[TOPIC]", help="What about.")] = None,
) -> None:
    """Explain a topic; without one, list the topics.

    Example: ruler help facts
    """
    if name is None:
        for known, what in _TOPICS.items():
            console.say(f"[bold]{known:<12}[/] {what}")
        return
    if name == "facts":
        _facts()
        return
    text = _TEXTS.get(name)
    if text is None:
        raise InputError(f"there is no topic {name!r}; topics: {', '.join(_TOPICS)}.")
    console.say(text)


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


_TEXTS = {
    "outcomes": (
        "[bold]normal[/]        the score stays below the revision's threshold\n"
        "[bold]anomaly[/]       the score reaches it, and a rule with evidence says why\n"
        "[bold]undetermined[/]  somebody looked and could not tell; the reason is kept\n"
        "[bold]failed[/]        nobody could look (damaged frame, model error); it says why\n"
        "A failure is never normal. Coverage is the share of frames that were decided."
    ),
    "scores": (
        "A rule that holds on a caption gives a strength in \\[0, 1]. A frame's first score is\n"
        "1 - (1 - w1*s1)(1 - w2*s2)... over its anomaly rules, w being a rule's weight.\n"
        "Then: smooth (over time), reason (neighbours may overturn, either way), reflect (the\n"
        "taxonomy may overturn an event, either way). Each stage keeps the scores before it.\n"
        "A rule's level never enters the score. Frames between samples take the score before them."
    ),
    "files": (
        "Rules     in the store (`ruler doctor` says where); taken out by `ruler rules export`\n"
        "Results   runs/RUN/: run.json, frames.jsonl, frames.csv, events.jsonl, report.html\n"
        "frames.*  one row a sampled frame; it speaks for frames \\[frame_index, until_frame)"
    ),
    "exit-codes": (
        "0  done\n1  a finding (lint, test, backtest)\n2  a mistake in usage or input\n"
        "3  incomplete: some frames failed or some clips could not be read"
    ),
}
