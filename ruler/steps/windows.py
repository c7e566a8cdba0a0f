"""Looking at a stream with its neighbours, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def with_neighbours(
    items: Iterable[T], time_of: Callable[[T], float], reach_seconds: float, *, is_causal: bool
) -> Iterator[tuple[Sequence[T], T, Sequence[T]]]:
    """Each item with those at most `reach_seconds` before and after it.

    Args:
        items: Ascending in time.
        time_of: Seconds of an item.
        reach_seconds: How far a neighbour may lie away; 0 or more.
        is_causal: Where True, `after` is always empty and nothing is held back.

    Yields:
        (before, item, after), both in order of time.
    """
    reach = reach_seconds + 1e-9
    before: deque[T] = deque()
    ahead: deque[T] = deque()

    def settle() -> tuple[Sequence[T], T, Sequence[T]]:
        item = ahead.popleft()
        time = time_of(item)
        while before and time_of(before[0]) < time - reach:
            before.popleft()
        after = [] if is_causal else [other for other in ahead if time_of(other) <= time + reach]
        settled = (tuple(before), item, after)
        before.append(item)
        return settled

    for item in items:
        if not is_causal:
            while ahead and time_of(ahead[0]) < time_of(item) - reach:
                yield settle()
        ahead.append(item)
        if is_causal:
            yield settle()
    while ahead:
        yield settle()
