"""Reflection over a clip: which spans are reflected on, and what the answer does to the scores.

Offline a span is looked at once, as a whole. In causal mode it is looked at while it grows: when it
begins, when it first reaches the threshold and when it goes far above it, and whenever it has twice
as many samples as last time. An answer counts from that sample on, so that no score depends on
frames to come; and since it rests on a part, it clears no alarm that is far above the threshold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

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


def far(threshold: float) -> float:
    """The score from which on an alarm is far above the threshold: as far as what is no longer near
    lies below. What was seen of a span so far overturns close calls alone, in either direction."""
    return (2 - _NEAR) * threshold


@dataclass(frozen=True, slots=True)
class Question:
    """A span that is asked about, and the frames [start_frame, stop_frame) that the answer is for:
    the span itself, or in causal mode what comes after the last frame that was looked at."""

    span: Span
    start_frame: int
    stop_frame: int


def questions(
    frames: Iterable[ScoredFrame], threshold: float, *, is_causal: bool
) -> Iterator[Question]:
    """What is reflected on: alarms, and what came near one; in order, and no frame twice."""
    if is_causal:
        yield from _while_it_grows(frames, threshold)
        return
    for span in spans(frames, at_least=near(threshold), bridge_seconds=BRIDGE_SECONDS):
        yield Question(span, span.start_frame, span.stop_frame)


def _while_it_grows(frames: Iterable[ScoredFrame], threshold: float) -> Iterator[Question]:
    """Each span as far as it was seen at its first, second, fourth, eighth ... sample, and where it
    first reaches the threshold or goes far above it. Nobody knows yet whether a gap will be
    bridged: an answer goes on for as long as it might be."""
    at_least, steps = near(threshold), (threshold, far(threshold))
    seen: Span | None = None
    start = since = stop = samples = due = 0
    peak = last = 0.0
    for frame, time, score in frames:
        if seen is not None and time - last > BRIDGE_SECONDS + 1e-9:
            yield Question(seen, since, stop)
            seen = None
        is_near = score is not None and score >= at_least
        if seen is None:
            if not is_near:
                continue
            start, samples, due, peak = frame, 0, 1, 0.0
        samples, stop = samples + 1, frame + 1
        if score is None or not is_near:
            continue
        has_risen = any(peak < step <= score for step in steps)
        peak, last = max(peak, score), time
        if samples >= due or has_risen:
            if seen is not None:
                yield Question(seen, since, frame)
            seen, since = Span(start, stop, samples, peak), frame
            while due <= samples:
                due *= 2
    if seen is not None:
        yield Question(seen, since, stop)


def reflect(
    frames: Iterable[ScoredFrame],
    read: Callable[[int, int], Iterable[Trace]],
    *,
    reasoner: Reasoner,
    rule_set: RuleSet,
    taxonomy: Taxonomy,
    is_causal: bool,
) -> Iterator[tuple[Question, Reflection]]:
    """Reflect on a clip; each answer is for the frames of its question.

    Args:
        frames: Its scores after reasoning, in order.
        read: The traces of the sampled frames in [start, stop), as reasoning left them.
        reasoner: Who answers.
        rule_set: The revision's.
        taxonomy: What the spans are held against.
        is_causal: Whether no answer may depend on later frames than those it is for.
    """
    for question in questions(frames, rule_set.threshold, is_causal=is_causal):
        span = question.span
        traces = read(span.start_frame, span.stop_frame)
        answer = reflect_span(traces, span, reasoner=reasoner, rule_set=rule_set, taxonomy=taxonomy)
        if is_causal and answer.second == "normal" and span.peak_score >= far(rule_set.threshold):
            answer = _stands(answer)
        yield question, answer


def _stands(answer: Reflection) -> Reflection:
    """An alarm that what was seen so far does not suffice to clear."""
    why = f"stands: far above the threshold, and not seen to its end ({answer.why})"
    return Reflection(first=answer.first, second=answer.first, why=why)


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
            yield trace.reflected(score)
        elif answer.second == "anomaly":
            raised = max(score, threshold) if score >= _NEAR * threshold else score
            yield trace.reflected(raised).noted(answer.why)
        elif answer.second == "normal":
            cleared = _CLEARED * min(score, threshold)
            yield trace.reflected(cleared).noted(answer.why)
        else:
            kept = None if score >= _NEAR * threshold else score
            yield trace.reflected(kept).noted(answer.why)
