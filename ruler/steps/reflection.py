"""Reflection over a clip: which spans are reflected on, and what the answer does to the scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ruler.reasoners.base import EventEvidence, Reasoner
from ruler.schemas.rules import Rule, RuleSet
from ruler.schemas.taxonomy import Taxonomy
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import Reflection
from ruler.steps.scoring import ranked, weights_of
from ruler.steps.spans import ScoredFrame, Span, spans

BRIDGE_SECONDS = 1.0
"""Two alarms that lie no farther apart are one event."""

_NEAR = 0.6
_MOST_TRACES = 60
_CLEARED = 0.5


def near(threshold: float) -> float:
    """The score from which on a frame counts as near an alarm."""
    return max(_NEAR * threshold, 1e-6)


def candidates(frames: Iterable[ScoredFrame], threshold: float) -> Iterator[Span]:
    """Spans worth reflecting on: alarms, and what came near one."""
    return spans(frames, at_least=near(threshold), bridge_seconds=BRIDGE_SECONDS)


def reflect_span(
    traces: Iterable[Trace],
    span: Span,
    *,
    reasoner: Reasoner,
    rule_set: RuleSet,
    taxonomy: Taxonomy,
) -> Reflection:
    """Ask the reasoner about one span; a long one is thinned evenly, so that memory stays flat."""
    stride = -(-span.samples // _MOST_TRACES)
    kept = [trace for position, trace in enumerate(traces) if position % stride == 0]
    evidence = EventEvidence(
        observations=[trace.observation for trace in kept],
        matched=[trace.matched for trace in kept],
        peak_score=span.peak_score,
        threshold=rule_set.threshold,
        rule=leading_rule(kept, rule_set),
    )
    return reasoner.reflect(evidence, taxonomy)


def leading_rule(traces: Iterable[Trace], rule_set: RuleSet) -> Rule | None:
    """The anomaly rule that weighs most over all frames; ties go to the first by id."""
    weights = weights_of(rule_set.live)
    totals: dict[str, float] = {}
    for trace in traces:
        for match in ranked(trace.matched, weights):
            gain = weights[match.rule_id] * match.strength
            totals[match.rule_id] = totals.get(match.rule_id, 0.0) + gain
    if not totals:
        return None
    return rule_set.rule(min(totals, key=lambda rule_id: (-totals[rule_id], rule_id)))


def apply(traces: Iterable[Trace], answer: Reflection, threshold: float) -> Iterator[Trace]:
    """Fill in `reflect`: an overturned span moves to the other side of the threshold.

    A cleared frame keeps half of what it had below the threshold, so that the order of frames
    within the span stays; a raised one is lifted to the threshold where it came near it. Where the
    answer is that it cannot be told, frames that came near an alarm lose their score: they are
    neither cleared nor alarms.
    """
    for trace in traces:
        score = trace.reason
        if score is None or answer.first == answer.second:
            yield replace(trace, reflect=score)
        elif answer.second == "anomaly":
            raised = max(score, threshold) if score >= _NEAR * threshold else score
            yield replace(trace, reflect=raised).noted(answer.why)
        elif answer.second == "normal":
            cleared = _CLEARED * min(score, threshold)
            yield replace(trace, reflect=cleared).noted(answer.why)
        else:
            kept = None if score >= _NEAR * threshold else score
            yield replace(trace, reflect=kept).noted(answer.why)
