"""Reflection without a model: an event's captions are held against a taxonomy's vocabulary.

TRLC (SmartHome-Bench, CVPR-W 2025, section 4) reflects on a first answer with rules derived from a
taxonomy, towards alarm only. Here normal items count as well: they may clear an event, abnormal
ones may name it better or raise one that stayed just below the threshold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ruler.reasoners.base import EventEvidence
from ruler.reasoners.matching import word_evidence
from ruler.schemas.captions import Caption
from ruler.schemas.observations import Observation
from ruler.schemas.taxonomy import Taxonomy, TaxonomyItem
from ruler.schemas.verdicts import Outcome, Reflection, WordEvidence
from ruler.text.phrases import Found, PhraseIndex

MAJORITY = 0.5
_GRAVE = ("high", "critical")
_ENOUGH_TO_RAISE = 2


@dataclass(frozen=True)
class Heard:
    """An item that captions of the event speak of: in what share, and where first."""

    item: TaxonomyItem
    captions: int
    share: float
    evidence: WordEvidence


@dataclass
class Conditions:
    """In how many captions an item's `unless` and `only_if` are met."""

    excused: int = 0
    met: int = 0


def reflect(event: EventEvidence, taxonomy: Taxonomy) -> Reflection:
    """Confirm, clear, rename or raise a candidate event (see `Reasoner.reflect`)."""
    captioned = [seen for seen in event.observations if seen.caption is not None]
    first: Outcome = "anomaly" if event.peak_score >= event.threshold else "normal"
    own = taxonomy.item(event.rule.category) if event.rule and event.rule.category else None
    heard, conditions = hear(taxonomy, captioned)
    if first == "normal":
        return _maybe_raise(first, own, heard)
    if own is not None and (why := inapplicable(own, conditions[own.id], len(captioned))):
        return answered(first, "normal", own, None, f"cleared: {why}")
    # Measured facts outweigh a normal phrase: only words may clear what words alone accused.
    by_words = event.rule is not None and not event.rule.measures
    if by_words and (normal := _outweighing(heard)):
        return answered(
            first,
            "normal",
            normal.item,
            normal.evidence,
            f"cleared: {normal.item.title} is normal ({normal.item.id})",
        )
    abnormal = [found for found in heard if found.item.kind == "abnormal"]
    # The rule's own item wins a tie: it was not named worse than another.
    best = max(abnormal, key=lambda found: (found.share, found.item == own), default=None)
    if best is not None and by_words and (own is None or best.item.id != own.id):
        return answered(
            first, "anomaly", best.item, best.evidence, f"named: {best.item.title} ({best.item.id})"
        )
    if own is not None:
        quoted = next((found.evidence for found in heard if found.item.id == own.id), None)
        return answered(first, "anomaly", own, quoted, f"confirmed: {own.title} ({own.id})")
    return Reflection(first=first, second=first, why="no item of the taxonomy speaks of it")


def heard_in(taxonomy: Taxonomy, caption: Caption) -> list[Heard]:
    """The items that one caption speaks of and whose conditions hold there, in file order."""
    alone = Observation(frame_index=0, until_frame=1, time_seconds=0.0, caption=caption)
    return hear(taxonomy, [alone])[0]


def speaks_of(text: str, item: TaxonomyItem) -> bool:
    """Whether a text speaks of an item whose conditions hold there."""
    return _hit((item,), 0, _index((item,)).find(text)) is not None


def hear(
    taxonomy: Taxonomy, captioned: Sequence[Observation]
) -> tuple[list[Heard], dict[str, Conditions]]:
    """Which items the captions speak of where their conditions hold, and, by item, in how many
    captions its conditions were met."""
    items = taxonomy.items
    index = _index(items)
    counts = dict.fromkeys(range(len(items)), 0)
    first: dict[int, WordEvidence] = {}
    conditions = {item.id: Conditions() for item in items}
    for seen in captioned:
        if seen.caption is None:
            continue
        found = index.find(seen.caption.text)
        for number, item in enumerate(items):
            conditions[item.id].excused += 3 * number + 1 in found
            conditions[item.id].met += 3 * number + 2 in found
            hit = _hit(items, number, found)
            if hit is None:
                continue
            counts[number] += 1
            if number not in first:
                first[number] = word_evidence(hit, seen.caption, seen.frame_index)
    heard = [
        Heard(items[number], counts[number], counts[number] / len(captioned), evidence)
        for number, evidence in sorted(first.items())
    ]
    return heard, conditions


def _hit(items: tuple[TaxonomyItem, ...], number: int, found: Mapping[int, Found]) -> Found | None:
    """What was found of an item, if its conditions hold beside it."""
    if 3 * number + 1 in found or (items[number].only_if and 3 * number + 2 not in found):
        return None
    return found.get(3 * number)


@lru_cache(maxsize=64)
def _index(items: tuple[TaxonomyItem, ...]) -> PhraseIndex:
    """Three groups of phrases an item: `look_for`, `unless`, `only_if`."""
    return PhraseIndex([p for item in items for p in (item.look_for, item.unless, item.only_if)])


def inapplicable(item: TaxonomyItem, conditions: Conditions, captions: int) -> str | None:
    """Why an item does not apply to most of an event, or None where it does."""
    if not captions:
        return None
    if conditions.excused / captions > MAJORITY:
        return (
            f"{item.id} does not apply: an `unless` of it is in {conditions.excused} of "
            f"{captions} captions"
        )
    if item.only_if and not conditions.met:
        return f"{item.id} does not apply: no caption has what it needs (`only_if`)"
    return None


def _outweighing(heard: Sequence[Heard]) -> Heard | None:
    """The normal item that most captions speak of, if no abnormal one is spoken of at all."""
    if any(found.item.kind == "abnormal" for found in heard):
        return None
    normal = [found for found in heard if found.share > MAJORITY]
    return max(normal, key=lambda found: found.share, default=None)


def _maybe_raise(first: Outcome, own: TaxonomyItem | None, heard: Sequence[Heard]) -> Reflection:
    """Raise an event below the threshold where a grave item is spoken of more than once."""
    grave = [
        found
        for found in heard
        if found.item.kind == "abnormal"
        and found.item.level in _GRAVE
        and found.captions >= _ENOUGH_TO_RAISE
    ]
    best = max(grave, key=lambda found: found.share, default=None)
    if best is None:
        return Reflection(
            first=first, second=first, item=own.id if own else None, why="stays below the threshold"
        )
    return answered(
        first,
        "anomaly",
        best.item,
        best.evidence,
        f"raised: {best.item.title} ({best.item.id}) in {best.captions} captions",
    )


def answered(
    first: Outcome,
    second: Outcome,
    item: TaxonomyItem,
    evidence: WordEvidence | None,
    why: str,
) -> Reflection:
    """A reflection that names an item."""
    return Reflection(
        first=first,
        second=second,
        item=item.id,
        category=item.id,
        level=item.level,
        evidence=(evidence,) if evidence else (),
        why=why,
    )
