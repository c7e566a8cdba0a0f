"""Files that lead elsewhere, seem to have no end, or grow: they cost little, and nothing else."""

from __future__ import annotations

import os
import struct
import time
import zlib
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from ruler.errors import ClipError
from ruler.video.clips import open_clip
from ruler.video.containers import opened
from ruler.video.frames import Frame, FrameFailure
from ruler.video.isolation import open_isolated
from ruler.video.limits import Limits
from tests.video.clips import number_of, numbered, numbers, write_clip

NO_VIDEO = "it is not a video file, or its header is damaged or cut off"
NOT_FOLLOWED = "names other files|an XML document|the address of a stream"

LEADING = {
    "a.m3u8": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\n\0NAME\n#EXTINF:2,\nNAME\n",
    "b.ffconcat": b"ffconcat version 1.0\nfile NAME\n#\xff\0\n",
    "c.sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n#\xff\0\n",
    "d.mpd": b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
    b'<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">'
    b"<BaseURL>NAME</BaseURL></Representation></AdaptationSet></Period></MPD>\xff\0",
}
"""What FFmpeg would follow; a byte that is no text lets it pass for a film."""


@pytest.mark.parametrize("name", LEADING)
def test_what_names_other_files_is_not_followed(name: str, plain: Path, tmp_path: Path) -> None:
    (tmp_path / "other.mp4").write_bytes(plain.read_bytes())
    for target in (name, "list.mp4"):
        path = tmp_path / target
        path.write_bytes(LEADING[name].replace(b"NAME", b"other.mp4"))
        with pytest.raises(ClipError, match=NOT_FOLLOWED):
            open_clip(path)


def test_ffmpeg_would_have_followed_a_playlist(plain: Path, tmp_path: Path) -> None:
    """Else the test above shows nothing."""
    (tmp_path / "other.mp4").write_bytes(plain.read_bytes())
    (tmp_path / "a.m3u8").write_bytes(LEADING["a.m3u8"].replace(b"NAME", b"other.mp4"))
    with av.open(str(tmp_path / "a.m3u8"), options={"protocol_whitelist": "file"}) as container:
        assert container.format.name == "hls"


def test_pictures_by_a_pattern_in_a_name_are_not_looked_for(tmp_path: Path) -> None:
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"{number}.pgm"), np.zeros((48, 64), np.uint8))
    (tmp_path / "%d.pgm").write_bytes(b"P5 64 48 255\n" + bytes(64 * 48))
    try:
        with opened(tmp_path / "%d.pgm") as container:
            assert container.format.name != "image2"
    except ClipError as error:
        assert NO_VIDEO in str(error)  # noqa: PT017 - either will do


def test_a_hole_of_a_terabyte_costs_nothing(plain: Path, tmp_path: Path) -> None:
    path = tmp_path / "hole.mp4"
    path.write_bytes(plain.read_bytes())
    before = open_clip(path)
    os.truncate(path, 1 << 40)
    if path.stat().st_blocks * 512 > 1 << 30:
        pytest.skip("this disk has no holes")
    began = time.process_time()
    clip = open_clip(path)
    assert time.process_time() - began < 5
    assert numbers(clip) == numbers(before)
    assert clip.info.sha256 != before.info.sha256


def test_a_picture_without_an_end_is_one_picture(tmp_path: Path) -> None:
    for number in range(4):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.zeros((48, 64, 3), np.uint8))
    os.truncate(tmp_path / "0.png", 1 << 40)
    began = time.process_time()
    clip = open_clip(tmp_path)
    items = list(clip.frames(range(4)))
    assert time.process_time() - began < 2
    assert [isinstance(item, Frame) for item in items] == [False, True, True, True]
    assert items[0] == FrameFailure(0, 0.0, "the picture file is larger than 512 MB")


def tiff(width: int, height: int) -> bytes:
    """A packed TIFF of one colour."""
    packed = zlib.compress(bytes(width) * height, 1)
    tags = [(256, width), (257, height), (258, 8), (259, 8), (262, 1), (273, 8), (277, 1)]
    tags += [(278, height), (279, len(packed))]
    table = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    start = 8 + len(packed)
    return b"II*\0" + struct.pack("<I", start) + packed + struct.pack("<H", 9) + table + bytes(4)


def test_a_picture_that_unpacks_to_far_more_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1.tif").write_bytes(tiff(3000, 2000))
    assert open_isolated(tmp_path / "1.tif").info.width == 3000
    with pytest.raises(ClipError, match="has more pixels than ruler reads"):
        open_isolated(tmp_path / "1.tif", limits=Limits(pixels=3000 * 1999))


@pytest.mark.parametrize(
    "data",
    [
        b"P5 64 48 255\n" + bytes(64 * 48),
        b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 30000 +X 30000\n" + bytes(500),
    ],
)
def test_a_picture_is_of_the_kinds_that_are_named(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(data)
    with pytest.raises(ClipError, match="damaged or not a picture"):
        open_clip(tmp_path / "1.png")


def test_a_clip_whose_frames_are_far_apart_is_read_whole(tmp_path: Path) -> None:
    """Pictures that are shown in another order than they are coded jump to and fro in time."""
    times = [60_000 * number for number in range(40)]
    path = write_clip(tmp_path / "lapse.mkv", numbered(40), times_ms=times)
    clip = open_clip(path)
    assert numbers(clip) == list(range(40))
    assert clip.times.tolist() == [60.0 * number for number in range(40)]


def growing(path: Path, sizes: list[int]) -> Path:
    """A film whose pictures change their size on the way: ten of each."""
    with av.open(str(path), "w") as container:
        track = container.add_stream("libx264", rate=25)
        track.width = track.height = sizes[0]
        for part, size in enumerate(sizes):
            encoder = av.CodecContext.create("libx264", "w")
            assert isinstance(encoder, av.VideoCodecContext)
            encoder.width = encoder.height = size
            encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, 25)
            encoder.options = {"bf": "0", "preset": "ultrafast"}
            pictures = numbered(10 * part + 10, width=size, height=size)[10 * part :]
            frames = [av.VideoFrame.from_ndarray(picture, format="rgb24") for picture in pictures]
            for number, frame in enumerate(frames):
                frame.pts = 10 * part + number
            for packet in [p for frame in [*frames, None] for p in encoder.encode(frame)]:
                packet.stream, packet.time_base = track, Fraction(1, 25)
                container.mux(packet)
    return path


def test_pictures_that_grow_on_the_way_are_read_within_bounds(tmp_path: Path) -> None:
    path = growing(tmp_path / "grows.ts", [160, 320, 160, 1600, 160])
    free = list(open_isolated(path).frames(range(50)))
    assert [number_of(item.image) for item in free if isinstance(item, Frame)] == list(range(50))
    assert {item.image.shape for item in free if isinstance(item, Frame)} == {(160, 160, 3)}
    bound = list(open_isolated(path, limits=Limits(pixels=320 * 320)).frames(range(50)))
    assert [isinstance(item, Frame) for item in bound] == [True] * 30 + [False] * 10 + [True] * 10
    assert [item.time_seconds for item in bound] == [item.time_seconds for item in free]
