"""How one rule fires on one caption: the deterministic core under every reasoner (DESIGN 3a)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from ruler.reasoners.base import MatchContext
from ruler.reasoners.gates import Gate, check_gates
from ruler.schemas.captions import Caption
from ruler.schemas.facts import FACTS
from ruler.schemas.observations import Observation
from ruler.schemas.rules import Measure, Rule
from ruler.schemas.verdicts import Evidence, FactEvidence, Match, NotEvaluable, WordEvidence
from ruler.text.phrases import Found, find_any

FAINT = 0.01
"""Strengths below this are no match: a logistic curve never quite reaches zero."""

_SURELY_FAINT = FAINT - 1e-6
"""Far enough below for rounding not to matter."""

FIRES = 0.5
"""A rule fires on a caption from this strength on; fainter matches only add to the score."""


def logistic(z: float) -> float:
    """1 / (1 + exp(-z)) without overflow, for any finite z."""
    if z >= 0:
        return 1.0 / (1.0 + math.exp(-z))
    power = math.exp(z)
    return power / (1.0 + power)


def measure_strength(measure: Measure, value: float) -> float:
    """How far a value lies beyond a measure's bound, in [0, 1]; 0.5 at the bound itself."""
    strength = 1.0
    for bound, sign in ((measure.above, 1.0), (measure.below, -1.0)):
        if bound is not None:
            softness = measure.softness or max(abs(bound) * 0.1, 1e-3)
            strength = min(strength, logistic(sign * (value - bound) / softness))
    return strength


def match_rule(
    rule: Rule, observation: Observation, context: MatchContext
) -> Match | NotEvaluable | None:
    """Apply one rule to one frame by its gates, `look_for` and `measures`.

    Returns:
        A match with evidence; `NotEvaluable` with the reason; None where the rule is quiet, its
        gate is closed, or it has neither words nor measures (its statement is for a model).
    """
    caption = observation.caption
    if caption is None:
        return None
    found = find_any(caption.text, rule.look_for) if rule.look_for else None
    return match_found(rule, found, observation, context)


def match_found(
    rule: Rule, found: Found | None, observation: Observation, context: MatchContext
) -> Match | NotEvaluable | None:
    """The same, where the best phrase of `look_for` was looked up before (None: none is there)."""
    caption = observation.caption
    if caption is None or not (rule.look_for or rule.measures):
        return None
    state, why = check_gates(rule, observation, context)
    if state == Gate.CLOSED:
        return None
    asked = tuple(measure.fact for measure in rule.measures)
    if missing := _unmeasured(asked, caption.measured):
        return NotEvaluable(
            rule_id=rule.id, reason=f"{caption.captioner} does not measure {', '.join(missing)}"
        )
    if state == "unknown":
        return NotEvaluable(rule_id=rule.id, reason=why)
    strengths: list[float] = []
    evidence: list[Evidence] = []
    if rule.look_for:
        if found is None:
            return None
        strengths.append(found.strength)
        evidence.append(word_evidence(found, caption, observation.frame_index))
    if rule.measures:
        strength, facts = best_figure(rule.measures, observation)
        strengths.append(strength)
        evidence.extend(facts)
    strength = min(strengths)
    if strength < FAINT or not evidence:
        return None
    return Match(rule_id=rule.id, strength=round(strength, 6), evidence=tuple(evidence))


def word_evidence(found: Found, caption: Caption, frame_index: int) -> WordEvidence:
    """Evidence for a span of a caption, quoted as it stands there."""
    return WordEvidence(
        caption=caption.sha256,
        frame_index=frame_index,
        start=found.start,
        stop=found.stop,
        quote=caption.text[found.start : found.stop],
    )


@lru_cache(maxsize=1024)
def _unmeasured(facts: tuple[str, ...], measured: tuple[str, ...]) -> tuple[str, ...]:
    """Facts that a rule asks for and a captioner that measures these cannot give.

    A linked fact needs figures to follow, so it goes missing with a captioner that measures none.
    """
    return tuple(
        fact
        for fact in facts
        if (FACTS[fact].source == "captioner" and fact not in measured)
        or (FACTS[fact].source == "link" and not measured)
    )


def best_figure(
    measures: Sequence[Measure], observation: Observation
) -> tuple[float, list[FactEvidence]]:
    """The figure on which all measures hold best; facts of the frame hold for every figure.

    Returns:
        (strength, one piece of evidence a measure); (0, []) where no figure has all the facts, or
        holds more than faintly.
    """
    caption = observation.caption
    assert caption is not None
    positions: Sequence[int | None] = range(len(caption.figures))
    if all(FACTS[measure.fact].scope == "frame" for measure in measures):
        positions = (None,)
    elif any(_is_beyond_reach(measure, observation, caption) for measure in measures):
        return 0.0, []
    strongest, place = 0.0, None
    for position in positions:
        strength = 1.0
        for measure in measures:
            value = _value(measure.fact, position, observation, caption)
            strength = 0.0 if value is None else min(strength, measure_strength(measure, value))
            if strength <= strongest:
                break
        else:
            strongest, place = strength, position
    if strongest < FAINT:
        return 0.0, []
    values = [_value(measure.fact, place, observation, caption) for measure in measures]
    return strongest, [
        _fact_evidence(measure.fact, value, place, observation)
        for measure, value in zip(measures, values, strict=True)
        if value is not None
    ]


def _is_beyond_reach(measure: Measure, observation: Observation, caption: Caption) -> bool:
    """Whether a measure surely holds no more than faintly on any figure, told by the one that comes
    nearest to its bound: most figures of most frames are far from all bounds."""
    if not caption.figures or (measure.above is None) == (measure.below is None):
        return False
    fact = measure.fact
    if FACTS[fact].source == "link":
        facts = [link.facts for link in observation.links]
    else:
        facts = [figure.facts for figure in caption.figures]
    values = [known[fact] for known in facts if fact in known]
    if len(values) < len(caption.figures):
        return False
    nearest = min(values) if measure.above is None else max(values)
    return measure_strength(measure, nearest) < _SURELY_FAINT


def _value(
    fact: str, position: int | None, observation: Observation, caption: Caption
) -> float | None:
    """A fact of a figure (as linking made it, else as it was measured), or else of the frame."""
    if position is not None:
        if observation.links and FACTS[fact].source == "link":
            linked = observation.links[position].facts.get(fact)
            if linked is not None:
                return linked
        value = caption.figures[position].facts.get(fact)
        if value is not None:
            return value
    if FACTS[fact].source == "link":
        return observation.frame_facts.get(fact)
    return caption.facts.get(fact)


def _fact_evidence(
    fact: str, value: float, position: int | None, observation: Observation
) -> FactEvidence:
    caption = observation.caption
    assert caption is not None
    of_figure = position is not None and FACTS[fact].scope == "figure"
    return FactEvidence(
        caption=caption.sha256,
        frame_index=observation.frame_index,
        fact=fact,
        value=value,
        figure=position if of_figure else None,
        box=caption.figures[position].box if of_figure and position is not None else None,
    )
