"""How figures of `kind: answers`, and rules that were learned from answers, are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ruler.cli import console

if TYPE_CHECKING:
    from ruler.jobs.from_answers import Learned
    from ruler.schemas.datasets import EvalResult

_METRICS = ("accuracy", "precision", "recall", "f1")
_BASELINES = ("first_answer", "always_anomaly", "category_majority", "ten_rules_one_way")


def print_answers(result: EvalResult) -> None:
    """One line a way of answering, then each category, then the flips."""
    found = result.metrics
    console.say(f"[bold]{console.plain(result.name)}[/] (answers): {result.frames} answers")
    columns = [*_METRICS, "accuracy_without", "f1_without"]
    if "accuracy_without" not in found:
        columns = columns[: len(_METRICS)]
    heads = [name.replace("accuracy", "acc.").replace("_without", " w/o") for name in columns]
    console.say(f"  {'':<20}" + "".join(f"{head:>10}" for head in heads))
    console.say(_line("reflected", found, columns))
    for name in _BASELINES:
        if f"{name}_accuracy" in result.baselines:
            console.say(
                _line(name.replace("_", " "), result.baselines, [f"{name}_{c}" for c in columns])
            )
    for key in found:
        if key.startswith("accuracy."):
            category = key.partition(".")[2]
            console.say(_line(category, found, [f"{metric}.{category}" for metric in _METRICS]))
    interval = [found.get("accuracy_low"), found.get("accuracy_high")]
    console.say(f"  accuracy, 95 % in      {' to '.join(map(_percent, interval))}")
    for way in ("to_anomaly", "to_normal"):
        right, wrong = found[f"flips_{way}_right"], found[f"flips_{way}_wrong"]
        console.say(f"  moved {way.replace('_', ' '):<17}{right:.0f} right, {wrong:.0f} wrong")
    console.say(f"  coverage               {_percent(found['coverage'])}")
    for note in result.notes:
        console.say(f"  [dim]{console.plain(note)}[/]")


def _line(title: str, found: Mapping[str, float | None], keys: list[str]) -> str:
    shown = "".join(f"{_percent(found.get(key)):>10}" for key in keys)
    return f"  {console.plain(title):<20}{shown}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def print_learned(learned: Learned, scene: str, *, as_json: bool) -> None:
    """The rules in their order, with what they rest on."""
    from ruler.jobs.from_answers import said

    if as_json:
        console.emit_json(
            {
                "scene": scene,
                "revision": learned.number,
                "is_new": learned.is_new,
                "answers": learned.answers,
                "rules": [rule.model_dump(mode="json") for rule in learned.rules],
                "left_out": list(learned.refused),
            }
        )
        return
    for rule in learned.rules:
        mark = "[green]normal [/]" if rule.kind == "normal" else "[yellow]anomaly[/]"
        console.say(f"{mark} [bold]{rule.id}[/] (weight {rule.weight:g})")
        console.say(f"         [dim]{console.plain(rule.origin.note or '')}[/]")
    for line in said(learned):
        console.say(console.plain(line))
