"""How a job tells whoever called it how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One step forward: `done` of `total` units of `task`, a clip or what is being done."""

    task: str
    done: int
    total: int


Report = Callable[[Progress], None]


def at_once(workers: int) -> int:
    """LangGraph's `max_concurrency` for so many tasks at once.

    A synchronous stream keeps one more place for waiting on its own output (langgraph 1.2): with a
    limit of one, the waiter would take the only place and the run would never end.
    """
    return workers + 1


def silent(progress: Progress) -> None:
    """A report that goes nowhere."""
