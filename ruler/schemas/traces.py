"""A frame's trace through the reduce stages: what each stage said, beside the one before."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ruler.schemas.observations import Observation
from ruler.schemas.verdicts import Matched


@dataclass(frozen=True, slots=True)
class Trace:
    """One sampled frame on its way to a verdict.

    A score is None before its stage has run, and on frames that failed or stayed undetermined.

    Attributes:
        observation: Caption (or failure) and links.
        matched: What the rules found, linked rules included once linking has run.
        match, smooth, reason, reflect: Scores in [0, 1] after each stage.
        notes: Why a stage moved the score.
    """

    observation: Observation
    matched: Matched
    match: float | None = None
    smooth: float | None = None
    reason: float | None = None
    reflect: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def time_seconds(self) -> float:
        """Presentation time of the frame."""
        return self.observation.time_seconds

    def smoothed(self, score: float | None) -> Trace:
        """The trace after smoothing."""
        stages = (self.match, score, self.reason, self.reflect)
        return Trace(self.observation, self.matched, *stages, self.notes)

    def reasoned(self, score: float | None) -> Trace:
        """The trace after reasoning."""
        stages = (self.match, self.smooth, score, self.reflect)
        return Trace(self.observation, self.matched, *stages, self.notes)

    def reflected(self, score: float | None) -> Trace:
        """The trace after reflection."""
        stages = (self.match, self.smooth, self.reason, score)
        return Trace(self.observation, self.matched, *stages, self.notes)

    def noted(self, why: str | None) -> Trace:
        """The trace with one more note, if there is one."""
        # A stage may be repeated after a crash: the same note is not said twice.
        if not why or why in self.notes:
            return self
        return replace(self, notes=(*self.notes, why))
