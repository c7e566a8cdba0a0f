"""Descents: who came down fast stays fallen while somebody lies there."""

from __future__ import annotations

import pytest

from ruler.schemas.captions import Box, Figure
from ruler.steps.descents import KEPT_A_SECOND, Descent, descend
from tests.support import make_figure

UP = Box(left=0.4, top=0.2, right=0.5, bottom=0.8)
LYING = Box(left=0.4, top=0.7, right=0.7, bottom=0.9)
FAR = Box(left=0.8, top=0.7, right=0.9, bottom=0.9)


def figure(box: Box, down: float, low: float) -> Figure:
    return make_figure(box, fall_speed=down, low_area=low)


def last(*frames: list[Figure], step: float = 1.0) -> list[float]:
    descents: tuple[Descent, ...] = ()
    fallen: list[float] = []
    for number, figures in enumerate(frames):
        descents, fallen = descend(descents, figures, number * step)
    return fallen


def test_who_lies_still_after_coming_down_stays_fallen() -> None:
    lying = [figure(LYING, 0.0, 2.0)]
    fallen = last([figure(UP, 1.5, 1.0)], lying, lying)
    assert fallen == [pytest.approx(1.5 * KEPT_A_SECOND**2 * 2.0, abs=1e-5)]


def test_who_came_down_and_is_not_low_has_not_fallen() -> None:
    assert last([figure(UP, 1.5, 0.0)], [figure(UP, 0.0, 0.0)]) == [0.0]


def test_a_descent_elsewhere_does_not_count() -> None:
    assert last([figure(UP, 1.5, 1.0)], [figure(FAR, 0.0, 2.0)]) == [0.0]


def test_an_old_descent_is_forgotten() -> None:
    lying = [figure(LYING, 0.0, 2.0)]
    assert last([figure(UP, 1.5, 1.0)], lying, lying, step=60.0) == [0.0]
