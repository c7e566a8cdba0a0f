"""Matching: every live anomaly rule, overrides of normal rules, and what nothing covers."""

from __future__ import annotations

from collections.abc import Sequence

from ruler.reasoners.base import MatchContext
from ruler.reasoners.matching import FAINT, best_figure, match_rule
from ruler.reasoners.symbolic.writing import UNCOVERED
from ruler.schemas.captions import Caption
from ruler.schemas.facts import FACTS
from ruler.schemas.observations import Observation
from ruler.schemas.rules import Measure, Rule
from ruler.schemas.verdicts import (
    Evidence,
    Match,
    Matched,
    NotEvaluable,
    WordEvidence,
)
from ruler.text.analysis import analyse, content_tokens

_HOLDS = 0.5


def match(observations: Sequence[Observation], context: MatchContext) -> list[Matched]:
    """Apply the live rules to each observation (see `Reasoner.match`)."""
    plan = _Plan(context)
    return [plan.apply(observation) for observation in observations]


class _Plan:
    """The live rules of a context, sorted once for many observations."""

    def __init__(self, context: MatchContext) -> None:
        live = context.rule_set.live
        self.context = context
        self.rules = [
            rule
            for rule in live
            if rule.kind == "anomaly"
            and (rule.look_for or rule.measures)
            and rule.is_linked == context.linked
        ]
        self.overriding = [rule for rule in live if rule.kind == "normal" and rule.overrides]
        self.uncovered = next(
            (rule for rule in live if rule.id == f"{context.rule_set.scene}.{UNCOVERED}"), None
        )
        contrasted = {
            measure.fact for rule in live if rule.kind == "anomaly" for measure in rule.measures
        }
        normal = [rule for rule in live if rule.kind == "normal"]
        # A vocabulary holds lemmas, and the lemma of a lemma may be another word (saws, saw, see).
        self.words = frozenset(
            word
            for rule in normal
            for phrase in rule.look_for
            for token in analyse(phrase)
            for word in (token.lemma, phrase[token.start : token.stop].lower())
        )
        self.stop_words = frozenset(context.lexicon.stop_words)
        self.uncontrasted = [
            measure
            for rule in normal
            for measure in rule.measures
            if measure.fact not in contrasted
            and (FACTS[measure.fact].source == "link") == context.linked
        ]

    def apply(self, observation: Observation) -> Matched:
        if observation.caption is None:
            return Matched()
        matches: list[Match] = []
        unknown: list[NotEvaluable] = []
        for rule in self.rules:
            found = match_rule(rule, observation, self.context)
            if isinstance(found, Match):
                matches.append(found)
            elif found is not None:
                unknown.append(found)
        if self.uncovered is not None:
            matches.extend(self._novelty(self.uncovered, observation, observation.caption))
        suppressed = self._suppressed(observation)
        kept = tuple(found for found in matches if found.rule_id not in suppressed)
        return Matched(matches=kept, not_evaluable=tuple(unknown))

    def _suppressed(self, observation: Observation) -> set[str]:
        """Rule ids that a normal rule overrides here; it must hold to at least one half."""
        held: set[str] = set()
        for rule in self.overriding:
            found = match_rule(rule, observation, self.context)
            if isinstance(found, Match) and found.strength >= _HOLDS:
                held.update(rule.overrides)
        return held

    def _novelty(self, rule: Rule, observation: Observation, caption: Caption) -> list[Match]:
        """What no normal rule covers: unheard words, and ranges without a contrast rule."""
        if not self.context.linked and self.words and not caption.measured:
            strength, spans = self._unheard(caption, observation.frame_index)
        else:
            strength, spans = self._out_of_range(observation)
        if strength < FAINT or not spans:
            return []
        return [Match(rule_id=rule.id, strength=round(strength, 6), evidence=tuple(spans))]

    def _unheard(self, caption: Caption, frame_index: int) -> tuple[float, list[Evidence]]:
        """The share of content words that the vocabulary does not know."""
        tokens = content_tokens(caption.text, self.stop_words)
        novel = [token for token in tokens if token.lemma not in self.words]
        spans: list[Evidence] = [
            WordEvidence(
                caption=caption.sha256,
                frame_index=frame_index,
                start=token.start,
                stop=token.stop,
                quote=caption.text[token.start : token.stop],
            )
            for token in novel
        ]
        return (len(novel) / len(tokens) if tokens else 0.0), spans

    def _out_of_range(self, observation: Observation) -> tuple[float, list[Evidence]]:
        """The strongest breach of a normal range that no anomaly rule speaks of."""
        best: tuple[float, list[Evidence]] = (0.0, [])
        for measure in self.uncontrasted:
            for beyond in _beyond(measure):
                strength, facts = best_figure([beyond], observation)
                if strength > best[0]:
                    best = (strength, list(facts))
        return best


def _beyond(measure: Measure) -> list[Measure]:
    """The measures that hold where `measure` does not."""
    turned: list[Measure] = []
    if measure.below is not None:
        turned.append(Measure(fact=measure.fact, above=measure.below, softness=measure.softness))
    if measure.above is not None:
        turned.append(Measure(fact=measure.fact, below=measure.above, softness=measure.softness))
    return turned
