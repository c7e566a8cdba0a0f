"""Robust reasoning over a clip: which frames are checked again, and by which neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from ruler.reasoners.base import Checked, Disputed
from ruler.schemas.rules import RuleSet
from ruler.schemas.traces import Trace
from ruler.steps.scoring import weights_of
from ruler.steps.windows import with_neighbours

NEIGHBOUR_SECONDS = 0.5
"""How far the neighbours of a disputed frame reach."""

LOT = 256
"""Frames of a clip whose disputed ones are checked together. Lots go by the place in the clip, so
that they are the same in whatever pieces a run was worked on, and a frame that is captioned at last
moves those of its own lot alone."""

Check = Callable[[Sequence[Disputed]], Sequence[Checked]]
"""As `Reasoner.check`."""


def reason(
    traces: Iterable[Trace],
    check: Check,
    *,
    rule_set: RuleSet,
    is_causal: bool,
) -> Iterator[Trace]:
    """Fill in `reason`: alarms are checked again, and so are hits that smoothing thinned out.

    A hit that nobody checked again, since there was no answer, loses its score: smoothing alone
    does not clear it. All other frames keep their smoothed score, so a model is asked about
    disputed frames alone. In causal mode each frame is checked by itself and at once: one question
    about several would let an answer depend on frames to come.
    """
    threshold, weights = rule_set.threshold, weights_of(rule_set.live)
    around = with_neighbours(
        traces, lambda trace: trace.time_seconds, NEIGHBOUR_SECONDS, is_causal=is_causal
    )
    frames = (
        (trace, _dispute(before, trace, after, threshold, weights))
        for before, trace, after in around
    )
    lot = 1 if is_causal else LOT
    while held := list(islice(frames, lot)):
        disputed = [one for _, one in held if one is not None]
        answers = iter(check(disputed) if disputed else ())
        for trace, one in held:
            yield (
                trace.reasoned(trace.smooth)
                if one is None
                else _told(trace, next(answers), threshold)
            )


def _dispute(
    before: Sequence[Trace],
    trace: Trace,
    after: Sequence[Trace],
    threshold: float,
    weights: Mapping[str, float],
) -> Disputed | None:
    """What is to be checked of a frame, if anything."""
    if trace.smooth is None:
        return None
    hit = trace.match is not None and trace.match >= threshold
    if not hit and trace.smooth < threshold:
        return None
    return Disputed(
        observation=trace.observation,
        matched=trace.matched,
        prior=trace.smooth,
        before=[other.matched for other in before],
        after=[other.matched for other in after],
        threshold=threshold,
        weights=weights,
    )


def _told(trace: Trace, checked: Checked, threshold: float) -> Trace:
    """A disputed frame with the answer about it."""
    assert trace.smooth is not None
    is_open = checked.is_unanswered and trace.smooth < threshold
    score = None if is_open else min(1.0, max(0.0, checked.score))
    return trace.reasoned(score).noted(checked.why)
