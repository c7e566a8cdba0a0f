"""Stays: how long somebody has been at one place, whoever passes in front of them.

A track is lost where figures merge and part again, so a stay belongs to a place: it goes on while a
slow figure covers where it began. A figure that merely walks by does not keep it alive, or a busy
path would look like one long stay.
"""

from __future__ import annotations

from collections.abc import Sequence

from ruler.schemas.base import Value
from ruler.schemas.captions import Box, Figure

SLOW = 0.5
"""Times the usual speed below which a figure stays rather than passes; one whose speed nobody
measured may be staying."""

FORGET_SECONDS = 3.0
"""A stay survives this long without being seen: behind passers-by, or too still to stand out."""

_SAME_PLACE = 0.5
_MOST_STAYS = 64


class Stay(Value):
    """Somebody at a place: where it began, since when, and when they were last seen there."""

    anchor: Box
    since_seconds: float
    seen_seconds: float


def dwell(
    stays: Sequence[Stay], figures: Sequence[Figure], now: float
) -> tuple[tuple[Stay, ...], list[float]]:
    """Go on with the stays of the frames before.

    Args:
        stays: What the frame before left.
        figures: Figures of this frame.
        now: Its time, in seconds.

    Returns:
        The stays that go on or begin, and for each figure how long the stay it covers has lasted,
        in seconds; 0 where it covers none.
    """
    alive = [stay for stay in stays if now - stay.seen_seconds <= FORGET_SECONDS]
    seconds: list[float] = []
    begun: list[Stay] = []
    for figure in figures:
        here = [at for at, stay in enumerate(alive) if _covers(stay.anchor, figure.box)]
        first = min(here, key=lambda at: alive[at].since_seconds, default=None)
        seconds.append(0.0 if first is None else round(now - alive[first].since_seconds, 3))
        if figure.facts.get("speed_ratio", 0.0) >= SLOW:
            continue
        if first is None:
            begun.append(Stay(anchor=figure.box, since_seconds=now, seen_seconds=now))
        else:
            alive[first] = alive[first].model_copy(update={"seen_seconds": now})
    # The longest stays are kept where there are too many.
    kept = sorted([*alive, *begun], key=lambda stay: stay.since_seconds)[:_MOST_STAYS]
    return tuple(kept), seconds


def _covers(anchor: Box, box: Box) -> bool:
    """Whether the smaller of two boxes lies mostly in the other.

    The smaller one counts because a figure that others pass grows and shrinks with them.
    """
    width = min(anchor.right, box.right) - max(anchor.left, box.left)
    height = min(anchor.bottom, box.bottom) - max(anchor.top, box.top)
    if width <= 0 or height <= 0:
        return False
    smaller = min((anchor.right - anchor.left) * anchor.height, (box.right - box.left) * box.height)
    return width * height >= _SAME_PLACE * smaller
