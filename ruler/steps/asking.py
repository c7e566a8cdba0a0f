"""Asking a captioner for what nobody has captioned yet: as a stream, and keeping answers as they
come, so that a run that is killed asks again only for what was under way."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Protocol

from ruler.captioners.base import Captioned, Captioner
from ruler.errors import InputError, RunError, StoreError
from ruler.schemas.captions import Caption, SceneModel
from ruler.schemas.runs import Usage
from ruler.video.frames import FrameWindow

BLOCK = 16
"""Windows a look into the store, and answers that are kept together."""

NO_ANSWER = "the captioner gave no answer"


class CaptionCache(Protocol):
    """Where captions are kept (`rules_store.captions.Captions`)."""

    def get(self, keys: Iterable[str]) -> dict[str, Caption]:
        """Captions by key, as far as known."""

    def put(self, captions: Iterable[Caption]) -> dict[str, Caption]:
        """Keep captions. A key that is there already keeps its first caption; by key, what is kept
        now."""

    def samples(self, clip_sha256: str, view: str, frames: Sequence[int]) -> dict[int, str]:
        """By frame, the key of its caption, as far as known."""

    def put_samples(self, clip_sha256: str, view: str, keys: Mapping[int, str]) -> None:
        """Remember which caption belongs to which frame."""


class Asking:
    """Captions for windows: from the store, or from the captioner.

    Attributes:
        captions: By key.
        reasons: By key, why there is no caption.
        found: Keys that the store knew before.
        usage: What the captioner's answers cost, and how many captions it made.
    """

    def __init__(
        self, captioner: Captioner, scene_model: SceneModel | None, cache: CaptionCache
    ) -> None:
        self._captioner, self._scene_model, self._cache = captioner, scene_model, cache
        self.captions: dict[str, Caption] = {}
        self.reasons: dict[str, str] = {}
        self.found: set[str] = set()
        self.usage = Usage()
        self._fresh: list[Caption] = []

    def key(self, window: FrameWindow) -> str:
        """The address of a window's caption."""
        return self._captioner.identity.key_of(window, self._scene_model)

    def answer(self, windows: Iterable[FrameWindow]) -> None:
        """Find or make the captions of windows; takes no more of them at once than the captioner.

        The same question is asked once, however many windows pose it. Where somebody else has
        answered it meanwhile, the caption that was kept first stands for both.

        Raises:
            InputError, StoreError: what the user can mend; answers given until then are kept.
        """
        stream = _Stream(self._unknown(iter(windows)))
        try:
            self._ask(stream)
        finally:
            self._keep()
        self.captions |= self._cache.get(self.reasons)

    def _unknown(self, windows: Iterator[FrameWindow]) -> Iterator[FrameWindow]:
        """Windows whose caption the store does not know, one a key."""
        seen: set[str] = set()
        while block := list(islice(windows, BLOCK)):
            new: dict[str, FrameWindow] = {}
            for window in block:
                new.setdefault(self.key(window), window)
            known = self._cache.get(new.keys() - seen)
            self.found |= known.keys() - self.captions.keys()
            self.captions |= known
            yield from (new[key] for key in new if key not in known and key not in seen)
            seen |= new.keys()

    def _ask(self, stream: _Stream) -> None:
        """Ask for all windows, in order.

        A captioner that raises loses the window it raised at, and is asked again for those after
        it, so that what else is in the stream does not matter.
        """
        while True:
            try:
                for reply in self._captioner.caption(stream, self._scene_model):
                    window = stream.answered()
                    if window is None:
                        break
                    self._take(window, reply)
                break
            except (InputError, StoreError):
                raise
            except Exception as error:  # noqa: BLE001 - a plug-in's edge
                said = f"{type(error).__name__}: {error}"
                lost = stream.interrupted()
                if lost is None:
                    break
                said = str(error) if isinstance(error, RunError) else said
                self.reasons[self.key(lost)] = f"the captioner failed ({said})"
        for window in stream.rest():
            self.reasons[self.key(window)] = NO_ANSWER

    def _take(self, window: FrameWindow, reply: Captioned) -> None:
        self.usage += reply.usage.model_copy(
            update={"captions_computed": 0, "captions_cached": 0, "captions_shared": 0}
        )
        key, answer = self.key(window), reply.answer
        if not isinstance(answer, Caption):
            self.reasons[key] = answer.reason
        elif answer.key != key:  # it would be kept under another window's key
            self.reasons[key] = "the captioner answered another question than this frame's"
        else:
            self._fresh.append(answer)
            if len(self._fresh) == BLOCK:
                self._keep()

    def _keep(self) -> None:
        """Put new captions into the store, and take what the store holds now."""
        fresh, self._fresh = self._fresh, []
        if fresh:
            self.captions |= self._cache.put(fresh)
            self.usage += Usage(captions_computed=len(fresh))


class _Stream:
    """Windows on their way to a captioner, which may take them in another thread.

    It remembers those that were taken and not answered, and what broke the reading: that is no
    fault of the captioner's.
    """

    def __init__(self, windows: Iterator[FrameWindow]) -> None:
        self._windows = windows
        self._again: deque[FrameWindow] = deque()
        self._waiting: deque[FrameWindow] = deque()
        self._error: Exception | None = None
        self._lock = threading.Lock()

    def __iter__(self) -> _Stream:
        return self

    def __next__(self) -> FrameWindow:
        with self._lock:
            window = self._next()
            if window is None:
                raise StopIteration
            self._waiting.append(window)
            return window

    def _next(self) -> FrameWindow | None:
        if self._again:
            return self._again.popleft()
        try:
            return next(self._windows, None)
        except Exception as error:
            self._error = error
            raise

    def answered(self) -> FrameWindow | None:
        """The window that the next answer is about; None where nothing was asked."""
        return self._waiting.popleft() if self._waiting else None

    def interrupted(self) -> FrameWindow | None:
        """The captioner raised: the window it raised at. Others that it took are served again.

        Raises:
            Exception: of the reading, if that is what broke.
        """
        if self._error is not None:
            raise self._error
        with self._lock:
            lost = self._waiting.popleft() if self._waiting else self._next()
            self._again.extendleft(reversed(self._waiting))
            self._waiting.clear()
            return lost

    def rest(self) -> Iterator[FrameWindow]:
        """What the captioner left without an answer.

        Raises:
            Exception: of the reading, if the captioner has swallowed one.
        """
        yield from self._waiting
        self._waiting.clear()
        while self._error is None and (window := self._next()) is not None:
            yield window
        if self._error is not None:
            raise self._error
