"""A whole clip held against a taxonomy without a model (see `Reasoner.reflect_clip`).

TRLC (SmartHome-Bench, CVPR-W 2025, section 4) reflects on one answer a clip, which a model wrote. A
clip of a fixed camera is many captions, in which nearly everything is said once: what turns its
outcome over must be said in most of those it is about, and what alarmed has been reflected on by
event already. So normal items clear only what words alone accused and no abnormal item stands for,
and only an item of weight that most captions speak of raises a clip in which no frame alarms.
"""

from __future__ import annotations

from collections.abc import Sequence

from ruler.reasoners.base import ClipEvidence
from ruler.reasoners.symbolic.reflecting import (
    MAJORITY,
    Heard,
    answered,
    hear,
    inapplicable,
)
from ruler.schemas.observations import Observation
from ruler.schemas.rules import LEVELS, Level, Rule
from ruler.schemas.taxonomy import Taxonomy, TaxonomyItem
from ruler.schemas.verdicts import Outcome, Reflection

_VAGUE = 0.25
"""From this share of captions on, an abnormal item leaves open whether a clip is normal."""

_STRAY = 1
"""What so few captions say may be a slip, where there are more of them."""


def reflect_clip(clip: ClipEvidence, taxonomy: Taxonomy) -> Reflection:
    """Confirm, overturn, rename or leave open the first answer about a clip."""
    captioned = [seen for seen in clip.observations if seen.caption is not None]
    if not captioned:
        return _stands(clip.first.outcome, "no caption says anything")
    if clip.first.outcome == "anomaly":
        return _about_an_alarm(clip, captioned, taxonomy)
    return _about_quiet(clip.first.outcome, captioned, taxonomy)


def _about_an_alarm(
    clip: ClipEvidence, captioned: Sequence[Observation], taxonomy: Taxonomy
) -> Reflection:
    accused = [seen for seen in captioned if seen.frame_index in clip.alarms] or captioned
    heard, conditions = hear(taxonomy, accused)
    own = taxonomy.item(clip.first.category) if clip.first.category else None
    accusers = [rule for one in clip.first.rules if (rule := clip.rule_set.rule(one)) is not None]
    is_sole = own is not None and all(rule.category == own.id for rule in accusers)
    if own and is_sole and (why := inapplicable(own, conditions[own.id], len(accused))):
        return answered("anomaly", "normal", own, None, f"cleared: {why}")
    by_words = bool(accusers) and not any(rule.measures for rule in accusers)
    if by_words and not _stand_for_abnormal(accusers, taxonomy):
        everything, _ = hear(taxonomy, captioned)
        if (normal := _only_normal(heard, everything)) is not None:
            why = f"cleared: {normal.item.title} is normal ({normal.item.id})"
            return answered("anomaly", "normal", normal.item, normal.evidence, why)
    abnormal = [one for one in heard if one.item.kind == "abnormal" and one.share > MAJORITY]
    # The first answer's own item wins a tie: it was not named worse than another.
    best = max(abnormal, key=lambda one: (one.share, one.item == own), default=None)
    if best is not None and by_words and (own is None or best.item.id != own.id):
        why = f"named: {best.item.title} ({best.item.id}) in {_of(best, accused)}"
        return answered("anomaly", "anomaly", best.item, best.evidence, why)
    if own is None:
        return _stands("anomaly", "no item of the taxonomy speaks of it")
    quoted = next((one.evidence for one in heard if one.item.id == own.id), None)
    return answered("anomaly", "anomaly", own, quoted, f"confirmed: {own.title} ({own.id})")


def _stand_for_abnormal(accusers: Sequence[Rule], taxonomy: Taxonomy) -> bool:
    """Whether a rule that alarmed is about an abnormal item: then the alarm itself speaks of it."""
    items = [taxonomy.item(rule.category) for rule in accusers if rule.category]
    return any(item is not None and item.kind == "abnormal" for item in items)


def _only_normal(accused: Sequence[Heard], everything: Sequence[Heard]) -> Heard | None:
    """The normal item that most captions of the alarms speak of, if none of the clip's speaks of an
    abnormal one."""
    if any(one.item.kind == "abnormal" for one in (*accused, *everything)):
        return None
    normal = [one for one in accused if one.share > MAJORITY]
    return max(normal, key=lambda one: one.share, default=None)


def _about_quiet(
    first: Outcome, captioned: Sequence[Observation], taxonomy: Taxonomy
) -> Reflection:
    """A clip in which no frame alarms; one that is undetermined is raised or stays so, for normal
    items say nothing of frames that nobody could judge."""
    least = _least_level(captioned)
    weighty, normal = _votes(captioned, taxonomy, least)
    count = len(weighty)
    is_stray = count <= _STRAY and count < len(captioned)
    if not weighty or is_stray or count <= _VAGUE * len(captioned):
        return _stands(first, f"{count} of {len(captioned)} captions speak of an abnormal item")
    heard, _ = hear(taxonomy, weighty)
    best = max((one for one in heard if _has_weight(one.item, least)), key=lambda one: one.captions)
    told = f"{best.item.title} ({best.item.id}) in {_of(best, captioned)}"
    if count > MAJORITY * len(captioned):
        return answered(first, "anomaly", best.item, best.evidence, f"raised: {told}")
    if count >= normal:
        return answered(first, "undetermined", best.item, best.evidence, f"left open: {told}")
    return _stands(first, f"more captions speak of normal items alone than of {best.item.id}")


def _least_level(captioned: Sequence[Observation]) -> Level:
    """From which level on items have weight. Where a captioner measures, its words only tell what
    rules on its measurements have judged by bounds: there grave items alone count, as in events."""
    is_measured = any(
        seen.caption and (seen.caption.facts or seen.caption.figures) for seen in captioned
    )
    return "high" if is_measured else "medium"


def _votes(
    captioned: Sequence[Observation], taxonomy: Taxonomy, least: Level
) -> tuple[list[Observation], int]:
    """The captions that speak of an item of weight, and how many speak of normal items alone."""
    weighty: list[Observation] = []
    normal = 0
    for seen in captioned:
        heard, _ = hear(taxonomy, [seen])
        if any(_has_weight(one.item, least) for one in heard):
            weighty.append(seen)
        elif heard and all(one.item.kind == "normal" for one in heard):
            normal += 1
    return weighty, normal


def _has_weight(item: TaxonomyItem, least: Level) -> bool:
    return item.kind == "abnormal" and LEVELS.index(item.level) >= LEVELS.index(least)


def _stands(first: Outcome, why: str) -> Reflection:
    return Reflection(first=first, second=first, why=f"stays {first}: {why}")


def _of(heard: Heard, among: Sequence[Observation]) -> str:
    return f"{heard.captions} of {len(among)} captions"
