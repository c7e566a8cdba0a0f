"""Clips that were opened before and have not changed since: known without being opened again.

A file is taken for unchanged where all that the system says of it is as it was: device, number,
size, and when its content and its entry were changed last, to the nanosecond. A change within one
tick of the clock, which none of these would show, is ruled out: what was changed less than
`SETTLED_SECONDS` before it was opened is not kept.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ruler.errors import ClipError
from ruler.schemas.base import content_hash
from ruler.schemas.runs import ClipInfo
from ruler.video.frames import Clip, Frame, FrameFailure, HeldClip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

SETTLED_SECONDS = 2.0
"""How long a file must have been left alone: more than the coarsest clock of a usual file system.
"""

OPENING = 2
"""Counts up where opening a clip gives other times or other frames than before."""


class ClipMemory(Protocol):
    """Where it is kept what opening clips gave (`rules_store.clip_files.ClipFiles`)."""

    def get(self, path: str, signature: str) -> tuple[ClipInfo, NDArray[np.float64]] | None:
        """What was kept of a path under that signature."""

    def put(self, path: str, signature: str, info: ClipInfo, times: NDArray[np.float64]) -> None:
        """Keep what opening a clip gave."""

    def forget(self, path: str) -> None:
        """Keep nothing of a path."""


@dataclass(frozen=True)
class Signature:
    """Hash of all that the system says of a file, with how it is opened; and when the file was
    changed last, in seconds since 1970."""

    text: str
    changed: float

    @property
    def is_settled(self) -> bool:
        """Whether a change after this look would show in the next one."""
        return abs(time.time() - self.changed) > SETTLED_SECONDS


def signature_of(path: Path, *options: object) -> Signature | None:
    """What the system says of a file, or of a folder and all files in it; None for what is neither.

    Args:
        path: A video file, a picture or a folder of pictures.
        options: What else decides how it is opened.
    """
    try:
        found = [("", path.stat())]
        if path.is_dir():
            with os.scandir(path) as entries:
                found += sorted((entry.name, entry.stat()) for entry in entries)
    except OSError:
        return None
    told = [
        [name, one.st_mode, one.st_dev, one.st_ino, one.st_size, one.st_mtime_ns, one.st_ctime_ns]
        for name, one in found
    ]
    changed = max(max(one.st_mtime, one.st_ctime) for _, one in found)
    return Signature(content_hash([OPENING, told, *options]), changed)


class KnownClip(HeldClip):
    """A clip that was opened before; it is opened again once its pictures are asked for.

    Args:
        info, times: See `Clip`.
        reopen: Opens it.
        forget: Told where it turns out to be another clip after all.
    """

    def __init__(
        self,
        info: ClipInfo,
        times: NDArray[np.float64],
        reopen: Callable[[], Clip],
        forget: Callable[[], None],
    ) -> None:
        super().__init__(info, times)
        self._reopen = reopen
        self._forget = forget
        self._opened: Clip | None = None
        self._lock = threading.Lock()

    def frames(
        self, indices: Sequence[int], *, width: int | None = None, is_grey: bool = False
    ) -> Iterator[Frame | FrameFailure]:
        """See `Clip`.

        Raises:
            ClipError: the file has gone, or is another one.
        """
        return self._clip().frames(indices, width=width, is_grey=is_grey)

    def open_beside(self) -> None:
        """Open it in a thread of its own: its pictures will be asked for."""

        def opened() -> None:
            with contextlib.suppress(ClipError):  # said where they are asked for
                self._clip()

        threading.Thread(target=opened, name="opening", daemon=True).start()

    def _clip(self) -> Clip:
        with self._lock:
            if self._opened is None:
                opened = self._reopen()
                if opened.info.sha256 != self._info.sha256:
                    self._forget()
                    raise ClipError(
                        self._info.path, "it changed while it was worked on", "Run it again."
                    )
                self._opened = opened
            return self._opened
