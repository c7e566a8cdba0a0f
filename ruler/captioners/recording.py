"""Writing captions down while they are used, so that `replay:DIR` gives them again.

What is written is which frame of which clip has which caption, wherever it came from: a caption out
of the store or shared with another frame never passes through `caption`, and without it a replay
would miss frames. So the captioning step hands over every caption by `record`.
"""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ruler.captioners.base import Adapting, Captioned, Captioner, CaptionerIdentity
from ruler.captioners.replay import line_of, read_recording
from ruler.errors import InputError, StoreError
from ruler.schemas.base import bytes_hash
from ruler.schemas.captions import Caption, SceneModel
from ruler.schemas.rules import Cameras, Place
from ruler.schemas.runs import Every
from ruler.video.frames import Clip, FrameWindow, WindowSpec
from ruler.video.similarity import Similarity

FILE = "captions.jsonl"


class RecordingCaptioner:
    """Another captioner, with a recording of its captions; it answers exactly as that one does.

    A recording only grows. It holds one line a frame, in order of writing, and about 200 bytes a
    line are held in memory to know what is in it.

    Args:
        inner: Who captions.
        folder: Where to write `captions.jsonl`; made where it is missing. One that is there goes
            on, and a last line that a killed run left half written is dropped.

    Raises:
        InputError: nothing can be written there, or the recording there cannot be read.
    """

    def __init__(self, inner: Captioner, folder: Path) -> None:
        self._inner = inner
        self._path = folder / FILE
        self._lock = threading.Lock()
        self._written: dict[tuple[str, int], str] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            size = _mend(self._path)
        except OSError as error:
            raise InputError(
                f"{folder}: captions cannot be recorded there: {error.strerror}"
            ) from error
        recording = read_recording(self._path) if size else {}
        for clip, frames in recording.items():
            for frame, caption in frames.items():
                self._written[clip, frame] = _digest(line_of(clip, frame, caption))

    @property
    def identity(self) -> CaptionerIdentity:
        """As of the captioner inside."""
        return self._inner.identity

    @property
    def window(self) -> WindowSpec:
        """As of the captioner inside."""
        return self._inner.window

    @property
    def default_every(self) -> Every:
        """As of the captioner inside."""
        return self._inner.default_every

    @property
    def measured(self) -> tuple[str, ...]:
        """As of the captioner inside."""
        return self._inner.measured

    @property
    def sharing(self) -> Similarity | None:
        """As of the captioner inside."""
        found: Similarity | None = getattr(self._inner, "sharing", None)
        return found

    def fit(
        self, references: Sequence[Clip], *, cameras: Cameras, place: Place
    ) -> SceneModel | None:
        """As of the captioner inside."""
        return self._inner.fit(references, cameras=cameras, place=place)

    def adapt(self, clip: Clip, scene_model: SceneModel | None) -> SceneModel | None:
        """As of the captioner inside, if it adapts at all."""
        if isinstance(self._inner, Adapting):
            return self._inner.adapt(clip, scene_model)
        return scene_model

    def caption(
        self, windows: Iterable[FrameWindow], scene_model: SceneModel | None
    ) -> Iterator[Captioned]:
        """As of the captioner inside; nothing is written here, but by `record`."""
        return self._inner.caption(windows, scene_model)

    def record(self, clip: str, captions: Sequence[tuple[int, Caption]]) -> None:
        """Write down captions of a clip by frame; what is written already is left out.

        Safe in several threads. All lines are one write at the file's end.

        Raises:
            InputError: another caption of that frame is in the recording.
            StoreError: the disk is full, or the folder has gone.
        """
        with self._lock:
            new: dict[tuple[str, int], str] = {}
            for frame, caption in captions:
                line = line_of(clip, frame, caption)
                before = self._written.get((clip, frame))
                if before is None:
                    new[clip, frame] = line
                elif before != _digest(line):
                    raise InputError(
                        f"{self._path} holds another caption for clip {clip} frame {frame}: "
                        "record into a new folder."
                    )
            if new:
                _append(self._path, "".join(f"{line}\n" for line in new.values()).encode())
                self._written |= {place: _digest(line) for place, line in new.items()}


def _digest(line: str) -> str:
    return bytes_hash(line.encode())[:16]


def _append(path: Path, data: bytes) -> None:
    try:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            end = os.fstat(file).st_size
            if os.write(file, data) < len(data):
                os.ftruncate(file, end)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            os.close(file)
    except OSError as error:
        raise StoreError(f"{path}: captions cannot be recorded: {error.strerror}") from error


def _mend(path: Path) -> int:
    """End the file with a whole line, and see that it can be written; its size in bytes."""
    with path.open("ab+") as file:
        end = file.seek(0, os.SEEK_END)
        start = end
        while start and (file.seek(start - 1), file.read(1))[1] != b"\n":
            start -= 1
        file.seek(start)
        tail = file.read()
        if tail and _is_json(tail):
            file.write(b"\n")
        elif tail:
            file.truncate(start)
        return file.seek(0, os.SEEK_END)


def _is_json(data: bytes) -> bool:
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        return False
    return True
