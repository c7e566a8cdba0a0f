"""Reflection without a model: an event's captions are held against a taxonomy's vocabulary.

TRLC (SmartHome-Bench, CVPR-W 2025, section 4) reflects on a first answer with rules derived from a
taxonomy, towards alarm only. Here normal items count as well: they may clear an event, abnormal
ones may name it better or raise one that stayed just below the threshold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ruler.reasoners.base import EventEvidence
from ruler.reasoners.matching import word_evidence
from ruler.schemas.observations import Observation
from ruler.schemas.taxonomy import Taxonomy, TaxonomyItem
from ruler.schemas.verdicts import Outcome, Reflection, WordEvidence
from ruler.text.phrases import find_any

_MAJORITY = 0.5
_GRAVE = ("high", "critical")
_ENOUGH_TO_RAISE = 2


@dataclass(frozen=True)
class _Heard:
    """An item that captions of the event speak of: in what share, and where first."""

    item: TaxonomyItem
    captions: int
    share: float
    evidence: WordEvidence


def reflect(event: EventEvidence, taxonomy: Taxonomy) -> Reflection:
    """Confirm, clear, rename or raise a candidate event (see `Reasoner.reflect`)."""
    captioned = [seen for seen in event.observations if seen.caption is not None]
    first: Outcome = "anomaly" if event.peak_score >= event.threshold else "normal"
    own = taxonomy.item(event.rule.category) if event.rule and event.rule.category else None
    heard = [found for item in taxonomy.items if (found := _hear(item, captioned)) is not None]
    if first == "normal":
        return _maybe_raise(first, own, heard)
    if own is not None and (why := _inapplicable(own, captioned)):
        return _answer(first, "normal", own, None, f"cleared: {why}")
    # Measured facts outweigh a normal phrase: only words may clear what words alone accused.
    by_words = event.rule is not None and not event.rule.measures
    if by_words and (normal := _outweighing(heard)):
        return _answer(
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
        return _answer(
            first, "anomaly", best.item, best.evidence, f"named: {best.item.title} ({best.item.id})"
        )
    if own is not None:
        quoted = next((found.evidence for found in heard if found.item.id == own.id), None)
        return _answer(first, "anomaly", own, quoted, f"confirmed: {own.title} ({own.id})")
    return Reflection(first=first, second=first, why="no item of the taxonomy speaks of it")


def _hear(item: TaxonomyItem, captioned: Sequence[Observation]) -> _Heard | None:
    """Count the captions in which an item's phrases stand and its conditions hold."""
    count, first = 0, None
    for seen in captioned:
        if seen.caption is None:
            continue
        found = find_any(seen.caption.text, item.look_for)
        if found is None or not _applies(item, seen.caption.text):
            continue
        count += 1
        first = first or word_evidence(found, seen.caption, seen.frame_index)
    if first is None:
        return None
    return _Heard(item, count, count / len(captioned), first)


def _applies(item: TaxonomyItem, text: str) -> bool:
    """`unless` and `only_if` of an item, on one caption."""
    if item.unless and find_any(text, item.unless) is not None:
        return False
    return not item.only_if or find_any(text, item.only_if) is not None


def _inapplicable(item: TaxonomyItem, captioned: Sequence[Observation]) -> str | None:
    """Why an item does not apply to most of an event, or None where it does."""
    texts = [seen.caption.text for seen in captioned if seen.caption]
    if not texts:
        return None
    excused = sum(find_any(text, item.unless) is not None for text in texts)
    if item.unless and excused / len(texts) > _MAJORITY:
        return (
            f"{item.id} does not apply: an `unless` of it is in {excused} of {len(texts)} captions"
        )
    met = sum(find_any(text, item.only_if) is not None for text in texts)
    if item.only_if and met == 0:
        return f"{item.id} does not apply: no caption has what it needs (`only_if`)"
    return None


def _outweighing(heard: Sequence[_Heard]) -> _Heard | None:
    """The normal item that most captions speak of, if no abnormal one is spoken of at all."""
    if any(found.item.kind == "abnormal" for found in heard):
        return None
    normal = [found for found in heard if found.share > _MAJORITY]
    return max(normal, key=lambda found: found.share, default=None)


def _maybe_raise(first: Outcome, own: TaxonomyItem | None, heard: Sequence[_Heard]) -> Reflection:
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
    return _answer(
        first,
        "anomaly",
        best.item,
        best.evidence,
        f"raised: {best.item.title} ({best.item.id}) in {best.captions} captions",
    )


def _answer(
    first: Outcome,
    second: Outcome,
    item: TaxonomyItem,
    evidence: WordEvidence | None,
    why: str,
) -> Reflection:
    return Reflection(
        first=first,
        second=second,
        item=item.id,
        category=item.id,
        level=item.level,
        evidence=(evidence,) if evidence else (),
        why=why,
    )
