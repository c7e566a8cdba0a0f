"""What a captioner says about one sampled frame: words, figures and measured facts.

A caption is immutable and content-addressed. It does not know which clip it came from: the same
window of pixels in two clips is the same caption (DESIGN section 1).
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from pydantic import Field, field_validator, model_validator

from ruler.schemas.base import (
    Finite,
    UnitInterval,
    Value,
    bytes_hash,
    canonical_json,
    content_hash,
    rounded,
)


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
            "motion_disorder",
            "share",
            0,
            1,
            "figure",
            "how chaotic the motion is: 0 all one way, 1 every way at once",
            "the motion of a figure or group has a disorder of {} (1 is every way at once)",
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
"""The table of facts (DESIGN section 3a), shown by `ruler help facts`."""


KEPT_DIGITS = 6
"""Digits that facts and boxes keep: as many as result files write, so that evidence read back from
a file is still in its caption to the last digit."""


class Box(Value):
    """A rectangle in relative image coordinates: (0, 0) is top left, (1, 1) bottom right."""

    left: UnitInterval
    top: UnitInterval
    right: UnitInterval
    bottom: UnitInterval

    @field_validator("left", "top", "right", "bottom")
    @classmethod
    def _kept_digits(cls, value: float) -> float:
        return round(value, KEPT_DIGITS) + 0.0

    @model_validator(mode="after")
    def _has_area(self) -> Box:
        if self.right <= self.left or self.bottom <= self.top:
            raise ValueError("a box needs left < right and top < bottom")
        return self

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y) of the middle, relative."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        """Share of the image height."""
        return self.bottom - self.top

    def overlap(self, other: Box) -> float:
        """Intersection over union with another box, in [0, 1]."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        both = (self.right - self.left) * self.height + (other.right - other.left) * other.height
        return shared / (both - shared)


def check_facts(facts: dict[str, float], scope: Literal["figure", "frame"]) -> None:
    """Refuse facts that the table does not know, of the wrong scope, or out of range.

    Raises:
        ValueError: names the fact and what is wrong with it.
    """
    for name, value in facts.items():
        spec = FACTS.get(name)
        if spec is None:
            raise ValueError(f"unknown fact {name!r}; known: {', '.join(sorted(FACTS))}")
        if spec.scope != scope:
            raise ValueError(f"fact {name!r} is said of a {spec.scope}, not of a {scope}")
        if (spec.low is not None and value < spec.low) or (
            spec.high is not None and value > spec.high
        ):
            raise ValueError(f"fact {name}={value} lies outside [{spec.low}, {spec.high}]")


class Figure(Value):
    """One thing that stands out from the background: where it is and what was measured of it."""

    box: Box
    facts: dict[str, Finite] = Field(default_factory=dict)

    @field_validator("facts")
    @classmethod
    def _kept_digits(cls, facts: dict[str, float]) -> dict[str, float]:
        return rounded(facts, KEPT_DIGITS)

    @model_validator(mode="after")
    def _facts_known(self) -> Figure:
        check_facts(self.facts, "figure")
        return self


class Caption(Value):
    """What a captioner said about one window of frames.

    `key` addresses the question (pixels, scene model, captioner, prompt, parameters), `sha256` the
    answer. `measured` lists the facts this captioner measures at all, so that a rule on another
    fact is `not_evaluable` rather than quiet.
    """

    key: str
    captioner: str
    text: str
    facts: dict[str, Finite] = Field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    measured: tuple[str, ...] = ()

    @field_validator("facts")
    @classmethod
    def _kept_digits(cls, facts: dict[str, float]) -> dict[str, float]:
        return rounded(facts, KEPT_DIGITS)

    @model_validator(mode="after")
    def _facts_known(self) -> Caption:
        check_facts(self.facts, "frame")
        used = set(self.facts).union(*(figure.facts for figure in self.figures))
        if missing := used.difference(self.measured):
            raise ValueError(f"facts {sorted(missing)} are not listed in `measured`")
        return self

    @cached_property
    def sha256(self) -> str:
        """Hash of everything said; evidence quotes it."""
        return content_hash(self.model_dump(mode="json"))


class CaptionFailure(Value):
    """A window that could not be captioned, and why. The frame becomes `failed`, never normal."""

    reason: str = Field(min_length=1)


class SceneModel(Value):
    """What a captioner learned from the references, as opaque bytes that only it reads.

    `info` holds what people want to see of it (typical height, warnings), never what code needs.
    """

    captioner: str
    version: str
    payload: bytes = b""
    info: dict[str, str | float | int | bool | list[str]] = Field(default_factory=dict)

    @cached_property
    def sha256(self) -> str:
        """Identity: captioner, version and payload."""
        return content_hash(
            {
                "captioner": self.captioner,
                "version": self.version,
                "payload": bytes_hash(self.payload),
            }
        )


def caption_key(
    *,
    window_sha256: str,
    scene_model_sha256: str | None,
    captioner: str,
    version: str,
    prompt_sha256: str | None,
    parameters: dict[str, object],
) -> str:
    """The address of a caption before it is made (DESIGN invariant 4)."""
    return bytes_hash(
        canonical_json(
            [window_sha256, scene_model_sha256, captioner, version, prompt_sha256, parameters]
        )
    )
