"""The frames of a clip that are looked at, and which frames each speaks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ruler.video.frames import Clip


@dataclass(frozen=True)
class Sample:
    """One sampled frame nobody has looked at yet; it speaks for [frame_index, until_frame)."""

    frame_index: int
    until_frame: int
    time_seconds: float


def samples_of(
    clip: Clip, frames: NDArray[np.int64], start: int = 0, stop: int | None = None
) -> list[Sample]:
    """Samples for frames[start:stop], each speaking up to the next; the last for the clip's rest.

    Args:
        clip: Gives the time stamps.
        frames: All sampled frame indices of the clip, ascending: int64 (samples,).
        start: Where to begin in `frames`.
        stop: Where to end (exclusive); None for all.
    """
    stop = len(frames) if stop is None else min(stop, len(frames))
    some = frames[start:stop]
    ends = [*frames[start + 1 : stop + 1].tolist(), clip.info.frames]
    seconds = clip.times[some].tolist()
    return list(map(Sample, some.tolist(), ends, seconds))
