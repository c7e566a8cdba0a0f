"""Linking: figures of neighbouring frames become tracks, and places know how long somebody stayed.

A fold with a small serialisable carry, so that it gives the same result however a clip was cut.
"""

from __future__ import annotations

from pydantic import Field

from ruler.schemas.base import Value
from ruler.schemas.captions import Box
from ruler.schemas.observations import FigureLink, Observation
from ruler.steps.descents import Descent, descend
from ruler.steps.stays import Stay, dwell

_FORGET_SECONDS = 2.0
_MAX_TRACKS = 64


class Track(Value):
    """A figure followed over time: where and when it was seen last."""

    id: int
    box: Box
    seen_seconds: float


class Carry(Value):
    """All that linking remembers from frame to frame."""

    tracks: tuple[Track, ...] = ()
    stays: tuple[Stay, ...] = ()
    descents: tuple[Descent, ...] = ()
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
    stays, seconds = dwell(carry.stays, figures, now)
    descents, fallen = descend(carry.descents, figures, now)
    next_id = carry.next_id
    links: list[FigureLink] = []
    seen: dict[int, Track] = {}
    for position, figure in enumerate(figures):
        known = pairs.get(position)
        number = next_id if known is None else known.id
        next_id += known is None
        seen[number] = Track(id=number, box=figure.box, seen_seconds=now)
        links.append(
            FigureLink(track=number, dwell_seconds=seconds[position], fallen=fallen[position])
        )
    merged = [*seen.values(), *(track for track in alive if track.id not in seen)]
    merged.sort(key=lambda track: (-track.seen_seconds, track.id))
    linked = observation.model_copy(update={"links": tuple(links)})
    kept = tuple(merged[:_MAX_TRACKS])
    return Carry(tracks=kept, stays=stays, descents=descents, next_id=next_id), linked


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
