"""What a clip's length costs in memory: of ruler, and of a decoder process."""

from __future__ import annotations

import sys
import tracemalloc
from pathlib import Path

import av
import pytest

from ruler.video import columns
from ruler.video.clips import open_clip
from ruler.video.isolation import IsolatedClip, open_isolated
from ruler.video.limits import Limits
from ruler.video.pool import POOL
from tests.video.clips import read

LONG = 100_000
"""Pictures: more than an hour of 25 a second."""


@pytest.fixture(scope="module")
def long(plain: Path, folder: Path) -> Path:
    """The packets of `plain` again and again."""
    path = folder / "long.mkv"
    with av.open(str(plain)) as file, av.open(str(path), "w") as made:
        stream = file.streams.video[0]
        into = made.add_stream_from_template(stream)
        packets = [packet for packet in file.demux(stream) if packet.size]
        base = stream.time_base
        length = round(150 / 25 / base)
        for number in range(LONG):
            turn, at = divmod(number, len(packets))
            packet = av.Packet(bytes(packets[at]))
            packet.stream, packet.time_base = into, base
            packet.is_keyframe = packets[at].is_keyframe
            packet.pts, packet.dts = (
                stamp + turn * length for stamp in (packets[at].pts, packets[at].dts)
            )
            made.mux(packet)
    return path


def kilobytes(process: int | str) -> int:
    """Memory of a process's own."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss_Anon:"))


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_long_clip_takes_no_more_memory_than_a_short_one(plain: Path, long: Path) -> None:
    limits = Limits(seconds=31.0)  # a process that has opened nothing yet
    held: dict[str, int] = {}
    for path in (plain, long):
        tracemalloc.start()
        clip = open_isolated(path, limits=limits)
        assert isinstance(clip, IsolatedClip)
        ours, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        for start in range(0, clip.info.frames, clip.info.frames // 3):
            chosen = range(start, min(start + 60, clip.info.frames), 20)
            assert len(list(clip.frames(chosen))) == len(chosen)
        with POOL.borrowed(limits) as decoder:
            held[path.name] = kilobytes(decoder.pid)
    assert clip.info.frames > 0.99 * LONG
    assert ours < 100_000  # ruler holds nothing for each picture
    assert held["long.mkv"] - held["plain.mp4"] < 16 * LONG / 1024
    assert clip._sealed.layout.size < 26 * LONG
    assert clip._sealed.descriptor is not None


@pytest.mark.parametrize(("short", "files", "has_file"), [(0, 64, True), (0, 0, False)])
def test_columns_lie_in_a_file_or_not_and_the_pictures_are_the_same(
    plain: Path, monkeypatch: pytest.MonkeyPatch, short: int, files: int, has_file: bool
) -> None:
    """Short clips take no file, nor do those beyond the most files of a process."""
    monkeypatch.setattr(columns, "SHORT_BYTES", short)
    monkeypatch.setattr(columns, "_MOST_FILES", columns.Sealed._files + files)
    clips = [open_isolated(plain) for _ in range(2)]
    assert [isinstance(clip, IsolatedClip) for clip in clips] == [True, True]
    assert {clip._sealed.descriptor is not None for clip in clips} == {has_file}  # type: ignore[attr-defined]
    here = open_clip(plain)
    assert clips[0].times.tolist() == here.times.tolist()
    for start in range(0, 150, 50):  # in turn: a decoder holds one clip at a time
        for clip in clips:
            chosen = range(start, start + 50, 7)
            assert read(clip, chosen) == read(here, chosen)


def test_a_short_clip_takes_no_descriptor(plain: Path) -> None:
    before = columns.Sealed._files
    clip = open_isolated(plain)
    assert isinstance(clip, IsolatedClip)
    assert clip._sealed.descriptor is None
    assert columns.Sealed._files == before
