"""The circuit breaker: an outage is waited for, a server that is gone is not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from ruler.llm.breaker import FIRST_PAUSE, LONGEST_PAUSE, THRESHOLD, Breaker
from ruler.llm.questions import BackendError
from tests.llm.fakes import FakeClock, fails


async def passes(breaker: Breaker) -> bool:
    async with breaker.passage() as passage:
        return passage.is_probe


async def breaks(breaker: Breaker, error: BackendError | None = None) -> bool:
    is_probe = False
    with suppress(BackendError):
        async with breaker.passage() as passage:
            is_probe = passage.is_probe
            raise error or fails("server")
    return is_probe


async def suspended(breaker: Breaker) -> str:
    with pytest.raises(BackendError) as caught:
        await passes(breaker)
    assert caught.value.fault.kind == "suspended"
    assert caught.value.usage.model_calls == 0
    return caught.value.fault.said


def run(scenario: Callable[[Breaker, FakeClock], Awaitable[None]], patience: float = 60.0) -> None:
    clock = FakeClock()
    asyncio.run(scenario(Breaker(clock, patience), clock))  # type: ignore[arg-type]


async def open_it(breaker: Breaker, error: BackendError | None = None) -> None:
    for _ in range(THRESHOLD):
        await breaks(breaker, error)
    assert breaker.is_open


def test_stays_closed_while_failures_do_not_come_in_a_row() -> None:
    async def scenario(breaker: Breaker, clock: FakeClock) -> None:
        for _ in range(10):
            for _ in range(THRESHOLD - 1):
                await breaks(breaker)
            await passes(breaker)
        assert not breaker.is_open
        assert clock.slept == []

    run(scenario)


def test_an_answer_that_refuses_proves_that_the_endpoint_is_there() -> None:
    async def scenario(breaker: Breaker, _: FakeClock) -> None:
        for _ in range(3 * THRESHOLD):
            await breaks(breaker, fails("bad_request"))
        assert not breaker.is_open

    run(scenario)


def test_an_open_breaker_lets_one_probe_through_after_a_pause() -> None:
    async def scenario(breaker: Breaker, clock: FakeClock) -> None:
        await open_it(breaker)
        began = clock.now()
        assert await passes(breaker)
        assert clock.now() - began == pytest.approx(FIRST_PAUSE)
        assert not breaker.is_open
        assert not await passes(breaker)

    run(scenario)


def test_pauses_double_with_each_probe_that_fails() -> None:
    async def scenario(breaker: Breaker, clock: FakeClock) -> None:
        await open_it(breaker)
        pauses, last = [], clock.now()
        for _ in range(8):
            assert await breaks(breaker)
            pauses.append(clock.now() - last)
            last = clock.now()
        assert pauses == pytest.approx([1, 2, 4, 8, 16, LONGEST_PAUSE, 30, 30])

    run(scenario, patience=1000)


def test_failures_of_calls_that_were_under_way_do_not_lengthen_the_pause() -> None:
    async def scenario(breaker: Breaker, clock: FakeClock) -> None:
        async def one() -> None:
            async with breaker.passage():
                await asyncio.sleep(0)
                raise fails("server")

        await asyncio.gather(*(one() for _ in range(32)), return_exceptions=True)
        began = clock.now()
        assert await passes(breaker)
        assert clock.now() - began == pytest.approx(FIRST_PAUSE)

    run(scenario)


def test_others_wait_for_the_probe_and_go_on_when_it_comes_back() -> None:
    async def scenario(breaker: Breaker, _: FakeClock) -> None:
        await open_it(breaker)
        probing = asyncio.Event()
        probes = []

        async def probe() -> None:
            async with breaker.passage() as passage:
                probes.append(passage.is_probe)
                probing.set()
                for _ in range(20):
                    await asyncio.sleep(0)

        first = asyncio.create_task(probe())
        await probing.wait()
        others = await asyncio.gather(*(passes(breaker) for _ in range(5)))
        await first
        assert probes == [True]
        assert others == [False] * 5

    run(scenario)


def test_a_probe_that_is_given_up_leaves_the_way_to_the_next() -> None:
    async def scenario(breaker: Breaker, _: FakeClock) -> None:
        await open_it(breaker)

        async def hang() -> None:
            async with breaker.passage():
                await asyncio.Event().wait()

        stuck = asyncio.create_task(hang())
        for _ in range(10):
            await asyncio.sleep(0)
        stuck.cancel()
        assert await passes(breaker)

    run(scenario)


def test_after_the_users_patience_questions_fail_at_once_but_for_probes() -> None:
    async def scenario(breaker: Breaker, clock: FakeClock) -> None:
        await open_it(breaker)
        while not breaker.is_hopeless:
            await breaks(breaker)
        began = clock.now()
        assert "in a row failed" in await suspended(breaker)
        assert "stub: server" in await suspended(breaker)
        assert clock.now() == began
        clock.seconds += LONGEST_PAUSE
        assert await passes(breaker)
        assert not breaker.is_open

    run(scenario, patience=20)


def test_an_endpoint_that_nothing_ever_reached_is_not_waited_for() -> None:
    async def scenario(breaker: Breaker, clock: FakeClock) -> None:
        await open_it(breaker, fails("unreachable", is_sent=False))
        assert not breaker.was_reached
        assert breaker.is_hopeless
        await suspended(breaker)
        assert clock.slept == []

    run(scenario)


def test_an_endpoint_that_is_gone_after_it_worked_is_waited_for() -> None:
    async def scenario(breaker: Breaker, _: FakeClock) -> None:
        await passes(breaker)
        await open_it(breaker, fails("unreachable", is_sent=False))
        assert not breaker.is_hopeless
        assert await passes(breaker)

    run(scenario)


@pytest.mark.parametrize(("asked", "waited"), [(0.2, FIRST_PAUSE), (12, 12), (3600, 60)])
def test_the_endpoint_says_itself_how_long_to_wait_within_patience(
    asked: float, waited: float
) -> None:
    async def scenario(breaker: Breaker, clock: FakeClock) -> None:
        await open_it(breaker, fails("rate_limited", retry_after=asked))
        began = clock.now()
        assert await passes(breaker)
        assert clock.now() - began == pytest.approx(waited)

    run(scenario)
