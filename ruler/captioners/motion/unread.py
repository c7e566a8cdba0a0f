"""Frames of references that cannot be read: a scene is learned without them, and says so.

A damaged clip teaches less than it seems to. On a machine that is so busy that a decoder shows no
sign of life for too long, even a sound one does, and what is learned then is another scene.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ruler.video.frames import Clip, Frame, FrameFailure, HeldClip


class NotingClip(HeldClip):
    """A clip that notes which of its frames could not be read.

    Args:
        clip: The clip itself.
    """

    def __init__(self, clip: Clip) -> None:
        super().__init__(clip.info, clip.times)
        self._clip = clip
        self._asked: set[int] = set()
        self._failed: dict[int, FrameFailure] = {}

    def frames(
        self, indices: Sequence[int], *, width: int | None = None, is_grey: bool = False
    ) -> Iterator[Frame | FrameFailure]:
        """See `Clip`."""
        for frame in self._clip.frames(indices, width=width, is_grey=is_grey):
            self._asked.add(frame.index)
            if isinstance(frame, FrameFailure):
                self._failed.setdefault(frame.index, frame)
            yield frame

    @property
    def warning(self) -> str | None:
        """What was not read, where, and why, as a clause; None where all was."""
        if not self._failed:
            return None
        first = self._failed[min(self._failed)]
        return (
            f"{len(self._failed)} of {len(self._asked)} frames of {self.info.name} could not be "
            f"read and taught nothing, the first at {first.time_seconds:.1f} s: "
            f"{first.reason.rstrip('.')}"
        )
