"""The laws of perception smoothing, over irregular times with gaps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.schemas.runs import Smoothing
from ruler.steps.smoothing import Point, smooth

# Times and scales are multiples of 1/16 s, so that shifting them in time rounds nothing.
SCALES = st.integers(1, 48).map(lambda ticks: ticks / 16)
AVERAGING = st.one_of(
    st.builds(Smoothing, method=st.just("none"), seconds=SCALES),
    st.builds(Smoothing, method=st.just("gaussian"), seconds=SCALES),
    st.builds(Smoothing, method=st.just("ema"), seconds=SCALES, is_causal=st.booleans()),
)
MAJORITY = st.builds(Smoothing, method=st.just("majority"), seconds=SCALES, is_causal=st.booleans())
ANY = AVERAGING | MAJORITY
CAUSAL = st.builds(
    Smoothing,
    method=st.sampled_from(["ema", "majority"]),
    seconds=SCALES,
    is_causal=st.just(True),
)
SCORES = st.floats(0, 1)


@st.composite
def clips(
    draw: st.DrawFn, scores: st.SearchStrategy[float] = SCORES, *, least: int = 0
) -> list[Point]:
    """Points of ascending, irregular times; some have no score."""
    drawn = draw(
        st.lists(st.tuples(st.integers(0, 40), st.none() | scores), min_size=least, max_size=24)
    )
    tick, points = 0, []
    for step, score in drawn:
        tick += step
        points.append((tick / 16, score))
    return points


def smoothed(points: list[Point], smoothing: Smoothing) -> list[float | None]:
    return list(smooth(points, smoothing))


def known(points: list[Point]) -> list[float]:
    return [score for _, score in points if score is not None]


@given(clips(), ANY)
def test_length_and_gaps_are_kept(points: list[Point], smoothing: Smoothing) -> None:
    after = smoothed(points, smoothing)
    assert [score is None for score in after] == [score is None for _, score in points]


@given(clips(), AVERAGING)
def test_a_mean_stays_within_its_input(points: list[Point], smoothing: Smoothing) -> None:
    for score in smoothed(points, smoothing):
        if score is not None:
            assert min(known(points)) - 1e-12 <= score <= max(known(points)) + 1e-12
            assert 0 <= score <= 1


@given(clips(), SCORES, AVERAGING)
def test_a_constant_stays_constant(
    points: list[Point], constant: float, smoothing: Smoothing
) -> None:
    level = [(time, None if score is None else constant) for time, score in points]
    for score in smoothed(level, smoothing):
        assert score is None or score == pytest.approx(constant, abs=1e-12)


@given(clips(), ANY, st.data())
def test_order_is_kept(points: list[Point], smoothing: Smoothing, data: st.DataObject) -> None:
    higher = [
        (time, None if score is None else data.draw(st.floats(score, 1))) for time, score in points
    ]
    for low, high in zip(smoothed(points, smoothing), smoothed(higher, smoothing), strict=True):
        assert low is None or high is None or low <= high + 1e-12


@given(clips(), clips(), clips(), CAUSAL)
def test_causal_smoothing_never_looks_ahead(
    past: list[Point], future: list[Point], other: list[Point], smoothing: Smoothing
) -> None:
    end = past[-1][0] if past else 0.0
    first = past + [(end + time, score) for time, score in future]
    second = past + [(end + time, score) for time, score in other]
    seen = len(past)
    assert smoothed(first, smoothing)[:seen] == smoothed(second, smoothing)[:seen]


@given(clips(), clips(), ANY)
def test_far_frames_do_not_matter(
    near: list[Point], far: list[Point], smoothing: Smoothing
) -> None:
    """Nothing beyond the support weighs on a frame (a causal average has an endless tail)."""
    if smoothing.method == "ema" and smoothing.is_causal:
        return
    start = (near[-1][0] if near else 0.0) + smoothing.support_seconds + 1 / 16
    both = near + [(start + time, score) for time, score in far]
    assert smoothed(both, smoothing) == smoothed(near, smoothing) + smoothed(far, smoothing)


@given(clips(), ANY, st.integers(-1000, 1000))
def test_time_may_begin_anywhere(points: list[Point], smoothing: Smoothing, shift: int) -> None:
    moved = [(time + shift, score) for time, score in points]
    assert smoothed(moved, smoothing) == smoothed(points, smoothing)


@given(clips(), ANY)
def test_no_more_is_held_back_than_the_support(points: list[Point], smoothing: Smoothing) -> None:
    """A stream gives the same as the whole, and each answer as soon as its support has passed."""
    read: list[float] = []

    def stream() -> Iterator[Point]:
        for point in points:
            read.append(point[0])
            yield point

    for position, _ in enumerate(smooth(stream(), smoothing)):
        if smoothing.is_causal or smoothing.method == "none":
            assert len(read) == position + 1
        elif len(read) < len(points):
            # One frame past the support shows that it has passed.
            time = points[position][0]
            assert all(seen <= time + smoothing.support_seconds for seen in read[:-1])
    assert len(read) == len(points)


@given(clips(st.sampled_from([0.0, 1.0])), MAJORITY)
def test_a_majority_is_the_share_of_votes(points: list[Point], smoothing: Smoothing) -> None:
    def votes(position: int, time: float) -> list[float]:
        return [
            score
            for other, (when, score) in enumerate(points)
            if score is not None
            and abs(when - time) <= smoothing.seconds
            and (not smoothing.is_causal or other <= position)
        ]

    for position, score in enumerate(smoothed(points, smoothing)):
        if score is not None:
            around = votes(position, points[position][0])
            assert score == pytest.approx(sum(around) / len(around))


def test_a_vote_needs_half() -> None:
    points = [(0.0, 0.5), (0.1, 0.49), (0.2, 0.9)]
    halves = Smoothing(method="majority", seconds=1)
    assert smoothed(points, halves) == pytest.approx([2 / 3] * 3)


def test_by_hand() -> None:
    points: list[Point] = [(0.0, 1.0), (1.0, 0.0)]
    fading = 0.36787944117144233
    causal = Smoothing(method="ema", seconds=1, is_causal=True)
    assert smoothed(points, causal) == pytest.approx([1.0, fading])
    both = Smoothing(method="ema", seconds=1)
    assert smoothed(points, both) == pytest.approx([1 / (1 + fading), fading / (1 + fading)])
    bell = 0.6065306597126334
    gaussian = Smoothing(method="gaussian", seconds=1)
    assert smoothed(points, gaussian) == pytest.approx([1 / (1 + bell), bell / (1 + bell)])


def test_a_gap_weighs_nothing() -> None:
    gaussian = Smoothing(method="gaussian", seconds=1)
    with_gap = smoothed([(0.0, 0.2), (0.5, None), (1.0, 0.8)], gaussian)
    without = smoothed([(0.0, 0.2), (1.0, 0.8)], gaussian)
    assert with_gap == [without[0], None, without[1]]
