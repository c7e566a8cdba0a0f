"""A captioner that computes in Python, helped by processes of its own.

Threads of one process hold each other up there. The captions are those that it makes itself; what
is asked of it while nobody else asks stays in this process.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from ruler.captioners.base import Adapting, Captioned, Captioner, CaptionerIdentity
from ruler.captioners.helpers import POOL, Helper, HelperLostError
from ruler.schemas.captions import SceneModel
from ruler.schemas.rules import Cameras, Place
from ruler.schemas.runs import Every
from ruler.video.frames import Clip, FrameWindow, WindowSpec

_MOST_LOSSES = 3
"""Processes that may die before everything is done in this one."""


@runtime_checkable
class Computing(Protocol):
    """A captioner that spends its time computing in Python; it neither shares nor records."""

    @property
    def made_as(self) -> str:
        """What the registry makes the same captioner by, in another process."""


def helped(captioner: Captioner, workers: int) -> Captioner:
    """A captioner that computes, with a process for each worker but one; others as they are."""
    if workers > 1 and isinstance(captioner, Computing):
        return Helped(captioner, captioner.made_as, workers - 1)
    return captioner


class Helped:
    """A captioner and its processes; itself a captioner. Of streams that are read at the same time,
    one is captioned here and each other one by a process; the rest wait for their turn.

    Args:
        captioner: Who makes the captions.
        made_as: See `Computing`.
        processes: How many may help.
        works_here: Whether this process takes what is asked while nobody else asks.
    """

    def __init__(
        self, captioner: Captioner, made_as: str, processes: int, *, works_here: bool = True
    ) -> None:
        self._captioner = captioner
        self._made_as = made_as
        self._unprepared = processes
        self._hands = threading.BoundedSemaphore(processes + works_here)
        self._is_idle = works_here
        self._losses = 0
        self._lock = threading.Lock()

    @property
    def identity(self) -> CaptionerIdentity:
        """See `Captioner`."""
        return self._captioner.identity

    @property
    def window(self) -> WindowSpec:
        """See `Captioner`."""
        return self._captioner.window

    @property
    def default_every(self) -> Every:
        """See `Captioner`."""
        return self._captioner.default_every

    @property
    def measured(self) -> tuple[str, ...]:
        """See `Captioner`."""
        return self._captioner.measured

    def fit(
        self, references: Sequence[Clip], *, cameras: Cameras, place: Place
    ) -> SceneModel | None:
        """See `Captioner`."""
        return self._captioner.fit(references, cameras=cameras, place=place)

    def adapt(self, clip: Clip, scene_model: SceneModel | None) -> SceneModel | None:
        """See `Adapting`."""
        if isinstance(self._captioner, Adapting):
            return self._captioner.adapt(clip, scene_model)
        return scene_model

    def prepare(self, streams: int) -> None:
        """Start processes, once, before there is work for them.

        Args:
            streams: How many there will be: one is captioned here.
        """
        with self._lock:
            missing, self._unprepared = self._unprepared, 0
        POOL.ready(self._made_as, min(missing, streams - 1))

    def caption(
        self, windows: Iterable[FrameWindow], scene_model: SceneModel | None
    ) -> Iterator[Captioned]:
        """Describe windows in order, here or in a process."""
        with self._hand() as helper:
            if helper is None:
                yield from self._captioner.caption(windows, scene_model)
                return
            try:
                yield from helper.caption(windows, scene_model)
            except HelperLostError:
                self._losses += 1
                raise

    @contextlib.contextmanager
    def _hand(self) -> Iterator[Helper | None]:
        """A process; None for this one, which takes part. Waits where all have work: two that
        compute in one process would hold each other up."""
        with self._hands:
            with self._lock:
                is_here, self._is_idle = self._is_idle, False
            try:
                if is_here or self._losses >= _MOST_LOSSES:
                    yield None
                else:
                    with POOL.borrowed(self._made_as) as helper:
                        yield helper
            finally:
                with self._lock:
                    self._is_idle |= is_here
