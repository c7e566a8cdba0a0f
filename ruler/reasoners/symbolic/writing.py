"""From what the batches agree on to rules: normal ones, and anomaly ones by contrast.

AnomalyRuler (ECCV 2024, section 3.2) contrasts normal rules into anomaly rules; here each normal
range gets the rule that fires beyond it, and each concept of the lexicon gets a rule of its own, as
far as the references do not show it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean

from ruler.reasoners.symbolic.camera_rules import camera_rules
from ruler.reasoners.symbolic.vocabulary import vocabulary_rules
from ruler.reasoners.symbolic.watches import Watch, watched
from ruler.schemas.facts import FACTS
from ruler.schemas.induction import Brief, Checkup, Consensus, FactRange
from ruler.schemas.rules import Measure, Origin, Rule

CONCEPT = "concept-"
"""How the ids of rules begin that come from the lexicon."""

UNCOVERED = "uncovered"
"""The slug of the rule that fires on what no normal rule covers: things, and measured facts."""

UNCOVERED_DOINGS = "uncovered-doings"
"""Likewise for what people do."""

_UPPER_QUANTILE = 0.95

_ENOUGH = 9
"""Clips of which the next exceeds the highest with a chance of one in ten at most."""

_NINE_IN_TEN = (1.638, 1.533, 1.476, 1.440, 1.415, 1.397, 1.383, 1.372)
"""Student's t at 0.9 for 3, 4 ... 10 degrees of freedom."""

_PRIOR = 3
"""Clips' worth of belief that clips differ from one another as the frames of one do."""

_NORMAL_UPPER = 1.645
"""Standard deviations from the median of a normal distribution to its 0.95 quantile."""

NEWS_WEIGHT = 0.29
"""Of the two rules for unheard words: even together, 1 - (1 - 0.29)², they never alarm alone."""

_FACT_NEWS_WEIGHT = 0.6


def write_rules(
    consensus: Consensus, brief: Brief, checkups: Mapping[str, Checkup]
) -> tuple[Rule, ...]:
    """The rule set's rules, normal ones first, in a fixed order (see `Reasoner.write_rules`)."""
    normal: list[Rule] = []
    anomaly: list[Rule] = []
    ranges = {spread.fact: spread for spread in consensus.ranges}
    for watch in watched(brief.place, brief.cameras):
        if spread := ranges.get(watch.fact):
            checkup = checkups.get(f"{brief.scene}.{watch.anomaly}")
            if checkup and checkup.action == "dropped":
                # A normal range without its contrast would fire as novelty at the same bound.
                continue
            pair = _contrast(watch, spread, consensus, brief, checkup)
            normal.append(pair[0])
            anomaly.append(pair[1])
    if not brief.measured:
        normal.extend(vocabulary_rules(consensus, brief))
        anomaly.extend(_concept_rules(consensus, brief))
    anomaly.extend(camera_rules(brief, checkups))
    anomaly.extend(_uncovered(brief, normal))
    return tuple(left for rule in normal + anomaly if (left := _left(rule, checkups.get(rule.id))))


def bound_of(
    watch: Watch, spread: FactRange, clips: int, seconds: float = 0.0
) -> tuple[float, float]:
    """The bound of a watched fact and the softness of its rise, both in the fact's unit.

    The bound asks how far the next normal clip may go. Each reference has held some level (see
    `proposing.held`); of nine clips or more, the highest is exceeded by one new clip in ten at
    most, whatever the distribution (conformal prediction). Fewer clips say less: there the bound is
    the upper nine-in-ten prediction limit of Student's t over the levels, if that is higher, with a
    prior for how far clips lie apart: as far as the frames of all references do (three clips'
    worth). No level of a reference lies beyond the bound, so the references stay quiet.

    The softness is a quarter of the way from the median of all frames to the bound: what is usual
    has the same strength, 0.02, for every fact and however wide few references make its bound.

    A duration's bound is 1.5 times the longest. One that takes up more than half of the longest
    reference (of `seconds`) was cut off, or may well have been: how long such a stay lasts is not
    known, so only what outlasts that reference twice is beyond it.
    """
    if watch.role == "longest":
        longest = spread.quantile(1.0)
        is_cut_off = longest > seconds / 2 > 0
        bound = max(1.5 * longest, 2 * seconds if is_cut_off else 0.0, watch.floor)
        return round(bound, 3), round(bound / 10, 4)
    middle, upper = spread.quantile(0.5), spread.quantile(_UPPER_QUANTILE)
    levels = spread.levels or (upper,)
    apart = (upper - middle) / (_NORMAL_UPPER if watch.role == "primary" else 1.0)
    bound = max(_next_level(levels, clips, apart), watch.floor)
    if (top := FACTS[watch.fact].high) is not None:  # a bound at the very top is none
        bound = min(bound, (max(*levels, watch.floor) + top) / 2)
    softness = max((bound - middle) / 4, 0.02 * bound)
    return round(bound, 3), round(softness, 4)


def _next_level(levels: Sequence[float], clips: int, apart: float) -> float:
    """The level that one new clip in ten exceeds at most.

    Args:
        levels: Of the references, or of the parts of the only one.
        clips: How many references there are.
        apart: How far clips are believed to lie apart, one standard deviation.
    """
    highest = max(levels)
    if clips >= _ENOUGH:
        return highest
    mean = fmean(levels)
    known = sum((level - mean) ** 2 for level in levels) if clips > 1 else 0.0
    freedom = _PRIOR + clips - 1
    variance = (_PRIOR * apart**2 + known) / freedom
    reach = _NINE_IN_TEN[freedom - _PRIOR] * math.sqrt(variance * (1 + 1 / clips))
    return max(highest, mean + reach)


def _contrast(
    watch: Watch,
    spread: FactRange,
    consensus: Consensus,
    brief: Brief,
    checkup: Checkup | None,
) -> tuple[Rule, Rule]:
    """The normal rule of a watched range, and the anomaly rule beyond it."""
    bound, softness = bound_of(watch, spread, consensus.clips, consensus.seconds)
    shown = f"{bound:.2g}" if bound < 10 else f"{bound:.0f}"
    votes = f"{consensus.range_votes.get(watch.fact, 0)}/{consensus.batches}"
    origin = Origin(
        by="induced",
        votes=votes,
        references=spread.peaks,
        model="symbolic",
        note=checkup.why if checkup and checkup.action != "kept" else None,
    )
    normal = Rule(
        id=f"{brief.scene}.{watch.normal}",
        title=watch.title_normal,
        kind="normal",
        level="info",
        category=None,
        statement=watch.said_normal.format(bound=shown),
        measures=(Measure(fact=watch.fact, below=bound, softness=softness),),
        origin=origin,
    )
    anomaly = Rule(
        id=f"{brief.scene}.{watch.anomaly}",
        title=watch.title_anomaly,
        kind="anomaly",
        level=watch.level,
        category=watch.category,
        statement=watch.said_anomaly.format(bound=shown),
        measures=(Measure(fact=watch.fact, above=bound, softness=softness),),
        origin=origin,
    )
    return normal, anomaly


def _concept_rules(consensus: Consensus, brief: Brief) -> list[Rule]:
    """A rule for each lexicon concept; verification weakens those that the references show."""
    shown = {agreed.name: agreed.votes for agreed in consensus.concepts}
    return [
        Rule(
            id=f"{brief.scene}.{CONCEPT}{key}",
            title=concept.title,
            kind="anomaly",
            level=concept.level,
            category=concept.category,
            statement=f"{concept.title}: the references hardly ever show it.",
            look_for=concept.phrases,
            weight=concept.prior,
            tests=concept.tests,
            origin=Origin(
                by="induced", model="symbolic", votes=f"{shown.get(key, 0)}/{consensus.batches}"
            ),
        )
        for key, concept in brief.lexicon.concepts.items()
    ]


def _uncovered(brief: Brief, normal: Sequence[Rule]) -> Iterator[Rule]:
    """The rules for news: alone they never reach the threshold, beside others they tell."""
    said = {rule.subject for rule in normal if rule.look_for}
    origin = Origin(by="induced", model="symbolic")
    yield Rule(
        id=f"{brief.scene}.{UNCOVERED}",
        title="Something the references never showed",
        kind="anomaly",
        level="low",
        category="novelty.uncovered",
        subject="environment",
        statement="No normal rule covers what is seen, and no anomaly rule explains it.",
        weight=_FACT_NEWS_WEIGHT if brief.measured else NEWS_WEIGHT,
        origin=origin,
    )
    if "human_activity" in said:
        yield Rule(
            id=f"{brief.scene}.{UNCOVERED_DOINGS}",
            title="People do what the references never showed",
            kind="anomaly",
            level="low",
            category="novelty.uncovered",
            statement="No normal rule covers what people do.",
            weight=NEWS_WEIGHT,
            origin=origin,
        )


def _left(rule: Rule, checkup: Checkup | None) -> Rule | None:
    """What verification leaves of a rule; the bound of a watched range lies beyond every reference
    anyway, so there is nothing to raise."""
    if rule.measures:
        return None if checkup and checkup.action == "dropped" else rule
    return checked(rule, checkup)


def checked(rule: Rule, checkup: Checkup | None) -> Rule | None:
    """What verification leaves of a rule: all, some of its weight, or nothing."""
    if checkup is None or checkup.action == "kept":
        return rule
    if checkup.action in ("dropped", "raised"):  # a bound of its own cannot be raised
        return None
    origin = rule.origin.model_copy(update={"note": checkup.why})
    weight = round(rule.weight * checkup.factor, 3)
    return rule.model_copy(update={"weight": weight, "origin": origin})
