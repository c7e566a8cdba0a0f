"""An event loop in a thread of its own, started when it is first needed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

_Result = TypeVar("_Result")


class LoopThread:
    """Runs coroutines for any thread, all on one loop in one daemon thread.

    Args:
        name: The thread's.
        closing: Awaited on the loop before it ends (connections are closed where they live).
    """

    def __init__(self, name: str, closing: Callable[[], Awaitable[None]] | None = None) -> None:
        self._name = name
        self._closing = closing
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._is_closed = False

    def submit(self, work: Coroutine[Any, Any, _Result]) -> Future[_Result]:
        """Begin `work` on the loop.

        Raises:
            RuntimeError: the loop was stopped.
        """
        with self._lock:
            if self._is_closed:
                work.close()
                raise RuntimeError(f"{self._name} is closed")
            return asyncio.run_coroutine_threadsafe(work, self._loop or self._start())

    def stop(self) -> None:
        """Cancel what is under way and end the thread; more calls do nothing.

        Waits for the thread, unless called from it (a garbage collection may run anywhere).
        """
        with self._lock:
            self._is_closed = True
            thread, loop, stop = self._thread, self._loop, self._stop
            self._thread = self._loop = self._stop = None
        if thread is None or loop is None or stop is None:
            return
        loop.call_soon_threadsafe(stop.set)
        if thread is not threading.current_thread():
            thread.join()

    def _start(self) -> asyncio.AbstractEventLoop:
        ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(ready)), name=self._name, daemon=True
        )
        self._thread.start()
        ready.wait()
        assert self._loop is not None
        return self._loop

    async def _serve(self, ready: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        stop = self._stop = asyncio.Event()
        ready.set()
        await stop.wait()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        if self._closing is not None:
            await self._closing()
