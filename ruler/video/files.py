"""Video files as clips."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import TYPE_CHECKING, BinaryIO, Literal

import numpy as np

from ruler.schemas.runs import ClipInfo
from ruler.video import decord_reader, heartbeat
from ruler.video.containers import check_file, unreadable
from ruler.video.decoding import Decoder
from ruler.video.frames import Frame, FrameFailure, checked
from ruler.video.probe import probe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ruler.video.index import PacketIndex
    from ruler.video.probe import Facts

Reader = Literal["pyav", "decord"]

_DEFAULT_RATE = 25.0
_VARIABLE_SHARE = 0.1
_ROUNDING_SECONDS = 0.0015
"""Containers that count milliseconds round each time stamp."""

_HASH_BYTES = 1 << 20
_SMALL_BYTES = 4 << 30


class FileClip:
    """A video file. Holds no open file: each call of `frames` opens its own."""

    def __init__(self, path: Path, info: ClipInfo, facts: Facts, index: PacketIndex) -> None:
        self._path = path
        self._info = info
        self._facts = facts
        self._index = index
        self._goes_on = False
        self._decoder: Decoder | None = None

    @property
    def info(self) -> ClipInfo:
        """See `Clip`."""
        return self._info

    @property
    def times(self) -> NDArray[np.float64]:
        """See `Clip`."""
        return self._index.times

    @property
    def starts(self) -> NDArray[np.int64]:
        """Frames that decoding can start at without those before them, ascending: int64 (keys,)."""
        return np.sort(self._index.rank_at[self._index.keys]).astype(np.int64)

    def frames(
        self, indices: Sequence[int], *, width: int | None = None, is_grey: bool = False
    ) -> Iterator[Frame | FrameFailure]:
        """See `Clip`.

        Raises:
            ClipError: the file has gone since it was opened.
            ValueError: `indices` do not ascend, or lie outside the clip.
        """
        wanted = checked(indices, len(self.times))
        pictures = self._pictures(wanted, width, is_grey=is_grey)
        for index, picture in zip(wanted, pictures, strict=True):
            seconds = float(self.times[index])
            if isinstance(picture, str):
                yield FrameFailure(index, seconds, picture)
            else:
                yield Frame(index, seconds, picture)

    def _pictures(
        self, wanted: Sequence[int], width: int | None, *, is_grey: bool
    ) -> Iterator[NDArray[np.uint8] | str]:
        done = 0
        if self._info.reader == "decord" and not is_grey:
            try:
                for picture in decord_reader.read(self._path, wanted, width=width):
                    done += 1
                    yield picture
            except RuntimeError:
                pass  # PyAV gives the same pixels, so it can take over anywhere
        if self._goes_on:
            yield from self._kept(width, is_grey=is_grey).read(wanted[done:])
        else:
            with self._made(width, is_grey=is_grey) as decoder:
                yield from decoder.read(wanted[done:])

    def go_on(self) -> None:
        """From now on hold the file open between readings, and go on where the last one ended. For
        one reader at a time, which closes the clip."""
        self._goes_on = True

    def close(self) -> None:
        """Hold nothing open."""
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None

    def _kept(self, width: int | None, *, is_grey: bool) -> Decoder:
        if self._decoder is not None and self._decoder.form == (width, is_grey):
            return self._decoder
        self.close()
        self._decoder = self._made(width, is_grey=is_grey)
        return self._decoder

    def _made(self, width: int | None, *, is_grey: bool) -> Decoder:
        return Decoder(
            self._path,
            self._facts,
            self._index,
            width=width,
            is_grey=is_grey,
            goes_on=self._goes_on,
        )


def open_file(path: Path, *, name: str, reader: Reader) -> FileClip:
    """Open a video file; see `clips.open_clip`."""
    check_file(path)
    facts, index = probe(path)
    if reader == "decord" and not decord_reader.can_read(path, index):
        reader = "pyav"
    is_upright = facts.quarter_turns % 2 == 0
    width, height = facts.width, facts.height
    fps = _average_rate(index.times, facts.rate)
    info = ClipInfo(
        name=name,
        path=str(path),
        sha256=_file_hash(path),
        frames=len(index.times),
        fps=fps,
        duration_seconds=float(index.times[-1]) + 1 / fps,
        width=width if is_upright else height,
        height=height if is_upright else width,
        reader=reader,
        is_variable_rate=is_variable(index.times),
        start_time=facts.start_time,
    )
    return FileClip(path, info, facts, index)


def is_variable(times: NDArray[np.float64]) -> bool:
    """Whether frames lie unevenly in time, by more than a tenth of their average distance."""
    steps = np.diff(times)
    if not len(steps):
        return False
    slack = _VARIABLE_SHARE * float(steps.mean()) + _ROUNDING_SECONDS
    return bool((np.abs(steps - steps.mean()) > slack).any())


def _average_rate(times: NDArray[np.float64], header_rate: float | None) -> float:
    if times[-1] > 0:
        return (len(times) - 1) / float(times[-1])
    return header_rate or _DEFAULT_RATE


def _file_hash(path: Path) -> str:
    try:
        hasher = hashlib.sha256()
        with path.open("rb") as file:
            for start, stop in _held(file):
                file.seek(start)
                # Where a file grows meanwhile, up to where it ended.
                while block := file.read(min(_HASH_BYTES, stop - file.tell())):
                    heartbeat.beat()
                    hasher.update(block)
        return hasher.hexdigest()
    except OSError as error:
        raise unreadable(str(path), error) from error


def _held(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Stretches [start, stop) of a file to hash: all of it, unless it is large and mostly a hole,
    such as a download that has just begun. A hole of a terabyte takes no disk, but hours to read.
    """
    said = os.fstat(file.fileno())
    stop, end = 0, said.st_size
    if end < _SMALL_BYTES or said.st_blocks * 512 > end // 2:
        yield 0, end
        return
    with contextlib.suppress(OSError):  # behind the last stretch there is no other
        while True:
            start = os.lseek(file.fileno(), stop, os.SEEK_DATA)
            stop = os.lseek(file.fileno(), start, os.SEEK_HOLE)
            yield start, stop
