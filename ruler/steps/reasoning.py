"""Robust reasoning over a clip: which frames are checked again, and by which neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from ruler.reasoners.base import Checked, Disputed
from ruler.schemas.rules import RuleSet
from ruler.schemas.traces import Trace
from ruler.steps.scoring import weights_of
from ruler.steps.windows import with_neighbours

NEIGHBOUR_SECONDS = 0.5
"""How far the neighbours of a disputed frame reach."""


def reason(
    traces: Iterable[Trace],
    check: Callable[[Disputed], Checked],
    *,
    rule_set: RuleSet,
    is_causal: bool,
) -> Iterator[Trace]:
    """Fill in `reason`: alarms are checked again, and so are hits that smoothing thinned out.

    A hit that nobody checked again, since there was no answer, loses its score: smoothing alone
    does not clear it. All other frames keep their smoothed score, so a model is asked about
    disputed frames alone.
    """
    threshold, weights = rule_set.threshold, weights_of(rule_set.live)
    around = with_neighbours(
        traces, lambda trace: trace.time_seconds, NEIGHBOUR_SECONDS, is_causal=is_causal
    )
    for before, trace, after in around:
        if trace.smooth is None:
            yield trace
            continue
        hit = trace.match is not None and trace.match >= threshold
        if not hit and trace.smooth < threshold:
            yield replace(trace, reason=trace.smooth)
            continue
        checked = check(
            Disputed(
                observation=trace.observation,
                matched=trace.matched,
                prior=trace.smooth,
                before=[other.matched for other in before],
                after=[other.matched for other in after],
                threshold=threshold,
                weights=weights,
            )
        )
        is_open = checked.is_unanswered and trace.smooth < threshold
        score = None if is_open else min(1.0, max(0.0, checked.score))
        yield replace(trace, reason=score).noted(checked.why)
