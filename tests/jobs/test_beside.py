"""Clips of a run beside one another: in order, bounded, and none begun once one has failed."""

from __future__ import annotations

import threading

import pytest

from graphs.places import Places, Stopped
from ruler.jobs.beside import beside
from ruler.jobs.progress import Progress, Report, silent


def test_results_come_in_the_order_of_the_clips() -> None:
    second_is_done = threading.Event()

    def work(number: int, clip: str, report: Report) -> str:
        if number == 0:
            assert second_is_done.wait(10)
        else:
            second_is_done.set()
        return clip.upper()

    done = beside(["a", "b", "c"], work, silent, at_once=2, places=Places(2))
    assert done == ["A", "B", "C"]


def test_one_at_a_time_stays_in_this_thread() -> None:
    def work(number: int, clip: str, report: Report) -> int:
        return threading.get_ident()

    assert set(beside(["a", "b"], work, silent, at_once=1, places=Places(4))) == {
        threading.get_ident()
    }


def test_a_failure_ends_the_others_at_their_next_chunk() -> None:
    begun = threading.Event()
    places = Places(2)
    ended: list[str] = []

    def work(number: int, clip: str, report: Report) -> None:
        if clip == "bad":
            assert begun.wait(10)
            raise ValueError("broken")
        assert number == 0
        begun.set()
        try:
            while True:
                with places.one():
                    pass
        except Stopped:
            ended.append(clip)
            raise

    with pytest.raises(ValueError, match="broken"):
        beside(["good", "bad", "late"], work, silent, at_once=2, places=places)
    assert ended == ["good"]


def test_progress_of_clips_under_way_is_told_as_one() -> None:
    told: list[Progress] = []
    turns = [threading.Event(), threading.Event()]

    def work(number: int, clip: str, report: Report) -> None:
        if number == 1:
            assert turns[0].wait(10)
        report(Progress(clip, 3, 10))
        turns[number].set()
        assert turns[1].wait(10)

    beside(["a", "b"], work, told.append, at_once=2, places=Places(2))
    assert told == [Progress("a", 3, 10), Progress("a, b", 6, 20)]


def test_no_more_chunks_at_once_than_places() -> None:
    places, inside, most = Places(2), [0], [0]
    lock = threading.Lock()

    def chunk() -> None:
        with places.one():
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            threading.Event().wait(0.02)
            with lock:
                inside[0] -= 1

    threads = [threading.Thread(target=chunk) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [2]
