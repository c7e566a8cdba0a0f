"""Decoding in processes of their own: the same pixels, and nothing that a file does ends a run."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from ruler.errors import ClipError
from ruler.video.clips import open_clip
from ruler.video.decoders import Decoder, DecoderLostError
from ruler.video.frames import Frame, FrameFailure
from ruler.video.isolation import IsolatedClip, open_isolated
from ruler.video.limits import Limits
from ruler.video.pool import POOL
from tests.video.clips import content, flip, numbered, packets, read, write_clip

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Decoders that are ended as soon as they are asked for one of these frames."""
    ends: list[int] = []
    original = Decoder.read

    def read_until(self, clip, indices, width, **options):  # type: ignore[no-untyped-def]
        pictures = original(self, clip, indices, width, **options)
        for index, picture in zip(indices, pictures, strict=True):
            if index in ends:
                os.kill(self._process.pid, signal.SIGSEGV)
                pictures.close()
                raise DecoderLostError("the decoder crashed")
            yield picture

    monkeypatch.setattr(Decoder, "read", read_until)
    return ends


@pytest.mark.parametrize("width", [None, 100])
def test_isolated_clips_are_the_same(
    plain: Path, uneven: tuple[Path, list[int]], tmp_path: Path, width: int | None
) -> None:
    damaged = flip(plain, tmp_path / "damaged.mp4", packets(plain)[70:75])
    for path in (plain, uneven[0], damaged):
        here, there = open_clip(path), open_isolated(path)
        assert isinstance(there, IsolatedClip)
        assert there.info == here.info
        np.testing.assert_array_equal(there.times, here.times)
        every = range(here.info.frames)
        assert read(there, every, width=width) == read(here, every, width=width)
        assert read(there, every[3::7], width=width) == read(here, every[3::7], width=width)


DAMAGEABLE: dict[str, dict[str, Any]] = {
    "b.mp4": {"options": {"x264-params": "bframes=5:b-pyramid=normal:keyint=40"}},
    "slices.mkv": {"options": {"x264-params": "bframes=3:slices=4:keyint=40"}},
    "mpeg2.ts": {"codec": "mpeg2video", "options": {"bf": "2"}},
    "mpeg4.mp4": {"codec": "mpeg4", "options": {"bf": "2"}},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none:keyint=40"}},
}


@pytest.mark.parametrize("kind", DAMAGEABLE)
@pytest.mark.parametrize("stride", [1, 3, 20])
def test_threads_see_the_damage_that_one_thread_sees(
    kind: str, stride: int, folder: Path, tmp_path: Path
) -> None:
    """Decoders listen to complaints and use threads; here one thread decodes what is reordered."""
    source = folder / f"damageable-{kind}"
    if not source.exists():
        write_clip(source, numbered(120), **DAMAGEABLE[kind])
    candidates = [place for place in packets(source)[5:] if place.size > 80]
    for seed in range(3):
        hit = random.Random(seed).sample(candidates, 2)
        damaged = flip(source, tmp_path / f"{seed}-{kind}", hit, seed=seed)
        here, there = open_clip(damaged), open_isolated(damaged)
        chosen = range(seed, here.info.frames, stride)
        assert read(there, chosen) == read(here, chosen)


def test_pictures_stay_while_somebody_holds_them(plain: Path) -> None:
    """They lie in memory that decoders write into, until nobody does."""
    clip, expected = open_isolated(plain), read(open_clip(plain), range(150))
    first = list(clip.frames(range(60)))
    second = list(clip.frames(range(60, 150)))
    assert {frame.index: content(frame) for frame in first + second} == expected
    assert all(isinstance(frame, Frame) and not frame.image.flags.writeable for frame in first)
    views = [frame.image[10:20, ::2] for frame in first if isinstance(frame, Frame)]
    before = [view.copy() for view in views]
    del first
    assert read(clip, range(150)) == expected
    for view, copy in zip(views, before, strict=True):
        np.testing.assert_array_equal(view, copy)


@pytest.mark.parametrize("width", [None, 70])
def test_grey_pictures_are_the_same_everywhere(plain: Path, width: int | None) -> None:
    here, there = open_clip(plain), open_isolated(plain)
    pairs = zip(
        here.frames(range(20), width=width, is_grey=True),
        there.frames(range(20), width=width, is_grey=True),
        here.frames(range(20), width=width),
        strict=True,
    )
    for one, other, coloured in pairs:
        assert isinstance(one, Frame)
        assert isinstance(other, Frame)
        assert isinstance(coloured, Frame)
        assert one.image.shape == coloured.image.shape[:2]
        np.testing.assert_array_equal(one.image, other.image)
        expected = cv2.cvtColor(coloured.image, cv2.COLOR_RGB2GRAY)
        assert cv2.absdiff(one.image, expected).mean() < 4


def test_a_picture_above_the_limit_is_refused(plain: Path) -> None:
    with pytest.raises(ClipError, match=r"160 x 96 pixels, which is more than .*RULER_MAX_PIXELS"):
        open_isolated(plain, limits=Limits(pixels=10_000))
    assert open_isolated(plain, limits=Limits(pixels=160 * 96)).info.width == 160


def test_what_is_no_clip_is_refused_in_the_same_words(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "garbage.mp4").write_bytes(np.random.default_rng(0).bytes(5000))
    for name in ("empty.mp4", "garbage.mp4", "missing.mp4"):
        with pytest.raises(ClipError) as here:
            open_clip(tmp_path / name)
        with pytest.raises(ClipError) as there:
            open_isolated(tmp_path / name)
        assert str(there.value) == str(here.value)


def test_a_reader_that_leaves_early_leaves_a_decoder_that_works(plain: Path) -> None:
    clip, expected = open_isolated(plain), open_clip(plain)
    for count in (1, 5, 40):
        frames = clip.frames(range(150))
        for _ in range(count):
            next(frames)
        frames.close()
    assert read(clip, range(150)) == read(expected, range(150))


def test_a_lost_decoder_costs_the_pictures_that_depend_on_the_spot(
    plain: Path, lost: list[int]
) -> None:
    lost.append(70)  # groups of 30 begin at 0, 30, 60, 90, 120
    items = list(open_isolated(plain).frames(range(150)))
    assert [item.index for item in items] == list(range(150))
    failed = {item.index: item.reason for item in items if isinstance(item, FrameFailure)}
    assert failed == dict.fromkeys(range(70, 90), "the decoder crashed")
    np.testing.assert_array_equal([i.time_seconds for i in items], open_clip(plain).times)


def test_a_clip_that_loses_too_many_decoders_is_given_up(plain: Path, lost: list[int]) -> None:
    lost.extend([5, 35, 65, 95])
    items = list(open_isolated(plain).frames(range(150)))
    assert [item.index for item in items if isinstance(item, Frame)] == [
        *range(5),
        *range(30, 35),
        *range(60, 65),
    ]


def test_a_decoder_that_hangs_is_ended(plain: Path) -> None:
    limits = Limits(seconds=0.5)
    clip = open_isolated(plain, limits=limits)
    frames = clip.frames(range(150))
    first = next(frames)
    assert isinstance(first, Frame)
    asked = {"path": str(plain), "name": None, "frame_rate": None, "reader": "pyav"}
    with POOL.borrowed(limits) as decoder:  # another than the one that reads
        decoder.open(asked)
        os.kill(decoder._process.pid, signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(DecoderLostError, match=r"hangs: nothing came for 0\.5 seconds"):
            decoder.open(asked)
        assert time.monotonic() - began < 10
    assert sum(1 for _ in frames) == 149


def test_a_file_that_wants_too_much_memory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "big").mkdir()
    cv2.imwrite(str(tmp_path / "big" / "1.png"), np.zeros((9000, 9000, 3), np.uint8))
    with pytest.raises(ClipError) as caught:
        open_isolated(tmp_path / "big", limits=Limits(megabytes=100))
    assert "\n" not in str(caught.value)
    assert "none of its pictures can be read" in str(caught.value) or "memory" in str(caught.value)


def test_decoders_end_with_their_parent(plain: Path) -> None:
    code = (
        "import sys, time; from ruler.video.isolation import open_isolated as o;"
        f"clip = o({str(plain)!r}); frames = clip.frames(range(150)); next(frames);"
        "from ruler.video.pool import POOL; from ruler.video.limits import Limits;"
        "d = POOL._any(Limits(), None);"
        "print(d._process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
        if "Z" in Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0]:
            break
        time.sleep(0.05)
    else:
        assert not Path(f"/proc/{child}").exists()


def test_damage_in_one_clip_leaves_the_others_alone(tmp_path: Path, plain: Path) -> None:
    bad = write_clip(tmp_path / "bad.mp4", numbered(30))
    data = bad.read_bytes()
    bad.write_bytes(data[: len(data) // 2])
    with pytest.raises(ClipError):
        open_isolated(bad)
    assert read(open_isolated(plain), range(10)) == read(open_clip(plain), range(10))


def test_a_relative_path_is_meant_from_where_the_parent_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decoders live on between clips, also where the parent changes folders."""
    for name, count in (("one", 3), ("other", 5)):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        write_clip(tmp_path / name / "clip.mp4", numbered(count), fps=10.0)
        clip = open_isolated("clip.mp4")
        assert clip.info.frames == count
        assert len(list(clip.frames(range(count)))) == count


def test_a_refused_clip_leaves_nothing_to_the_next_one(plain: Path, tmp_path: Path) -> None:
    """The decoder that refused it reads a clip that another one has opened."""
    (tmp_path / "bad.mp4").write_bytes(b"\xff" * 1000)
    good = open_isolated(plain)
    POOL.close()
    with pytest.raises(ClipError):
        open_isolated(tmp_path / "bad.mp4")
    assert len(POOL.pids()) == 1
    assert read(good, range(150)) == read(open_clip(plain), range(150))
    assert len(POOL.pids()) == 1
