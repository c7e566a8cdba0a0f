"""Rules about the camera itself: that it was moved, turned, covered or frozen, for long.

A short disturbance makes frames undetermined and no more: somebody passes close to the lens, a
lorry stands before it. One that lasts is worth telling, whatever the references showed: who covers
a camera does not want to be seen. The bounds are those of `ruler.schemas.disturbances`, so that a
rule speaks of frames that nothing else is said of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ruler.schemas.disturbances import DISTURBANCES
from ruler.schemas.induction import Brief, Checkup
from ruler.schemas.rules import Level, Measure, Origin, Rule

_LONG_SECONDS = 10.0
"""As long as a passer-by or a vehicle may hide the view."""


@dataclass(frozen=True)
class _Case:
    fact: str
    slug: str
    title: str
    statement: str
    level: Level


_CASES = (
    _Case(
        "picture_contrast",
        "camera-covered",
        "The camera is covered, blinded or in the dark",
        "The picture has had less than {bound} times the usual contrast for more than {seconds} "
        "seconds: the camera is covered, blinded or in the dark.",
        "high",
    ),
    _Case(
        "picture_change",
        "camera-frozen",
        "The camera's picture is frozen",
        "The picture has stood still for more than {seconds} seconds, even its noise.",
        "high",
    ),
    _Case(
        "camera_shift",
        "camera-moved",
        "The camera was moved",
        "The view has been shifted by more than {bound} of its width for more than {seconds} "
        "seconds.",
        "medium",
    ),
    _Case(
        "view_kept",
        "camera-turned",
        "The camera shows another view",
        "For more than {seconds} seconds less than {bound} of the edges are where the references "
        "had them: the camera was turned, or something stands before it.",
        "medium",
    ),
)


def camera_rules(brief: Brief, checkups: Mapping[str, Checkup]) -> Iterator[Rule]:
    """The rules for what the captioner can tell of its camera. One that fires on references is left
    out: there, such pictures are usual."""
    for case in _CASES:
        bound = next(entry for entry in DISTURBANCES if entry.fact == case.fact)
        rule_id = f"{brief.scene}.{case.slug}"
        if case.fact not in brief.measured or rule_id in checkups:
            continue
        shown = bound.above if bound.above is not None else bound.below
        yield Rule(
            id=rule_id,
            title=case.title,
            kind="anomaly",
            level=case.level,
            category="camera.tampered",
            subject="environment",
            statement=case.statement.format(bound=shown, seconds=f"{_LONG_SECONDS:g}"),
            measures=(
                Measure(fact=case.fact, above=bound.above, below=bound.below),
                Measure(fact="disturbed_seconds", above=_LONG_SECONDS),
            ),
            origin=Origin(by="induced", model="symbolic"),
        )
