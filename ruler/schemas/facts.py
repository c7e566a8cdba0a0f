"""The table of facts: what captioners and linking measure, with units and ranges (DESIGN 3a)."""

from __future__ import annotations

import math
from typing import Literal

from ruler.schemas.base import Value


class FactSpec(Value):
    """One measurable fact: its unit, its range, and whom it is said of.

    `scope` is `figure` (each figure has its own value) or `frame` (one value a frame). `source` is
    `captioner` (measured on the window's pixels) or `link` (needs the frames before: a track).
    `said` is how a value is told to people, with `{}` for the number.
    """

    name: str
    unit: str
    low: float | None
    high: float | None
    scope: Literal["figure", "frame"]
    source: Literal["captioner", "link"] = "captioner"
    meaning: str
    said: str

    def say(self, value: float) -> str:
        """A clause that tells the value to people, with two digits that matter."""
        shown = f"{value:.0f}" if abs(value) >= 10 else f"{value:.2g}"
        return self.said.format(shown)


def _spec(
    name: str,
    unit: str,
    low: float | None,
    high: float | None,
    scope: Literal["figure", "frame"],
    meaning: str,
    said: str,
    source: Literal["captioner", "link"] = "captioner",
) -> FactSpec:
    return FactSpec(
        name=name,
        unit=unit,
        low=low,
        high=high,
        scope=scope,
        meaning=meaning,
        said=said,
        source=source,
    )


FACTS: dict[str, FactSpec] = {
    spec.name: spec
    for spec in (
        _spec(
            "figures", "count", 0, None, "frame", "figures seen in the frame", "{} figures are seen"
        ),
        _spec(
            "speed_ratio",
            "times the usual speed at that place",
            0,
            None,
            "figure",
            "net speed over about half a second, against what the references showed in that row",
            "a figure moves at {} times the usual speed there",
        ),
        _spec(
            "height_ratio",
            "times the usual height at that place",
            0,
            None,
            "figure",
            "height of the figure's box, against the typical figure height in that row",
            "a figure has {} times the usual height there",
        ),
        _spec(
            "direction_degrees",
            "degrees",
            0,
            360,
            "figure",
            "where the figure is heading: 0 right, 90 up, 180 left, 270 down",
            "a figure heads {} degrees from rightwards, counter-clockwise",
        ),
        _spec(
            "dwell_seconds",
            "seconds",
            0,
            None,
            "figure",
            "how long the figure has stayed within about its own height of one place",
            "a figure has stayed in one place for {} seconds",
            "link",
        ),
        _spec(
            "stillness",
            "share",
            0,
            1,
            "figure",
            "share of a slow figure that has not changed for most of a second: things do not stir",
            "a share of {} of a figure does not stir",
        ),
        _spec(
            "edge_gain",
            "share",
            -1,
            1,
            "figure",
            "of a figure that does not stir, how much stronger its outline is than that line in "
            "the background: above 0 something came, below 0 something went",
            "the outline of a still figure is stronger by {} than in the background",
        ),
        _spec(
            "left_seconds",
            "seconds",
            0,
            None,
            "figure",
            "how long a thing has been there that the references did not show",
            "a thing has been left in one place for {} seconds",
            "link",
        ),
        _spec(
            "taken_seconds",
            "seconds",
            0,
            None,
            "figure",
            "how long something has been gone that the references showed",
            "something that was there has been gone for {} seconds",
            "link",
        ),
        _spec(
            "at_border",
            "0 or 1",
            0,
            1,
            "figure",
            "whether the figure touches the edge of the picture, so that part of it is not seen",
            "a figure touches the edge of the picture ({})",
        ),
        _spec(
            "aspect_ratio",
            "width / height",
            0,
            None,
            "figure",
            "shape of the figure's box",
            "a figure is {} times as wide as high",
        ),
        _spec(
            "fill_ratio",
            "times the usual area at that place",
            0,
            None,
            "figure",
            "foreground area around the figure, against what the references reached in that row",
            "a figure or group fills {} times the usual area there",
        ),
        _spec(
            "fall_speed",
            "figure heights / second",
            0,
            None,
            "figure",
            "downward speed of the figure; a fall is fast and downward",
            "a figure moves down at {} of its heights a second",
        ),
        _spec(
            "rise_speed",
            "figure heights / second",
            0,
            None,
            "figure",
            "upward speed of the figure, as when somebody gets up",
            "a figure moves up at {} of its heights a second",
        ),
        _spec(
            "fallen",
            "squared figure heights",
            0,
            None,
            "figure",
            "`low_area` of a figure that came down fast and has not got up since; less of it where "
            "it came down slowly, a moment ago, or long ago (a tenth fades each second)",
            "a figure that came down fast and has not got up covers {} times the square of its "
            "standing height, low in the image",
            "link",
        ),
        _spec(
            "low_area",
            "squared figure heights",
            0,
            None,
            "figure",
            "area of the figure in the lower part of the image, where the floor is",
            "a figure covers {} times the square of its standing height, low in the image",
        ),
        _spec(
            "motion_disorder",
            "share",
            0,
            1,
            "figure",
            "how chaotic the motion is: 0 all one way, 1 every way at once",
            "the motion of a figure or group has a disorder of {} (1 is every way at once)",
        ),
        _spec(
            "camera_shift",
            "share of the width",
            0,
            None,
            "frame",
            "how far the view lies from where the references showed it",
            "the view has shifted by {} of the width against the references",
        ),
        _spec(
            "view_kept",
            "share",
            0,
            1,
            "frame",
            "how well edges agree with the references', in the better quarter of the picture and "
            "at the best shift; 1 is the same view",
            "{} of the references' edges are where they were",
        ),
        _spec(
            "picture_contrast",
            "times the usual contrast",
            0,
            None,
            "frame",
            "strength of the edges against the references' background; near 0 the camera is "
            "covered, blinded or in the dark",
            "the picture has {} times the usual contrast",
        ),
        _spec(
            "lighting_change",
            "share of full brightness",
            -1,
            1,
            "frame",
            "how much brighter the background is than in the references; darker is below 0",
            "the light has changed by {} of full brightness",
        ),
        _spec(
            "picture_change",
            "times the references' least",
            0,
            None,
            "frame",
            "pixels that change from frame to frame, against the fewest that the references "
            "showed; 0 is a frozen picture",
            "the picture changes in {} times as many pixels as the references do at least",
        ),
        _spec(
            "changed_ratio",
            "times the most of the references",
            0,
            None,
            "frame",
            "share of the picture's parts that differ from the background, against the most that "
            "references showed (a half at least)",
            "{} times as many parts of the picture differ from the background as usual",
        ),
        _spec(
            "speckle_ratio",
            "times the most of the references",
            0,
            None,
            "frame",
            "share of the picture's parts in which small spots differ from the background, against "
            "the most that references showed: rain, snow, glare, compression",
            "{} times as many parts of the picture hold small spots as usual",
        ),
        _spec(
            "disturbed_seconds",
            "seconds",
            0,
            None,
            "frame",
            "how long the camera has been moved, covered, frozen or otherwise unfit to judge by, "
            "without a second's break",
            "nothing could be told of the scene for {} seconds",
            "link",
        ),
        _spec(
            "novelty",
            "times the farthest reference",
            0,
            None,
            "frame",
            "distance to the nearest reference; 1 is as far as references lie from one another",
            "the frame lies {} times as far from the references as they from one another",
        ),
    )
}
"""By name; shown by `ruler help facts`."""


_BOUNDS = {
    spec.name: (
        spec.scope,
        -math.inf if spec.low is None else spec.low,
        math.inf if spec.high is None else spec.high,
    )
    for spec in FACTS.values()
}
"""What `check_facts` asks of a fact, by name: thousands are checked a second."""


def check_facts(facts: dict[str, float], scope: Literal["figure", "frame"]) -> None:
    """Refuse facts that the table does not know, of the wrong scope, or out of range.

    Raises:
        ValueError: names the fact and what is wrong with it.
    """
    for name, value in facts.items():
        bounds = _BOUNDS.get(name)
        if bounds is None:
            raise ValueError(f"unknown fact {name!r}; known: {', '.join(sorted(FACTS))}")
        known, low, high = bounds
        if known != scope:
            raise ValueError(f"fact {name!r} is said of a {known}, not of a {scope}")
        if value < low or value > high:
            spec = FACTS[name]
            raise ValueError(f"fact {name}={value} lies outside [{spec.low}, {spec.high}]")
