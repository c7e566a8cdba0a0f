"""Folders of pictures, and single pictures, as clips."""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING

import numpy as np

from ruler.errors import ClipError
from ruler.schemas.runs import ClipInfo
from ruler.video import heartbeat
from ruler.video.frames import Frame, FrameFailure, HeldClip, checked
from ruler.video.kinds import holds_film
from ruler.video.pictures import check_size, decode_picture, finish

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
DEFAULT_RATE = 25.0
MOST_BYTES = 512 << 20
"""Of a picture's file: more than the largest picture has where it is not packed at all."""

_DIGITS = re.compile(r"([0-9]+)")


class FolderClip(HeldClip):
    """Pictures in natural order of their names, one every 1 / `frame_rate` seconds."""

    def __init__(self, info: ClipInfo, pictures: Sequence[Path]) -> None:
        super().__init__(info, _times(len(pictures), info.fps))
        self._pictures = tuple(pictures)

    def frames(
        self, indices: Sequence[int], *, width: int | None = None, is_grey: bool = False
    ) -> Iterator[Frame | FrameFailure]:
        """See `Clip`.

        Raises:
            ValueError: `indices` do not ascend, or lie outside the clip.
        """
        for index in checked(indices, len(self._pictures)):
            seconds = float(self._times[index])
            picture = self._read(self._pictures[index], is_grey=is_grey)
            if isinstance(picture, str):
                yield FrameFailure(index, seconds, picture)
            else:
                yield Frame(index, seconds, finish(picture, width))

    def _read(self, path: Path, *, is_grey: bool) -> NDArray[np.uint8] | str:
        picture = _read(path, is_grey=is_grey)
        expected = (self._info.height, self._info.width)
        if not isinstance(picture, str) and picture.shape[:2] != expected:
            height, width = picture.shape[:2]
            return (
                f"{path.name} is {width} x {height} pixels, not {expected[1]} x {expected[0]} "
                "as the first picture"
            )
        return picture


def is_picture(path: Path) -> bool:
    """Whether a name is one of a picture; hidden files are none."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def is_misnamed(path: Path) -> bool:
    """Whether a video has a picture's name.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return holds_film(file.read(512))


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Sorts `frame2` before `Frame10`; names that differ in case or zeros alone keep one order."""
    parts = _DIGITS.split(name.casefold())
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in parts], name


def open_folder(path: Path, *, name: str, frame_rate: float | None) -> FolderClip:
    """Open a folder of pictures; see `clips.open_clip`."""
    try:
        entries = [entry for entry in path.iterdir() if entry.is_file()]
    except OSError as error:
        reason = f"the folder cannot be read ({(error.strerror or 'unknown error').lower()})"
        raise ClipError(str(path), reason, "Check its permissions.") from error
    pictures = sorted(filter(is_picture, entries), key=lambda entry: natural_key(entry.name))
    if not pictures:
        kinds = ", ".join(sorted(suffix[1:] for suffix in SUFFIXES))
        raise ClipError(
            str(path),
            f"the folder holds no pictures ({kinds})",
            "Give a video file, or the folder that holds the frames of one clip.",
        )
    return open_pictures(path, pictures, name=name, frame_rate=frame_rate)


def open_pictures(
    path: Path, pictures: Sequence[Path], *, name: str, frame_rate: float | None
) -> FolderClip:
    """Make one clip of pictures, in the order given.

    Raises:
        ClipError: none of them can be read, or they are too large.
    """
    rate = DEFAULT_RATE if frame_rate is None else frame_rate
    height, width = _size(path, pictures)
    info = ClipInfo(
        name=name,
        path=str(path),
        sha256=_folder_hash(pictures, rate),
        frames=len(pictures),
        fps=rate,
        duration_seconds=len(pictures) / rate,
        width=width,
        height=height,
        reader="folder",
    )
    return FolderClip(info, pictures)


def _times(count: int, rate: float) -> NDArray[np.float64]:
    times = np.arange(count, dtype=np.float64) / rate
    times.flags.writeable = False
    return times


def _size(path: Path, pictures: Sequence[Path]) -> tuple[int, int]:
    """Height and width of the first picture that can be read."""
    reasons: list[str] = []
    for candidate in pictures:
        heartbeat.beat()
        picture = _read(candidate)
        if not isinstance(picture, str):
            height, width = picture.shape[:2]
            check_size(str(path), width, height)
            return height, width
        reasons.append(picture)
    if path.is_file():
        raise ClipError(str(path), reasons[0], "Check that other programs show it.")
    reason = f"none of its pictures can be read ({pictures[0].name}: {reasons[0]})"
    raise ClipError(str(path), reason, "Write the pictures again.")


def _read(path: Path, *, is_grey: bool = False) -> NDArray[np.uint8] | str:
    # Read here rather than by OpenCV, which knows no Unicode paths on some platforms.
    try:
        if path.stat().st_size > MOST_BYTES:
            return f"the picture file is larger than {MOST_BYTES >> 20} MB"
        return decode_picture(path.read_bytes(), is_grey=is_grey)
    except OSError as error:
        return f"the picture cannot be read ({(error.strerror or 'unknown error').lower()})"


def _folder_hash(pictures: Sequence[Path], rate: float) -> str:
    """Hash of names, contents and times; the folder's own place does not matter."""
    hasher = hashlib.sha256(_times(len(pictures), rate).astype("<f8").tobytes())
    for path in pictures:
        heartbeat.beat()
        try:
            content = b"too large"
            if path.stat().st_size <= MOST_BYTES:
                with path.open("rb") as file:
                    content = hashlib.file_digest(file, "sha256").digest()
        except OSError:
            content = b""
        name = os.fsencode(path.name)
        hasher.update(len(name).to_bytes(4, "big") + name + content)
    return hasher.hexdigest()
