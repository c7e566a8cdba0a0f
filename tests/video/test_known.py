"""Clips that are known are not opened again, and one that has changed is never taken for known."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from ruler.errors import ClipError
from ruler.schemas.runs import ClipInfo
from ruler.video import known
from ruler.video.clips import open_clip
from ruler.video.frames import Frame
from ruler.video.known import KnownClip, signature_of
from tests.scenes import write_pictures


def test_any_change_of_a_file_shows(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"one")
    seen = signature_of(path)
    assert seen == signature_of(path)
    assert seen != signature_of(path, "pyav")
    times = path.stat()
    time.sleep(0.02)
    path.write_bytes(b"two")
    # Of the same size, and said to be as old: the entry's own time tells.
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert signature_of(path) != seen
    assert signature_of(tmp_path / "none.mp4") is None


def test_any_change_in_a_folder_shows(tmp_path: Path) -> None:
    folder = Path(write_pictures(tmp_path / "clip", [10, 20]))
    seen = signature_of(folder)
    assert seen == signature_of(folder)
    time.sleep(0.02)
    (folder / "00001.png").write_bytes((folder / "00000.png").read_bytes())
    changed = signature_of(folder)
    assert changed != seen
    (folder / "00001.png").unlink()
    assert signature_of(folder) not in (seen, changed)


def test_what_was_just_changed_is_not_settled(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"one")
    fresh = signature_of(path)
    assert fresh is not None
    assert not fresh.is_settled
    old = known.Signature(fresh.text, fresh.changed - known.SETTLED_SECONDS - 1)
    assert old.is_settled
    # A file of tomorrow says that clocks differ: then nothing is known of when it was changed.
    assert not known.Signature(fresh.text, time.time() + 1).is_settled


def test_a_known_clip_is_opened_for_its_pictures_alone(tmp_path: Path) -> None:
    clip = open_clip(write_pictures(tmp_path / "clip", [10, 20, 30]))
    opened: list[int] = []

    def reopen() -> object:
        opened.append(1)
        return clip

    seen = KnownClip(clip.info, clip.times, reopen, lambda: None)  # type: ignore[arg-type]
    assert seen.info == clip.info
    assert np.array_equal(seen.times, clip.times)
    assert not opened
    frames = [*seen.frames([0, 2]), *seen.frames([1])]
    assert [frame.index for frame in frames] == [0, 2, 1]
    assert all(isinstance(frame, Frame) for frame in frames)
    assert len(opened) == 1


def test_another_clip_in_its_place_is_refused_and_forgotten(tmp_path: Path) -> None:
    clip = open_clip(write_pictures(tmp_path / "clip", [10, 20, 30]))
    other = open_clip(write_pictures(tmp_path / "other", [10, 20, 30]))
    gone: list[int] = []
    info = ClipInfo.model_validate(clip.info.model_dump())
    seen = KnownClip(info, clip.times, lambda: other, lambda: gone.append(1))
    with pytest.raises(ClipError, match="it changed while it was worked on"):
        list(seen.frames([0]))
    assert gone == [1]


def test_a_clip_that_is_opened_beside_is_opened_once(tmp_path: Path) -> None:
    clip = open_clip(write_pictures(tmp_path / "clip", [10, 20, 30]))
    opened: list[int] = []
    may_open = threading.Event()

    def reopen() -> object:
        assert may_open.wait(10)
        opened.append(1)
        return clip

    seen = KnownClip(clip.info, clip.times, reopen, lambda: None)  # type: ignore[arg-type]
    seen.open_beside()
    assert not opened
    may_open.set()
    assert [frame.index for frame in seen.frames([1])] == [1]
    assert len(opened) == 1


def test_what_is_wrong_with_a_clip_is_said_where_its_pictures_are_asked_for(tmp_path: Path) -> None:
    clip = open_clip(write_pictures(tmp_path / "clip", [10, 20, 30]))
    asked = threading.Semaphore(0)

    def reopen() -> object:
        asked.release()
        raise ClipError("clip", "it has gone", "")

    seen = KnownClip(clip.info, clip.times, reopen, lambda: None)  # type: ignore[arg-type]
    seen.open_beside()
    assert asked.acquire(timeout=10)
    with pytest.raises(ClipError, match="it has gone"):
        list(seen.frames([0]))
