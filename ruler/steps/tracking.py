"""Tracking figures: who of this frame is who of the frame before.

A Kalman filter with constant velocity for each track, and the cheapest assignment of figures to
where the tracks should be by now (Bewley et al., "Simple online and realtime tracking", ICIP 2016).
Where figures meet, the foreground shows one for two: such a box moves no track that it covers, they
go on as they were going, and so come out on the right side.

A tracker of a library keeps its state in objects; this one must pass through JSON between chunks
and give the same ids however a clip was cut.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ruler.schemas.base import Value
from ruler.schemas.captions import Box

FORGET_SECONDS = 2.0
"""A track survives this long without being seen."""

_MOST = 64

_JITTER = 0.15
"""Standard deviation of a box's middle, in its heights."""

_PUSH = 1.0
"""Standard deviation of a figure's acceleration, in its heights a second squared."""

_PACE = 1.0
"""Standard deviation of a new figure's velocity, in its heights a second."""

_GATE, _WIDEST = 0.5, 1.5
"""Heights from where a track should be within which a figure may be it, for a sure track; an unsure
one reaches twice its standard deviation farther, up to the second number."""

_SIZE = 0.5
"""Cost of a figure twice as high as the track, in heights of distance."""

_KEPT = 0.3
"""What a track that was shown in the last frame gains over one that was hidden, in heights."""

_LARGER = 1.3
"""Times the area of a track's box above which a box may be a group's."""

Floats = NDArray[np.float64]


class Track(Value):
    """A figure followed over time.

    Attributes:
        box: As it was last seen alone.
        x, y: Middle, in relative coordinates, at `at_seconds`.
        vx, vy: The same a second.
        spread: Variance of the place, covariance with the velocity, and variance of the velocity,
            in squared heights.
        seen_seconds: When it was seen last, alone or in a group.
        is_shown: Whether a figure of the last frame was it.
    """

    id: int
    box: Box
    x: float
    y: float
    vx: float = 0.0
    vy: float = 0.0
    spread: tuple[float, float, float] = (_JITTER**2, 0.0, _PACE**2)
    at_seconds: float
    seen_seconds: float
    is_shown: bool = True


def follow(
    tracks: Sequence[Track], boxes: Sequence[Box], now: float, next_id: int
) -> tuple[tuple[Track, ...], list[int], int]:
    """Go on with the tracks of the frames before.

    Args:
        tracks: What the frame before left.
        boxes: Figures of this frame.
        now: Its time, in seconds.
        next_id: Id of the next new track.

    Returns:
        The tracks that go on or begin, the id of each figure, and the next id. No two figures have
        one id.
    """
    alive = [_ahead(one, now) for one in tracks if now - one.seen_seconds <= FORGET_SECONDS]
    groups = _groups(alive, boxes)
    pairs = _pairs(alive, boxes)
    ids: list[int] = []
    going: dict[int, Track] = {}
    for at, box in enumerate(boxes):
        members = groups.get(at, [])
        known = pairs.get(at)
        for member in members:
            if member not in pairs.values():
                going[alive[member].id] = _within(alive[member], box, now, is_shown=False)
        if known is None:
            x, y = box.centre
            track = Track(id=next_id, box=box, x=x, y=y, at_seconds=now, seen_seconds=now)
            next_id += 1
        elif known in members:
            track = _within(alive[known], box, now, is_shown=True)
        else:
            track = _corrected(alive[known], box, now)
        going[track.id] = track
        ids.append(track.id)
    lost = [one.model_copy(update={"is_shown": False}) for one in alive if one.id not in going]
    kept = sorted([*going.values(), *lost], key=lambda one: (-one.seen_seconds, one.id))[:_MOST]
    return tuple(kept), ids, next_id


def _ahead(track: Track, now: float) -> Track:
    """The track as it should be by now."""
    step = max(now - track.at_seconds, 0.0)
    place, both, speed = track.spread
    push = _PUSH**2
    spread = (
        round(place + 2 * step * both + step**2 * speed + push * step**4 / 4, 6),
        round(both + step * speed + push * step**3 / 2, 6),
        round(speed + push * step**2, 6),
    )
    x, y = track.x + step * track.vx, track.y + step * track.vy
    return track.model_copy(
        update={"x": round(x, 6), "y": round(y, 6), "spread": spread, "at_seconds": now}
    )


def _corrected(track: Track, box: Box, now: float) -> Track:
    """The track after it was seen in a box."""
    place, both, speed = track.spread
    total = place + _JITTER**2
    gain, turn = place / total, both / total
    x, y = box.centre
    off_x, off_y = x - track.x, y - track.y
    spread = ((1 - gain) * place, (1 - gain) * both, speed - turn * both)
    return Track(
        id=track.id,
        box=box,
        x=round(track.x + gain * off_x, 6),
        y=round(track.y + gain * off_y, 6),
        vx=round(track.vx + turn * off_x, 6),
        vy=round(track.vy + turn * off_y, 6),
        spread=(round(spread[0], 6), round(spread[1], 6), round(spread[2], 6)),
        at_seconds=now,
        seen_seconds=now,
    )


def _within(track: Track, box: Box, now: float, *, is_shown: bool) -> Track:
    """The track somewhere in a group's box: it goes on as it was going, but not out of it."""
    x = min(max(track.x, box.left), box.right)
    y = min(max(track.y, box.top), box.bottom)
    return track.model_copy(update={"x": x, "y": y, "seen_seconds": now, "is_shown": is_shown})


def _groups(tracks: Sequence[Track], boxes: Sequence[Box]) -> dict[int, list[int]]:
    """By figure that shows several tracks at once, which: it is larger than each of them, and they
    should be in it by now."""
    found: dict[int, list[int]] = {}
    for at, box in enumerate(boxes):
        inside = [
            number
            for number, track in enumerate(tracks)
            if box.left <= track.x <= box.right and box.top <= track.y <= box.bottom
        ]
        largest = max((_area(tracks[number].box) for number in inside), default=0.0)
        if len(inside) > 1 and _area(box) > _LARGER * largest:
            found[at] = inside
    return found


def _area(box: Box) -> float:
    return (box.right - box.left) * box.height


def _pairs(tracks: Sequence[Track], boxes: Sequence[Box]) -> dict[int, int]:
    """By figure, its track: the assignment that costs least in all, of those within reach."""
    if not tracks or not boxes:
        return {}
    # Not before: it takes a third of a second to import, and known links need no assignment.
    from scipy.optimize import linear_sum_assignment

    costs, near = _costs(tracks, boxes)
    # What is out of reach costs more than all that is not.
    rows, columns = linear_sum_assignment(np.where(near, costs, 1e3))
    return {
        int(row): int(column)
        for row, column in zip(rows, columns, strict=True)
        if near[row, column]
    }


def _costs(tracks: Sequence[Track], boxes: Sequence[Box]) -> tuple[Floats, NDArray[np.bool_]]:
    """What each figure (rows) costs as each track (columns), and which are within reach."""
    seen = np.array([(*box.centre, box.height, box.right - box.left) for box in boxes])
    held = np.array(
        [(one.x, one.y, one.box.height, one.box.right - one.box.left) for one in tracks]
    )
    unsure = np.sqrt([one.spread[0] for one in tracks])
    shown = np.array([one.is_shown for one in tracks])
    apart = np.abs(seen[:, None, :2] - held[None, :, :2])
    height = np.maximum(seen[:, None, 2], held[None, :, 2])
    distance = apart.max(axis=2) / height
    touching = (apart <= (seen[:, None, [3, 2]] + held[None, :, [3, 2]]) / 4).all(axis=2)
    reach = np.minimum(_GATE + 2 * np.maximum(unsure - _JITTER, 0.0), _WIDEST)
    size = np.abs(np.log2(seen[:, None, 2] / held[None, :, 2]))
    costs: Floats = distance + _SIZE * size - _KEPT * shown
    return costs, (distance <= reach) | touching
