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


def silent(progress: Progress) -> None:
    """A report that goes nowhere."""
