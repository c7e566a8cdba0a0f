"""Clips that are opened and decoded in processes of their own, with limits.

A hostile file may hang a decoder, crash it or eat the memory. Here that costs a decoder process:
the file is refused in one sentence or, in its middle, the frames that depend on the spot fail with
the reason, and everything else goes on. The pixels are those of `open_clip`.

It needs POSIX (descriptors that a child inherits, `RLIMIT_AS`); elsewhere clips are opened here.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ruler.errors import ClipError
from ruler.schemas.runs import ClipInfo
from ruler.video.clips import DEFAULT_READER, open_clip
from ruler.video.frames import Frame, FrameFailure, HeldClip, checked
from ruler.video.limits import DEFAULT_LIMITS, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ruler.video.columns import Sealed
    from ruler.video.files import Reader
    from ruler.video.frames import Clip

_MOST_LOSSES = 3
"""Decoders that one clip may cost before the rest of it is given up."""

_SHARED_BYTES = 64 << 20
_MOST_SLOTS = 16
"""Pictures decoded ahead, as far as they fit into `_SHARED_BYTES`; never less than two."""


def open_isolated(
    path: str | Path,
    *,
    name: str | None = None,
    frame_rate: float | None = None,
    reader: Reader = DEFAULT_READER,
    limits: Limits | None = DEFAULT_LIMITS,
) -> Clip:
    """Open a clip in a decoder process; see `clips.open_clip`.

    Args:
        path: As there.
        name: As there.
        frame_rate: As there.
        reader: As there.
        limits: What a decoder may take; None opens the clip in this process.

    Raises:
        ClipError: nothing can be read there, or a decoder is lost over it.
    """
    if limits is None or os.name != "posix":
        return open_clip(path, name=name, frame_rate=frame_rate, reader=reader)
    # Not before: a run may need no picture at all.
    from ruler.video.decoders import DecoderLostError
    from ruler.video.pool import POOL

    asked = {"path": str(path), "name": name, "frame_rate": frame_rate, "reader": reader}
    try:
        with POOL.borrowed(limits) as decoder:
            answer, sealed = decoder.open(asked)
    except DecoderLostError as lost:
        from ruler.video.containers import REPAIR

        raise ClipError(str(path), str(lost), REPAIR) from lost
    return IsolatedClip(ClipInfo.model_validate(answer), sealed, limits)


@dataclass
class _Losses:
    """What a clip has cost so far, over all threads that read it."""

    count: int = 0
    reason: str = ""


class IsolatedClip(HeldClip):
    """A clip that decoder processes read.

    Args:
        info: See `Clip`.
        sealed: The clip as decoder processes know it.
        limits: What they may take.
    """

    def __init__(self, info: ClipInfo, sealed: Sealed, limits: Limits) -> None:
        super().__init__(info, sealed.columns.array(sealed.layout.times, "<f8"))
        # Frames that decoding can start at, ascending; empty where each one is.
        self._starts = sealed.columns.array(sealed.layout.starts, "<i8")
        self._sealed = sealed
        self._limits = limits
        self._losses = _Losses()
        self._lock = threading.Lock()

    def frames(
        self, indices: Sequence[int], *, width: int | None = None, is_grey: bool = False
    ) -> Iterator[Frame | FrameFailure]:
        """See `Clip`. Where a decoder is lost, the frames up to the next place that decoding can
        start at fail; where too many are, the clip's rest does.

        Raises:
            ClipError: the file has gone since it was opened.
            ValueError: `indices` do not ascend, or lie outside the clip.
        """
        from ruler.video.decoders import DecoderLostError

        wanted = checked(indices, len(self._times))
        done = 0
        while done < len(wanted):
            self._sealed.columns.rest()
            if self._losses.count >= _MOST_LOSSES:
                yield from self._failures(wanted[done:], self._losses.reason)
                return
            try:
                for item in self._read(wanted[done:], width, is_grey=is_grey):
                    done += 1
                    yield item
            except DecoderLostError as lost:
                self._note(str(lost))
                stop = self._spared(wanted, done)
                yield from self._failures(wanted[done:stop], str(lost))
                done = stop

    def _read(
        self, wanted: Sequence[int], width: int | None, *, is_grey: bool
    ) -> Iterator[Frame | FrameFailure]:
        shown = min(self._info.width, width or self._info.width)
        # One more row than proportion says: shrinking rounds.
        size = (1 if is_grey else 3) * shown * (self._info.height * shown // self._info.width + 1)
        slots = max(2, min(_MOST_SLOTS, _SHARED_BYTES // size))
        from ruler.video.pool import POOL

        # One that has just read what lies before goes on from there.
        with POOL.borrowed(
            self._limits, distance=lambda one: one.distance(self._sealed, wanted[0])
        ) as decoder:
            pictures = decoder.read(
                self._sealed, wanted, width, is_grey=is_grey, slots=slots, size=size
            )
            for index, picture in zip(wanted, pictures, strict=False):
                seconds = float(self._times[index])
                if isinstance(picture, str):
                    yield FrameFailure(index, seconds, picture)
                else:
                    yield Frame(index, seconds, picture)

    def _note(self, reason: str) -> None:
        with self._lock:
            self._losses.count += 1
            self._losses.reason = reason

    def _spared(self, wanted: Sequence[int], lost: int) -> int:
        """The first of `wanted` behind the lost one that does not depend on the same pictures."""
        at = int(np.searchsorted(self._starts, wanted[lost], side="right"))
        if not len(self._starts):
            return lost + 1
        if at == len(self._starts):
            return len(wanted)
        return int(np.searchsorted(wanted, self._starts[at]))

    def _failures(self, indices: Sequence[int], reason: str) -> Iterator[FrameFailure]:
        for index in indices:
            yield FrameFailure(index, float(self._times[index]), reason)
