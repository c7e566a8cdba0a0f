"""Reading windows: one pass, shared frames, flat memory, and honest gaps."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.schemas.runs import ClipInfo
from ruler.video.clips import open_clip
from ruler.video.frames import Frame, FrameFailure, FrameWindow, WindowFailure, WindowSpec
from ruler.video.sampling import read_windows, window_indices
from tests.video.clips import number_of


class PaleClip:
    """Tiny frames at ten a second; some of them damaged; notes what is asked and what lives."""

    def __init__(self, count: int, damaged: Sequence[int] = ()) -> None:
        self.times = np.arange(count) / 10
        self.damaged = frozenset(damaged)
        self.asked: list[list[int]] = []
        self.alive: weakref.WeakSet[Frame] = weakref.WeakSet()
        self.most_alive = 0
        self.info = ClipInfo(
            name="pale",
            path="pale.mp4",
            sha256="0" * 64,
            frames=count,
            fps=10,
            duration_seconds=count / 10,
            width=4,
            height=4,
            reader="pyav",
        )

    def frames(
        self, indices: Sequence[int], *, width: int | None = None, is_grey: bool = False
    ) -> Iterator[Frame | FrameFailure]:
        self.asked.append(list(indices))
        for index in indices:
            if index in self.damaged:
                yield FrameFailure(index, index / 10, f"frame {index} is damaged")
                continue
            frame = Frame(index, index / 10, np.full((4, 4, 3), index % 256, np.uint8))
            self.alive.add(frame)
            self.most_alive = max(self.most_alive, len(self.alive))
            yield frame
            del frame


def indices_of(item: FrameWindow | WindowFailure) -> list[int] | str:
    if isinstance(item, WindowFailure):
        return item.reason
    return [frame.index for frame in item.frames]


def test_windows_hold_the_frames_of_the_plan(plain: Path) -> None:
    clip, spec = open_clip(plain), WindowSpec(steps=5, step_seconds=0.1, min_steps=2, width=80)
    samples = [0, 3, 40, 41, 60, 149]
    windows = list(read_windows(clip, samples, spec))
    assert len(windows) == len(samples)
    for sample, window in zip(samples, windows, strict=True):
        assert isinstance(window, FrameWindow)
        assert indices_of(window) == window_indices(clip.times, sample, spec)
        assert (window.clip, window.frame_index) == ("plain.mp4", sample)
        assert window.time_seconds == clip.times[sample]
        for frame in window.frames:
            assert number_of(frame.image) == frame.index
            assert frame.image.shape == (48, 80, 3)


@pytest.mark.parametrize("size", [1, 16, 64])
def test_windows_do_not_depend_on_chunks(plain: Path, size: int) -> None:
    clip, spec = open_clip(plain), WindowSpec(steps=8, step_seconds=0.1, min_steps=2, width=80)
    samples = list(range(0, 150, 5))
    whole = [hash_of(item) for item in read_windows(clip, samples, spec)]
    parts = [
        hash_of(item)
        for start in range(0, len(samples), size)
        for item in read_windows(clip, samples[start : start + size], spec)
    ]
    assert parts == whole


def hash_of(item: FrameWindow | WindowFailure) -> str:
    assert isinstance(item, FrameWindow)
    return item.sha256


def test_neighbours_share_frames_and_each_is_decoded_once() -> None:
    clip = PaleClip(50)
    spec = WindowSpec(steps=4, step_seconds=0.1)
    first, second = read_windows(clip, [20, 22], spec)
    assert isinstance(first, FrameWindow)
    assert isinstance(second, FrameWindow)
    assert clip.asked == [[16, 17, 18, 19, 20, 21, 22]]
    assert first.frames[2] is second.frames[0]


@pytest.mark.parametrize("every", [1, 3, 40])
def test_memory_does_not_grow_with_the_clip(every: int) -> None:
    clip = PaleClip(2000)
    spec = WindowSpec(steps=6, step_seconds=0.1, min_steps=3)
    for window in read_windows(clip, range(0, 2000, every), spec):
        assert isinstance(window, FrameWindow)
        del window
    gc.collect()
    assert clip.most_alive <= 6 + 1 + 2  # and what the last window and the stream hold
    assert len(clip.alive) == 0


def test_without_steps_a_window_is_its_frame() -> None:
    clip = PaleClip(30, damaged=[7])
    items = list(read_windows(clip, [0, 7, 8], WindowSpec()))
    assert [indices_of(item) for item in items] == [[0], "frame 7 is damaged", [8]]
    assert items[1] == WindowFailure("pale", 7, 0.7, "frame 7 is damaged")


def test_a_gap_cuts_a_window_to_what_follows_it() -> None:
    clip = PaleClip(40, damaged=[20])
    spec = WindowSpec(steps=5, step_seconds=0.1, min_steps=2)
    windows = dict(zip(range(18, 28), read_windows(clip, range(18, 28), spec), strict=True))
    assert indices_of(windows[19]) == [14, 15, 16, 17, 18, 19]
    assert indices_of(windows[20]) == "frame 20 is damaged"  # the sample's own frame
    assert indices_of(windows[21]) == "frame 20 is damaged"  # too few are left
    assert indices_of(windows[22]) == "frame 20 is damaged"
    assert indices_of(windows[23]) == [21, 22, 23]
    assert indices_of(windows[25]) == [21, 22, 23, 24, 25]
    assert indices_of(windows[26]) == [21, 22, 23, 24, 25, 26]


def test_a_gap_at_the_start_of_a_clip() -> None:
    spec = WindowSpec(steps=5, step_seconds=0.1, min_steps=2)
    ahead = [indices_of(item) for item in read_windows(PaleClip(20, [2]), [0, 1, 2, 5], spec)]
    assert ahead == ["frame 2 is damaged"] * 3 + [[3, 4, 5]]
    first = [indices_of(item) for item in read_windows(PaleClip(20, [0]), [0, 2, 3], spec)]
    assert first == ["frame 0 is damaged", "frame 0 is damaged", [1, 2, 3]]


def test_a_clip_shorter_than_a_window_gives_what_it_has() -> None:
    spec = WindowSpec(steps=5, step_seconds=0.1, min_steps=4)
    items = list(read_windows(PaleClip(3), [0, 2], spec))
    assert [indices_of(item) for item in items] == [[0, 1, 2], [0, 1, 2]]
    assert indices_of(next(iter(read_windows(PaleClip(3, [1]), [2], spec)))) == "frame 1 is damaged"


@given(
    damaged=st.sets(st.integers(0, 59), max_size=20),
    samples=st.sets(st.integers(0, 59), min_size=1),
    steps=st.integers(0, 8),
    min_steps=st.integers(0, 4),
)
def test_no_window_holds_a_gap(
    damaged: set[int], samples: set[int], steps: int, min_steps: int
) -> None:
    clip = PaleClip(60, sorted(damaged))
    spec = WindowSpec(steps=steps, step_seconds=0.1, min_steps=min_steps)
    items = list(read_windows(clip, sorted(samples), spec))
    assert [item.frame_index for item in items] == sorted(samples)
    for item in items:
        planned = window_indices(clip.times, item.frame_index, spec)
        if isinstance(item, WindowFailure):
            assert damaged & set(planned)
            assert item.reason
            continue
        held = [frame.index for frame in item.frames]
        assert held == list(range(held[0], held[-1] + 1))
        assert item.frame_index in held
        assert len(held) >= min(min_steps + 1, len(planned))
        assert damaged or held == planned


@pytest.mark.parametrize("samples", [[3, 3], [4, 2]])
def test_samples_must_ascend(samples: list[int]) -> None:
    with pytest.raises(ValueError, match="samples must ascend"):
        list(read_windows(PaleClip(10), samples, WindowSpec()))


@pytest.mark.parametrize("samples", [[-1], [10]])
def test_samples_must_lie_in_the_clip(samples: list[int]) -> None:
    with pytest.raises(ValueError, match="samples must lie in"):
        list(read_windows(PaleClip(10), samples, WindowSpec(steps=3)))
