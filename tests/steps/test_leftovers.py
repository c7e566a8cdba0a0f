"""Things that were left or taken: counted while they do not stir, whoever passes by."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.schemas.captions import Figure
from ruler.steps.leftovers import Leftover, settle
from tests.support import make_box, make_figure

HERE = make_box(0.4, 0.6, 0.05, 0.08)


def bag(gain: float = 0.5) -> Figure:
    return make_figure(HERE, stillness=0.99, edge_gain=gain)


def stirring() -> Figure:
    return make_figure(HERE, stillness=0.6)


def watched(
    frames: Sequence[Sequence[Figure]], step: float = 0.5
) -> list[list[tuple[float, float]]]:
    leftovers: tuple[Leftover, ...] = ()
    found = []
    for number, figures in enumerate(frames):
        leftovers = tuple(Leftover.model_validate_json(one.model_dump_json()) for one in leftovers)
        leftovers, lasted = settle(leftovers, figures, number * step)
        found.append(lasted)
    return found


def test_a_bag_is_left_and_a_gap_is_taken() -> None:
    assert watched([[bag()]] * 61)[-1] == [(30.0, 0.0)]
    assert watched([[bag(-0.5)]] * 61)[-1] == [(0.0, 30.0)]
    assert watched([[bag(0.02)]] * 61)[-1] == [(0.0, 0.0)]


def test_passers_by_do_not_end_it() -> None:
    """Who stands before it makes one large figure with it for a while."""
    group = make_figure(make_box(0.35, 0.4, 0.2, 0.3), stillness=0.4)
    seen = [[bag()]] * 20 + [[group]] * 12 + [[bag()]] * 20
    assert watched(seen)[-1] == [(25.5, 0.0)]


def test_a_long_absence_ends_it() -> None:
    seen: list[list[Figure]] = [[bag()]] * 20 + [[]] * 25 + [[bag()]] * 3
    assert watched(seen)[-1] == [(1.0, 0.0)]


@pytest.mark.parametrize("period", [2, 3, 5, 8])
def test_a_person_who_stands_sways(period: int) -> None:
    """One who stirs every few frames is never a thing for as long as the least bound."""
    seen = [[stirring() if number % period == 1 else bag()] for number in range(200)]
    assert max(left for [(left, _)] in watched(seen)) < 20.0


@given(st.lists(st.lists(st.sampled_from([bag(), bag(-0.4), stirring()]), max_size=3), max_size=30))
def test_never_longer_than_the_clip(frames: list[list[Figure]]) -> None:
    for number, lasted in enumerate(watched(frames)):
        assert all(0 <= left <= number * 0.5 and 0 <= gone <= number * 0.5 for left, gone in lasted)
        assert all(0.0 in pair for pair in lasted)
