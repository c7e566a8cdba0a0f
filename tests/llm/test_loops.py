"""The engine's thread: it starts when it is needed, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import CancelledError, Future

import pytest

from ruler.llm.loops import LoopThread


def named(name: str) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == name]


async def where() -> str:
    return threading.current_thread().name


def test_no_thread_before_the_first_work_and_none_after_the_end() -> None:
    loop = LoopThread("test-loop")
    assert named("test-loop") == []
    assert loop.submit(where()).result() == "test-loop"
    assert loop.submit(where()).result() == "test-loop"
    assert len(named("test-loop")) == 1
    loop.stop()
    loop.stop()
    assert named("test-loop") == []


def test_a_loop_that_never_ran_can_be_stopped() -> None:
    LoopThread("test-loop").stop()


def test_what_is_under_way_is_cancelled_and_then_connections_are_closed() -> None:
    order: list[str] = []

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            order.append("cancelled")

    async def closing() -> None:
        order.append("closed")

    loop = LoopThread("test-loop", closing)
    stuck: Future[None] = loop.submit(hang())
    loop.submit(where()).result()
    loop.stop()
    assert order == ["cancelled", "closed"]
    with pytest.raises(CancelledError):
        stuck.result()


def test_after_the_end_nothing_is_begun() -> None:
    loop = LoopThread("test-loop")
    loop.stop()
    with pytest.raises(RuntimeError, match="test-loop is closed"):
        loop.submit(where())


def test_the_loop_can_be_stopped_from_within() -> None:
    loop = LoopThread("test-loop")

    async def stop() -> threading.Thread:
        loop.stop()
        return threading.current_thread()

    thread = loop.submit(stop()).result()
    thread.join(5)
    assert not thread.is_alive()


def test_many_threads_share_one_loop() -> None:
    loop = LoopThread("test-loop")
    names: list[str] = []
    threads = [
        threading.Thread(target=lambda: names.append(loop.submit(where()).result()))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names == ["test-loop"] * 20
    assert len(named("test-loop")) == 1
    loop.stop()
