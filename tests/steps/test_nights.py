"""Night by a clip's clock."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from ruler.steps.nights import is_night, whole_night

DAY = dt.datetime(2026, 11, 20)  # noqa: DTZ001 - a clock on the wall has no zone


def test_the_night_is_half_open() -> None:
    hours = [hour for hour in range(24) if is_night(DAY.replace(hour=hour), 0.0)]
    assert hours == [0, 1, 2, 3, 4, 5, 22, 23]
    assert not is_night(DAY.replace(hour=21, minute=59), 59.0)
    assert is_night(DAY.replace(hour=21, minute=59), 60.0)


@given(st.integers(0, 86_399), st.integers(1, 200_000))
def test_a_clip_is_all_night_all_day_or_both(second: int, length: int) -> None:
    start = DAY + dt.timedelta(seconds=second)
    shown = {is_night(start, float(at)) for at in {*range(0, length, 600), length - 1}}
    said = whole_night(start, float(length))
    if said is None:
        assert length > 1
    else:
        assert shown == {said}
