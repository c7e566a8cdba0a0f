"""Reflection on a first answer without a model: what the answer describes is held against normal
and abnormal items of a taxonomy, in both directions.

TRLC (SmartHome-Bench, CVPR-W 2025, section 4) reflects with rules made from abnormal items alone.
Here every item that is spoken of votes for its kind with its weight, and so does the first outcome,
with less than one item: where none is there, it stands. What is normal goes on beside what is not:
where an abnormal item is spoken of, normal ones vote only for a first answer that was normal, too,
and clear nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ruler.reasoners.symbolic.reflecting import Heard, heard_in
from ruler.schemas.captions import Caption
from ruler.schemas.taxonomy import Taxonomy
from ruler.schemas.verdicts import Outcome, Reflection

FIRST_WEIGHT = 0.5
ITEM_WEIGHT = 1.0
_SIGN = {"normal": -1.0, "anomaly": 1.0, "abnormal": 1.0, "undetermined": 0.0, "failed": 0.0}


@dataclass(frozen=True)
class Weights:
    """How much the first answer and each item (by id; 1 where not given) weigh, each in [0, 1]."""

    first: float = FIRST_WEIGHT
    items: Mapping[str, float] = field(default_factory=dict)

    def of(self, item_id: str) -> float:
        """The weight of one item."""
        return self.items.get(item_id, ITEM_WEIGHT)

    def as_data(self) -> dict[str, object]:
        """Plain data, for a hash."""
        return {"first": self.first, "items": dict(self.items)}


EVEN = Weights()
"""What a taxonomy alone gives: all items weigh the same."""


def votes(first: Outcome, caption: Caption, taxonomy: Taxonomy) -> tuple[float, dict[str, float]]:
    """What speaks for an anomaly (+1) or for normal (-1): the first outcome, and each item that has
    a vote."""
    heard = _voting(first, caption, taxonomy, EVEN)
    return _SIGN[first], {found.item.id: _SIGN[found.item.kind] for found in heard}


def _voting(first: Outcome, caption: Caption, taxonomy: Taxonomy, weights: Weights) -> list[Heard]:
    heard = [found for found in heard_in(taxonomy, caption) if weights.of(found.item.id) > 0]
    abnormal = [found for found in heard if found.item.kind == "abnormal"]
    return abnormal if abnormal and first != "normal" else heard


def reflect_answer(
    first: Outcome, caption: Caption, taxonomy: Taxonomy, weights: Weights = EVEN
) -> Reflection:
    """Confirm or overturn a first answer by what it describes; name the item and quote the words.

    Args:
        first: The first outcome; "undetermined" has no vote.
        caption: What the model described, without its verdict.
        taxonomy: The items.
        weights: Learned from labelled answers, or all alike.
    """
    voting = _voting(first, caption, taxonomy, weights)
    total = weights.first * _SIGN[first] + sum(
        weights.of(found.item.id) * _SIGN[found.item.kind] for found in voting
    )
    if total == 0:
        why = "what is described speaks for neither side"
        return Reflection(first=first, second=first, why=why)
    second: Outcome = "anomaly" if total > 0 else "normal"
    kind = "abnormal" if total > 0 else "normal"
    siding = [found for found in voting if found.item.kind == kind]
    # What is told first is what it is about.
    best = max(
        siding,
        key=lambda found: (weights.of(found.item.id), -found.evidence.start),
        default=None,
    )
    if best is None:
        return Reflection(first=first, second=second, why="stands: no item speaks against it")
    done = "confirmed" if first == second else "overturned"
    return Reflection(
        first=first,
        second=second,
        item=best.item.id,
        category=best.item.id,
        level=best.item.level,
        evidence=(best.evidence,),
        why=f'{done}: {best.item.title} ({best.item.id}): "{best.evidence.quote}"',
    )
