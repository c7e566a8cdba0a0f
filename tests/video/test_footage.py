"""The real footage, where it is at hand."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from ruler.schemas.runs import Every
from ruler.video.clips import open_clip
from ruler.video.frames import Frame, FrameWindow, WindowSpec
from ruler.video.sampling import read_windows, sample_indices
from tests.video.clips import flip, packets, read

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

pytestmark = [
    pytest.mark.footage,
    pytest.mark.skipif(not DATA.is_dir(), reason=f"needs real footage in {DATA}"),
]

FILES = {
    "clips/vtest.mp4": (795, 480, 360, 10.0, False),
    "clips/one-by-one-person-detection.mp4": (1394, 768, 432, 10.0, False),
    "clips/car-detection.mp4": (377, 768, 432, 12.5, False),
    "falls/fall_s3_19.mp4": (86, 640, 480, 14.964, True),
    "avenue/testing/20.avi": (273, 640, 360, 25.0, False),
}


@pytest.mark.parametrize("name", FILES)
def test_files_are_what_they_are(name: str) -> None:
    info = open_clip(DATA / name).info
    frames, width, height, fps, is_variable = FILES[name]
    assert (info.frames, info.width, info.height) == (frames, width, height)
    assert info.fps == pytest.approx(fps, abs=0.001)
    assert info.is_variable_rate == is_variable


@pytest.mark.parametrize("name", ["clips/vtest.mp4", "falls/fall_s3_19.mp4"])
def test_both_readers_agree_in_any_order(name: str) -> None:
    clip, other = open_clip(DATA / name), open_clip(DATA / name, reader="decord")
    span = range(40, 76)
    whole = read(clip, span, width=160)
    assert all(isinstance(item, bytes) for item in whole.values())
    for indices in (span, range(40, 76, 7), [63], [75]):
        expected = {index: whole[index] for index in indices}
        assert read(clip, indices, width=160) == expected
        assert read(other, indices, width=160) == expected


def test_falls_keep_true_times() -> None:
    clip = open_clip(DATA / "falls" / "fall_s3_20.mp4")
    steps = np.diff(clip.times)
    assert steps.min() < 0.065
    assert steps.max() > 0.07
    samples = sample_indices(clip.times, Every(seconds=0.5))
    gaps = np.diff(clip.times[samples])
    assert 0.4 < gaps.min() <= gaps.max() < 0.65


def test_ped2_is_a_clip_of_pictures() -> None:
    clip = open_clip(DATA / "ped2" / "testing" / "01", frame_rate=10)
    assert (clip.info.name, clip.info.frames, clip.info.width) == ("01", 180, 360)
    spec = WindowSpec(steps=10, step_seconds=0.1, min_steps=3, width=320)
    windows = list(read_windows(clip, range(0, 60, 2), spec))
    assert all(isinstance(window, FrameWindow) for window in windows)
    assert isinstance(windows[-1], FrameWindow)
    assert [frame.index for frame in windows[-1].frames] == list(range(48, 59))
    assert windows[-1].frames[0].image.shape == (213, 320, 3)


def test_damaged_footage_hands_out_no_patched_picture(tmp_path: Path) -> None:
    source = DATA / "clips" / "vtest.mp4"
    places = packets(source)
    hit = [places[203], places[245]]  # what rests on them lies in the third and fourth group
    damaged = open_clip(flip(source, tmp_path / "vtest.mp4", hit))
    span = range(150, 330)
    expected, got = read(open_clip(source), span), read(damaged, span)
    wrong = [index for index in span if got[index] != expected[index]]
    assert 2 <= len(wrong) <= 120
    assert all(isinstance(got[index], str) for index in wrong)
    assert all(isinstance(got[index], bytes) for index in itertools.chain(span[:50], span[-10:]))


def test_every_fight_opens_and_shows_its_last_frame() -> None:
    for path in sorted((DATA / "fights").glob("*/*.mp4"))[::16]:
        clip = open_clip(path)
        (frame,) = clip.frames([clip.info.frames - 1], width=64)
        assert isinstance(frame, Frame), path
