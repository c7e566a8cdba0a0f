"""Which part of a clip is night, by its own clock."""

from __future__ import annotations

import datetime as dt

NIGHT_FROM, NIGHT_UNTIL = 22, 6
"""Hours of the clock; the night is the half-open span from one to the other."""


def is_night(start: dt.datetime, seconds: float) -> bool:
    """Whether the clock shows a night hour so long after a clip's start."""
    hour = (start + dt.timedelta(seconds=seconds)).hour
    return hour >= NIGHT_FROM or hour < NIGHT_UNTIL


def whole_night(start: dt.datetime, seconds: float) -> bool | None:
    """True for a clip that lies in the night, False for one by day, None for one that has both."""
    first = is_night(start, 0.0)
    last = start + dt.timedelta(seconds=seconds)
    hour = start.replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)
    while hour < last:
        if is_night(hour, 0.0) != first:
            return None
        hour += dt.timedelta(hours=1)
    return first
