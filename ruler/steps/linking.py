"""Linking: figures of neighbouring frames become tracks, and tracks know how long they stayed.

A fold with a small serialisable carry, so that it gives the same result however a clip was cut.
"""

from __future__ import annotations

from pydantic import Field

from ruler.schemas.base import Value
from ruler.schemas.captions import Box
from ruler.schemas.observations import FigureLink, Observation

_FORGET_SECONDS = 2.0
_MAX_TRACKS = 64
_SAME_PLACE = 0.5


class Track(Value):
    """A figure followed over time; `anchor` is where it was when its stay began."""

    id: int
    box: Box
    anchor: Box
    since_seconds: float
    seen_seconds: float


class Carry(Value):
    """All that linking remembers from frame to frame."""

    tracks: tuple[Track, ...] = ()
    next_id: int = Field(default=0, ge=0)


def link(carry: Carry, observation: Observation) -> tuple[Carry, Observation]:
    """Follow the figures of one more frame.

    Args:
        carry: What the frames before left.
        observation: The next frame, in order of time.

    Returns:
        The new carry, and the observation with one link a figure.
    """
    now = observation.time_seconds
    alive = [track for track in carry.tracks if now - track.seen_seconds <= _FORGET_SECONDS]
    figures = observation.figures
    pairs = _assign([figure.box for figure in figures], alive)
    next_id = carry.next_id
    links: list[FigureLink] = []
    seen: dict[int, Track] = {}
    for position, figure in enumerate(figures):
        track = pairs.get(position)
        if track is None:
            track = Track(
                id=next_id,
                box=figure.box,
                anchor=figure.box,
                since_seconds=now,
                seen_seconds=now,
            )
            next_id += 1
        else:
            track = _move(track, figure.box, now)
        seen[track.id] = track
        dwell = round(max(0.0, now - track.since_seconds), 3)
        links.append(FigureLink(track=track.id, dwell_seconds=dwell))
    merged = [*seen.values(), *(track for track in alive if track.id not in seen)]
    merged.sort(key=lambda track: (-track.seen_seconds, track.id))
    linked = observation.model_copy(update={"links": tuple(links)})
    return Carry(tracks=tuple(merged[:_MAX_TRACKS]), next_id=next_id), linked


def _assign(boxes: list[Box], tracks: list[Track]) -> dict[int, Track]:
    """Greedy pairing by closeness, best first; a track and a figure pair at most once."""
    places = [(*box.centre, box.height, box) for box in boxes]
    candidates: list[tuple[float, int, int, Track]] = []
    for track in tracks:
        x, y = track.box.centre
        height = track.box.height
        for position, (other_x, other_y, other_height, box) in enumerate(places):
            # Overlap wins; without any, boxes within half a height of each other may be one.
            overlap = box.overlap(track.box)
            distance = max(abs(x - other_x), abs(y - other_y))
            near = 1.0 - 2.0 * distance / max(height, other_height)
            score = 1.0 + overlap if overlap else near
            if score > 0:
                candidates.append((score, position, track.id, track))
    candidates.sort(key=lambda entry: (-entry[0], entry[1], entry[2]))
    pairs: dict[int, Track] = {}
    taken: set[int] = set()
    for _, position, number, track in candidates:
        if position not in pairs and number not in taken:
            pairs[position] = track
            taken.add(number)
    return pairs


def _move(track: Track, box: Box, now: float) -> Track:
    """Follow a track; its stay goes on while it still covers the place where the stay began."""
    stays = _covers(track.anchor, box) >= _SAME_PLACE
    return Track(
        id=track.id,
        box=box,
        anchor=track.anchor if stays else box,
        since_seconds=track.since_seconds if stays else now,
        seen_seconds=now,
    )


def _covers(anchor: Box, box: Box) -> float:
    """Share of the smaller of two boxes that lies in the other, in [0, 1].

    The smaller one counts because a figure that others pass grows and shrinks with them.
    """
    width = min(anchor.right, box.right) - max(anchor.left, box.left)
    height = min(anchor.bottom, box.bottom) - max(anchor.top, box.top)
    if width <= 0 or height <= 0:
        return 0.0
    smaller = min((anchor.right - anchor.left) * anchor.height, (box.right - box.left) * box.height)
    return width * height / smaller
