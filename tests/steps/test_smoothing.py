"""The laws of perception smoothing, over irregular times with gaps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.schemas.runs import Smoothing
from ruler.steps.smoothing import Point, smooth

# Times and scales are multiples of 1/16 s, so that shifting them in time rounds nothing.
SCALES = st.integers(1, 48).map(lambda ticks: ticks / 16)
AVERAGING = st.one_of(
    st.builds(Smoothing, method=st.just("none"), seconds=SCALES, is_causal=st.booleans()),
    st.builds(Smoothing, method=st.just("gaussian"), seconds=SCALES),
    st.builds(Smoothing, method=st.just("ema"), seconds=SCALES, is_causal=st.booleans()),
)
MAJORITY = st.builds(Smoothing, method=st.just("majority"), seconds=SCALES, is_causal=st.booleans())
ANY = AVERAGING | MAJORITY
CAUSAL = st.builds(
    Smoothing,
    method=st.sampled_from(["none", "ema", "majority"]),
    seconds=SCALES,
    is_causal=st.just(True),
)
TWO_SIDED = st.builds(
    Smoothing, method=st.sampled_from(["none", "ema", "gaussian", "majority"]), seconds=SCALES
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


def smoothed(points: Sequence[Point], smoothing: Smoothing) -> list[float | None]:
    return list(smooth(points, smoothing))


def known(points: list[Point]) -> list[float]:
    return [score for _, score in points if score is not None]


@given(clips(), ANY)
def test_length_and_gaps_are_kept(points: list[Point], smoothing: Smoothing) -> None:
    after = smoothed(points, smoothing)
    assert [score is None for score in after] == [score is None for _, score in points]


@given(clips(), ANY)
def test_every_score_is_a_score(points: list[Point], smoothing: Smoothing) -> None:
    assert all(score is None or 0 <= score <= 1 for score in smoothed(points, smoothing))


@given(clips(), AVERAGING)
def test_a_mean_stays_within_its_input(points: list[Point], smoothing: Smoothing) -> None:
    for score in smoothed(points, smoothing):
        if score is not None:
            assert min(known(points)) - 1e-12 <= score <= max(known(points)) + 1e-12


@given(clips(), SCORES, AVERAGING)
def test_a_constant_stays_constant(
    points: list[Point], constant: float, smoothing: Smoothing
) -> None:
    level = [(time, None if score is None else constant) for time, score in points]
    for score in smoothed(level, smoothing):
        assert score is None or score == pytest.approx(constant, abs=1e-12)


@given(clips(), SCORES, MAJORITY)
def test_a_constant_is_one_vote(points: list[Point], constant: float, smoothing: Smoothing) -> None:
    level = [(time, None if score is None else constant) for time, score in points]
    votes = {score for score in smoothed(level, smoothing) if score is not None}
    assert votes <= {1.0 if constant >= 0.5 else 0.0}


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


@given(clips(), ANY)
def test_frames_without_a_score_weigh_nothing(points: list[Point], smoothing: Smoothing) -> None:
    """A gap is the same as no frame at all: what counts is the distance in time."""
    scored = [point for point in points if point[1] is not None]
    kept = [score for score in smoothed(points, smoothing) if score is not None]
    assert smoothed(scored, smoothing) == kept


@given(clips(), TWO_SIDED)
def test_two_sided_smoothing_has_no_direction(points: list[Point], smoothing: Smoothing) -> None:
    backwards = [(-time, score) for time, score in reversed(points)]
    expected = smoothed(points, smoothing)[::-1]
    for ours, theirs in zip(smoothed(backwards, smoothing), expected, strict=True):
        assert ours == (None if theirs is None else pytest.approx(theirs, abs=1e-12))


@given(clips(), ANY, st.sampled_from([0.25, 0.5, 2.0, 4.0]))
def test_only_times_against_the_scale_matter(
    points: list[Point], smoothing: Smoothing, factor: float
) -> None:
    slow = [(time * factor, score) for time, score in points]
    scaled = smoothing.model_copy(update={"seconds": smoothing.seconds * factor})
    for ours, theirs in zip(smoothed(slow, scaled), smoothed(points, smoothing), strict=True):
        assert ours == (None if theirs is None else pytest.approx(theirs, abs=1e-12))


@given(SCORES, ANY)
def test_a_lonely_frame_keeps_its_score(score: float, smoothing: Smoothing) -> None:
    """At the edges of a clip nothing is made up: there is no padding."""
    vote = 1.0 if score >= 0.5 else 0.0
    expected = vote if smoothing.method == "majority" else score
    assert smoothed([(3.0, score)], smoothing) == [expected]
    far = smoothing.support_seconds * 9 + 1
    if not (smoothing.method == "ema" and smoothing.is_causal):
        assert smoothed([(0.0, score), (far, 1.0 - score)], smoothing)[0] == expected


@given(
    clips(least=1),
    st.builds(Smoothing, method=st.sampled_from(["gaussian", "ema"]), seconds=SCALES),
)
def test_a_kernel_mean_by_brute_force(points: list[Point], smoothing: Smoothing) -> None:
    def weight(seconds: float) -> float:
        if seconds > smoothing.support_seconds:
            return 0.0
        if smoothing.method == "ema":
            return math.exp(-seconds / smoothing.seconds)
        return math.exp(-0.5 * (seconds / smoothing.seconds) ** 2)

    for (time, score), found in zip(points, smoothed(points, smoothing), strict=True):
        if score is None:
            continue
        pairs = [(weight(abs(t - time)), value) for t, value in points if value is not None]
        expected = sum(w * value for w, value in pairs) / sum(w for w, _ in pairs)
        assert found == pytest.approx(expected, abs=1e-12)


@given(clips(least=1), SCALES)
def test_a_running_average_by_brute_force(points: list[Point], scale: float) -> None:
    """The past fades by the time that has passed, not by the number of frames."""
    scored = [(time, score) for time, score in points if score is not None]
    fades = [math.exp(-(b[0] - a[0]) / scale) for a, b in pairwise(scored)]
    expected: list[float] = []
    for position, (_, score) in enumerate(scored):
        if position:
            keep = fades[position - 1]
            score = keep * expected[-1] + (1 - keep) * score  # noqa: PLW2901
        expected.append(score)
    found = smoothed(points, Smoothing(method="ema", seconds=scale, is_causal=True))
    assert [one for one in found if one is not None] == pytest.approx(expected, abs=1e-12)


@given(SCORES, SCORES, SCALES, st.lists(st.integers(1, 20), min_size=1, max_size=12))
def test_a_running_average_does_not_hang_on_the_frame_rate(
    before: float, after: float, scale: float, steps: list[int]
) -> None:
    """After a step, as much of it has arrived however many frames were looked at on the way."""
    times = [sum(steps[: number + 1]) / 16 for number in range(len(steps))]
    smoothing = Smoothing(method="ema", seconds=scale, is_causal=True)
    many = smoothed([(0.0, before), *((time, after) for time in times)], smoothing)
    few = smoothed([(0.0, before), (times[-1], after)], smoothing)
    assert many[-1] == pytest.approx(few[-1], abs=1e-12)


@pytest.mark.parametrize("method", ["none", "ema", "gaussian", "majority"])
@pytest.mark.parametrize("is_causal", [False, True])
def test_nothing_is_made_of_nothing(method: str, is_causal: bool) -> None:
    if method == "gaussian" and is_causal:
        return
    smoothing = Smoothing.model_validate({"method": method, "is_causal": is_causal})
    assert smoothed([], smoothing) == []
    assert smoothed([(0.0, None), (1.0, None)], smoothing) == [None, None]


def test_a_flicker_is_voted_down_and_a_dropout_is_filled() -> None:
    times = [number / 10 for number in range(9)]
    vote = Smoothing(method="majority", seconds=0.2)
    flicker = [(time, float(number == 4)) for number, time in enumerate(times)]
    assert max(score for score in smoothed(flicker, vote) if score is not None) < 0.5
    dropout = [(time, float(number != 4)) for number, time in enumerate(times)]
    assert min(score for score in smoothed(dropout, vote) if score is not None) >= 0.5


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
