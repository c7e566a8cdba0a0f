"""Descents: who came down fast stays fallen while somebody lies there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.schemas.captions import Box, Figure
from ruler.steps.descents import FAST_ENOUGH, KEPT_A_SECOND, Descent, descend
from tests.support import make_figure

UP = Box(left=0.4, top=0.2, right=0.5, bottom=0.8)
LYING = Box(left=0.4, top=0.7, right=0.7, bottom=0.9)
FAR = Box(left=0.8, top=0.7, right=0.9, bottom=0.9)


def figure(box: Box, down: float, low: float, up: float = 0.0) -> Figure:
    return make_figure(box, fall_speed=down, low_area=low, rise_speed=up)


def last(*frames: list[Figure], step: float = 1.0) -> list[float]:
    descents: tuple[Descent, ...] = ()
    fallen: list[float] = []
    for number, figures in enumerate(frames):
        descents, fallen = descend(descents, figures, number * step)
    return fallen


def test_who_lies_still_after_coming_down_stays_fallen() -> None:
    lying = [figure(LYING, 0.0, 2.0)]
    fallen = last([figure(UP, 1.5, 1.0)], lying, lying)
    assert fallen == [pytest.approx(KEPT_A_SECOND**2 * 2.0, abs=1e-5)]


def test_who_came_down_and_is_not_low_has_not_fallen() -> None:
    assert last([figure(UP, 1.5, 0.0)], [figure(UP, 0.0, 0.0)]) == [0.0]


def test_beyond_falling_over_faster_is_no_more_of_a_fall() -> None:
    lying = [figure(LYING, 0.0, 2.0)]
    assert last([figure(UP, 9.0, 1.0)], lying) == last([figure(UP, FAST_ENOUGH, 1.0)], lying)
    slow = last([figure(UP, FAST_ENOUGH / 2, 1.0)], lying)
    assert slow == [pytest.approx(KEPT_A_SECOND / 2 * 2.0, abs=1e-5)]


def test_who_gets_up_has_not_fallen() -> None:
    low, rising = figure(LYING, 0.0, 2.0), figure(LYING, 0.0, 2.0, up=0.5 * FAST_ENOUGH)
    assert last([figure(UP, 1.5, 1.0)], [rising], [low]) == [0.0]
    # Who moves an arm, or rises where nobody fell, changes nothing.
    down = [figure(UP, 1.5, 1.0)]
    arm = figure(LYING, 0.0, 2.0, up=0.2 * FAST_ENOUGH)
    elsewhere = figure(FAR, 0.0, 1.0, up=1.0)
    assert (
        last(down, [arm], [low]) == last(down, [low, elsewhere], [low]) == last(down, [low], [low])
    )


def test_a_descent_is_surer_after_a_second() -> None:
    lying = [figure(LYING, 0.0, 2.0)]
    at_once = last([figure(UP, 1.5, 1.0)], lying, step=0.1)
    later = last([figure(UP, 1.5, 1.0)], *[lying] * 10, step=0.1)
    assert at_once[0] < later[0]


@given(
    st.lists(st.tuples(st.floats(0, 9), st.floats(0, 9), st.floats(0, 4)), min_size=1, max_size=12),
    st.floats(0.05, 3),
)
def test_what_has_fallen_is_never_more_than_what_is_low(
    seen: list[tuple[float, float, float]], step: float
) -> None:
    frames = [[figure(LYING, down, low, up)] for down, up, low in seen]
    [fallen] = last(*frames, step=step)
    assert 0.0 <= fallen <= seen[-1][2] + 1e-6


def test_a_descent_elsewhere_does_not_count() -> None:
    assert last([figure(UP, 1.5, 1.0)], [figure(FAR, 0.0, 2.0)]) == [0.0]


def test_an_old_descent_is_forgotten() -> None:
    lying = [figure(LYING, 0.0, 2.0)]
    assert last([figure(UP, 1.5, 1.0)], lying, lying, step=60.0) == [0.0]
