"""What coded pictures say of themselves."""

from __future__ import annotations

from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.video.bitstream import is_clean_start, is_shown, length_bytes, may_be_referenced
from tests.video.clips import numbered, write_clip

CODECS = ["h264", "hevc", "mpeg2video", "mpeg4", "vp9"]


def coded(path: Path) -> tuple[list[bytes], list[str], int]:
    """The packets of a file, the kinds of its pictures in the same order, and its NAL length."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        found = [packet for packet in container.demux(stream) if packet.size]
        data = [(packet.pts, bytes(packet)) for packet in found]
        nal_length = length_bytes(stream.codec_context.name, stream.codec_context.extradata)
    with av.open(str(path)) as container:
        kinds = {
            frame.pts: av.video.frame.PictureType(frame.pict_type).name
            for frame in container.decode(video=0)
        }
    return [packet for _, packet in data], [kinds[stamp] for stamp, _ in data], nal_length


@pytest.mark.parametrize(
    ("name", "codec", "encoder", "options", "nal_length"),
    [
        ("x.mp4", "h264", "libx264", {"x264-params": "bframes=2:b-pyramid=none"}, 4),
        ("x.ts", "h264", "libx264", {"x264-params": "bframes=2:b-pyramid=none"}, 0),
        ("y.mp4", "hevc", "libx265", {"x265-params": "log-level=none:b-pyramid=0"}, 4),
        ("x.avi", "mpeg4", "mpeg4", {"bf": "2"}, 0),
        ("y.ts", "mpeg2video", "mpeg2video", {"bf": "2"}, 0),
    ],
)
def test_b_pictures_are_known_as_not_referenced(
    tmp_path: Path, name: str, codec: str, encoder: str, options: dict[str, str], nal_length: int
) -> None:
    path = write_clip(tmp_path / name, numbered(40), codec=encoder, options=options)
    packets, kinds, found_length = coded(path)
    assert found_length == nal_length
    assert "B" in kinds
    said = [may_be_referenced(packet, codec, nal_length) for packet in packets]
    assert said == [kind != "B" for kind in kinds]
    assert is_clean_start(packets[0], codec, nal_length)


def test_an_intra_refresh_is_no_clean_start(tmp_path: Path) -> None:
    options = {"x264-params": "intra-refresh=1:keyint=20:bframes=0"}
    path = write_clip(tmp_path / "x.mp4", numbered(40), options=options)
    packets, _, nal_length = coded(path)
    said = [is_clean_start(packet, "h264", nal_length) for packet in packets]
    assert said == [True] + [False] * 39


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("nal_length", [0, 2, 4])
@given(packet=st.binary(max_size=60))
def test_any_bytes_are_taken(codec: str, nal_length: int, packet: bytes) -> None:
    assert isinstance(may_be_referenced(packet, codec, nal_length), bool)
    assert isinstance(is_clean_start(packet, codec, nal_length), bool)
    assert isinstance(is_shown(packet, codec), bool)
    assert length_bytes(codec, packet) in range(5)


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("nal_length", [0, 4])
@pytest.mark.parametrize("packet", [b"", bytes(50), b"\xff" * 50])
def test_what_makes_no_sense_may_be_referenced(codec: str, nal_length: int, packet: bytes) -> None:
    assert may_be_referenced(packet, codec, nal_length)


def test_vp8_pictures_that_are_never_shown_are_known() -> None:
    assert not is_shown(b"\x01", "vp8")
    assert is_shown(b"\x11", "vp8")
    assert is_shown(b"\x01", "vp9")
