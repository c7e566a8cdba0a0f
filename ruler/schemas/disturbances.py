"""What makes a frame unfit to be judged: the camera moved, covered, blinded, frozen, or the like.

A table like that of facts. Captioners measure and captions keep what was measured; a frame whose
facts lie beyond one of these bounds is `undetermined`, with the reason. The bounds were set on
public footage and on the same footage shifted, darkened, covered, rained on (docs/perception).
"""

from __future__ import annotations

from collections.abc import Mapping

from ruler.schemas.base import Finite, Value


class Disturbance(Value):
    """A bound on one frame fact beyond which nothing can be told of the scene.

    `percent` says that the fact is a share, told in percent in place of `{}` in `said`.
    """

    fact: str
    above: Finite | None = None
    below: Finite | None = None
    said: str
    percent: bool = False

    def holds(self, value: float) -> bool:
        """Whether a value lies beyond the bound."""
        is_above = self.above is not None and value > self.above
        return is_above or (self.below is not None and value < self.below)

    def say(self, value: float) -> str:
        """A clause for people."""
        if self.percent:
            return self.said.format(f"{abs(value):.0%}".replace("%", " %"))
        return self.said.format(f"{value:.2g}")


DISTURBANCES: tuple[Disturbance, ...] = (
    Disturbance(
        fact="picture_contrast",
        below=0.4,
        said="the picture has only {} times the usual contrast, as of a camera that is covered, "
        "blinded, fogged or in the dark",
    ),
    Disturbance(
        fact="picture_change",
        below=0.1,
        said="the picture is frozen: it changes in {} times as many pixels as the references do "
        "at least",
    ),
    Disturbance(
        fact="camera_shift",
        above=0.02,
        said="the camera has moved by {} of the width against the references",
        percent=True,
    ),
    Disturbance(
        fact="view_kept",
        below=0.5,
        said="the picture shows another view than the references: {} of its edges agree",
        percent=True,
    ),
    Disturbance(
        fact="lighting_change",
        above=0.25,
        said="the light is brighter than in the references by {} of full brightness",
        percent=True,
    ),
    Disturbance(
        fact="lighting_change",
        below=-0.25,
        said="the light is darker than in the references by {} of full brightness",
        percent=True,
    ),
    Disturbance(
        fact="changed_ratio",
        above=1.5,
        said="the picture differs from the background in {} times as many places as usual",
    ),
    Disturbance(
        fact="speckle_ratio",
        above=2.0,
        said="small spots differ from the background in {} times as many places as usual, as of "
        "rain, snow, glare or coarse compression",
    ),
)
"""The first that holds is the reason."""

VIEW_FACTS = tuple(dict.fromkeys(entry.fact for entry in DISTURBANCES))


def disturbance(facts: Mapping[str, float]) -> str | None:
    """Why a frame with these facts cannot be judged, as a clause; None where it can."""
    for entry in DISTURBANCES:
        value = facts.get(entry.fact)
        if value is not None and entry.holds(value):
            return entry.say(value)
    return None
