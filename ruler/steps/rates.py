"""How often something happens: budgets of alarms, and how far a count can be trusted."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_A_DAY = {"hour": 24.0, "day": 1.0, "week": 1.0 / 7.0}
_BUDGET = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(?:\s*/\s*(hour|day|week))?")
_Z = 1.959963984540054
"""The normal distribution's 0.975 quantile."""

LEVEL = 0.95
"""How sure an interval is."""


@dataclass(frozen=True)
class Budget:
    """So many alarms in such a time."""

    alarms: float
    per: str = "day"

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Read `1/day`, `0.5/hour` or `2/week`; a number alone is a day's.

        Raises:
            ValueError: it looks otherwise.
        """
        found = _BUDGET.fullmatch(text.strip())
        if found is None or not math.isfinite(float(found[1])):
            raise ValueError(text)
        return cls(float(found[1]), found[2] or "day")

    @property
    def a_day(self) -> float:
        """Alarms a day."""
        return self.alarms * _A_DAY[self.per]

    def __str__(self) -> str:
        return f"{self.alarms:g}/{self.per}"


def count_interval(count: int) -> tuple[float, float]:
    """How many events such footage may be expected to hold, where `count` were seen.

    The exact central interval for the mean of a Poisson count at `LEVEL` (Garwood, Biometrika 28,
    1936). Events that come in bursts are rarer than it says in some footage and denser in other.
    """
    from scipy.special import gammaincinv

    tail = (1.0 - LEVEL) / 2
    low = float(gammaincinv(count, tail)) if count else 0.0
    return low, float(gammaincinv(count + 1, 1.0 - tail))


def days_without_event(a_day: float) -> float:
    """How many days of footage without an event it takes until `count_interval` ends at a rate."""
    return count_interval(0)[1] / a_day if a_day > 0 else math.inf


def share_interval(part: int, whole: int) -> tuple[float, float]:
    """Wilson's score interval at `LEVEL` for a share (JASA 22, 1927); (0, 1) where nothing is."""
    if whole <= 0:
        return 0.0, 1.0
    share, square = part / whole, _Z * _Z
    middle = (share + square / (2 * whole)) / (1 + square / whole)
    half = share * (1 - share) / whole + square / (4 * whole * whole)
    reach = _Z * math.sqrt(half) / (1 + square / whole)
    return max(0.0, middle - reach), min(1.0, middle + reach)
