"""Opening clips, and what to call them."""

from __future__ import annotations

import math
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from ruler.errors import ClipError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ruler.video.files import Reader
    from ruler.video.frames import Clip

DEFAULT_READER: Reader = "pyav"
"""PyAV reports damage, which decord hides; their pixels are the same, and decord is no faster."""


def open_clip(
    path: str | Path,
    *,
    name: str | None = None,
    frame_rate: float | None = None,
    reader: Reader = DEFAULT_READER,
) -> Clip:
    """Open a video file, a folder of pictures, or a single picture.

    Args:
        path: The file or folder.
        name: How results call it; its last component where none is given (see `clip_names`).
        frame_rate: Pictures a second in a folder, 25 where none is given. A video file has times of
            its own, which win.
        reader: What decodes a video file. decord reads only clips that PyAV has found whole, which
            takes one decoding pass here; it leaves all others to PyAV. `info.reader` tells.

    Raises:
        ClipError: nothing can be read there; says what is wrong and what to do.
    """
    # Not before: a run whose clips are known opens none, and PyAV takes a while to import.
    from ruler.video.containers import unreadable
    from ruler.video.files import open_file
    from ruler.video.folders import is_misnamed, is_picture, open_folder, open_pictures

    place = Path(path)
    if frame_rate is not None and not (math.isfinite(frame_rate) and frame_rate > 0):
        raise ClipError(str(path), f"its frame rate cannot be {frame_rate:g}", "Give one above 0.")
    name = name or clip_names([path])[0]
    try:
        if place.is_dir():
            return open_folder(place, name=name, frame_rate=frame_rate)
        if place.is_file() and is_picture(place) and not is_misnamed(place):
            return open_pictures(place, [place], name=name, frame_rate=frame_rate)
        return open_file(place, name=name, reader=reader)
    except OSError as error:
        raise unreadable(str(path), error) from error


def clip_names(paths: Sequence[str | Path]) -> list[str]:
    """Short names that tell paths apart: the last component, or as many as that takes.

    Names have '/' between components on every platform. A path that is given twice gets a number
    (`01#2`). Deterministic.
    """
    parts = [_components(path) for path in paths]
    distinct = list(dict.fromkeys(parts))
    depths = [1] * len(distinct)
    while True:
        names = ["/".join(part[-depth:]) for part, depth in zip(distinct, depths, strict=True)]
        count = Counter(names)
        deeper = [
            min(depth + (count[name] > 1), len(part))
            for name, part, depth in zip(names, distinct, depths, strict=True)
        ]
        if deeper == depths:
            break
        depths = deeper
    by_path = dict(zip(distinct, names, strict=True))
    return _numbered([by_path[part] for part in parts])


def _components(path: str | Path) -> tuple[str, ...]:
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links
    return tuple(part.strip("/\\") for part in absolute.parts if part.strip("/\\")) or ("/",)


def _numbered(names: Sequence[str]) -> list[str]:
    taken = set(names)
    seen: Counter[str] = Counter()
    unique = []
    for name in names:
        seen[name] += 1
        candidate = name
        while seen[name] > 1 and candidate in taken:
            candidate = f"{name}#{seen[name]}"
            seen[name] += candidate in taken
        taken.add(candidate)
        unique.append(candidate)
    return unique
