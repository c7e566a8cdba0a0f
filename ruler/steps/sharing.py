"""Which sampled frames share a caption: near-duplicates of one before them.

The clip's samples fall into groups of `GROUP`, counted from its first sample. Within a group each
frame is held against the last one that was captioned itself, the anchor; the first is one. What a
group comes to depends on its own frames alone, so chunks may begin and end anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ruler.video.frames import FrameWindow, WindowFailure

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ruler.video.similarity import Similarity

GROUP = 8
"""Samples a group: at most so many frames go by one caption, and so many are read again where a
chunk begins inside a group."""


@dataclass(frozen=True)
class Subject:
    """A sampled frame, and the window that its caption is about: its own, or its anchor's."""

    frame_index: int
    window: FrameWindow

    @property
    def is_shared(self) -> bool:
        """Is it another frame's caption?"""
        return self.frame_index != self.window.frame_index


class Groups:
    """The groups of a clip's samples.

    Args:
        sampled: Indices of all sampled frames of the clip, ascending: int64 (samples,).
    """

    def __init__(self, sampled: NDArray[np.int64]) -> None:
        self._sampled = sampled

    def of(self, frame: int) -> int:
        """The number of a sampled frame's group."""
        return int(np.searchsorted(self._sampled, frame)) // GROUP

    def needed(self, frames: Sequence[int]) -> list[int]:
        """The frames to read to know the anchors of some: those before them in their groups, too.

        Args:
            frames: Sampled frames, ascending.

        Raises:
            ValueError: one of them is no sample.
        """
        places = np.searchsorted(self._sampled, frames)
        found = self._sampled[np.minimum(places, len(self._sampled) - 1)]
        if not np.array_equal(found, frames):
            raise ValueError("frames must be among the sampled ones")
        needed: set[int] = set()
        for place in places.tolist():
            needed.update(self._sampled[place - place % GROUP : place + 1].tolist())
        return sorted(needed)

    def whole(self, frames: Sequence[int]) -> list[int]:
        """All sampled frames of the groups that some frames are in, ascending."""
        numbers = sorted({self.of(frame) for frame in frames})
        return [
            frame
            for number in numbers
            for frame in self._sampled[number * GROUP : (number + 1) * GROUP].tolist()
        ]


def share(
    windows: Iterable[FrameWindow | WindowFailure], groups: Groups, similarity: Similarity
) -> Iterator[Subject | WindowFailure]:
    """Find each window's anchor.

    Args:
        windows: Of the frames that `Groups.needed` names, in order.
        groups: The clip's.
        similarity: When two windows share a caption.

    Yields:
        One item a window, in order. A window that cannot be read is no anchor.
    """
    group, anchor, kept = -1, None, None
    for window in windows:
        if groups.of(window.frame_index) != group:
            group, anchor, kept = groups.of(window.frame_index), None, None
        if isinstance(window, WindowFailure):
            yield window
            continue
        look = similarity.look(window)
        if anchor is None or kept is None or not similarity.is_alike(kept, look):
            anchor, kept = window, look
        yield Subject(window.frame_index, anchor)
