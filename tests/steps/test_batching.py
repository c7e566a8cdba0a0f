"""Batches part the references: each is in exactly one, and none is empty."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.steps.batching import MOST_BATCHES, batches, linked
from tests.support import make_caption, make_figure, references

SIZES = st.lists(st.integers(0, 9), max_size=40)


def places(sizes: list[int]) -> dict[str, list[tuple[str, int]]]:
    clips = {f"clip{n}": references(["A walk."] * size, f"clip{n}") for n, size in enumerate(sizes)}
    return {
        name: [(one.clip, one.observation.frame_index) for one in batch]
        for name, batch in batches(clips).items()
    }


@given(SIZES)
def test_batches_part_the_references(sizes: list[int]) -> None:
    found = places(sizes)
    counted = Counter(place for batch in found.values() for place in batch)
    expected = {(f"clip{n}", frame) for n, size in enumerate(sizes) for frame in range(size)}
    assert set(counted) == expected
    assert all(count == 1 for count in counted.values())
    assert all(found.values())
    assert len(found) <= MOST_BATCHES


@given(SIZES)
def test_a_clip_keeps_its_order(sizes: list[int]) -> None:
    for batch in places(sizes).values():
        for clip in {clip for clip, _ in batch}:
            frames = [frame for name, frame in batch if name == clip]
            assert frames == list(range(frames[0], frames[0] + len(frames)))


@pytest.mark.parametrize(("size", "folds"), [(1, 1), (3, 3), (4, 4), (9, 3), (100, 4)])
def test_one_clip_is_cut_in_time(size: int, folds: int) -> None:
    found = places([size])
    assert len(found) == folds
    assert [place for batch in found.values() for place in batch] == [
        ("clip0", frame) for frame in range(size)
    ]


def test_a_few_clips_are_batches_of_their_own() -> None:
    assert list(places([2, 0, 3])) == ["clip0", "clip2"]
    assert len(places([1] * 16)) == 16
    assert len(places([1] * 17)) == 16


def test_linking_references_adds_links_alone() -> None:
    figure = make_caption(figures=[make_figure(speed_ratio=0.1)])
    done = linked("clip", references([figure] * 3))
    assert [one.observation.links[0].dwell_seconds for one in done] == [0, 0.1, 0.2]
    assert [one.observation.caption for one in done] == [figure] * 3
