"""Neighbours and spans over streams, against plain loops over everything."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ruler.steps.spans import ScoredFrame, Span, spans
from ruler.steps.windows import with_neighbours

Item = tuple[int, float]
STEPS = st.lists(st.integers(0, 12), max_size=25)
REACHES = st.integers(0, 30).map(lambda ticks: ticks / 16)


def items_of(steps: list[int]) -> list[Item]:
    """(number, seconds), ascending; ties are there."""
    return [(number, sum(steps[: number + 1]) / 16) for number in range(len(steps))]


def time_of(item: Item) -> float:
    return item[1]


@given(STEPS, REACHES, st.booleans())
def test_neighbours_by_brute_force(steps: list[int], reach: float, is_causal: bool) -> None:
    items = items_of(steps)
    found = [
        (list(before), item, list(after))
        for before, item, after in with_neighbours(iter(items), time_of, reach, is_causal=is_causal)
    ]
    near = [[o for o in items if abs(o[1] - item[1]) <= reach] for item in items]
    expected = [
        (
            [other for other in around if other[0] < item[0]],
            item,
            [] if is_causal else [other for other in around if other[0] > item[0]],
        )
        for item, around in zip(items, near, strict=True)
    ]
    assert found == expected


@given(STEPS, REACHES, st.booleans())
def test_no_more_is_held_back_than_the_reach(
    steps: list[int], reach: float, is_causal: bool
) -> None:
    items = items_of(steps)
    read: list[Item] = []

    def stream() -> Iterator[Item]:
        for item in items:
            read.append(item)
            yield item

    for _, item, _ in with_neighbours(stream(), time_of, reach, is_causal=is_causal):
        if is_causal:
            assert read[-1] == item
        else:
            assert all(other[1] <= item[1] + reach for other in read[:-1])


@st.composite
def scored(draw: st.DrawFn) -> list[ScoredFrame]:
    scores = draw(st.lists(st.none() | st.sampled_from([0.0, 0.3, 0.5, 0.7, 1.0]), max_size=25))
    steps = draw(st.lists(st.integers(1, 20), min_size=len(scores), max_size=len(scores)))
    return [
        (3 * number, sum(steps[: number + 1]) / 16, score) for number, score in enumerate(scores)
    ]


def spans_by_brute_force(frames: list[ScoredFrame], bridge: float) -> list[Span]:
    """Group the frames that reach 0.5 by the gaps between them."""
    high = [frame for frame in frames if frame[2] is not None and frame[2] >= 0.5]
    cuts = [n for n, (a, b) in enumerate(pairwise(high), 1) if b[1] - a[1] > bridge]
    groups = [high[a:b] for a, b in pairwise([0, *cuts, len(high)]) if high[a:b]]
    return [
        Span(
            start_frame=group[0][0],
            stop_frame=group[-1][0] + 1,
            samples=sum(group[0][0] <= frame[0] <= group[-1][0] for frame in frames),
            peak_score=max(score for _, _, score in group if score is not None),
        )
        for group in groups
    ]


@given(scored(), REACHES)
def test_spans_by_brute_force(frames: list[ScoredFrame], bridge: float) -> None:
    found = list(spans(iter(frames), at_least=0.5, bridge_seconds=bridge))
    assert found == spans_by_brute_force(frames, bridge)


def test_spans_by_hand() -> None:
    scores = [0.9, None, 0.2, 0.6, 0.1, 0.1, 0.5]
    frames = [(number, number / 2, score) for number, score in enumerate(scores)]
    found = list(spans(frames, at_least=0.5, bridge_seconds=1.5))
    assert found == [Span(0, 7, 7, 0.9)]
    found = list(spans(frames, at_least=0.5, bridge_seconds=1.0))
    assert found == [Span(0, 1, 1, 0.9), Span(3, 4, 1, 0.6), Span(6, 7, 1, 0.5)]
