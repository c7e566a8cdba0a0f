"""Frames and windows of frames, as readers hand them to captioners."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from ruler.schemas.runs import ClipInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Frame:
    """One decoded frame, upright.

    Attributes:
        index: Position in presentation order, from 0.
        time_seconds: Presentation time, 0 at the clip's first frame.
        image: uint8 array (height, width, 3), RGB, or (height, width), grey, where that was asked
            for; read-only. May be part of a larger array.
    """

    index: int
    time_seconds: float
    image: NDArray[np.uint8]

    @cached_property
    def digest(self) -> bytes:
        """Hash of shape and pixels."""
        hasher = hashlib.blake2b(repr(self.image.shape).encode(), digest_size=32)
        hasher.update(self.image.data if self.image.flags.c_contiguous else self.image.tobytes())
        return hasher.digest()


@dataclass(frozen=True)
class FrameFailure:
    """A frame that could not be decoded, and why."""

    index: int
    time_seconds: float
    reason: str


@dataclass(frozen=True)
class WindowSpec:
    """The frames a captioner needs for one sample.

    The window of a sample ends at the sample's place on an analysis grid of one frame every
    `step_seconds`, and reaches `steps` grid frames back. At the start of a clip it reaches forward
    instead, so that it always holds at least `min_steps` + 1 frames where the clip has them. With
    `steps` = 0 the window is the sampled frame itself. `width` asks for frames shrunk to that many
    pixels across (never enlarged), `is_grey` for frames without colour.
    """

    steps: int = 0
    step_seconds: float = 0.1
    min_steps: int = 0
    width: int | None = None
    is_grey: bool = False


@dataclass(frozen=True, eq=False)
class FrameWindow:
    """A sampled frame with the frames before it.

    Attributes:
        clip: The clip's name (a replay needs it; pixels alone decide every other caption).
        frame_index: The sampled frame.
        time_seconds: Its presentation time.
        frames: Ascending in time; neighbouring windows share `Frame` objects.
    """

    clip: str
    frame_index: int
    time_seconds: float
    frames: tuple[Frame, ...]

    @cached_property
    def sha256(self) -> str:
        """Hash of all pixels and of the frames' distances in time (to the millisecond)."""
        hasher = hashlib.sha256()
        end = self.frames[-1].time_seconds
        for frame in self.frames:
            hasher.update(frame.digest)
            hasher.update(f"{round((end - frame.time_seconds) * 1000)};".encode())
        return hasher.hexdigest()


@dataclass(frozen=True)
class WindowFailure:
    """A sample whose window cannot be read; its frame becomes `failed`."""

    clip: str
    frame_index: int
    time_seconds: float
    reason: str


class HeldClip:
    """What is known of a clip that holds its times.

    Args:
        info, times: See `Clip`.
    """

    def __init__(self, info: ClipInfo, times: NDArray[np.float64]) -> None:
        self._info = info
        self._times = times

    @property
    def info(self) -> ClipInfo:
        """See `Clip`."""
        return self._info

    @property
    def times(self) -> NDArray[np.float64]:
        """See `Clip`."""
        return self._times


class Clip(Protocol):
    """A clip that can be read. Cheap to hold, opened anew by each call, safe in many threads."""

    @property
    def info(self) -> ClipInfo:
        """What is known without decoding."""

    @property
    def times(self) -> NDArray[np.float64]:
        """Presentation time of each frame in seconds, shape (frames,), ascending, from 0."""

    def frames(
        self, indices: Sequence[int], *, width: int | None = None, is_grey: bool = False
    ) -> Iterator[Frame | FrameFailure]:
        """Decode frames in one forward pass.

        Args:
            indices: Ascending, without repeats.
            width: Shrink frames wider than this, keeping their shape.
            is_grey: Leave the colours out: a part of the work, most of all with a small `width`.

        Yields:
            One item an index, in order; a damaged frame is a `FrameFailure`, never left out.
        """


def checked(indices: Sequence[int], count: int) -> list[int]:
    """Frame numbers as a reader needs them.

    Raises:
        ValueError: they do not ascend, or lie outside [0, count).
    """
    wanted = [int(index) for index in indices]
    if any(later <= earlier for earlier, later in pairwise(wanted)):
        raise ValueError("frame indices must ascend without repeats")
    if wanted and not 0 <= wanted[0] <= wanted[-1] < count:
        raise ValueError(f"frame indices must lie in [0, {count})")
    return wanted
