"""Descents: who came down fast is remembered, for one who lies still moves no more.

A fall takes a second, and what matters is what follows it. A descent belongs to a place, and goes
along with the figures that cover it. It fades slowly, so that an old one counts less, and it ends
when somebody gets up there: who squats, sits down or picks something up comes down as fast as who
falls, but does not stay down.
"""

from __future__ import annotations

from collections.abc import Sequence

from ruler.schemas.base import Value
from ruler.schemas.captions import Box, Figure

KEPT_A_SECOND = 0.9
"""Share of a descent that is left after a second."""

FAST_ENOUGH = 0.7
"""Figure heights a second from which a descent counts in full: about what falling over takes.
Faster is no more of a fall (a squat is faster than many of them)."""

_AT_FIRST, _SURE_SECONDS = 0.7, 1.0
"""What a descent counts at once, and how long after its fastest moment it counts in full: by then
most people who meant to come down are on their way up."""

_RISES = 0.5
"""Somebody gets up who rises at this share of the speed at which they came down."""

_LEAST = 0.07
"""Share below which a descent is forgotten."""

_MOST_DESCENTS = 32


class Descent(Value):
    """Somebody came down: where they were seen last, when they were fastest, and how fast (share of
    `FAST_ENOUGH`, faded up to `seconds`)."""

    box: Box
    share: float
    since_seconds: float
    seconds: float


def descend(
    descents: Sequence[Descent], figures: Sequence[Figure], now: float
) -> tuple[tuple[Descent, ...], list[float]]:
    """Go on with the descents of the frames before.

    Args:
        descents: What the frame before left.
        figures: Figures of this frame.
        now: Its time, in seconds.

    Returns:
        The descents that go on or begin, and how far each figure has `fallen`: its area low in the
        image, times the share of the surest descent that it covers or makes.
    """
    alive = _without_risen([_faded(descent, now) for descent in descents], figures)
    followed: dict[int, tuple[float, Box]] = {}
    fallen: list[float] = []
    begun: list[Descent] = []
    for figure in figures:
        own = min(figure.facts.get("fall_speed", 0.0) / FAST_ENOUGH, 1.0)
        here = [at for at, descent in enumerate(alive) if descent.box.overlap(figure.box) > 0]
        surest = max((_sure(alive[at], now) for at in here), default=0.0)
        share = max(surest, _AT_FIRST * own)
        fallen.append(round(share * figure.facts.get("low_area", 0.0), 6))
        if own > max((alive[at].share for at in here), default=0.0):
            begun.append(Descent(box=figure.box, share=own, since_seconds=now, seconds=now))
        for at in here:
            overlap = alive[at].box.overlap(figure.box)
            if overlap > followed.get(at, (0.0, figure.box))[0]:
                followed[at] = overlap, figure.box
    for at, (_, box) in followed.items():
        alive[at] = alive[at].model_copy(update={"box": box})
    going = [descent for descent in (*alive, *begun) if descent.share >= _LEAST]
    going.sort(key=lambda descent: -descent.share)
    return tuple(going[:_MOST_DESCENTS]), fallen


def _sure(descent: Descent, now: float) -> float:
    """What a descent counts by now."""
    stayed = min(max(now - descent.since_seconds, 0.0) / _SURE_SECONDS, 1.0)
    return descent.share * (_AT_FIRST + (1.0 - _AT_FIRST) * stayed)


def _without_risen(descents: Sequence[Descent], figures: Sequence[Figure]) -> list[Descent]:
    """The descents whose place's figure does not get up."""
    return [descent for descent in descents if not _is_risen(descent, figures)]


def _is_risen(descent: Descent, figures: Sequence[Figure]) -> bool:
    there = max(figures, key=lambda figure: descent.box.overlap(figure.box), default=None)
    if there is None or not descent.box.overlap(there.box):
        return False
    rise = there.facts.get("rise_speed", 0.0)
    is_rising = rise > there.facts.get("fall_speed", 0.0)
    return is_rising and rise >= _RISES * descent.share * FAST_ENOUGH


def _faded(descent: Descent, now: float) -> Descent:
    left = KEPT_A_SECOND ** max(now - descent.seconds, 0.0)
    return descent.model_copy(update={"share": descent.share * left, "seconds": now})
