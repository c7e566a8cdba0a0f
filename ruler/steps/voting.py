"""Rule aggregation: proposals of small batches become one consensus by vote.

AnomalyRuler (ECCV 2024, section 3.2) lets a model vote over the rules of several batches; here a
range or word keeps the share of batches that support it, and ranges are pooled by their quantiles.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence

from ruler.schemas.induction import QUANTILES, Agreed, Consensus, FactRange, Proposal, Topic
from ruler.schemas.rules import Origin, Rule

_PEAKS = 3
_UPPER_QUANTILE = 0.95
_RULE_SHARE = 0.34


def aggregate(proposals: Sequence[Proposal]) -> Consensus:
    """The vote over all proposals (at least one)."""
    by_fact: dict[str, list[FactRange]] = {}
    for proposal in proposals:
        for spread in proposal.ranges:
            by_fact.setdefault(spread.fact, []).append(spread)
    pooled = {fact: pool(spreads) for fact, spreads in sorted(by_fact.items())}
    return Consensus(
        batches=len(proposals),
        clips=len({clip for proposal in proposals for clip in proposal.clips}),
        captions=sum(proposal.captions for proposal in proposals),
        seconds=max(proposal.seconds for proposal in proposals),
        ranges=tuple(pooled.values()),
        range_votes={fact: _supporters(pooled[fact], by_fact[fact]) for fact in pooled},
        topics=_topics(proposals),
        concepts=_concepts(proposals),
        rules=_voted_rules(proposals),
    )


def pool(spreads: Sequence[FactRange]) -> FactRange:
    """One range for all frames of several, from their quantiles weighted by frames.

    Exact at the ends; in between as exact as 101 quantiles a batch are.
    """
    weighted = sorted(
        (value, spread.frames / QUANTILES) for spread in spreads for value in spread.quantiles
    )
    values = [value for value, _ in weighted]
    ends: list[float] = []
    total = 0.0
    for _, weight in weighted:
        total += weight
        ends.append(total)
    places = [total * step / (QUANTILES - 1) for step in range(QUANTILES)]
    quantiles = [values[min(bisect.bisect_left(ends, place), len(values) - 1)] for place in places]
    quantiles[0], quantiles[-1] = values[0], values[-1]
    peaks = sorted(spreads, key=lambda spread: -max(spread.levels, default=spread.quantiles[-1]))
    return FactRange(
        fact=spreads[0].fact,
        frames=sum(spread.frames for spread in spreads),
        quantiles=tuple(quantiles),
        peaks=tuple(peak for spread in peaks for peak in spread.peaks[:1])[:_PEAKS],
        levels=tuple(level for spread in spreads for level in spread.levels),
    )


def _supporters(pooled: FactRange, spreads: Sequence[FactRange]) -> int:
    """Batches whose own upper end stays within what all of them reach together."""
    upper = pooled.quantile(_UPPER_QUANTILE)
    return sum(spread.quantile(_UPPER_QUANTILE) <= upper for spread in spreads)


def _topics(proposals: Sequence[Proposal]) -> tuple[Topic, ...]:
    """Topics of all batches with their votes, those that most captions speak of first."""
    pooled: dict[tuple[str, tuple[str, ...]], Topic] = {}
    for topic in (topic for proposal in proposals for topic in proposal.topics):
        place = (topic.subject, topic.key)
        known = pooled.get(place)
        if known is None:
            pooled[place] = topic
            continue
        more = {"captions": known.captions + topic.captions, "votes": known.votes + 1}
        pooled[place] = known.model_copy(update=more)
    return tuple(sorted(pooled.values(), key=lambda t: (-t.captions, t.subject, t.key)))


def _concepts(proposals: Sequence[Proposal]) -> tuple[Agreed, ...]:
    counts: dict[str, list[int]] = {}
    for proposal in proposals:
        for name, count in proposal.concepts.items():
            counts.setdefault(name, []).append(count)
    captions = max(1, sum(proposal.captions for proposal in proposals))
    return tuple(
        Agreed(name=name, votes=sum(c > 0 for c in seen), share=round(sum(seen) / captions, 6))
        for name, seen in sorted(counts.items())
    )


def _voted_rules(proposals: Sequence[Proposal]) -> tuple[Rule, ...]:
    """Whole rules by id, with the votes they got; those of a third of the batches stay."""
    seen: dict[str, list[Rule]] = {}
    for proposal in proposals:
        # A batch has one vote, however often its model wrote the rule.
        for rule in {rule.id: rule for rule in proposal.rules}.values():
            seen.setdefault(rule.id, []).append(rule)
    kept: list[Rule] = []
    for rules in seen.values():
        if len(rules) >= _RULE_SHARE * len(proposals):
            first = rules[0]
            votes = f"{len(rules)}/{len(proposals)}"
            origin = Origin.model_validate({**first.origin.model_dump(), "votes": votes})
            kept.append(first.model_copy(update={"origin": origin}))
    return tuple(kept)
