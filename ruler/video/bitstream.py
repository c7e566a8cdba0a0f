"""What a coded picture's own bytes say about its role, without decoding them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_START_CODE = re.compile(rb"\x00\x00\x01")
_H264_SLICES = range(1, 6)
_H264_RESTARTS = {5}
_HEVC_SLICES = range(32)
_HEVC_RESTARTS = range(16, 21)
_HEVC_SUBLAYER = range(16)

_MOST_ZEROS = {"h264": bytes(64), "hevc": bytes(64), "vp8": bytes(1024), "vp9": bytes(1024)}
_HOLE = re.compile(rb"\x00{512}|\x00{64}[^\x00\x01]")
"""Zeros before a one may be stuffing before a start code."""

_PICTURE_TYPES = {"mpeg2video": (b"\0\0\1\0", 10, 3, 3), "mpeg4": (b"\0\0\1\xb6", 0, 2, 2)}
"""Start code of a picture, bits before its type, bits of its type, and the type that is never
referenced (ISO/IEC 13818-2, 6.2.3; ISO/IEC 14496-2, 6.2.5)."""


def length_bytes(codec: str, extradata: bytes | None) -> int:
    """Bytes of the length field before each NAL unit; 0 where start codes part them.

    From the `avcC` and `hvcC` boxes of ISO/IEC 14496-15.
    """
    at = {"h264": 4, "hevc": 21}.get(codec)
    if at is None or extradata is None or len(extradata) <= at or extradata[0] != 1:
        return 0
    return (extradata[at] & 3) + 1


def is_shown(packet: bytes, codec: str) -> bool:
    """False for a coded picture that is only a reference and never shown (VP8, RFC 6386, 9.1)."""
    return codec != "vp8" or not packet or bool(packet[0] >> 4 & 1)


def is_hollow(packet: ReadableBuffer, codec: str) -> bool:
    """Whether zeros lie where a coded picture was: a hole of a disk or of a download.

    Some decoders take any bytes for some picture. In H.264 and H.265 three zeros never stand inside
    of a unit (Recommendations H.264 and H.265, 7.4.1); some more may pad it. VP8 and VP9 code
    nothing by thousands of zero bits.
    """
    if (run := _MOST_ZEROS.get(codec)) is None:
        return False
    at = (coded := bytes(packet)).find(run)
    return at >= 0 and _HOLE.search(coded, at) is not None


def is_clean_start(packet: bytes, codec: str, nal_length: int) -> bool:
    """Whether nothing after this key picture rests on anything before it, as far as it says.

    Containers call the start of a periodic intra refresh key, too.
    """
    clean = {"h264": _H264_RESTARTS, "hevc": _HEVC_RESTARTS}.get(codec)
    if clean is None:
        return True
    shift, mask = (0, 31) if codec == "h264" else (1, 63)
    return any(unit and unit[0] >> shift & mask in clean for unit in _units(packet, nal_length))


def tells_references(codec: str) -> bool:
    """Whether `may_be_referenced` can ever say no."""
    return codec in _PICTURE_TYPES or codec in {"h264", "hevc"}


def may_be_referenced(packet: bytes, codec: str, nal_length: int) -> bool:
    """Whether other pictures may be predicted from this one; True wherever that is not certain.

    Only some codecs say so in a place that can be read without decoding.
    """
    if codec in _PICTURE_TYPES:
        return _has_other_than_b(packet, codec)
    if not tells_references(codec):
        return True
    units = list(_units(packet, nal_length))
    if not units or any(len(unit) < 2 for unit in units):
        return True
    return any(_is_reference(unit[0], codec) for unit in units)


def _has_other_than_b(packet: bytes, codec: str) -> bool:
    code, skipped_bits, bits, b_picture = _PICTURE_TYPES[codec]
    kinds = [
        int.from_bytes(packet[at.end() : at.end() + 2], "big") >> (16 - skipped_bits - bits)
        & (1 << bits) - 1
        for at in re.finditer(re.escape(code), packet)
    ]
    return not kinds or any(kind != b_picture for kind in kinds)


def _is_reference(header: int, codec: str) -> bool:
    if codec == "h264":
        return header & 31 in _H264_SLICES and header >> 5 & 3 > 0
    kind = header >> 1 & 63
    return kind in _HEVC_SLICES and not (kind in _HEVC_SUBLAYER and kind % 2 == 0)


def _units(packet: bytes, nal_length: int) -> Iterator[bytes]:
    """The first two bytes of each NAL unit."""
    return _with_lengths(packet, nal_length) if nal_length else _with_start_codes(packet)


def _with_lengths(packet: bytes, nal_length: int) -> Iterator[bytes]:
    at = 0
    while at < len(packet):
        start = at + nal_length
        size = int.from_bytes(packet[at:start], "big")
        at = start + size
        # A length that runs over the packet's end is damage: an empty unit says "not certain".
        yield packet[start : start + 2] if size >= 2 and at <= len(packet) else b""


def _with_start_codes(packet: bytes) -> Iterator[bytes]:
    for found in _START_CODE.finditer(packet):
        yield packet[found.end() : found.end() + 2]
