"""Linking: figures of neighbouring frames become tracks, and places know how long somebody stayed.

A fold with a small serialisable carry, so that it gives the same result however a clip was cut.
"""

from __future__ import annotations

from pydantic import Field

from ruler.schemas.base import Value
from ruler.schemas.captions import Box
from ruler.schemas.observations import FigureLink, Observation
from ruler.steps.descents import Descent, descend
from ruler.steps.disturbing import disturbed
from ruler.steps.stays import Stay, dwell

_FORGET_SECONDS = 2.0
_MAX_TRACKS = 64
_BREAK_SECONDS = 1.0
"""A disturbance that is not seen for longer is over."""


class Track(Value):
    """A figure followed over time: where and when it was seen last."""

    id: int
    box: Box
    seen_seconds: float


class Disturbed(Value):
    """Since when pictures have been disturbed, and when one was last."""

    since_seconds: float
    seen_seconds: float


class Carry(Value):
    """All that linking remembers from frame to frame."""

    tracks: tuple[Track, ...] = ()
    stays: tuple[Stay, ...] = ()
    descents: tuple[Descent, ...] = ()
    disturbance: Disturbed | None = None
    next_id: int = Field(default=0, ge=0)


def link(carry: Carry, observation: Observation) -> tuple[Carry, Observation]:
    """Follow the figures of one more frame.

    Args:
        carry: What the frames before left.
        observation: The next frame, in order of time.

    Returns:
        The new carry, and the observation with one link a figure; with none where the picture is
        disturbed, whose figures are no figures.
    """
    now = observation.time_seconds
    since = _disturbed(carry.disturbance, observation)
    if disturbed(observation):
        lasted = round(now - since.since_seconds, 3) if since else 0.0
        hidden = observation.model_copy(update={"disturbed_seconds": lasted})
        return carry.model_copy(update={"disturbance": since}), hidden
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
    new = Carry(tracks=kept, stays=stays, descents=descents, disturbance=since, next_id=next_id)
    return new, linked


def _disturbed(before: Disturbed | None, observation: Observation) -> Disturbed | None:
    """The disturbance that goes on or begins, if there is one."""
    now = observation.time_seconds
    if before is not None and now - before.seen_seconds > _BREAK_SECONDS:
        before = None
    if not disturbed(observation):
        return before
    return Disturbed(
        since_seconds=now if before is None else before.since_seconds, seen_seconds=now
    )


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
