"""Metrics over events and over resampled clips, against plain loops and scikit-learn."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from itertools import pairwise
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from ruler.metrics import (
    Resampled,
    detection_delay,
    draws,
    event_recall,
    false_alarms_per_hour,
    interval,
)

Frame = tuple[int, int, float, int | None]
"""(clip, label, seconds, answer)."""

STEP = st.tuples(
    st.booleans(),  # a new clip begins
    st.integers(0, 1),
    st.integers(1, 40).map(lambda ticks: ticks / 8),
    st.sampled_from([0, 1, None]),
)


@st.composite
def footage(draw: st.DrawFn) -> list[Frame]:
    """Frames of several clips, one after another; each clip has its own clock."""
    frames: list[Frame] = []
    clip, seconds = 0, 0.0
    for is_new, label, step, answer in draw(st.lists(STEP, max_size=30)):
        if is_new and frames:
            clip, seconds = clip + 1, 0.0
        frames.append((clip, label, seconds, answer))
        seconds += step
    return frames


def columns(frames: list[Frame]) -> tuple[list[int], list[int | None], list[int], list[float]]:
    """(labels, answers, clips, clock)."""
    return (
        [frame[1] for frame in frames],
        [frame[3] for frame in frames],
        [frame[0] for frame in frames],
        [frame[2] for frame in frames],
    )


def events(frames: list[Frame]) -> Iterator[list[Frame]]:
    """Runs of positive frames within a clip."""
    run: list[Frame] = []
    for number, frame in enumerate(frames):
        if run and (not frame[1] or frame[0] != frames[number - 1][0]):
            yield run
            run = []
        if frame[1]:
            run.append(frame)
    if run:
        yield run


def is_alarm(frame: Frame) -> bool:
    return frame[3] == 1


@given(footage())
def test_event_recall_by_brute_force(frames: list[Frame]) -> None:
    labels, answers, clips, _ = columns(frames)
    found = [any(map(is_alarm, run)) for run in events(frames)]
    expected = sum(found) / len(found) if found else None
    assert event_recall(labels, answers, clips) == expected


@given(footage())
def test_detection_delay_by_brute_force(frames: list[Frame]) -> None:
    labels, answers, clips, clock = columns(frames)
    delays = [
        next(frame for frame in run if is_alarm(frame))[2] - run[0][2]
        for run in events(frames)
        if any(map(is_alarm, run))
    ]
    expected = pytest.approx(median(delays)) if delays else None
    assert detection_delay(labels, answers, clips, clock) == expected


@given(footage(), st.sampled_from([0.0, 0.5, 2.0, 100.0]))
def test_false_alarms_by_brute_force(frames: list[Frame], bridge: float) -> None:
    labels, answers, clips, clock = columns(frames)
    alarms = [frame for frame in frames if is_alarm(frame)]
    cuts = [
        number
        for number, (a, b) in enumerate(pairwise(alarms), 1)
        if a[0] != b[0] or b[2] - a[2] > bridge
    ]
    runs = [alarms[a:b] for a, b in pairwise([0, *cuts, len(alarms)]) if a < b]
    false = sum(not any(frame[1] for frame in run) for run in runs)
    hours = sum(b[2] - a[2] for a, b in pairwise(frames) if a[0] == b[0] and not b[1]) / 3600
    found = false_alarms_per_hour(labels, answers, clips, clock, bridge)
    assert found == (pytest.approx(false / hours) if hours else None)


def test_events_by_hand() -> None:
    # Two events in the first clip, one in the second, which begins within an event.
    labels = [0, 1, 1, 0, 1, 1, 1, 0]
    clips = [0, 0, 0, 0, 0, 1, 1, 1]
    clock = [0.0, 1.0, 2.0, 3.0, 4.0, 0.0, 1.0, 2.0]
    answers = [0, 0, 1, 1, None, 1, 1, 0]
    assert event_recall(labels, answers, clips) == pytest.approx(2 / 3)
    assert detection_delay(labels, answers, clips, clock) == pytest.approx(0.5)
    # The alarm that goes on past the end of an event is no false one.
    assert false_alarms_per_hour(labels, answers, clips, clock, 1.0) == 0
    assert false_alarms_per_hour(labels, [1, *answers[1:]], clips, clock, 1.0) == 3600 / 2


def test_an_alarm_between_two_events_is_false() -> None:
    labels, clips = [1, 0, 0, 0, 1], [0] * 5
    clock = [0.0, 10.0, 20.0, 30.0, 40.0]
    answers = [1, 0, 1, 0, 1]
    assert false_alarms_per_hour(labels, answers, clips, clock, 1.0) == pytest.approx(120)
    assert false_alarms_per_hour(labels, answers, clips, clock, 20.0) == 0


def test_events_that_are_not_there_are_none() -> None:
    assert event_recall([0, 0], [1, 1], [0, 0]) is None
    assert event_recall([], [], []) is None
    assert detection_delay([1, 1], [0, None], [0, 0], [0.0, 1.0]) is None
    assert false_alarms_per_hour([1, 1], [1, 1], [0, 0], [0.0, 1.0], 1.0) is None
    assert false_alarms_per_hour([], [], [], [], 1.0) is None


@st.composite
def weighted(draw: st.DrawFn) -> tuple[list[int], list[float], list[int], list[float]]:
    """(labels, scores, clips, weight by clip); scores tie often, clips may weigh nothing."""
    frames = draw(
        st.lists(
            st.tuples(
                st.integers(0, 1), st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0]), st.integers(0, 3)
            ),
            min_size=1,
            max_size=30,
        )
    )
    labels, scores, clips = (list(column) for column in zip(*frames, strict=True))
    weights = draw(st.lists(st.integers(0, 4).map(float), min_size=4, max_size=4))
    return labels, scores, clips, weights


@given(weighted())
def test_a_resampled_auc_is_scikit_learns(
    drawn: tuple[list[int], list[float], list[int], list[float]],
) -> None:
    labels, scores, clips, weights = drawn
    found = Resampled(labels, scores, clips).auc(np.asarray(weights))
    weight = [weights[clip] for clip in clips]
    there = {label for label, w in zip(labels, weight, strict=True) if w}
    if len(there) < 2:
        assert math.isnan(found)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = sk.roc_auc_score(labels, scores, sample_weight=weight)
    assert found == pytest.approx(expected)


@given(weighted())
def test_a_weight_is_so_many_copies_of_a_clip(
    drawn: tuple[list[int], list[float], list[int], list[float]],
) -> None:
    labels, scores, clips, weights = drawn
    copies = [
        (label, score)
        for label, score, clip in zip(labels, scores, clips, strict=True)
        for _ in range(int(weights[clip]))
    ]
    high = [score for label, score in copies if label]
    low = [score for label, score in copies if not label]
    pairs = [1.0 if h > n else 0.5 if h == n else 0.0 for h in high for n in low]
    found = Resampled(labels, scores, clips).auc(np.asarray(weights))
    if pairs:
        assert found == pytest.approx(sum(pairs) / len(pairs))
    else:
        assert math.isnan(found)


@given(st.integers(1, 12), st.integers(0, 5), st.integers(0, 99))
def test_each_draw_has_as_many_clips_as_there_are(clips: int, times: int, seed: int) -> None:
    drawn = [weights.tolist() for weights in draws(clips, times, seed)]
    assert len(drawn) == times
    for weights in drawn:
        assert len(weights) == clips
        assert sum(weights) == clips
        assert all(weight >= 0 and weight == int(weight) for weight in weights)
    assert [weights.tolist() for weights in draws(clips, times, seed)] == drawn


def test_draws_are_even_and_differ_by_their_seed() -> None:
    drawn = np.asarray(list(draws(5, 2000, seed=0)))
    assert drawn.mean(axis=0) == pytest.approx([1.0] * 5, abs=0.1)
    # A clip is left out with probability (1 - 1/5) ** 5.
    assert (drawn == 0).mean() == pytest.approx(0.8**5, abs=0.03)
    other = np.asarray(list(draws(5, 2000, seed=1)))
    assert (drawn != other).any()


@given(st.lists(st.just(math.nan) | st.floats(0, 1), max_size=40), st.sampled_from([0.5, 0.95]))
def test_an_interval_leaves_out_what_is_not_defined(values: list[float], level: float) -> None:
    known = [value for value in values if not math.isnan(value)]
    found = interval(iter(values), level)
    if not known:
        assert found is None
        return
    assert found is not None
    low, high = found
    assert min(known) <= low <= high <= max(known)
    expected = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    assert found == pytest.approx(tuple(expected))


def test_an_interval_by_hand() -> None:
    assert interval([number / 100 for number in range(101)]) == pytest.approx((0.025, 0.975))
    assert interval([0.7]) == (0.7, 0.7)


def test_clips_of_one_kind_have_a_narrow_interval_and_mixed_ones_a_wide_one() -> None:
    """Frames of one clip stay together: with few clips little is known, however many frames."""

    def width(clips: list[int]) -> float:
        labels = [number % 2 for number in range(80)]
        scores = [
            0.9 if (label == 1) == (clip % 2 == 0) else 0.1
            for label, clip in zip(labels, clips, strict=True)
        ]
        resampled = Resampled(labels, scores, clips)
        found = interval(resampled.auc(w) for w in draws(max(clips) + 1, 500, seed=0))
        assert found is not None
        return found[1] - found[0]

    few = width([number // 20 for number in range(80)])
    many = width([number // 2 for number in range(80)])
    assert few > 2 * many > 0
