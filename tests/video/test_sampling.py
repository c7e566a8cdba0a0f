"""The laws of sampling and of windows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ruler.schemas.runs import Every
from ruler.video import sampling
from ruler.video.frames import WindowSpec
from ruler.video.sampling import WindowPlan, sample_indices, window_indices

Times = NDArray[np.float64]

steps_ms = st.lists(st.integers(1, 400), min_size=0, max_size=80)
uneven_times = steps_ms.map(lambda steps: np.cumsum([0, *steps]) / 1000)
even_times = st.builds(
    lambda count, fps: np.arange(count) / fps,
    st.integers(1, 120),
    st.sampled_from([5, 10, 12.5, 15, 24, 25, 30000 / 1001, 30, 50, 60]),
)
any_times = st.one_of(uneven_times, even_times)
seconds = st.floats(0.02, 5)
specs = st.builds(
    WindowSpec,
    steps=st.integers(0, 12),
    step_seconds=st.sampled_from([0.04, 0.1, 0.25, 1.0]),
    min_steps=st.integers(0, 4),
)


@given(any_times, seconds)
def test_samples_ascend_from_the_first_frame(times: Times, every: float) -> None:
    samples = sample_indices(times, Every(seconds=every))
    assert samples.dtype == np.int64
    assert samples[0] == 0
    assert (np.diff(samples) > 0).all()
    assert samples[-1] < len(times)


@given(any_times, seconds)
def test_each_sampling_time_takes_the_first_frame_that_is_not_earlier(
    times: Times, every: float
) -> None:
    early = min(0.05 * every, 0.005)
    targets = np.arange(0, times[-1] + early, every)
    slack = 1e-9  # a frame on the very edge may fall to either side
    least = np.searchsorted(times, targets - early - slack)
    most = np.searchsorted(times, targets - early + slack)
    samples = set(sample_indices(times, Every(seconds=every)).tolist())
    for low, high in zip(least, most, strict=True):
        assert samples & {int(low), min(int(high), len(times) - 1)}
    assert len(samples) <= len(targets) + 1


@given(any_times, seconds)
def test_samples_are_no_denser_and_no_sparser_than_asked(times: Times, every: float) -> None:
    samples = sample_indices(times, Every(seconds=every))
    gaps, frame_gap = np.diff(times[samples]), np.diff(times, prepend=0).max()
    assert (gaps < every + frame_gap + 0.006).all()
    assert len(samples) <= times[-1] / every + 2


@given(any_times, st.integers(1, 30))
def test_every_so_many_frames(times: Times, every: int) -> None:
    expected = list(range(0, len(times), every))
    assert sample_indices(times, Every(frames=every)).tolist() == expected


def test_no_frames_give_no_samples() -> None:
    assert sample_indices(np.empty(0), Every(seconds=1)).tolist() == []


@pytest.mark.parametrize("fps", [10, 12.5, 25, 30, 30000 / 1001])
@pytest.mark.parametrize("hours", [0, 5])
def test_sampling_at_the_frame_rate_takes_every_frame(fps: float, hours: int) -> None:
    times = hours * 3600 + np.arange(5000) / fps
    assert len(sample_indices(times, Every(seconds=1 / fps))) == 5000


def test_ten_a_second_stand_rounding_and_jitter() -> None:
    chance = np.random.default_rng(0)
    for times in (
        np.cumsum([0.1] * 3000) - 0.1,
        np.round(np.arange(3000) * 0.1, 3),
        np.arange(3000) * 0.1 + np.r_[0, chance.uniform(-0.004, 0.004, 2999)],
    ):
        assert len(sample_indices(times, Every(seconds=0.1))) == 3000


def test_25_a_second_give_a_regular_pattern_of_tenths() -> None:
    samples = sample_indices(np.arange(2500) / 25, Every(seconds=0.1))
    assert samples[:9].tolist() == [0, 3, 5, 8, 10, 13, 15, 18, 20]
    assert set(np.diff(samples)) == {2, 3}
    assert len(samples) == 1000


def test_a_long_gap_is_not_filled() -> None:
    times = np.array([0, 0.1, 0.2, 3600.0, 3600.1])
    assert sample_indices(times, Every(seconds=0.1)).tolist() == [0, 1, 2, 3, 4]


@given(any_times, specs, st.data())
def test_a_window_lies_on_the_grid_and_ends_at_its_sample(
    times: Times, spec: WindowSpec, data: st.DataObject
) -> None:
    sample = data.draw(st.integers(0, len(times) - 1))
    window = window_indices(times, sample, spec)
    if spec.steps == 0:
        assert window == [sample]
        return
    grid = sample_indices(times, Every(seconds=spec.step_seconds)).tolist()
    anchor = max(index for index in grid if index <= sample)
    end = grid.index(anchor)
    assert anchor in window
    assert window == grid[grid.index(window[0]) : grid.index(window[0]) + len(window)]
    assert window[0] == grid[max(0, end - spec.steps)]
    if end >= spec.min_steps or spec.steps < spec.min_steps:
        assert len(window) <= max(spec.steps, spec.min_steps) + 1
    if end >= max(spec.steps, spec.min_steps):
        assert window[-1] == anchor or spec.steps < spec.min_steps
    assert len(window) >= min(spec.min_steps + 1, len(grid) - grid.index(window[0]))


@given(any_times, specs)
def test_windows_move_forward(times: Times, spec: WindowSpec) -> None:
    plan = WindowPlan(times, spec)
    windows = [plan.window(sample) for sample in range(len(times))]
    for earlier, later in pairwise(windows):
        assert earlier[0] <= later[0]
        assert earlier[-1] <= later[-1]


@given(any_times, specs, seconds, st.integers(1, 5))
def test_a_long_clip_is_gone_through_in_blocks_that_change_nothing(
    times: Times, spec: WindowSpec, every: float, block: int
) -> None:
    samples = sample_indices(times, Every(seconds=every)).tolist()
    windows = [window_indices(times, sample, spec) for sample in range(len(times))]
    anchors = [WindowPlan(times, spec).anchor(sample) for sample in range(len(times))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampling, "_BLOCK", block)
        plan = WindowPlan(times, spec)
        assert sample_indices(times, Every(seconds=every)).tolist() == samples
        assert [list(plan.window(sample)) for sample in range(len(times))] == windows
        assert [plan.anchor(sample) for sample in range(len(times))] == anchors


def test_a_window_reaches_back_and_at_the_start_forward() -> None:
    times = np.arange(100) / 10
    spec = WindowSpec(steps=10, step_seconds=0.1, min_steps=2)
    assert window_indices(times, 50, spec) == list(range(40, 51))
    assert window_indices(times, 5, spec) == list(range(6))
    assert window_indices(times, 2, spec) == [0, 1, 2]
    assert window_indices(times, 0, spec) == [0, 1, 2]
    assert window_indices(times[:2], 0, spec) == [0, 1]


def test_a_sample_between_grid_frames_uses_the_grid() -> None:
    times = np.arange(100) / 25
    spec = WindowSpec(steps=2, step_seconds=0.1)
    assert window_indices(times, 10, spec) == [5, 8, 10]
    assert window_indices(times, 12, spec) == [5, 8, 10]
    assert window_indices(times, 13, spec) == [8, 10, 13]
