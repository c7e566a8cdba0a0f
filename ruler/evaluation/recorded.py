"""Recorded captions of a `kind: captions` manifest, and the truth that goes with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruler.errors import InputError
from ruler.files import MOST_FRAMES, lines, parse_json, read_json
from ruler.schemas.captions import Caption, recorded_caption
from ruler.schemas.observations import Observation

CAPTIONER = "recorded"


@dataclass(frozen=True)
class Recorded:
    """One captioned frame: `label` is what the recording says, `truth` what counts."""

    frame: int
    text: str
    label: int
    truth: int


@dataclass(frozen=True)
class Video:
    """The captioned frames of one video, in order."""

    name: str
    frames: Sequence[Recorded]
    fps: float

    def observations(self) -> list[Observation]:
        """What a replaying captioner would say of each frame, up to the next."""
        ends = [*(seen.frame for seen in self.frames[1:]), self.frames[-1].frame + 1]
        return [
            Observation(
                frame_index=seen.frame,
                until_frame=end,
                time_seconds=seen.frame / self.fps,
                caption=caption_of(self.name, seen),
            )
            for seen, end in zip(self.frames, ends, strict=True)
        ]


def caption_of(video: str, seen: Recorded) -> Caption:
    """The caption of a recorded frame."""
    window = f"{video}#{seen.frame}"
    return recorded_caption(seen.text, captioner=CAPTIONER, window_sha256=window)


def load_recorded(path: Path, fps: float, intervals: Path | None) -> list[Video]:
    """The videos of a recording, sorted by name, each in order of its frames.

    Args:
        path: One JSON a line with video, frame, label and caption; gzip where it ends in .gz.
        fps: Frames a second.
        intervals: File of {video: [[start_frame, stop_frame), ...]}: truth instead of `label`.

    Raises:
        InputError: what is wrong, with file and line.
    """
    spans = _load_intervals(intervals) if intervals else None
    rows: dict[str, dict[int, Recorded]] = {}
    for number, line in lines(path):
        video, frame, label, text = _row(f"{path}:{number}", line)
        seen = rows.setdefault(video, {})
        if frame in seen:
            raise InputError(f"{path}:{number}: video {video!r} has frame {frame} twice.")
        truth = label
        if spans is not None:
            truth = int(any(start <= frame < stop for start, stop in spans.get(video, ())))
        seen[frame] = Recorded(frame, text, label, truth)
    if not rows:
        raise InputError(f"{path}: there is no caption in it.")
    return [
        Video(name, [seen[f] for f in sorted(seen)], fps) for name, seen in sorted(rows.items())
    ]


def _row(place: str, line: str) -> tuple[str, int, int, str]:
    try:
        row = parse_json(line)
    except ValueError as error:
        raise InputError(f"{place}: not JSON: {error}.") from error
    if not isinstance(row, dict):
        raise InputError(f"{place}: expected an object with video, frame, label and caption.")
    video, frame, label, text = (row.get(key) for key in ("video", "frame", "label", "caption"))
    if not isinstance(video, str) or not video or not isinstance(text, str):
        raise InputError(f"{place}: `video` and `caption` must be text.")
    if type(frame) is not int or not 0 <= frame < MOST_FRAMES:
        raise InputError(f"{place}: `frame` must be a whole number from 0 to {MOST_FRAMES}.")
    if label not in (0, 1):
        raise InputError(f"{place}: `label` must be 0 or 1.")
    return video, frame, int(label), text


def _load_intervals(path: Path) -> Mapping[str, Sequence[tuple[int, int]]]:
    found = read_json(path, "intervals")
    if not isinstance(found, dict) or not all(isinstance(one, list) for one in found.values()):
        raise InputError(f"{path} must map videos to [[start_frame, stop_frame], ...].")
    return {
        video: [_interval(path, video, span) for span in spans] for video, spans in found.items()
    }


def _interval(path: Path, video: str, span: Any) -> tuple[int, int]:
    is_pair = isinstance(span, list) and len(span) == 2 and all(type(n) is int for n in span)
    if not is_pair or not 0 <= span[0] <= span[1] <= MOST_FRAMES:
        raise InputError(
            f"{path}: each interval of {video!r} must be [start_frame, stop_frame], whole numbers."
        )
    return span[0], span[1]
