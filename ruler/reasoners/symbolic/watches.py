"""Which facts a place watches, and how a normal range becomes a bound.

Prior knowledge about facts, not about any scene: that fast is what counts, not slow (one-sided
facts; a two-sided distance from the references is near chance where scenes vary).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ruler.schemas.rules import Cameras, Level, Place

_EVERYWHERE: frozenset[Place] = frozenset({"walkway", "home", "street", "indoor", "any"})

_OUTSIDE: frozenset[Place] = frozenset({"walkway", "street", "any"})
"""Where things are not moved about all the time."""


@dataclass(frozen=True)
class Watch:
    """One fact that is watched one-sidedly, and the words of its two rules.

    Attributes:
        fact: Name in the table of facts.
        normal: Slug of the normal rule's id; `anomaly` likewise for the contrast rule.
        category: Taxonomy item of the contrast rule.
        role: `primary` facts carry the score and take their bound from the references as they are.
            A `secondary` fact differs more between clips than within one, so that few clips give
            it a wider bound. `longest` is for durations, which a clip's own
            length cuts off: the bound lies well above the longest.
        floor: The bound is never below this, however quiet the references were.
        carries: Whether a value means the same under another camera. What is relative to a place
            (its usual speed, its usual area) does not.
        said_normal: Statement with `{bound}`; `said_anomaly` likewise.
    """

    fact: str
    normal: str
    anomaly: str
    title_normal: str
    title_anomaly: str
    said_normal: str
    said_anomaly: str
    category: str
    level: Level
    role: Literal["primary", "secondary", "longest"]
    floor: float
    places: frozenset[Place]
    carries: bool = True


WATCHES: tuple[Watch, ...] = (
    Watch(
        fact="speed_ratio",
        normal="usual-speed",
        anomaly="fast",
        title_normal="Figures move at the usual speed",
        title_anomaly="Something moves faster than anyone here usually does",
        said_normal="Figures here move at up to {bound} times the usual speed.",
        said_anomaly="A figure moves at more than {bound} times the usual speed here: "
        "running, cycling, skating or driving.",
        category="motion.fast",
        level="medium",
        role="primary",
        floor=1.2,
        places=_EVERYWHERE,
        carries=False,
    ),
    Watch(
        fact="fill_ratio",
        normal="usual-size",
        anomaly="large",
        title_normal="Figures and groups have the usual size",
        title_anomaly="Something larger or denser than usual",
        said_normal="Figures and groups here fill up to {bound} times the usual area.",
        said_anomaly="A figure or group fills more than {bound} times the usual area here: "
        "a vehicle, a cart or a crowd.",
        category="presence.large",
        level="medium",
        role="secondary",
        floor=1.2,
        places=frozenset({"walkway", "street", "any"}),
        carries=False,
    ),
    Watch(
        fact="dwell_seconds",
        normal="usual-stay",
        anomaly="lingering",
        title_normal="Figures do not stay long in one place",
        title_anomaly="Someone stays in one place longer than usual",
        said_normal="Figures here stay in one place for up to {bound} seconds.",
        said_anomaly="A figure stays in one place for more than {bound} seconds.",
        category="presence.lingering",
        level="medium",
        role="longest",
        floor=6.0,
        places=_EVERYWHERE,
    ),
    Watch(
        fact="fallen",
        normal="usual-descent",
        anomaly="fall",
        title_normal="Who comes down fast gets up again",
        title_anomaly="A figure came down fast and stays low, as after a fall",
        said_normal="Figures here that come down fast and do not get up at once cover up to "
        "{bound} times the square of their standing height, low in the image.",
        said_anomaly="A figure came down fast, has not got up since, and covers more than {bound} "
        "times the square of its standing height, low in the image: a fall.",
        category="posture.fall",
        level="high",
        role="primary",
        floor=0.4,
        places=frozenset({"home", "indoor", "any"}),
    ),
    Watch(
        fact="motion_disorder",
        normal="usual-order",
        anomaly="disorder",
        title_normal="Motion is as orderly as usual",
        title_anomaly="Motion is more chaotic than usual",
        said_normal="Motion within a figure or group reaches a disorder of up to {bound}.",
        said_anomaly="Motion within a figure or group is more chaotic than {bound}: "
        "a struggle or a fight.",
        category="conflict.fight",
        level="high",
        role="secondary",
        floor=0.5,
        places=frozenset({"street", "indoor", "any"}),
    ),
    Watch(
        fact="left_seconds",
        normal="usual-things",
        anomaly="left-behind",
        title_normal="Nothing is left lying for long",
        title_anomaly="Something was left behind",
        said_normal="Things that were not there before stay for up to {bound} seconds.",
        said_anomaly="A thing that was not there before has not stirred for more than {bound} "
        "seconds: something left behind, or a vehicle that stopped.",
        category="objects.left-behind",
        level="medium",
        role="longest",
        floor=20.0,
        places=_OUTSIDE,
        carries=False,
    ),
    Watch(
        fact="taken_seconds",
        normal="usual-gaps",
        anomaly="taken-away",
        title_normal="What is there stays there",
        title_anomaly="Something was taken away",
        said_normal="What was there before is gone for up to {bound} seconds.",
        said_anomaly="Something that was there has been gone for more than {bound} seconds.",
        category="objects.taking",
        level="medium",
        role="longest",
        floor=20.0,
        places=_OUTSIDE,
        carries=False,
    ),
)


def watched(place: Place, cameras: Cameras = "one") -> tuple[Watch, ...]:
    """The facts that are watched at a place; with many cameras, those that carry over."""
    return tuple(
        watch for watch in WATCHES if place in watch.places and (watch.carries or cameras == "one")
    )
