"""Readings that go on where the last one ended: the same pictures, and less work."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from ruler.video import source
from ruler.video.clips import open_clip
from ruler.video.frames import Frame, WindowSpec
from ruler.video.isolation import open_isolated
from ruler.video.sampling import read_windows
from tests.video.clips import content, flip, numbered, packets, read, write_clip

KINDS: dict[str, dict[str, Any]] = {
    "b.mp4": {"options": {"x264-params": "bframes=5:b-pyramid=normal:keyint=60"}},
    "open.ts": {"options": {"x264-params": "open-gop=1:keyint=40:bframes=3"}},
    "refresh.mp4": {"options": {"x264-params": "intra-refresh=1:keyint=30:bframes=0"}},
    "slices.mkv": {"options": {"x264-params": "bframes=3:slices=4:keyint=250"}},
    "mpeg2.ts": {"codec": "mpeg2video", "options": {"bf": "2"}},
    "h264.avi": {"options": {"x264-params": "bframes=2:keyint=50"}},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none:keyint=50"}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}},
    "still.avi": {"codec": "mjpeg", "pixels": "yuvj420p"},
}


def readings(chance: random.Random, frames: int) -> list[list[int]]:
    """Stretches one behind the other, with overlaps, gaps and leaps back."""
    found, at = [], 0
    for _ in range(14):
        step = chance.choice([1, 1, 2, 5, 9])
        first = max(0, at + chance.choice([0, 1, 1, 3, 20, 60, -2, -6, -12, -70])) % frames
        found.append(list(range(first, min(first + 12 * step, frames), step)))
        at = found[-1][-1]
    return found


def damaged(path: Path, target: Path) -> Path:
    """A copy whose damage is told wherever it shows. What FFmpeg does not notice it patches up by
    the pictures that it happens to have decoded before, and no law holds."""
    whole = read(open_clip(path), range(190))
    places = [at for at in packets(path)[5:] if at.size > 80]
    for seed in range(40):
        flip(path, target, random.Random(seed).sample(places, 3))
        seen = read(open_clip(target), range(190))
        if any(seen[at] != whole[at] for at in seen) and all(
            isinstance(seen[at], str) or seen[at] == whole[at] for at in seen
        ):
            return target
    return target  # what these decoders make of damage depends on the file alone


@pytest.mark.parametrize("is_damaged", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_where_a_reading_begins_changes_no_picture(
    kind: str, is_damaged: bool, folder: Path, tmp_path: Path
) -> None:
    path = folder / f"going-{kind}"
    if not path.exists():
        write_clip(path, numbered(200), **KINDS[kind])
    if is_damaged:
        path = damaged(path, tmp_path / kind)
    here, there = open_clip(path), open_isolated(path)
    expected = {item.index: content(item) for item in here.frames(range(here.info.frames))}
    for seed in range(4):
        for wanted in readings(random.Random(seed), here.info.frames):
            assert read(there, wanted) == {index: expected[index] for index in wanted}
            if seed == 3:  # somebody leaves in the middle
                next(there.frames(wanted))


def test_chunks_behind_one_another_seek_once(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sought = []
    original = source.Source._sought

    def noted(self: source.Source, entry: int, stop: int) -> Any:
        sought.append(entry)
        return original(self, entry, stop)

    monkeypatch.setattr(source.Source, "_sought", noted)
    monkeypatch.setattr("ruler.video.complaints.are_heard", lambda: True)
    clip, spec = open_clip(plain), WindowSpec(steps=8, step_seconds=0.04, width=80, is_grey=True)
    clip.go_on()  # type: ignore[attr-defined]
    for start in range(0, 150, 30):
        for window in read_windows(clip, range(start + 7, start + 30), spec):
            assert all(isinstance(frame, Frame) for frame in window.frames)  # type: ignore[union-attr]
    clip.close()  # type: ignore[attr-defined]
    assert sought == [0]


def test_another_file_in_its_place_is_read(tmp_path: Path, plain: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(plain.read_bytes())
    clip = open_isolated(path)
    before = read(clip, range(20))
    assert read(clip, range(20, 40)).keys() == set(range(20, 40))
    other = write_clip(tmp_path / "other.mp4", [~picture for picture in numbered(150)])
    other.replace(path)
    after = read(clip, range(40, 60))
    assert before and all(after[index] != read(open_clip(plain), [index])[index] for index in after)
