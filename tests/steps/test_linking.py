"""Tracks: who stays how long, however the clip is cut."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.schemas.captions import Box
from ruler.schemas.observations import Observation
from ruler.steps.linking import Carry, link
from tests.support import failed, make_box, make_caption, make_figure, observations, observe


def fold(seen: Sequence[Observation], cut: int | None = None) -> list[Observation]:
    """Link a stretch; at `cut` the carry goes through JSON, as between two chunks."""
    carry, done = Carry(), []
    for position, observation in enumerate(seen):
        if position == cut:
            carry = Carry.model_validate_json(carry.model_dump_json())
        carry, linked = link(carry, observation)
        done.append(linked)
    return done


def film(*frames: Sequence[Box], step: float = 0.5) -> list[Observation]:
    """Observations whose figures stand in these boxes."""
    return [
        observe(
            make_caption(figures=[make_figure(box) for box in boxes], measured=["speed_ratio"]),
            frame=number,
            time=number * step,
        )
        for number, boxes in enumerate(frames)
    ]


def dwells(seen: Sequence[Observation]) -> list[list[float]]:
    return [[link.dwell_seconds for link in one.links] for one in seen]


def tracks(seen: Sequence[Observation]) -> list[list[int]]:
    return [[link.track for link in one.links] for one in seen]


HERE, THERE = make_box(0.1), make_box(0.7)


def test_dwell_grows_while_a_figure_stands() -> None:
    linked = fold(film([HERE], [HERE], [HERE], [HERE]))
    assert dwells(linked) == [[0], [0.5], [1.0], [1.5]]
    assert tracks(linked) == [[0]] * 4


def test_swaying_is_standing() -> None:
    sway = [make_box(0.1 + 0.03 * (number % 2)) for number in range(5)]
    assert dwells(fold(film(*[[box] for box in sway])))[-1] == [2.0]


def test_dwell_starts_anew_where_a_figure_moves_away() -> None:
    walk = [make_box(0.1 + 0.06 * number) for number in range(6)]
    linked = fold(film(*[[box] for box in walk]))
    assert tracks(linked) == [[0]] * 6
    assert max(dwell for [dwell] in dwells(linked)) <= 0.5
    stay = fold(film([walk[0]], [walk[1]], *[[walk[1]]] * 3))
    assert dwells(stay)[-1] == [1.5]


def test_a_short_occlusion_is_survived() -> None:
    linked = fold(film([HERE], [HERE], [], [], [HERE]))
    assert tracks(linked) == [[0], [0], [], [], [0]]
    assert dwells(linked)[-1] == [2.0]


def test_a_failed_frame_is_an_occlusion() -> None:
    seen = [*film([HERE], [HERE], step=0.1), failed(2), observe(film([HERE])[0].caption, frame=3)]
    linked = fold(seen)
    assert linked[2] == failed(2)
    assert dwells(linked)[-1] == [pytest.approx(0.3)]


def test_a_long_absence_is_another_figure() -> None:
    linked = fold(film([HERE], *[[]] * 7, [HERE]))
    assert tracks(linked)[-1] == [1]
    assert dwells(linked)[-1] == [0]


def test_two_figures_keep_their_ids() -> None:
    linked = fold(film([HERE, THERE], [THERE, HERE], [THERE], [HERE, THERE]))
    assert tracks(linked) == [[0, 1], [1, 0], [1], [0, 1]]
    assert dwells(linked)[-1] == [1.5, 1.5]


def test_one_track_one_figure() -> None:
    close = [make_box(0.1), make_box(0.12)]
    for ids in tracks(fold(film(close, close, [*close, make_box(0.11)]))):
        assert len(set(ids)) == len(ids)


def test_memory_is_bounded() -> None:
    carry = Carry()
    crowd = [make_box(0.01 * n, 0.01 * m, 0.005, 0.005) for n in range(60) for m in range(3)]
    for observation in film(*[crowd] * 3, step=0.1):
        carry, linked = link(carry, observation)
        assert len(linked.links) == len(crowd)
        assert len(carry.tracks) <= 64
    carry, _ = link(carry, film([])[0].model_copy(update={"time_seconds": 99.0}))
    assert carry.tracks == ()


@given(observations(), st.data())
def test_the_cut_does_not_matter(seen: list[Observation], data: st.DataObject) -> None:
    whole = fold(seen)
    assert fold(seen, data.draw(st.integers(0, len(seen)))) == whole
    assert fold(seen) == whole


@given(observations())
def test_links_are_all_that_is_added(seen: list[Observation]) -> None:
    before = [one.model_dump_json() for one in seen]
    linked = fold(seen)
    assert [one.model_dump_json() for one in seen] == before
    for one, other in zip(seen, linked, strict=True):
        assert other.model_copy(update={"links": ()}) == one
        assert len(other.links) == len(one.figures)
        assert len({link.track for link in other.links}) == len(other.links)
        assert all(0 <= link.dwell_seconds <= one.time_seconds for link in other.links)
        Observation.model_validate(other.model_dump())
