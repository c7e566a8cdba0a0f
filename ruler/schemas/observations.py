"""A sampled frame on its way: its caption, or why there is none, and its links."""

from __future__ import annotations

from pydantic import Field, model_validator

from ruler.schemas.base import Finite, Value
from ruler.schemas.captions import Caption, Figure


class FigureLink(Value):
    """What tracking adds to one figure of a caption; the caption itself never changes."""

    track: int = Field(ge=0)
    dwell_seconds: float = Field(ge=0, allow_inf_nan=False)
    fallen: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    left_seconds: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    taken_seconds: float = Field(default=0.0, ge=0, allow_inf_nan=False)

    @property
    def facts(self) -> dict[str, float]:
        """The linked facts of the figure, by name."""
        return {
            "dwell_seconds": self.dwell_seconds,
            "fallen": self.fallen,
            "left_seconds": self.left_seconds,
            "taken_seconds": self.taken_seconds,
        }


class Observation(Value):
    """One sample of a clip: it speaks for the frames [frame_index, until_frame).

    `links` is empty before linking, afterwards it has one entry a figure; where the picture is
    disturbed it stays empty, and `disturbed_seconds` says for how long it has been.
    """

    frame_index: int = Field(ge=0)
    until_frame: int
    time_seconds: Finite
    caption: Caption | None = None
    failure: str | None = Field(default=None, min_length=1)
    links: tuple[FigureLink, ...] = ()
    disturbed_seconds: float = Field(default=0.0, ge=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _caption_or_failure(self) -> Observation:
        if (self.caption is None) == (self.failure is None):
            raise ValueError("an observation has a caption or a failure, not both and not neither")
        if self.links and self.caption and len(self.links) != len(self.caption.figures):
            raise ValueError("links and figures must pair up")
        return self

    @property
    def is_linked(self) -> bool:
        """Whether linking said anything of it."""
        return bool(self.links or self.disturbed_seconds)

    @property
    def frame_facts(self) -> dict[str, float]:
        """Facts of the frame, that made by linking included."""
        facts = dict(self.caption.facts) if self.caption else {}
        if self.disturbed_seconds:
            facts["disturbed_seconds"] = self.disturbed_seconds
        return facts

    def figure_facts(self, position: int) -> dict[str, float]:
        """Facts of one figure, those made by linking included."""
        figure: Figure = self.figures[position]
        if not self.links:
            return dict(figure.facts)
        return {**figure.facts, **self.links[position].facts}

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The caption's figures; none where it failed."""
        return self.caption.figures if self.caption else ()
