"""Where the background lies in each frame: a camera that shakes moves everything, and nobody."""

from __future__ import annotations

from collections.abc import Sequence

from ruler.captioners.motion.arrays import Grey
from ruler.captioners.motion.flow import Memo
from ruler.captioners.motion.sight import Look, Shift, Sight
from ruler.video.frames import Frame

_KEPT = 24
"""Frames that are remembered: two windows' worth and more."""


class Places:
    """What each frame tells of the camera, told once though many windows share it.

    Args:
        sight: The background.
    """

    def __init__(self, sight: Sight) -> None:
        self._sight = sight
        self._looks: Memo[Look] = Memo(_KEPT)
        self._shifts: Memo[Shift] = Memo(_KEPT)

    def look(self, frame: Frame, grey: Grey) -> Look:
        """What a frame tells of the camera."""
        return self._looks.get(frame.digest, lambda: self._sight.look(grey))

    def shifts(self, frames: Sequence[Frame], greys: Sequence[Grey]) -> list[Shift] | None:
        """Where the background lies in each frame of a window, in pixels; None where it lies still.

        Shifts that are too small to be looked for count where others are not: between two frames
        both would be taken for motion.
        """
        looks = [self.look(*pair) for pair in zip(frames, greys, strict=True)]
        if not any(look.is_shifted for look in looks):
            return None
        return [
            look.shift if look.is_shifted else self._near(frame, grey)
            for look, frame, grey in zip(looks, frames, greys, strict=True)
        ]

    def _near(self, frame: Frame, grey: Grey) -> Shift:
        return self._shifts.get(frame.digest, lambda: self._sight.near_shift(grey))
