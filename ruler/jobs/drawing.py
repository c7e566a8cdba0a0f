"""Drawing key frames, and packing what reports draw charts with, while other work goes on.

Both wait for others most of the time (a decoder process, a compressor that needs no interpreter):
in a thread of their own they cost a run next to nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

from graphs.deps import ClipDeps
from ruler.reporting.html import pack_charts
from ruler.reporting.keyframes import draw_key_frame, key_boxes
from ruler.reporting.model import CARDS_PER_CLIP
from ruler.schemas.verdicts import Event
from ruler.video.frames import Clip, Frame


@dataclass(frozen=True)
class JudgedClip:
    """A clip whose verdicts are stored, its events, and the key frames of those that a report
    shows: JPEG by frame index, perhaps still to come."""

    deps: ClipDeps
    events: Sequence[Event]
    pictures: Future[dict[int, bytes]]


class Drawing:
    """Draws one clip's key frames after another; a context, at whose end nothing is begun any
    more."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "drawing")

    def __enter__(self) -> Drawing:
        self._pool.submit(pack_charts)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def judged(self, deps: ClipDeps) -> JudgedClip:
        """A clip whose verdicts are stored."""
        events = deps.store.events.of_clip(deps.run_id, deps.clip_number)
        shown = events[:CARDS_PER_CLIP]
        return JudgedClip(deps, events, self._pool.submit(drawn_key_frames, deps.clip, shown))


def drawn_key_frames(clip: Clip, events: Sequence[Event]) -> dict[int, bytes]:
    """Key frames as JPEG with the offending regions boxed; a frame that is gone has no picture.

    Raises:
        ClipError: the clip has gone, or is another one.
    """
    by_frame = {event.key_frame: event for event in events}
    if not by_frame:
        return {}  # a clip that is known is not opened for nothing
    return {
        frame.index: draw_key_frame(frame.image, key_boxes(by_frame[frame.index]))
        for frame in clip.frames(sorted(by_frame))
        if isinstance(frame, Frame)
    }
