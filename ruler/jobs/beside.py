"""Working on the clips of a run beside one another: while one is judged, another is captioned."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

from graphs.places import Places
from ruler.jobs.progress import Progress, Report

T = TypeVar("T")
Clip = TypeVar("Clip")


def beside(
    clips: Sequence[Clip],
    work: Callable[[int, Clip, Report], T],
    report: Report,
    *,
    at_once: int,
    places: Places,
) -> list[T]:
    """Do the work of several clips and return what comes of it, in order.

    Where one fails, no other is begun, and those under way end at their next chunk.

    Args:
        clips: What is worked on.
        work: Told a clip's number, the clip, and whom to report to.
        report: Told of all clips under way as of one task.
        at_once: How many clips go on at the same time.
        places: Shared by all of them.
    """
    if min(at_once, len(clips)) <= 1:
        return [work(number, clip, report) for number, clip in enumerate(clips)]
    board = _Board(report)
    with ThreadPoolExecutor(min(at_once, len(clips)), "clip") as pool:
        futures = [
            pool.submit(work, number, clip, board.of(number)) for number, clip in enumerate(clips)
        ]
        try:
            wait(futures, return_when=FIRST_EXCEPTION)
            if failed := [future for future in futures if future.done() and future.exception()]:
                failed[0].result()
        except BaseException:
            places.close()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        return [future.result() for future in futures]


class _Board:
    """The progress of all clips under way, reported as one."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._running: dict[int, Progress] = {}
        self._lock = threading.Lock()

    def of(self, number: int) -> Report:
        """Whom one clip reports to."""

        def told(step: Progress) -> None:
            with self._lock:
                self._running[number] = step
                shown = [self._running[key] for key in sorted(self._running)]
                together = Progress(
                    ", ".join(step.task for step in shown),
                    sum(step.done for step in shown),
                    sum(step.total for step in shown),
                )
                if step.done == step.total:
                    del self._running[number]
                self._report(together)

        return told
