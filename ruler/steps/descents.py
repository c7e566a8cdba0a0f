"""Descents: who came down fast is remembered, for one who lies still moves no more.

A fall takes a second, and what matters is what follows it. A descent belongs to a place, and goes
along with the figures that cover it; its speed fades slowly, so that an old one counts less.
"""

from __future__ import annotations

from collections.abc import Sequence

from ruler.schemas.base import Value
from ruler.schemas.captions import Box, Figure

KEPT_A_SECOND = 0.9
"""Share of a descent's speed that is left after a second."""

_LEAST = 0.05
"""Figure heights a second below which a descent is forgotten."""

_MOST_DESCENTS = 32


class Descent(Value):
    """Somebody came down: where they were seen last, how fast, faded up to when."""

    box: Box
    speed: float
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
        The descents that go on or begin, and how far each figure has `fallen`: the speed of the
        fastest descent that it covers or makes, times its area low in the image.
    """
    alive = [_faded(descent, now) for descent in descents]
    followed: dict[int, tuple[float, Box]] = {}
    fallen: list[float] = []
    begun: list[Descent] = []
    for figure in figures:
        own = figure.facts.get("fall_speed", 0.0)
        here = [at for at, descent in enumerate(alive) if descent.box.overlap(figure.box) > 0]
        fastest = max((alive[at].speed for at in here), default=0.0)
        fallen.append(round(max(own, fastest) * figure.facts.get("low_area", 0.0), 6))
        if own > fastest:
            begun.append(Descent(box=figure.box, speed=own, seconds=now))
        for at in here:
            overlap = alive[at].box.overlap(figure.box)
            if overlap > followed.get(at, (0.0, figure.box))[0]:
                followed[at] = overlap, figure.box
    for at, (_, box) in followed.items():
        alive[at] = alive[at].model_copy(update={"box": box})
    going = [descent for descent in (*alive, *begun) if descent.speed >= _LEAST]
    going.sort(key=lambda descent: -descent.speed)
    return tuple(going[:_MOST_DESCENTS]), fallen


def _faded(descent: Descent, now: float) -> Descent:
    left = KEPT_A_SECOND ** max(now - descent.seconds, 0.0)
    return descent.model_copy(update={"speed": descent.speed * left, "seconds": now})
