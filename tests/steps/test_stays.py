"""Stays: a place remembers who lingers there, whoever passes by."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ruler.schemas.captions import Box, Figure
from ruler.steps.stays import FORGET_SECONDS, SLOW, Stay, dwell
from tests.support import make_figure

HERE = Box(left=0.4, top=0.4, right=0.5, bottom=0.6)
WIDER = Box(left=0.35, top=0.4, right=0.6, bottom=0.62)
FAR = Box(left=0.8, top=0.4, right=0.9, bottom=0.6)


def figure(box: Box, speed: float) -> Figure:
    return make_figure(box, speed_ratio=speed)


def last(frames: Sequence[Sequence[Figure]], step: float = 0.5) -> list[float]:
    stays: tuple[Stay, ...] = ()
    seconds: list[float] = []
    for number, figures in enumerate(frames):
        stays, seconds = dwell(stays, figures, number * step)
    return seconds


def test_a_slow_figure_stays() -> None:
    assert last([[figure(HERE, 0.1)]] * 11) == [5.0]


def test_walkers_on_a_busy_path_do_not_add_up() -> None:
    assert last([[figure(HERE, 1.0)]] * 40) == [0.0]


def test_a_stay_goes_on_while_others_merge_with_it() -> None:
    frames = [[figure(HERE, 0.1)]] * 6 + [[figure(WIDER, 1.1)]] * 4 + [[figure(HERE, 0.1)]]
    assert last(frames) == [5.0]


def test_a_stay_ends_where_only_walkers_cover_it() -> None:
    gone = int(FORGET_SECONDS / 0.5) + 2
    frames = [[figure(HERE, 0.1)]] * 6 + [[figure(WIDER, 1.1)]] * gone
    assert last([*frames, [figure(HERE, 0.1)]]) == [0.0]


def test_another_place_is_another_stay() -> None:
    assert last([[figure(HERE, 0.1)]] * 6 + [[figure(FAR, 0.1)]]) == [0.0]


@given(st.lists(st.tuples(st.sampled_from([HERE, WIDER, FAR]), st.floats(0, 3)), max_size=5))
def test_no_stay_is_longer_than_the_clip(seen: list[tuple[Box, float]]) -> None:
    figures = [figure(box, speed) for box, speed in seen]
    stays: tuple[Stay, ...] = ()
    for number in range(8):
        stays, seconds = dwell(stays, figures, float(number))
        assert len(seconds) == len(figures)
        assert all(0 <= value <= number for value in seconds)
        assert all(stay.since_seconds <= stay.seen_seconds <= number for stay in stays)
    assert bool(stays) == any(speed < SLOW for _, speed in seen)
