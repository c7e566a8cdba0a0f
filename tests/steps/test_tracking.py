"""Who is who: ids on made crossings, where the camera shows one figure for two that meet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.schemas.captions import Box
from ruler.steps.tracking import Track, follow
from tests.support import boxes as any_boxes
from tests.support import make_box


@dataclass(frozen=True)
class Walk:
    """A figure's left edge over time, in relative coordinates; None while it is hidden."""

    start: float
    speed: float
    top: float = 0.4
    height: float = 0.2
    width: float = 0.06

    def at(self, seconds: float) -> Box:
        left = self.start + self.speed * seconds
        return Box(left=left, top=self.top, right=left + self.width, bottom=self.top + self.height)


def shown(people: Sequence[Box]) -> list[tuple[Box, frozenset[int]]]:
    """What a camera shows: who touches is one figure. With who is in each."""
    parts = [(box, frozenset([who])) for who, box in enumerate(people)]
    merged = True
    while merged:
        merged = False
        for one in range(len(parts)):
            for other in range(one + 1, len(parts)):
                if parts[one][0].overlap(parts[other][0]) > 0:
                    (a, x), (b, y) = parts[one], parts[other]
                    union = Box(
                        left=min(a.left, b.left),
                        top=min(a.top, b.top),
                        right=max(a.right, b.right),
                        bottom=max(a.bottom, b.bottom),
                    )
                    parts = [p for at, p in enumerate(parts) if at not in (one, other)]
                    parts.append((union, x | y))
                    merged = True
                    break
            if merged:
                break
    return sorted(parts, key=lambda part: part[0].left)


def ids_alone(
    walks: Sequence[Walk], seconds: float, hidden: Sequence[float] = ()
) -> list[set[int]]:
    """By walker, the ids under which it was shown alone."""
    tracks: tuple[Track, ...] = ()
    next_id, found = 0, [set[int]() for _ in walks]
    for frame in range(round(seconds * 10)):
        now = frame / 10
        seen = [] if any(h <= now < h + 1 for h in hidden) else shown([w.at(now) for w in walks])
        tracks, ids, next_id = follow(tracks, [box for box, _ in seen], now, next_id)
        assert len(set(ids)) == len(ids)
        for (_, members), number in zip(seen, ids, strict=True):
            if len(members) == 1:
                found[min(members)].add(number)
    return found


@given(
    speeds=st.tuples(st.floats(0.05, 0.2), st.floats(0.05, 0.2)),
    tops=st.tuples(st.floats(0.38, 0.42), st.floats(0.38, 0.42)),
)
def test_who_crosses_comes_out_as_the_same(
    speeds: tuple[float, float], tops: tuple[float, float]
) -> None:
    walks = [Walk(0.1, speeds[0], tops[0]), Walk(0.7, -speeds[1], tops[1])]
    seconds = min(0.85 / speeds[0], 0.7 / speeds[1], 5.0)
    found = ids_alone(walks, seconds)
    assert [len(ids) for ids in found] == [1, 1]
    assert found[0] != found[1]


@given(slow=st.floats(0.02, 0.06), fast=st.floats(0.15, 0.25))
def test_who_overtakes_comes_out_as_the_same(slow: float, fast: float) -> None:
    walks = [Walk(0.25, slow), Walk(0.02, fast)]
    found = ids_alone(walks, 0.9 / fast)
    assert [len(ids) for ids in found] == [1, 1]


@given(speed=st.floats(0.02, 0.15), at=st.floats(1.0, 2.0))
def test_a_second_behind_a_tree_is_survived(speed: float, at: float) -> None:
    [found] = ids_alone([Walk(0.1, speed)], 5.0, hidden=[at])
    assert len(found) == 1


def test_one_who_stands_keeps_the_id_while_others_pass() -> None:
    walks = [Walk(0.45, 0.0), Walk(0.1, 0.15), Walk(0.85, -0.12)]
    found = ids_alone(walks, 5.5)
    assert [len(ids) for ids in found] == [1, 1, 1]


def test_neighbours_do_not_swap() -> None:
    """Two who walk one behind the other, a step apart, each where the other was before."""
    walks = [Walk(0.1, 0.15), Walk(0.18, 0.15)]
    assert ids_alone(walks, 4.0) == [{0}, {1}]


@given(st.lists(st.lists(any_boxes(), max_size=5), max_size=12))
def test_ids_are_unique_and_state_survives_json(frames: list[list[Box]]) -> None:
    tracks: tuple[Track, ...] = ()
    again: tuple[Track, ...] = ()
    next_id = other_next = 0
    for number, seen in enumerate(frames):
        again = tuple(Track.model_validate_json(one.model_dump_json()) for one in again)
        tracks, ids, next_id = follow(tracks, seen, number / 5, next_id)
        again, other, other_next = follow(again, seen, number / 5, other_next)
        assert ids == other
        assert tracks == again
        assert max(Counter(ids).values(), default=1) == 1
        assert all(number < next_id for number in ids)


def test_memory_is_bounded() -> None:
    tracks: tuple[Track, ...] = ()
    next_id = 0
    crowd = [make_box(0.01 * n, 0.01 * m, 0.005, 0.005) for n in range(60) for m in range(3)]
    for frame in range(4):
        tracks, ids, next_id = follow(tracks, crowd, frame / 10, next_id)
        assert len(ids) == len(crowd)
        assert len(tracks) <= 64


@pytest.mark.parametrize("step", [0.0, 1e-3, 1.9])
def test_odd_times_do_no_harm(step: float) -> None:
    tracks: tuple[Track, ...] = ()
    next_id = 0
    for frame in range(5):
        tracks, ids, next_id = follow(tracks, [make_box(0.2)], frame * step, next_id)
        assert ids == [0]
