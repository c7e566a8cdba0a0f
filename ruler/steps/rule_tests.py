"""The tests that stand beside rules, run through the matching that detection uses.

A caption alone knows no clock and no measurement. What a test does not say is taken to hold: the
gates of the rule under test are open unless the test says when it is, and the measures of a rule
that has words, too, hold unless the test says what was measured. Only the rule under test is
treated so; a rule that overrides it does what it would do on footage without a clock. `zones` and
`presence` are open, since no frame knows them yet.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from ruler.reasoners.base import MatchContext, Reasoner
from ruler.reasoners.gates import Gate, check_gates
from ruler.reasoners.matching import FIRES, match_rule
from ruler.schemas.captions import Caption
from ruler.schemas.facts import FACTS
from ruler.schemas.observations import Observation
from ruler.schemas.rules import Rule, RuleSet, When
from ruler.schemas.taxonomy import Lexicon
from ruler.schemas.verdicts import Match, Matched, NotEvaluable
from ruler.steps.approving import as_approved
from ruler.steps.rule_test_entries import Entry, EntryError, read_entry
from ruler.steps.scoring import joined
from ruler.text.nearest import Near, nearest

Sort = Literal["fire", "quiet", "todo"]
State = Literal["passed", "failed", "todo", "promote", "not-evaluable"]
SORTS: tuple[Sort, ...] = ("fire", "quiet", "todo")


@dataclass(frozen=True)
class Recorded:
    """What a reference leads to: a frame as it was seen, and the clip's clock if it is known."""

    observation: Observation
    clip_start: dt.datetime | None = None


Resolve = Callable[[str], Recorded]
"""From `caption:...` or `run:...` to what is stored.

Raises:
    EntryError: nothing is; says why.
"""


@dataclass(frozen=True)
class Outcome:
    """How one test ended.

    Attributes:
        rule_id, sort, number: Which test; `number` counts from 0 within its sort.
        entry: As it is written.
        state: `promote` is a `todo` that fires now; `not-evaluable` needs a model or a measurement.
        why: One clause, empty where it passed.
        text: The caption that was looked at, or None where there was none.
        fired: What fired on it, the rule itself first.
        near: The phrase that comes nearest, where the rule should have fired and did not.
    """

    rule_id: str
    sort: Sort
    number: int
    entry: str
    state: State
    why: str = ""
    text: str | None = None
    fired: tuple[Match, ...] = ()
    near: Near | None = None

    @property
    def is_failure(self) -> bool:
        """True where somebody has to do something."""
        return self.state == "failed"


@dataclass(frozen=True)
class Bench:
    """What tests run with: who matches, what is known of words, and which day it is."""

    reasoner: Reasoner
    lexicon: Lexicon
    as_of: dt.date
    resolve: Resolve


def run_tests(
    rule_set: RuleSet, bench: Bench, chosen: Collection[str] | None = None
) -> list[Outcome]:
    """Run the tests of the rules, drafts as if they were approved; deprecated rules have none.

    Args:
        rule_set: The rules.
        bench: What to run them with.
        chosen: Ids of the rules to test; all where None.
    """
    return [
        outcome
        for rule in rule_set.rules
        if rule.status != "deprecated" and (chosen is None or rule.id in chosen)
        for outcome in _of_rule(rule, rule_set, bench)
    ]


def _of_rule(rule: Rule, rule_set: RuleSet, bench: Bench) -> Iterator[Outcome]:
    live, rule_id = rule_set, rule.id
    if rule.status == "draft":
        live, rule_id = as_approved(rule_set, None, [rule.id]), rule.replaces or rule.id
    tried = live.rule(rule_id)
    assert tried is not None
    for sort in SORTS:
        for number, written in enumerate(getattr(rule.tests, sort)):
            outcome = Outcome(rule.id, sort, number, written, "failed")
            try:
                entry = read_entry(written)
                yield _Trial(tried, live, bench, entry).end(outcome)
            except EntryError as error:
                yield replace(outcome, why=str(error))


class _Trial:
    """One rule on one entry."""

    def __init__(self, rule: Rule, live: RuleSet, bench: Bench, entry: Entry) -> None:
        recorded = bench.resolve(entry.reference) if entry.reference else None
        self.observation = recorded.observation if recorded else entry.observation()
        start = entry.clip_start(bench.as_of)
        if start is None and recorded:
            start = recorded.clip_start
        elif start is not None:
            start -= dt.timedelta(seconds=self.observation.time_seconds)
        self.rule = _relaxed(
            rule,
            entry,
            has_clip_clock=recorded is not None and recorded.clip_start is not None,
            is_measured=bool(entry.facts or entry.reference),
        )
        rules = tuple(self.rule if one.id == rule.id else one for one in live.rules)
        live = live.model_copy(update={"rules": rules})
        self.context = MatchContext(live, bench.lexicon, start, bench.as_of)
        self.bench = bench

    @property
    def caption(self) -> Caption:
        """What was said; a reference to a failed frame is refused before."""
        caption = self.observation.caption
        assert caption is not None
        return caption

    def end(self, outcome: Outcome) -> Outcome:
        """How the test ends."""
        if self.observation.caption is None:
            raise EntryError("that frame was not captioned, so no rule can be tried on it")
        outcome = replace(outcome, text=self.caption.text)
        if why := self._beyond_code():
            return replace(outcome, state="not-evaluable", why=why)
        matched = self._matched()
        mine = [m for m in matched.matches if m.rule_id == self.rule.id and m.strength >= FIRES]
        others = [m for m in matched.matches if m.rule_id != self.rule.id and m.strength >= FIRES]
        outcome = replace(outcome, fired=(*mine, *others))
        if outcome.sort == "quiet":
            if mine:
                return replace(outcome, why="it fires")
            return replace(outcome, state="passed")
        if mine:
            return replace(outcome, state="promote" if outcome.sort == "todo" else "passed")
        why, near = self._silence()
        state: State = "todo" if outcome.sort == "todo" else "failed"
        return replace(outcome, state=state, why=why, near=near)

    def _beyond_code(self) -> str:
        """Why code cannot tell whether the rule fires; empty where it can."""
        rule = self.rule
        is_novelty = rule.id.partition(".")[2] in ("uncovered", "uncovered-doings")
        if not (rule.look_for or rule.measures or is_novelty):
            return "it has neither `look_for` nor `measures`: its statement is for a model to read"
        lacking = [measure.fact for measure in rule.measures if not self._knows(measure.fact)]
        if lacking:
            listed = " ".join(f"{fact}=..." for fact in dict.fromkeys(lacking))
            return f"the test does not say what was measured: begin it with {listed}"
        return ""

    def _knows(self, fact: str) -> bool:
        """True where the frame says something of a fact."""
        if FACTS[fact].source != "link":
            return fact in self.caption.measured
        return bool(self.observation.links)

    def _matched(self) -> Matched:
        """All that fires on the frame; of a normal rule, what it finds itself."""
        seen, match = self.observation, self.bench.reasoner.match
        [matched] = match([seen], self.context)
        if seen.links:
            [linked] = match([seen], replace(self.context, linked=True))
            matched = joined(matched, linked)
        if self.rule.kind == "normal":
            own = match_rule(self.rule, seen, self.context)
            found = Matched(matches=(own,)) if isinstance(own, Match) else Matched()
            matched = joined(found, matched)
        return matched

    def _silence(self) -> tuple[str, Near | None]:
        """Why the rule does not fire."""
        state, why = check_gates(self.rule, self.observation, self.context)
        if state == Gate.CLOSED:
            return f"its gate is closed: {why}", None
        alone = match_rule(self.rule, self.observation, self.context)
        if isinstance(alone, NotEvaluable):
            return alone.reason, None
        if isinstance(alone, Match) and alone.strength >= FIRES:
            return f"{self._overriding()} overrides it here", None
        if isinstance(alone, Match):
            return f"it only reaches {alone.strength:.2f}; a rule fires from {FIRES:g} on", None
        near = nearest(self.caption.text, self.rule.look_for) if self.rule.look_for else None
        if near is not None:
            return f"nearest is `{near.phrase}`: {near.why}", near
        if self.rule.look_for and self._words_alone() is None:
            return "no word of its `look_for` is in the caption", None
        return "what was measured lies far from its bounds", None

    def _words_alone(self) -> Match | NotEvaluable | None:
        wordy = self.rule.model_copy(update={"measures": ()})
        return match_rule(wordy, self.observation, self.context)

    def _overriding(self) -> str:
        """The normal rules that suppress the rule here."""
        by = [
            rule.id
            for rule in self.context.rule_set.live
            if self.rule.id in rule.overrides
            and isinstance(found := match_rule(rule, self.observation, self.context), Match)
            and found.strength >= FIRES
        ]
        return " and ".join(by)


def _relaxed(rule: Rule, entry: Entry, *, has_clip_clock: bool, is_measured: bool) -> Rule:
    """The rule without what the entry cannot tell."""
    when = When(
        hours=rule.when.hours if has_clip_clock or entry.at is not None else None,
        weekdays=rule.when.weekdays if has_clip_clock or entry.on is not None else (),
    )
    measures = rule.measures if is_measured or not rule.look_for else ()
    return rule.model_copy(update={"when": when, "measures": measures})
