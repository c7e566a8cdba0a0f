"""Linking: figures of neighbouring frames become tracks, and places know how long somebody stayed.

A fold with a small serialisable carry, so that it gives the same result however a clip was cut.
"""

from __future__ import annotations

from pydantic import Field

from ruler.schemas.base import Value
from ruler.schemas.observations import FigureLink, Observation
from ruler.steps.descents import Descent, descend
from ruler.steps.disturbing import disturbed
from ruler.steps.leftovers import Leftover, settle
from ruler.steps.stays import Stay, dwell
from ruler.steps.tracking import Track, follow

_BREAK_SECONDS = 1.0
"""A disturbance that is not seen for longer is over."""


class Disturbed(Value):
    """Since when pictures have been disturbed, and when one was last."""

    since_seconds: float
    seen_seconds: float


class Carry(Value):
    """All that linking remembers from frame to frame."""

    tracks: tuple[Track, ...] = ()
    stays: tuple[Stay, ...] = ()
    descents: tuple[Descent, ...] = ()
    leftovers: tuple[Leftover, ...] = ()
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
    figures = observation.figures
    boxes = [figure.box for figure in figures]
    tracks, ids, next_id = follow(carry.tracks, boxes, now, carry.next_id)
    stays, seconds = dwell(carry.stays, figures, now)
    descents, fallen = descend(carry.descents, figures, now)
    leftovers, spots = settle(carry.leftovers, figures, now)
    links = tuple(
        FigureLink(
            track=track, dwell_seconds=stayed, fallen=degree, left_seconds=left, taken_seconds=gone
        )
        for track, stayed, degree, (left, gone) in zip(ids, seconds, fallen, spots, strict=True)
    )
    new = Carry(
        tracks=tracks,
        stays=stays,
        descents=descents,
        leftovers=leftovers,
        disturbance=since,
        next_id=next_id,
    )
    return new, observation.model_copy(update={"links": links})


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
