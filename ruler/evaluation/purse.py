"""What one evaluation may spend on models, over all its data sets and their inductions."""

from __future__ import annotations

from collections.abc import Mapping

from ruler.jobs.models import LIMITS
from ruler.schemas.runs import Usage


class Purse:
    """The options of models, whose limits shrink by what was spent.

    Args:
        options: As for `ruler.jobs.models.Models`.
    """

    def __init__(self, options: Mapping[str, object]) -> None:
        self._options = options
        self._spent = Usage()

    def spend(self, usage: Usage) -> None:
        """Take what a job spent out of it."""
        self._spent += usage

    def options(self) -> dict[str, object]:
        """The options of the next job, with what is left."""
        spent = self._spent
        gone = (spent.model_calls, spent.tokens_in + spent.tokens_out, spent.cost_usd)
        left = dict(self._options)
        for name, used in zip(LIMITS, gone, strict=True):
            limit = left.get(name)
            if isinstance(limit, int | float):
                left[name] = max(0, limit - used)
        return left
