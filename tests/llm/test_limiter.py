"""The limit on calls at once: halved where they are too many, and recovering."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.llm.limiter import Limiter
from ruler.llm.questions import BackendError
from tests.llm.fakes import fails


async def call(limiter: Limiter, error: BackendError | None = None) -> None:
    async with limiter.place():
        await asyncio.sleep(0)
        if error is not None:
            raise error


async def limited(limiter: Limiter) -> None:
    with pytest.raises(BackendError):
        await call(limiter, fails("rate_limited"))


def test_starts_at_its_ceiling_and_never_goes_over_it() -> None:
    async def run() -> int:
        limiter = Limiter(4)
        for _ in range(50):
            await call(limiter)
        return limiter.limit

    assert asyncio.run(run()) == 4


def test_halves_for_a_call_that_is_too_many_and_stops_at_one() -> None:
    async def run() -> list[int]:
        limiter = Limiter(8)
        limits = []
        for _ in range(5):
            await limited(limiter)
            limits.append(limiter.limit)
        return limits

    assert asyncio.run(run()) == [4, 2, 1, 1, 1]


def test_a_burst_of_refusals_is_one_piece_of_news() -> None:
    async def run() -> int:
        limiter = Limiter(8)
        await asyncio.gather(*(limited(limiter) for _ in range(8)))
        return limiter.limit

    assert asyncio.run(run()) == 4


def test_other_failures_leave_the_limit_alone() -> None:
    async def run() -> int:
        limiter = Limiter(8)
        for _ in range(5):
            with pytest.raises(BackendError):
                await call(limiter, fails("server"))
        return limiter.limit

    assert asyncio.run(run()) == 8


def test_recovers_by_one_for_about_as_many_successes_as_the_limit() -> None:
    async def run() -> list[int]:
        limiter = Limiter(8)
        await limited(limiter)
        limits = [limiter.limit]
        for _ in range(40):
            await call(limiter)
            limits.append(limiter.limit)
        return limits

    limits = asyncio.run(run())
    assert limits[0] == limits[3] == 4
    assert limits[6] == 5
    assert limits[-1] == 8
    assert sorted(limits) == limits


@given(
    st.lists(st.sampled_from(["fine", "rate_limited", "server"]), max_size=60), st.integers(1, 9)
)
def test_never_are_more_under_way_than_the_limit_and_none_is_forgotten(
    ends: list[str], ceiling: int
) -> None:
    async def run() -> tuple[int, int]:
        limiter = Limiter(ceiling)
        under_way = done = 0

        async def one(end: str) -> None:
            nonlocal under_way, done
            try:
                async with limiter.place():
                    under_way += 1
                    assert under_way <= ceiling
                    await asyncio.sleep(0)
                    under_way -= 1
                    if end != "fine":
                        raise fails("rate_limited" if end == "rate_limited" else "server")
            except BackendError:
                pass
            done += 1

        await asyncio.gather(*(one(end) for end in ends))
        for _ in range(200):  # all places come back in the end
            await call(limiter)
        most = 0

        async def hold() -> None:
            nonlocal most, under_way
            async with limiter.place():
                under_way += 1
                most = max(most, under_way)
                await asyncio.sleep(0.001)
                under_way -= 1

        await asyncio.gather(*(hold() for _ in range(2 * ceiling)))
        return done, most

    assert asyncio.run(run()) == (len(ends), ceiling)


def test_a_lowered_limit_holds_at_once() -> None:
    async def run() -> int:
        limiter = Limiter(8)
        await limited(limiter)
        under_way = most = 0

        async def hold() -> None:
            nonlocal under_way, most
            async with limiter.place():
                under_way += 1
                most = max(most, under_way)
                await asyncio.sleep(0.001)
                under_way -= 1
                raise fails("server")  # no success that would raise the limit again

        await asyncio.gather(*(hold() for _ in range(20)), return_exceptions=True)
        return most

    assert asyncio.run(run()) == 4


def test_a_call_that_is_given_up_frees_its_place() -> None:
    async def run() -> None:
        limiter = Limiter(1)
        stuck = asyncio.create_task(hold_forever(limiter))
        await asyncio.sleep(0)
        stuck.cancel()
        await asyncio.wait_for(call(limiter), 1)

    async def hold_forever(limiter: Limiter) -> None:
        async with limiter.place():
            await asyncio.Event().wait()

    asyncio.run(run())
