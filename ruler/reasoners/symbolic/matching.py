"""Matching: every live anomaly rule, overrides of normal rules, and what nothing covers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from ruler.reasoners.base import MatchContext
from ruler.reasoners.matching import FAINT, FIRES, best_figure, match_found, match_rule
from ruler.reasoners.symbolic.vocabulary import Vocabulary
from ruler.reasoners.symbolic.writing import UNCOVERED, UNCOVERED_DOINGS
from ruler.schemas.captions import Caption
from ruler.schemas.facts import FACTS
from ruler.schemas.observations import Observation
from ruler.schemas.rules import Measure, Rule, Subject
from ruler.schemas.verdicts import Evidence, Match, Matched, NotEvaluable, WordEvidence
from ruler.text.phrases import PhraseIndex


def match(observations: Sequence[Observation], context: MatchContext) -> list[Matched]:
    """Apply the live rules to each observation (see `Reasoner.match`)."""
    rule_set, lexicon = context.rule_set, context.lexicon
    plan = _plan(
        rule_set.scene, rule_set.live, lexicon.people, lexicon.stop_words, linked=context.linked
    )
    return [plan.apply(observation, context) for observation in observations]


_MOST_TEXTS = 8192

_QUIET = Matched()
"""What most frames come to."""


class _Plan:
    """The live rules of a rule set, sorted once for many observations."""

    def __init__(
        self, scene: str, live: Sequence[Rule], vocabulary: Vocabulary, *, linked: bool
    ) -> None:
        self.linked = linked
        accusing = [
            rule
            for rule in live
            if rule.kind == "anomaly"
            and (rule.look_for or rule.measures)
            and rule.is_linked == linked
        ]
        self.wordy = [rule for rule in accusing if rule.look_for]
        self.measuring = [rule for rule in accusing if not rule.look_for]
        self.index = PhraseIndex([rule.look_for for rule in self.wordy])
        normal = [rule for rule in live if rule.kind == "normal"]
        self.overriding = [rule for rule in normal if rule.overrides]
        by_id = {rule.id: rule for rule in live}
        self.uncovered = by_id.get(f"{scene}.{UNCOVERED}")
        self.uncovered_doings = by_id.get(f"{scene}.{UNCOVERED_DOINGS}")
        self.vocabulary = vocabulary
        # Neighbouring frames often have the same caption.
        self._find = lru_cache(maxsize=_MOST_TEXTS)(self.index.find)
        self._news = lru_cache(maxsize=_MOST_TEXTS)(vocabulary.news)
        contrasted = {
            measure.fact for rule in live if rule.kind == "anomaly" for measure in rule.measures
        }
        self.uncontrasted = [
            measure
            for rule in normal
            for measure in rule.measures
            if measure.fact not in contrasted and (FACTS[measure.fact].source == "link") == linked
        ]

    def apply(self, observation: Observation, context: MatchContext) -> Matched:
        if observation.caption is None:
            return _QUIET
        matches: list[Match] = []
        unknown: list[NotEvaluable] = []
        for found in self._fired(observation, observation.caption, context):
            if isinstance(found, Match):
                matches.append(found)
            else:
                unknown.append(found)
        matches.extend(self._novelty(observation, observation.caption))
        if not (matches or unknown):
            return _QUIET
        suppressed = self._suppressed(observation, context)
        kept = tuple(found for found in matches if found.rule_id not in suppressed)
        return Matched(matches=kept, not_evaluable=tuple(unknown))

    def _fired(
        self, observation: Observation, caption: Caption, context: MatchContext
    ) -> Iterator[Match | NotEvaluable]:
        found = self._find(caption.text) if self.wordy else {}
        for group in sorted(found):
            answer = match_found(self.wordy[group], found[group], observation, context)
            if answer is not None:
                yield answer
        for rule in self.measuring:
            answer = match_rule(rule, observation, context)
            if answer is not None:
                yield answer

    def _suppressed(self, observation: Observation, context: MatchContext) -> set[str]:
        """Rule ids that a normal rule overrides here; it must fire itself."""
        held: set[str] = set()
        for rule in self.overriding:
            found = match_rule(rule, observation, context)
            if isinstance(found, Match) and found.strength >= FIRES:
                held.update(rule.overrides)
        return held

    def _novelty(self, observation: Observation, caption: Caption) -> Iterator[Match]:
        """What no normal rule covers: topics that are news, and ranges without a contrast rule."""
        if self.uncovered is not None and self.uncontrasted:
            strength, facts = self._out_of_range(observation)
            if strength >= FAINT:
                yield _match(self.uncovered, strength, facts)
        # The words of a measuring captioner merely repeat its facts.
        if self.linked or caption.measured:
            return
        rules: tuple[tuple[Subject, Rule | None], ...] = (
            ("environment", self.uncovered),
            ("human_activity", self.uncovered_doings),
        )
        if not any(rule and self.vocabulary.knows(subject) for subject, rule in rules):
            return
        news = self._news(caption.text)
        for subject, rule in rules:
            said = news[subject]
            if rule and self.vocabulary.knows(subject) and said.share >= FAINT:
                # What is a little new is quoted once: such matches stand on nearly every frame.
                spans = said.spans if said.share >= FIRES else said.spans[:1]
                yield _match(rule, said.share, _quotes(caption, observation, spans))

    def _out_of_range(self, observation: Observation) -> tuple[float, list[Evidence]]:
        """The strongest breach of a normal range that no anomaly rule speaks of."""
        best: tuple[float, list[Evidence]] = (0.0, [])
        for measure in self.uncontrasted:
            for beyond in _beyond(measure):
                strength, facts = best_figure([beyond], observation)
                if strength > best[0]:
                    best = (strength, list(facts))
        return best


# A plan remembers the clauses it has read, so chunks of one clip share it.
@lru_cache(maxsize=8)
def _plan(
    scene: str,
    live: tuple[Rule, ...],
    people: tuple[str, ...],
    stop_words: tuple[str, ...],
    *,
    linked: bool,
) -> _Plan:
    normal = [rule for rule in live if rule.kind == "normal"]
    return _Plan(scene, live, Vocabulary(normal, people, stop_words), linked=linked)


def _match(rule: Rule, strength: float, evidence: Sequence[Evidence]) -> Match:
    return Match(rule_id=rule.id, strength=round(strength, 6), evidence=tuple(evidence))


def _quotes(
    caption: Caption, observation: Observation, spans: Sequence[tuple[int, int]]
) -> list[Evidence]:
    return [
        WordEvidence(
            caption=caption.sha256,
            frame_index=observation.frame_index,
            start=start,
            stop=stop,
            quote=caption.text[start:stop],
        )
        for start, stop in spans
    ]


def _beyond(measure: Measure) -> list[Measure]:
    """The measures that hold where `measure` does not."""
    turned: list[Measure] = []
    if measure.below is not None:
        turned.append(Measure(fact=measure.fact, above=measure.below, softness=measure.softness))
    if measure.above is not None:
        turned.append(Measure(fact=measure.fact, below=measure.above, softness=measure.softness))
    return turned
