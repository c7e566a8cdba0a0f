"""From matches to a frame score, and from a score to an outcome (DESIGN section 3a)."""

from __future__ import annotations

from collections.abc import Iterable

from ruler.schemas.observations import Observation
from ruler.schemas.rules import Rule
from ruler.schemas.verdicts import Match, Matched

_DECIDES = 0.5


def frame_score(matches: Iterable[Match], weights: dict[str, float]) -> float:
    """1 - prod(1 - weight * strength) over anomaly rules: a noisy-or, in [0, 1].

    It needs no tuning, never falls when a rule is added, and its largest term names the reason.

    Args:
        matches: Matches of one frame.
        weights: Weight by id of the live anomaly rules; matches of other rules do not count.
    """
    return strengths_score(((match.rule_id, match.strength) for match in matches), weights)


def strengths_score(strengths: Iterable[tuple[str, float]], weights: dict[str, float]) -> float:
    """The same, of pairs (rule id, strength)."""
    quiet = 1.0
    for rule_id, strength in strengths:
        quiet *= 1.0 - weights.get(rule_id, 0.0) * strength
    return round(1.0 - quiet, 9)


def first_score(
    observation: Observation, matched: Matched, weights: dict[str, float]
) -> float | None:
    """The score before smoothing; None for a frame that failed, or that a model left open where no
    other rule decides alone: a faint match beside an unanswered question is not "normal"."""
    if observation.failure is not None:
        return None
    if matched.undetermined and not any(
        weights.get(match.rule_id, 0.0) * match.strength >= _DECIDES for match in matched.matches
    ):
        return None
    return frame_score(matched.matches, weights)


def weights_of(rules: Iterable[Rule]) -> dict[str, float]:
    """Weight by id of the anomaly rules among `rules`."""
    return {rule.id: rule.weight for rule in rules if rule.kind == "anomaly"}


def joined(first: Matched, second: Matched) -> Matched:
    """What two passes over the same frame found together; a rule counts once, at its strongest."""
    for one, other in ((first, second), (second, first)):
        if len(one.matches) <= 1 and _is_quiet(other):
            return one
    strongest: dict[str, Match] = {}
    for match in first.matches + second.matches:
        known = strongest.get(match.rule_id)
        if known is None or match.strength > known.strength:
            strongest[match.rule_id] = match
    return Matched(
        matches=tuple(strongest.values()),
        not_evaluable=first.not_evaluable + second.not_evaluable,
        undetermined=first.undetermined or second.undetermined,
    )


def _is_quiet(matched: Matched) -> bool:
    return not (matched.matches or matched.not_evaluable or matched.undetermined)


def ranked(matched: Matched, weights: dict[str, float]) -> list[Match]:
    """Matches that count, the heaviest first; ties by id, so that the order is always the same."""
    counting = [match for match in matched.matches if weights.get(match.rule_id, 0.0) > 0]
    return sorted(counting, key=lambda m: (-weights[m.rule_id] * m.strength, m.rule_id))
