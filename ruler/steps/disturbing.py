"""Frames whose picture tells nothing of the scene: they are `undetermined`, never normal.

A camera that was moved or covered shows figures that are none, and what is normal there tells
nothing. Rules about the scene are not asked about such a frame; those about the camera are, so that
a disturbance that lasts is an event of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ruler.reasoners.base import MatchContext, Reasoner
from ruler.reasoners.symbolic.matching import match as match_symbolically
from ruler.schemas.disturbances import VIEW_FACTS, disturbance
from ruler.schemas.observations import Observation
from ruler.schemas.rules import Rule
from ruler.schemas.verdicts import Matched

_OF_THE_CAMERA = frozenset({*VIEW_FACTS, "disturbed_seconds"})


def disturbed(observation: Observation) -> str | None:
    """Why a frame cannot be judged, as a clause; None where it can, or has no caption."""
    return disturbance(observation.caption.facts) if observation.caption else None


def match(
    reasoner: Reasoner, observations: Sequence[Observation], context: MatchContext
) -> list[Matched]:
    """As `Reasoner.match`; of a disturbed frame only rules about the camera can hold."""
    reasons = [disturbed(seen) for seen in observations]
    clear = [seen for seen, why in zip(observations, reasons, strict=True) if why is None]
    found = iter(reasoner.match(clear, context) if clear else ())
    if len(clear) == len(observations):
        return list(found)
    unfit = [seen for seen, why in zip(observations, reasons, strict=True) if why is not None]
    of_camera = iter(match_symbolically(unfit, _about_the_camera(context)))
    return [
        next(found)
        if why is None
        else next(of_camera).model_copy(update={"undetermined": f"{why[0].upper()}{why[1:]}."})
        for why in reasons
    ]


def _about_the_camera(context: MatchContext) -> MatchContext:
    """The same with the rules about the camera alone, and the normal ones that override them."""
    rules = tuple(rule for rule in context.rule_set.rules if is_about_the_camera(rule))
    return replace(context, rule_set=context.rule_set.model_copy(update={"rules": rules}))


def is_about_the_camera(rule: Rule) -> bool:
    """Whether all that a rule measures is the camera's doing."""
    facts = {measure.fact for measure in rule.measures}
    return bool(facts) and facts <= _OF_THE_CAMERA
