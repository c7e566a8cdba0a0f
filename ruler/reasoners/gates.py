"""Gates and exceptions: evaluated by code, never by a model (DESIGN section 3a)."""

from __future__ import annotations

import datetime as dt

from ruler.reasoners.base import MatchContext
from ruler.schemas.observations import Observation
from ruler.schemas.rules import WEEKDAYS, Rule, When
from ruler.text.phrases import find_phrase


class Gate:
    """What the gates of a rule say about a frame."""

    OPEN = "open"
    CLOSED = "closed"


def check_gates(rule: Rule, observation: Observation, context: MatchContext) -> tuple[str, str]:
    """Evaluate `when` and `exceptions` of a rule on one frame.

    Returns:
        ("open", ""), ("closed", why) or ("unknown", why it cannot be told).
    """
    if rule.when.is_open and not rule.exceptions:
        return Gate.OPEN, ""
    clock = clip_clock(observation, context.clip_start)
    state, why = _when(rule.when, clock)
    if state != Gate.OPEN:
        return state, why
    day = clock.date() if clock else context.as_of
    text = observation.caption.text if observation.caption else ""
    for exception in rule.exceptions:
        if exception.until is not None and day > exception.until:
            continue
        if find_phrase(text, exception.unless) is not None:
            return (
                Gate.CLOSED,
                f"exception {exception.name!r}: {exception.unless!r} is in the caption",
            )
    return Gate.OPEN, ""


def clip_clock(observation: Observation, clip_start: dt.datetime | None) -> dt.datetime | None:
    """The wall clock of a frame, by the clip's own clock."""
    if clip_start is None:
        return None
    return clip_start + dt.timedelta(seconds=observation.time_seconds)


def _when(when: When, clock: dt.datetime | None) -> tuple[str, str]:
    if when.is_open:
        return Gate.OPEN, ""
    if when.zones:
        return "unknown", "this scene has no zones drawn, so `zones` cannot be told"
    if when.presence:
        return "unknown", "nobody told ruler who is home, so `presence` cannot be told"
    if clock is None:
        return "unknown", "the clip's clock is not known: give --start-time"
    if when.weekdays and WEEKDAYS[clock.weekday()] not in when.weekdays:
        return Gate.CLOSED, f"{WEEKDAYS[clock.weekday()]} is not among the rule's weekdays"
    span = when.hour_span()
    if span is not None and not _within(clock.time(), *span):
        return Gate.CLOSED, f"{clock:%H:%M} lies outside {when.hours}"
    return Gate.OPEN, ""


def _within(time: dt.time, start: dt.time, stop: dt.time) -> bool:
    """Half-open [start, stop); a span whose stop is not after its start runs over midnight."""
    if start < stop:
        return start <= time < stop
    return time >= start or time < stop
