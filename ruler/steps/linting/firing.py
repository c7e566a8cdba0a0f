"""Rules that can never fire, always fire, or never alarm."""

from __future__ import annotations

from collections.abc import Iterator

from ruler.schemas.facts import FACTS
from ruler.schemas.rules import WEEKDAYS, Measure, Rule, RuleSet
from ruler.steps.linting.base import Code, KeyPath, LintContext, Note

CODES = (
    Code(
        "RL501",
        "info",
        "Only a model can apply the rule",
        "Add `look_for` or `measures`; without a model as reasoner the rule never fires.",
    ),
    Code(
        "RL502",
        "warning",
        "The rule weighs nothing",
        "Give it a `weight` above 0, or set `status: deprecated`.",
    ),
    Code(
        "RL503",
        "info",
        "The rule never alarms alone",
        "Fine for a sign that only adds to others; else raise its `weight` to the threshold.",
    ),
    Code(
        "RL504",
        "error",
        "A bound lies outside what the fact can be",
        "Write a bound within the fact's range (`ruler help facts`).",
    ),
    Code(
        "RL505",
        "error",
        "Measures of one fact exclude each other",
        "All measures must hold at once: mend a bound, or make two rules.",
    ),
    Code(
        "RL506",
        "warning",
        "A gate that closes nothing",
        "Delete it, or write the hours or days on which the rule shall count.",
    ),
    Code(
        "RL507",
        "warning",
        "A gate that nobody can evaluate",
        "Delete `zones` or `presence`: while nothing tells ruler of them the rule never fires.",
    ),
    Code(
        "RL508",
        "warning",
        "The threshold is at its end",
        "Write a threshold between 0 and 1, such as 0.5, or calibrate the scene.",
    ),
)


def check(rules: RuleSet, context: LintContext) -> Iterator[Note]:
    """All findings of this family."""
    if rules.threshold == 0:
        yield Note("RL508", ("threshold",), "at 0 the faintest match is an alarm")
    elif rules.threshold == 1:
        yield Note("RL508", ("threshold",), "at 1 only a full match of weight 1 is an alarm")
    for place, rule in enumerate(rules.rules):
        path: KeyPath = ("rules", place)
        if rule.status != "deprecated":
            yield from _weight(rule, path, rules, context)
        yield from _measures(rule, path)
        yield from _gates(rule, path)


def _weight(rule: Rule, path: KeyPath, rules: RuleSet, context: LintContext) -> Iterator[Note]:
    is_novelty = rule.id.removeprefix(f"{rules.scene}.") in context.novelty_ids
    if not (rule.look_for or rule.measures or is_novelty):
        yield Note("RL501", path, f"`{rule.id}` has neither `look_for` nor `measures`")
    if rule.kind != "anomaly":
        return
    if rule.weight == 0:
        yield Note("RL502", (*path, "weight"), "at weight 0 the rule never raises a score")
    elif rule.weight < rules.threshold and not is_novelty:
        said = f"its weight {rule.weight:g} is below the threshold {rules.threshold:g}"
        yield Note("RL503", (*path, "weight"), said)


def _measures(rule: Rule, path: KeyPath) -> Iterator[Note]:
    above: dict[str, float] = {}
    below: dict[str, float] = {}
    for number, measure in enumerate(rule.measures):
        here = (*path, "measures", number)
        if outside := _outside(measure):
            side, why = outside
            yield Note("RL504", (*here, side), why)
        fact = measure.fact
        if measure.above is not None:
            above[fact] = max(above.get(fact, measure.above), measure.above)
        if measure.below is not None:
            below[fact] = min(below.get(fact, measure.below), measure.below)
        if fact in above and fact in below and above[fact] >= below[fact]:
            said = f"`{fact}` cannot be above {above[fact]:g} and below {below[fact]:g}"
            yield Note("RL505", here, said)
            del above[fact], below[fact]


def _outside(measure: Measure) -> tuple[str, str] | None:
    """(side, why) of a bound that always or never holds."""
    spec = FACTS[measure.fact]
    ends = f"`{measure.fact}` runs from {spec.low:g}" if spec.low is not None else ""
    ends += f" to {spec.high:g}" if spec.high is not None else " upwards"
    for side, bound in (("above", measure.above), ("below", measure.below)):
        if bound is None:
            continue
        under = spec.low is not None and (
            bound < spec.low or (side == "below" and bound <= spec.low)
        )
        over = spec.high is not None and (
            bound > spec.high or (side == "above" and bound >= spec.high)
        )
        if under or over:
            holds = "always" if under == (side == "above") else "never"
            return side, f"{ends}: `{side}: {bound:g}` {holds} holds"
    return None


def _gates(rule: Rule, path: KeyPath) -> Iterator[Note]:
    when = rule.when
    span = when.hour_span()
    if span is not None and span[0] == span[1]:
        said = f"`{when.hours}` begins where it ends, which is the whole day"
        yield Note("RL506", (*path, "when", "hours"), said)
    if set(when.weekdays) == set(WEEKDAYS):
        yield Note("RL506", (*path, "when", "weekdays"), "all seven days are named")
    if when.zones:
        yield Note("RL507", (*path, "when", "zones"), "this scene has no zones drawn")
    if when.presence:
        said = "nobody tells ruler who is home"
        yield Note("RL507", (*path, "when", "presence"), said)
