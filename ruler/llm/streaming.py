"""Answers that come piece by piece, the first word within its time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

_Piece = TypeVar("_Piece")


async def collect(
    pieces: AsyncIterator[_Piece], add: Callable[[_Piece], bool], seconds: float | None
) -> None:
    """Hand on all pieces; `add` says whether the answer has begun with this one.

    Raises:
        TimeoutError: it did not begin within so many seconds.
    """
    try:
        async with asyncio.timeout(seconds) as limit:
            async for piece in pieces:
                if add(piece):
                    limit.reschedule(None)
    except TimeoutError as error:
        if not limit.expired():
            raise
        raise TimeoutError(f"no first word within {seconds:g} s") from error
