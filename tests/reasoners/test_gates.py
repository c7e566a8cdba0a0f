"""Gates and exceptions: what is open, closed, or cannot be told."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.reasoners.gates import check_gates, clip_clock
from tests.support import context_of, failed, make_rule, observe

SUNDAY = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
TODAY = SUNDAY.date()


def gate(
    when: dict[str, Any],
    clock: str | None = "12:00",
    *,
    exceptions: tuple[dict[str, Any], ...] = (),
    said: str = "A person walks.",
    as_of: dt.date = TODAY,
) -> str:
    """The state of a rule's gates on a frame ten minutes into a clip, at this time on a Sunday."""
    rule = make_rule(when=when, exceptions=exceptions)
    start = None
    if clock is not None:
        hour, minute = clock.split(":")
        start = SUNDAY.replace(hour=int(hour), minute=int(minute)) - dt.timedelta(minutes=10)
    seen = observe(said, frame=0, time=600.0)
    state, why = check_gates(rule, seen, context_of(rule, clip_start=start, as_of=as_of))
    assert bool(why) == (state != "open")
    return state


@pytest.mark.parametrize(
    ("hours", "clock", "state"),
    [
        ("09:00-17:00", "09:00", "open"),
        ("09:00-17:00", "16:59", "open"),
        ("09:00-17:00", "17:00", "closed"),
        ("09:00-17:00", "08:59", "closed"),
        ("23:00-05:00", "23:00", "open"),
        ("23:00-05:00", "00:00", "open"),
        ("23:00-05:00", "04:59", "open"),
        ("23:00-05:00", "05:00", "closed"),
        ("23:00-05:00", "22:59", "closed"),
        ("00:00-00:00", "13:00", "open"),
    ],
)
def test_hours(hours: str, clock: str, state: str) -> None:
    assert gate({"hours": hours}, clock) == state


@given(st.times(), st.times(), st.times())
def test_a_span_and_the_rest_of_the_day_part_it(a: dt.time, b: dt.time, now: dt.time) -> None:
    if a.replace(second=0, microsecond=0) == b.replace(second=0, microsecond=0):
        return
    clock = f"{now:%H:%M}"
    spans = (f"{a:%H:%M}-{b:%H:%M}", f"{b:%H:%M}-{a:%H:%M}")
    assert sorted(gate({"hours": span}, clock) for span in spans) == ["closed", "open"]


def test_weekdays() -> None:
    assert gate({"weekdays": ["sun"]}) == "open"
    assert gate({"weekdays": ["sat", "mon"]}) == "closed"
    assert gate({"weekdays": ["sun"], "hours": "13:00-14:00"}) == "closed"
    assert gate({"weekdays": ["mon"], "hours": "11:00-14:00"}) == "closed"


@pytest.mark.parametrize("when", [{"hours": "09:00-17:00"}, {"weekdays": ["sun"]}])
def test_without_a_clock_it_cannot_be_told(when: dict[str, Any]) -> None:
    assert gate(when, None) == "unknown"
    assert gate({}, None) == "open"


@pytest.mark.parametrize("when", [{"zones": ["lawn"]}, {"presence": ["away"]}])
def test_zones_and_presence_cannot_be_told(when: dict[str, Any]) -> None:
    assert gate(when) == "unknown"
    assert gate(when, None) == "unknown"


def test_the_clock_is_the_clips() -> None:
    assert clip_clock(observe(time=90.0), SUNDAY) == SUNDAY + dt.timedelta(seconds=90)
    assert clip_clock(observe(time=90.0), None) is None


COURIER = {"name": "courier", "unless": "parcel"}


def test_exceptions_close() -> None:
    assert gate({}, exceptions=(COURIER,), said="A man with two parcels.") == "closed"
    assert gate({}, exceptions=(COURIER,)) == "open"
    assert gate({}, exceptions=(COURIER,), said="A man without a parcel.") == "open"


@pytest.mark.parametrize(
    ("until", "state"),
    [
        (dt.date(2026, 3, 1), "closed"),
        (dt.date(2026, 3, 2), "closed"),
        (dt.date(2026, 2, 28), "open"),
    ],
)
def test_exceptions_expire(until: dt.date, state: str) -> None:
    exception = COURIER | {"until": until}
    said = "A man with a parcel."
    assert gate({}, exceptions=(exception,), said=said) == state
    assert gate({}, None, exceptions=(exception,), said=said) == state
    later = dt.date(2030, 1, 1)
    assert gate({}, exceptions=(exception,), said=said, as_of=later) == state
    assert gate({}, None, exceptions=(exception,), said=said, as_of=later) == "open"


def test_a_failed_frame_has_no_words() -> None:
    rule = make_rule(exceptions=[COURIER])
    assert check_gates(rule, failed(), context_of(rule)) == ("open", "")
