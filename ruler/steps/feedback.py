"""What somebody said of an alarm becomes a change of a rule, with the caption as its test.

`silencing` writes the changes that may end a false alarm, `noticing` the rules that may catch a
miss; here is what both speak of, and how changes become the drafts of a proposal.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ruler.reasoners.matching import logistic
from ruler.schemas.rules import Measure, Rule, RuleSet
from ruler.schemas.traces import Trace
from ruler.text.phrases import find_phrase

Sort = Literal["exception", "bound", "phrase", "weight", "words", "measure", "carried"]

COMMON = 0.05
"""A phrase in more than this share of a run's other captions tells nothing apart."""

_DIGITS = 3
_MOST_TOGETHER = 3
_MOST_SETS = 12


@dataclass(frozen=True)
class Change:
    """A rule as it would stand in force, and in one sentence what of it is new.

    `frame` is the frame whose caption became its test; None where no test could be made.
    """

    rule: Rule
    sort: Sort
    said: str
    frame: int | None = None


@dataclass(frozen=True)
class Moment:
    """The frames that somebody spoke of, and what else was said in the run.

    Attributes:
        reason: What the person said.
        traces: The sampled frames, with what the rules find on them.
        elsewhere: The captions of all other frames of the run, with how often each stands there.
        alarming: Those among them on which an alarm was raised.
        usual: By fact, the largest value on frames elsewhere that raised no alarm.
        ignored: Lemmas that tell nothing apart: people, and words without news.
        reference: The run and clip as a test names them: `run:RUN/CLIP`.
    """

    reason: str
    traces: Sequence[Trace]
    elsewhere: Mapping[str, int] = field(default_factory=dict)
    alarming: Mapping[str, int] = field(default_factory=dict)
    usual: Mapping[str, float] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    reference: str = ""

    def entry(self, frame: int) -> str:
        """A frame of it as a test refers to it."""
        return f"{self.reference}#{frame}"

    def share(self, phrase: str) -> float:
        """In what share of the other captions a phrase stands."""
        return _share(phrase, self.elsewhere)

    def alarming_share(self, phrase: str) -> float:
        """In what share of the other alarming captions a phrase stands."""
        return _share(phrase, self.alarming)


def _share(phrase: str, texts: Mapping[str, int]) -> float:
    total = sum(texts.values())
    found = sum(count for text, count in texts.items() if find_phrase(text, phrase) is not None)
    return found / total if total else 0.0


def counted(traces: Iterable[Trace]) -> Counter[str]:
    """The captions of some frames, with how often each stands there."""
    captions = (trace.observation.caption for trace in traces)
    return Counter(caption.text for caption in captions if caption is not None)


def text_of(trace: Trace) -> str:
    """What was said of a frame; nothing where it failed."""
    return trace.observation.caption.text if trace.observation.caption else ""


def largest(traces: Iterable[Trace]) -> dict[str, float]:
    """By fact, the largest value on some frames."""
    found: dict[str, float] = {}
    for trace in traces:
        for fact, value, _ in values_of(trace):
            found[fact] = max(found.get(fact, value), value)
    return found


def values_of(trace: Trace) -> Iterator[tuple[str, float, int]]:
    """(fact, value, frame) of all that was measured on a frame."""
    seen = trace.observation
    if seen.caption is None:
        return
    for fact, value in seen.caption.facts.items():
        yield fact, value, seen.frame_index
    for position in range(len(seen.figures)):
        for fact, value in seen.figure_facts(position).items():
            yield fact, value, seen.frame_index


def covering(phrases: Sequence[str], texts: Collection[str]) -> list[tuple[str, ...]]:
    """Sets of phrases of which one stands in every text: single ones in the given order, then one
    of a few together."""
    covers = {p: {text for text in texts if find_phrase(text, p) is not None} for p in phrases}
    sets: list[tuple[str, ...]] = [(p,) for p in phrases if covers[p] == set(texts)]
    together: list[str] = []
    left = set(texts)
    while left and len(together) < _MOST_TOGETHER:
        best = max(phrases, key=lambda p: len(covers[p] & left), default=None)
        if best is None or not covers[best] & left:
            break
        together.append(best)
        left -= covers[best]
    if not left and len(together) > 1:
        sets.append(tuple(together))
    return sets[:_MOST_SETS]


def bound_for(measure: Measure, value: float, strength: float) -> Measure:
    """The measure with its bound moved so that a value has at most (at least, where `strength` is
    above a half) this strength.

    Where the measure names no softness it follows the bound (`Measure`), and so does the distance.
    """
    is_above = measure.above is not None
    sign = 1.0 if is_above else -1.0
    z = math.log(strength / (1.0 - strength))
    bound = value
    for _ in range(50):
        softness = measure.softness or max(abs(bound) * 0.1, 1e-3)
        bound = value - sign * z * softness
    up = is_above == (z < 0)
    name = "above" if is_above else "below"
    return Measure.model_validate({**measure.model_dump(), name: _rounded(bound, up=up)})


def strength_at(measure: Measure, value: float) -> float:
    """The strength of a one-sided measure on a value, by the bound that `bound_for` moves."""
    bound = measure.above if measure.above is not None else measure.below
    assert bound is not None
    softness = measure.softness or max(abs(bound) * 0.1, 1e-3)
    return logistic((value - bound if measure.above is not None else bound - value) / softness)


def _rounded(value: float, *, up: bool) -> float:
    """To a few digits that matter, towards one side."""
    if value == 0:
        return 0.0
    places = _DIGITS - 1 - math.floor(math.log10(abs(value)))
    scaled = value * 10.0**places
    return round((math.ceil(scaled) if up else math.floor(scaled)) / 10.0**places, max(places, 0))


def drafted(active: RuleSet, changes: Sequence[Change]) -> RuleSet:
    """The active rules with each changed or new one as a draft under its own id."""
    drafts = {one.rule.id: one.rule.model_copy(update={"status": "draft"}) for one in changes}
    kept = [drafts.pop(rule.id, rule) for rule in active.rules]
    return active.model_copy(update={"rules": (*kept, *drafts.values())})


def in_force(active: RuleSet, changes: Sequence[Change]) -> RuleSet:
    """The active rules with the changes as they would be once approved."""
    changed = {one.rule.id: one.rule for one in changes}
    kept = [changed.pop(rule.id, rule) for rule in active.rules]
    return active.model_copy(update={"rules": (*kept, *changed.values())})


def carried(active: RuleSet, proposals: Sequence[tuple[str, RuleSet, RuleSet]]) -> dict[str, str]:
    """Which open proposal's draft of a rule a new change builds on, by rule id; the newest wins.

    A draft of a rule that was changed in force after the proposal was made is left alone: to carry
    it along would undo that change.

    Args:
        active: The rules in force.
        proposals: (name, its rules, the rules it was made from), oldest first.
    """
    found: dict[str, str] = {}
    for name, rules, parent in proposals:
        for rule in rules.rules:
            before = parent.rule(rule.id)
            if rule.status == "draft" and rule != before and active.rule(rule.id) == before:
                found[rule.id] = name
    return found
