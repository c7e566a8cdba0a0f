"""What a captioner says about one sampled frame: words, figures and measured facts.

A caption is immutable and content-addressed. It does not know which clip it came from: the same
window of pixels in two clips is the same caption (DESIGN section 1).
"""

from __future__ import annotations

from functools import cached_property

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
from ruler.schemas.facts import check_facts

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

    @property
    def place(self) -> str:
        """Where it lies, in thirds of the image: "lower left", "centre" ..."""
        x, y = self.centre
        across = ("left", "", "right")[min(int(x * 3), 2)]
        along = ("upper", "", "lower")[min(int(y * 3), 2)]
        if not across:
            return f"{along} middle" if along else "centre"
        return f"{along} {across}".strip()

    def overlap(self, other: Box) -> float:
        """Intersection over union with another box, in [0, 1]."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        both = (self.right - self.left) * self.height + (other.right - other.left) * other.height
        return shared / (both - shared)


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
    answer: who gave it and to which question does not count, so that a replayed caption is the same
    evidence as the recorded one. `measured` lists the facts this captioner measures at all, so that
    a rule on another fact is `not_evaluable` rather than quiet.
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

    @field_validator("text")
    @classmethod
    def _is_unicode(cls, text: str) -> str:
        try:
            text.encode()
        except UnicodeEncodeError as error:  # half of a surrogate pair: nothing can hold it
            raise ValueError("the text is no Unicode") from error
        return text

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
        return content_hash(self.model_dump(mode="json", exclude={"key", "captioner"}))


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


def recorded_caption(text: str, *, captioner: str, window_sha256: str) -> Caption:
    """A caption of which nothing but the words is known: no prompt, no scene model, no facts.

    Args:
        text: What was said.
        captioner: Who said it; its version is 1.
        window_sha256: What it was said of, or a name that stands for it.
    """
    key = caption_key(
        window_sha256=window_sha256,
        scene_model_sha256=None,
        captioner=captioner,
        version="1",
        prompt_sha256=None,
        parameters={},
    )
    return Caption(key=key, captioner=captioner, text=text)
