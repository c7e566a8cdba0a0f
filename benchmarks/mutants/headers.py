"""Fields of containers' headers with values that no camera writes."""

from __future__ import annotations

import random
import re
import struct
from collections.abc import Iterator

EXTREMES = (0, 1, 2, 1000, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF)

_HOLDERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"moof", b"traf", b"mvex"}
_BOXES: dict[bytes, tuple[int, ...]] = {
    b"mvhd": (4, 12, 16, 20, 36, 40, 52),
    b"tkhd": (0, 12, 20, 40, 44, 76, 80),
    b"mdhd": (0, 4, 12, 16),
    b"elst": (4, 8, 12, 16),
    b"stts": (4, 8, 12),
    b"ctts": (4, 8, 12),
    b"stss": (4, 8),
    b"stsz": (4, 8, 12),
    b"stsc": (4, 8, 12, 16),
    b"stco": (4, 8),
    b"stsd": (4, 8, 12, 40, 44, 48, 90, 100, 104),
    b"tfhd": (0, 4, 8, 12),
    b"tfdt": (0, 4, 8),
    b"trun": (0, 4, 8, 12, 16),
    b"trex": (4, 8, 12, 16, 20),
    b"mehd": (0, 4),
}
"""Where in a box its numbers stand (ISO/IEC 14496-12): counts, scales, durations, sizes, rotation,
edits, time stamps, sizes of pictures; in `stsd` also the parameter sets of the codec."""

_ELEMENTS = (
    *(b"\x2a\xd7\xb1", b"\x44\x89", b"\xb0", b"\xba", b"\x23\xe3\x83", b"\xe7", b"\x9a", b"\x54"),
    *(b"\xd7", b"\x73\xc5", b"\x83", b"\x53\xab", b"\x53\xac", b"\x63\xa2", b"\x1f\x43\xb6\x75"),
)
"""Matroska's: scale of time stamps, duration, width, height, distance of pictures, time stamp of a
cluster, interlaced, crops, track, kinds, places to seek to, the codec's own, a cluster itself."""

_CHUNKS = {b"avih": (0, 12, 16, 24, 32, 36), b"strh": (4, 20, 24, 28, 32, 36, 44), b"idx1": (4, 8)}
_BITMAP = (0, 4, 8, 12, 16, 20)
"""AVI's: distances, counts, sizes; and the sizes of its bitmap."""


def fields(data: bytearray, chance: random.Random) -> None:
    """One to three numbers of a header become extreme."""
    places = list(_places(bytes(data)))
    for at, size in chance.sample(places, min(len(places), chance.choice((1, 1, 2, 3)))):
        value = chance.choice((*EXTREMES, chance.getrandbits(32))) & (1 << 8 * size) - 1
        data[at : at + size] = value.to_bytes(size, "big" if data[:4] != b"RIFF" else "little")


def _places(data: bytes) -> Iterator[tuple[int, int]]:
    """Where numbers stand, and of how many bytes they are."""
    if data[4:8] == b"ftyp":
        yield from _of_boxes(data, 0, len(data))
    elif data[:4] == b"\x1a\x45\xdf\xa3":
        yield from _of_elements(data)
    elif data[:4] == b"RIFF":
        yield from _of_chunks(data)
    elif data[:1] == b"G" or data[:3] == b"\0\0\1":
        # Time stamps of a transport or program stream's packets: five bytes of 33 bits.
        for found in re.finditer(rb"\x00\x00\x01[\xe0-\xef]..", data, re.DOTALL):
            if found.end() + 8 < len(data):
                yield from ((found.end() + 3, 1), (found.end() + 4, 2), (found.end() + 6, 2))
    else:
        yield from ((at, 2) for at in range(0, min(len(data), 512) - 2, 2))


def _of_boxes(data: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
    while at + 8 <= end:
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        if size < 8:
            return
        if kind in _HOLDERS:
            yield from _of_boxes(data, at + 8, min(end, at + size))
        for field in _BOXES.get(kind, ()):
            if 8 + field + 4 <= size and at + 12 + field <= len(data):
                yield at + 8 + field, 4
        at += size


def _of_elements(data: bytes) -> Iterator[tuple[int, int]]:
    for name in _ELEMENTS:
        for found in re.finditer(re.escape(name) + rb"[\x81-\x88]", data[:4096]):
            yield found.end(), found.group()[-1] - 0x80
            yield found.end() - 1, 1


def _of_chunks(data: bytes) -> Iterator[tuple[int, int]]:
    for name, offsets in (*_CHUNKS.items(), (b"strf", _BITMAP)):
        if (at := data.find(name)) >= 0:
            found = (at + 8 + offset for offset in offsets)
            yield from ((field, 4) for field in found if field + 4 < len(data))
