"""Decoded pictures: how large they may be, and how they are handed over."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import cv2
import numpy as np

from ruler.errors import ClipError
from ruler.video.limits import MAX_PIXELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_SIDE = 16_384

_STARTS = (b"\xff\xd8", b"\x89PNG", b"BM", b"II*\0", b"II+\0", b"MM\0*", b"MM\0+")
"""Of JPEG, PNG, BMP and TIFF. OpenCV would decode a dozen more kinds, whatever a name says."""

_JPEG_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xDA)})


_most_pixels = MAX_PIXELS


def allow(pixels: int) -> None:
    """Set the most pixels that a picture may have in this process."""
    global _most_pixels  # noqa: PLW0603 - a decoder process has one limit
    _most_pixels = pixels


def most_pixels() -> int:
    """The most pixels that a picture may have in this process."""
    return _most_pixels


def is_too_large(width: int, height: int) -> bool:
    """Whether a picture passes `MAX_SIDE`, or the most pixels."""
    return max(width, height) > MAX_SIDE or width * height > _most_pixels


def check_size(clip: str, width: int, height: int) -> None:
    """Refuse pictures that could exhaust the memory.

    Raises:
        ClipError: the picture is larger than ruler reads.
    """
    if is_too_large(width, height):
        raise ClipError(
            clip,
            f"its pictures are {width} x {height} pixels, which is more than ruler reads",
            f"Scale it down to at most {MAX_SIDE} pixels a side and {_most_pixels / 1e6:g} "
            "megapixels, or set RULER_MAX_PIXELS.",
        )


def shrunk_size(width: int, height: int, most_across: int | None) -> tuple[int, int]:
    """Width and height of a picture that is to be at most so many pixels across."""
    if most_across is None or width <= most_across:
        return width, height
    return most_across, max(1, round(height * most_across / width))


def finish(image: NDArray[np.uint8], width: int | None) -> NDArray[np.uint8]:
    """Shrink a picture and seal it.

    Args:
        image: uint8 array (height, width, 3) or (height, width); may become read-only itself.
        width: Shrink what is wider than this, keeping its shape; None leaves the size alone.

    Returns:
        uint8 array of as many dimensions, each row contiguous, read-only.
    """
    height, before = image.shape[:2]
    if (size := shrunk_size(before, height, width)) != (before, height):
        shrunk = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        image = shrunk.astype(np.uint8, copy=False)
    if image.strides[0] < 0 or image.strides[1:] != image[0].copy().strides:
        image = np.ascontiguousarray(image)
    image.flags.writeable = False
    return image


def decode_picture(data: bytes, *, is_grey: bool = False) -> NDArray[np.uint8] | str:
    """Decode a picture file, turned as its EXIF data says.

    Returns:
        uint8 array (height, width, 3), RGB, or (height, width), grey; or a clause that says what is
        wrong with the file.
    """
    if not data:
        return "the picture file is empty"
    if not data.startswith(_STARTS) and data[8:12] != b"WEBP":
        return "the picture file is damaged or not a picture"
    size = _declared_size(data)
    if size is not None and is_too_large(*size):
        return f"the picture claims {size[0]} x {size[1]} pixels, which is more than ruler reads"
    if _ends_early(data):
        return "the picture file ends early"
    try:
        kind = cv2.IMREAD_GRAYSCALE if is_grey else cv2.IMREAD_COLOR
        image = cv2.imdecode(np.frombuffer(data, np.uint8), kind)
    except cv2.error as error:
        if "CV_IO_MAX_IMAGE" in str(error):  # see `decoders`
            return "the picture has more pixels than ruler reads"
        image = None
    if image is None:
        return "the picture file is damaged or not a picture"
    picture = image if is_grey else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    return picture.astype(np.uint8, copy=False)


def _ends_early(data: bytes) -> bool:
    """OpenCV fills what a cut JPEG lacks with grey and calls that a success: look for its end."""
    if data.startswith(b"\xff\xd8"):
        return b"\xff\xd9" not in data[-4096:]
    if data.startswith(b"\x89PNG"):
        return b"IEND" not in data[-4096:]
    return False


def _declared_size(data: bytes) -> tuple[int, int] | None:
    """Width and height by the header of a PNG, BMP or JPEG; None for others and broken headers."""
    if data.startswith(b"\x89PNG") and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    if data.startswith(b"BM") and len(data) >= 26:
        width, height = struct.unpack("<ii", data[18:26])
        return abs(width), abs(height)
    if data.startswith(b"\xff\xd8"):
        return _jpeg_size(data)
    return None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _JPEG_FRAME_HEADERS:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _JPEG_BARE_MARKERS:
            at += 2
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
