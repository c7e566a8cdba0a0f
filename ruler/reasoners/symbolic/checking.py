"""Robust reasoning without a model: a match is believed by the company it keeps.

AnomalyRuler (ECCV 2024, section 3.4) asks the model again with the smoothed prior, one way only.
Here the question is put to the neighbouring frames, and the answer may go either way: an alarm that
rests on one lonely frame is overturned, and a rule that fires without a break although smoothing
thinned it out is believed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from ruler.reasoners.base import Checked, Disputed
from ruler.reasoners.matching import FIRES
from ruler.schemas.verdicts import Matched

_ENOUGH_NEIGHBOURS = 4
_UNBROKEN = 5
_OVERTURNED = 0.5


def firing(matched: Matched) -> dict[str, float]:
    """Rule ids that fire on a frame, with their strength."""
    return {found.rule_id: found.strength for found in matched.matches if found.strength >= FIRES}


def check(disputed: Disputed) -> Checked:
    """Believe, doubt or raise the prior (see `Reasoner.check`)."""
    here = firing(disputed.matched)
    around = [firing(matched) for matched in (*disputed.before, *disputed.after)]
    if disputed.prior >= disputed.threshold:
        return _doubt(disputed, here, around)
    return _raise(disputed, here)


def _doubt(
    disputed: Disputed, here: dict[str, float], around: Sequence[dict[str, float]]
) -> Checked:
    """Overturn an alarm whose rules fire on no more than one frame among enough neighbours."""
    frames = [here, *around]
    rules = set().union(*frames)
    widest = max((sum(rule in frame for frame in frames) for rule in rules), default=0)
    if len(around) < _ENOUGH_NEIGHBOURS or widest > 1:
        return Checked(score=disputed.prior)
    return Checked(
        score=_OVERTURNED * min(disputed.prior, disputed.threshold),
        why=f"overturned: no rule fires on more than one of {len(frames)} neighbouring frames",
    )


def _raise(disputed: Disputed, here: dict[str, float]) -> Checked:
    """Believe a rule that fires here and without a break around here, and that alone would do.

    The score is lifted to the threshold and no farther: what smoothing made of the frames around
    stays the better measure of how sure one may be.
    """
    runs = {
        rule: 1 + _unbroken(rule, reversed(disputed.before)) + _unbroken(rule, disputed.after)
        for rule, strength in here.items()
        if disputed.weights.get(rule, 0.0) * strength >= disputed.threshold
    }
    rule = min(runs, key=lambda name: (-runs[name], name), default=None)
    if rule is None or runs[rule] < _UNBROKEN:
        return Checked(score=disputed.prior)
    return Checked(
        score=max(disputed.prior, disputed.threshold),
        why=f"raised: {rule} fires on {runs[rule]} neighbouring frames without a break",
    )


def _unbroken(rule: str, outward: Iterable[Matched]) -> int:
    """On how many frames `rule` fires, from the nearest outwards, up to the first gap."""
    return sum(1 for _ in itertools.takewhile(lambda matched: rule in firing(matched), outward))
