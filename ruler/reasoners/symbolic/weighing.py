"""Weights of taxonomy items from a few labelled answers.

Mining words from few examples fails; the items are known, so only how far each can be trusted is
learned: a logistic regression over their votes, drawn towards equal weights. How strongly it is
drawn is chosen by cross-validation inside the examples: equal weights stay unless another choice is
better by more than a standard error. An item that was mostly wrong is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ruler.reasoners.symbolic.answering import FIRST_WEIGHT, ITEM_WEIGHT, Weights

_DRAWS = (10.0, 3.0, 1.0)
_FOLDS = 5
_ENOUGH = 5
_STEPS = 300
_SCALE = 2.0
"""Log odds of one full vote: an item at full weight is right seven times in eight."""


@dataclass(frozen=True)
class Example:
    """One labelled answer: votes in {-1, 0, 1} of the first outcome and of items; label 0 or 1."""

    id: str
    first: float
    items: Mapping[str, float]
    label: int


def learn_weights(examples: Sequence[Example]) -> Weights:
    """Weights of the first answer and of the items that the examples speak of."""
    items = sorted({item for example in examples for item in example.items})
    votes = np.array([[e.first, *(e.items.get(item, 0.0) for item in items)] for e in examples])
    truth = np.array([1.0 if example.label else -1.0 for example in examples])
    equal = np.array([FIRST_WEIGHT, *(ITEM_WEIGHT for _ in items)])
    if len(set(truth)) < 2:
        return Weights()
    chosen = _chosen(votes, truth, equal)
    fitted = _fit(votes, truth, equal, chosen)
    weighed = {item: round(float(w), 2) for item, w in zip(items, fitted[1:], strict=True)}
    refused = {item: 0.0 for item, tally in tallies(examples).items() if tally.is_refused}
    return Weights(first=round(float(fitted[0]), 2), items=weighed | refused)


@dataclass(frozen=True)
class Tally:
    """On which labelled answers an item was right, and on which it was wrong, by their ids."""

    right: tuple[str, ...] = ()
    wrong: tuple[str, ...] = ()

    @property
    def heard(self) -> int:
        """In how many labelled answers the item is spoken of."""
        return len(self.right) + len(self.wrong)

    @property
    def is_refused(self) -> bool:
        """Heard often enough to judge, and wrong in more than half."""
        return self.heard >= _ENOUGH and len(self.wrong) > len(self.right)


def tallies(examples: Sequence[Example]) -> dict[str, Tally]:
    """What each item that is spoken of does to the examples, by item id."""
    found: dict[str, Tally] = {}
    for example in examples:
        for item, vote in example.items.items():
            before = found.get(item, Tally())
            if (vote > 0) == bool(example.label):
                found[item] = Tally((*before.right, example.id), before.wrong)
            else:
                found[item] = Tally(before.right, (*before.wrong, example.id))
    return found


def _chosen(
    votes: NDArray[np.float64], truth: NDArray[np.float64], equal: NDArray[np.float64]
) -> float:
    """The draw towards equal weights that does best on examples left out, if clearly so."""
    even = _losses(votes, truth, equal, np.inf)
    best, gain = np.inf, 0.0
    for draw in _DRAWS:
        gains = even - _losses(votes, truth, equal, draw)
        error = float(gains.std()) / np.sqrt(len(gains))
        if float(gains.mean()) > max(gain, error):
            best, gain = draw, float(gains.mean())
    return best


def _losses(
    votes: NDArray[np.float64],
    truth: NDArray[np.float64],
    equal: NDArray[np.float64],
    draw: float,
) -> NDArray[np.float64]:
    """The log loss of each example by weights that were fitted without its fold."""
    losses = np.zeros(len(truth))
    folds = np.arange(len(truth)) % _FOLDS
    for fold in range(_FOLDS):
        kept, left = folds != fold, folds == fold
        weights = _fit(votes[kept], truth[kept], equal, draw)
        losses[left] = np.logaddexp(0.0, -_SCALE * truth[left] * (votes[left] @ weights))
    return losses


def _fit(
    votes: NDArray[np.float64],
    truth: NDArray[np.float64],
    equal: NDArray[np.float64],
    draw: float,
) -> NDArray[np.float64]:
    """Projected gradient descent in [0, 1]; the step is below two over the largest curvature."""
    if np.isinf(draw):
        return equal
    weights = equal.copy()
    curvature = _SCALE**2 / 4 * float(np.square(votes).sum()) + draw
    for _ in range(_STEPS):
        margins = _SCALE * truth * (votes @ weights)
        wrong = 1.0 / (1.0 + np.exp(np.clip(margins, -50, 50)))
        slope = -_SCALE * votes.T @ (truth * wrong) + draw * (weights - equal)
        weights = np.clip(weights - slope / curvature, 0.0, 1.0)
    return weights
