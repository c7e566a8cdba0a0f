"""Changes of one rule that may end a false alarm, the most careful first.

A rule that rests on words gets an exception: a phrase that stands in the captions of this event and
hardly anywhere else. A measured rule gets its bound moved past what was measured. Where neither can
be had, a word that the rule's own phrase must not stand beside, or a lower weight.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from ruler.reasoners.matching import FIRES
from ruler.schemas.facts import FACTS
from ruler.schemas.rules import Measure, Rule, RuleException
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import FactEvidence, Match, WordEvidence
from ruler.steps.feedback import COMMON, Change, Moment, bound_for, covering, strength_at, text_of
from ruler.text.analysis import content_tokens
from ruler.text.phrases import find_phrase
from ruler.text.words import Token

_STRENGTHS = (0.4, 0.25, 0.1, 0.03)
"""How strongly a rule may still hold on what it falsely accused: it fires from 0.5 on, and others
may add to it."""

_MOST_TRIED = 12
_LONGEST_NAME = 80
_WORD = re.compile(r"[^\W\d_][\w'’-]*")


def silencing(rule: Rule, moment: Moment, threshold: float) -> Iterator[Change]:
    """Changes of a rule that fires in a moment, the most careful first.

    Args:
        rule: The rule as it is.
        moment: What was falsely accused.
        threshold: From which score on a frame is an anomaly.
    """
    held = [(trace, found) for trace in moment.traces if (found := _match(trace, rule.id))]
    if not held:
        return
    accused = _Accused(rule, moment, held)
    by_reason, by_rarity = accused.phrases() if rule.look_for else ([], [])
    yield from (accused.excepted(phrases) for phrases in by_reason)
    yield from accused.moved()
    yield from (accused.excepted(phrases, is_guess=True) for phrases in by_rarity)
    if rule.look_for:
        yield from accused.narrowed()
    yield from accused.lighter(threshold)


def _match(trace: Trace, rule_id: str) -> Match | None:
    return next((m for m in trace.matched.matches if m.rule_id == rule_id), None)


@dataclass(frozen=True)
class _Accused:
    """A rule, and the frames of a moment on which it holds."""

    rule: Rule
    moment: Moment
    held: Sequence[tuple[Trace, Match]]

    @property
    def worst(self) -> int:
        """The frame on which the rule holds most."""
        trace, _ = max(self.held, key=lambda one: one[1].strength)
        return trace.observation.frame_index

    def _tested(self, frame: int, **changed: object) -> Rule:
        """The changed rule, with the frame's caption as a test that must be quiet."""
        tests = self.rule.tests
        entry = self.moment.entry(frame)
        if entry not in tests.quiet:
            tests = tests.model_copy(update={"quiet": (*tests.quiet, entry)})
        return self.rule.model_copy(update={**changed, "tests": tests})

    # Words.

    def phrases(self) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
        """Phrases that stand in every accused caption, as sets that are needed together: those that
        the reason speaks of, and others by how rare they are."""
        reason = {token.lemma for token in content_tokens(self.moment.reason, self._ignored)}
        spoken, rare = dict[str, bool](), dict[str, bool]()
        for trace, match in self.held:
            for phrase, lemmas in self._said(text_of(trace), match):
                (spoken if lemmas <= reason else rare)[phrase] = True
        fits = [[p for p in group if self._tells_apart(p)] for group in (spoken, rare)]
        return self._sets(fits[0]), self._sets(fits[1])

    @property
    def _ignored(self) -> frozenset[str]:
        return self.moment.ignored

    def _said(self, text: str, match: Match) -> Iterator[tuple[str, frozenset[str]]]:
        """Words of a caption outside of the evidence, and neighbours among them."""
        spans = [(e.start, e.stop) for e in match.evidence if isinstance(e, WordEvidence)]
        before: Token | None = None
        for token in content_tokens(text, self._ignored):
            if token.is_speculated or not _WORD.fullmatch(text[token.start : token.stop]):
                continue
            if any(token.start < stop and start < token.stop for start, stop in spans):
                before = None
                continue
            word = text[token.start : token.stop].lower()
            if before is not None and before.clause == token.clause:
                first = text[before.start : before.stop].lower()
                yield f"{first} {word}", frozenset({before.lemma, token.lemma})
            yield word, frozenset({token.lemma})
            before = token

    def _tells_apart(self, phrase: str) -> bool:
        """Rare in the rest of the run, and no part of what the rule looks for."""
        is_own = any(find_phrase(look, phrase) is not None for look in self.rule.look_for)
        return not is_own and self.moment.share(phrase) <= COMMON

    def _sets(self, phrases: Sequence[str]) -> list[tuple[str, ...]]:
        texts = {text_of(trace) for trace, _ in self.held}
        ranked = sorted(phrases, key=lambda p: (self.moment.alarming_share(p), len(p.split())))
        return covering(ranked, texts)

    def excepted(self, phrases: Sequence[str], *, is_guess: bool = False) -> Change:
        """The rule with an exception a phrase; a guess where the reason speaks of none."""
        name = " ".join(self.moment.reason.split())[:_LONGEST_NAME]
        new = tuple(RuleException(name=name, unless=phrase) for phrase in phrases)
        rule = self._tested(self.worst, exceptions=(*self.rule.exceptions, *new))
        listed = " or ".join(f'"{phrase}"' for phrase in phrases)
        said = f"does not apply where the caption says {listed}"
        if is_guess:
            said += ", which is rare in this run: the reason names no word of the caption"
        return Change(rule, "exception", said, self.worst)

    def narrowed(self) -> Iterator[Change]:
        """The phrases that were found, not beside a word of their clause."""
        ends = {text_of(trace): match for trace, match in self.held}
        found = [p for p in self.rule.look_for if any(find_phrase(t, p) for t in ends)]
        words: dict[str, None] = {}
        for text, match in ends.items():
            words |= {phrase: None for phrase, _ in self._said(text, match) if " " not in phrase}
        for word in sorted(words, key=lambda w: (self.moment.alarming_share(w), w))[:_MOST_TRIED]:
            if any(find_phrase(look, word) is not None for look in self.rule.look_for):
                continue
            narrow = [f"{p} -{word}" if p in found else p for p in self.rule.look_for]
            if any(find_phrase(text, p) for text in ends for p in narrow):
                continue
            said = f'its phrases do not count beside "{word}", since no rarer word tells it apart'
            rule = self._tested(self.worst, look_for=tuple(narrow))
            yield Change(rule, "phrase", said, self.worst)

    # Measures.

    def moved(self) -> Iterator[Change]:
        """The rule with one bound past the largest value; the one that moves least first."""
        reached = sorted(
            (self._reach(place, measure) for place, measure in enumerate(self.rule.measures)),
            key=lambda one: (one[0], one[1]),
        )
        for strength in _STRENGTHS:
            for _, place, value, frame in reached:
                change = self._moved(place, value, frame, strength)
                if change is not None:
                    yield change

    def _reach(self, place: int, measure: Measure) -> tuple[float, int, float, int]:
        """(strength, place of the measure, its most extreme value here, on which frame)."""
        values = [
            (strength_at(measure, evidence.value), place, evidence.value, evidence.frame_index)
            for _, match in self.held
            for evidence in match.evidence
            if isinstance(evidence, FactEvidence) and evidence.fact == measure.fact
        ]
        return max(values, default=(math.inf, place, math.nan, 0))

    def _moved(self, place: int, value: float, frame: int, strength: float) -> Change | None:
        if not math.isfinite(value):
            return None
        old = self.rule.measures[place]
        try:
            new = bound_for(old, value, strength)
        except ValidationError:  # `above` would pass `below`
            return None
        was, bound, side = _bound(old), _bound(new), "above" if old.above is not None else "below"
        spec = FACTS[old.fact]
        if (spec.high is not None and bound > spec.high) or (
            spec.low is not None and bound < spec.low
        ):
            return None
        measures = (*self.rule.measures[:place], new, *self.rule.measures[place + 1 :])
        statement = _restated(self.rule.statement, was, bound)
        rule = self._tested(frame, measures=measures, statement=statement)
        said = f"{old.fact} must lie {side} {bound:g}, not {side} {was:g}: it was {value:g} here"
        return Change(rule, "bound", said, frame)

    # Weight.

    def lighter(self, threshold: float) -> Iterator[Change]:
        """The rule with less weight, so that it does not alarm alone; no test can say that."""
        strongest = max(match.strength for _, match in self.held)
        for share in (0.9, 0.5):
            weight = math.floor(100 * share * threshold / max(strongest, FIRES)) / 100
            if weight < self.rule.weight:
                said = (
                    f"weight {weight:g}, not {self.rule.weight:g}: no word and no bound tells this "
                    "from a true alarm, so it no longer alarms alone"
                )
                yield Change(self.rule.model_copy(update={"weight": weight}), "weight", said)


def _bound(measure: Measure) -> float:
    bound = measure.above if measure.above is not None else measure.below
    assert bound is not None
    return bound


def _restated(statement: str, was: float, now: float) -> str:
    """The statement with the new bound where it tells the old one, however many digits it tells."""
    for shown in dict.fromkeys((f"{was:g}", f"{was:.2g}", f"{was:.0f}")):
        told = re.compile(rf"(?<![\w.]){re.escape(shown)}(?![\w]|\.\d)")
        if told.search(statement):
            return told.sub(f"{now:g}", statement)
    return statement
