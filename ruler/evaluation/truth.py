"""Truth by frame: labels of a manifest against the frames of a clip."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruler.errors import InputError
from ruler.files import read_json

Labels = dict[str, Any]

_MOST_SECONDS = 1e9


def load_labels(path: Path) -> Labels:
    """The labels file of a `kind: clips` manifest: by clip, 0/1 a frame or spans in seconds.

    Raises:
        InputError: it cannot be read, or an entry has neither form.
    """
    labels = read_json(path, "labels")
    if not isinstance(labels, dict):
        raise InputError(f"{path} must map clips to labels, not be a {type(labels).__name__}.")
    for clip, entry in labels.items():
        is_frames = isinstance(entry, list) and all(label in (0, 1) for label in entry)
        if not (is_frames or _is_spans(entry)):
            raise InputError(
                f"{path}: the labels of {clip!r} must be a list of 0 and 1 a frame, or "
                '{"seconds": [[start, stop], ...]}.'
            )
    return labels


def _is_spans(entry: Any) -> bool:
    """`{"seconds": [[start, stop], ...]}` with numbers, start before stop."""
    spans = entry.get("seconds") if isinstance(entry, dict) else None
    return isinstance(spans, list) and all(
        isinstance(span, list)
        and len(span) == 2
        and all(isinstance(end, int | float) and abs(end) <= _MOST_SECONDS for end in span)
        and span[0] <= span[1]
        for span in spans
    )


def frame_truth(entry: Any, times: Sequence[float], clip: str) -> list[int]:
    """Truth of each frame of a clip.

    Args:
        entry: The clip's labels: a list a frame, or `{"seconds": [[start, stop], ...]}`, half-open.
        times: Presentation time of each frame.
        clip: For the error message.

    Raises:
        InputError: there are labels for another number of frames.
    """
    if isinstance(entry, list):
        if len(entry) != len(times):
            raise InputError(
                f"clip {clip!r} has {len(times)} frames, but its labels are for {len(entry)}."
            )
        return [int(label) for label in entry]
    spans = [(float(start), float(stop)) for start, stop in entry["seconds"]]
    return [int(any(start <= time < stop for start, stop in spans)) for time in times]
