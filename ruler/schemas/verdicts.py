"""Matches, verdicts and events; the invariants of DESIGN section 4 hold where a value is built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field, model_validator

from ruler.schemas.base import Finite, UnitInterval, Value
from ruler.schemas.captions import Box, Caption
from ruler.schemas.facts import FACTS
from ruler.schemas.observations import FigureLink
from ruler.schemas.rules import Level, RevisionRef, RuleId

Outcome = Literal["normal", "anomaly", "undetermined", "failed"]

NO_ANSWER = "no answer: "
"""How the reason begins where a frame is undetermined because a reasoner got no answer that can be
used: such a frame makes a run incomplete, and is asked about again when the run is gone on with.
"""


class WordEvidence(Value):
    """A verbatim span [start, stop) of a caption's text, in characters."""

    kind: Literal["words"] = "words"
    caption: str
    frame_index: int = Field(ge=0)
    start: int = Field(ge=0)
    stop: int
    quote: str = Field(min_length=1)

    @model_validator(mode="after")
    def _not_empty(self) -> WordEvidence:
        if self.stop - self.start != len(self.quote):
            raise ValueError("the quote must be as long as its span")
        return self


class FactEvidence(Value):
    """A measured fact of one figure (with its box) or of the frame (without)."""

    kind: Literal["fact"] = "fact"
    caption: str
    frame_index: int = Field(ge=0)
    fact: str
    value: Finite
    figure: int | None = None
    box: Box | None = None


Evidence = WordEvidence | FactEvidence


def evidence_holds(
    evidence: Evidence,
    caption: Caption,
    links: Sequence[FigureLink] | None = None,
    disturbed_seconds: float | None = None,
) -> bool:
    """True where the evidence is really in the caption (invariant 3).

    Facts made by linking are not in the caption itself: for them the figure must exist, and where
    its `links` (or, for the frame, `disturbed_seconds`) are given, the value must be theirs.
    """
    if evidence.caption != caption.sha256:
        return False
    if isinstance(evidence, WordEvidence):
        return caption.text[evidence.start : evidence.stop] == evidence.quote
    if evidence.figure is None:
        return _frame_fact_holds(evidence, caption, disturbed_seconds)
    if not 0 <= evidence.figure < len(caption.figures):
        return False
    figure = caption.figures[evidence.figure]
    if evidence.box is not None and evidence.box != figure.box:
        return False
    spec = FACTS.get(evidence.fact)
    if spec is None or spec.source != "link":
        return figure.facts.get(evidence.fact) == evidence.value
    if links is None:
        return True
    return (
        evidence.figure < len(links)
        and links[evidence.figure].facts.get(evidence.fact) == evidence.value
    )


def _frame_fact_holds(
    evidence: FactEvidence, caption: Caption, disturbed_seconds: float | None
) -> bool:
    if evidence.fact == "disturbed_seconds":
        return disturbed_seconds is None or disturbed_seconds == evidence.value
    return caption.facts.get(evidence.fact) == evidence.value


class Match(Value):
    """A rule holds on one caption, to a strength; a match always has evidence."""

    rule_id: RuleId
    strength: UnitInterval
    evidence: tuple[Evidence, ...] = Field(min_length=1)


class NotEvaluable(Value):
    """A rule that could not be evaluated on a caption, and why. It neither fires nor clears."""

    rule_id: RuleId
    reason: str = Field(min_length=1)


class Matched(Value):
    """All that one caption gave: matches, gates that were closed, and what could not be told."""

    matches: tuple[Match, ...] = ()
    not_evaluable: tuple[NotEvaluable, ...] = ()
    undetermined: str | None = None


class StageScores(Value):
    """The frame score after each stage, kept beside one another (DESIGN section 3a)."""

    match: UnitInterval
    smooth: UnitInterval
    reason: UnitInterval
    reflect: UnitInterval


class Verdict(Value):
    """Outcome, score and rationale for one sampled frame.

    It speaks for the frames [frame_index, until_frame) and its score is the last stage's.
    `reason` says why a frame failed or stayed undetermined.
    """

    clip: str
    frame_index: int = Field(ge=0)
    until_frame: int
    time_seconds: Finite
    outcome: Outcome
    score: UnitInterval
    stages: StageScores | None = None
    rules: tuple[RuleId, ...] = ()
    revision: RevisionRef
    caption: str | None = None
    evidence: tuple[Evidence, ...] = ()
    rationale: str = ""
    reason: str | None = None

    @model_validator(mode="after")
    def _invariants(self) -> Verdict:
        if self.until_frame <= self.frame_index:
            raise ValueError("until_frame must lie after frame_index")
        if self.outcome == "anomaly" and not (self.rules and self.evidence):
            raise ValueError("an anomaly names at least one rule and its evidence")
        if self.outcome in ("failed", "undetermined") and not self.reason:
            raise ValueError(f"outcome {self.outcome!r} needs its reason")
        if self.outcome in ("normal", "anomaly") and self.stages is None:
            raise ValueError(f"outcome {self.outcome!r} needs the scores of its stages")
        return self


class Reflection(Value):
    """What holding an event against a taxonomy gave; the first answer is kept beside the second."""

    first: Outcome
    second: Outcome
    item: str | None = None
    category: str | None = None
    level: Level | None = None
    evidence: tuple[Evidence, ...] = ()
    why: str


class Event(Value):
    """A run of anomalous frames: [start_frame, stop_frame), half-open like its seconds."""

    id: str
    clip: str
    start_frame: int = Field(ge=0)
    stop_frame: int
    start_seconds: Finite
    stop_seconds: Finite
    key_frame: int = Field(ge=0)
    key_seconds: Finite
    peak_score: UnitInterval
    category: str | None
    level: Level
    title: str
    rationale: str
    rules: tuple[RuleId, ...] = Field(min_length=1)
    revision: RevisionRef
    evidence: tuple[Evidence, ...] = Field(min_length=1)
    reflection: Reflection | None = None

    @model_validator(mode="after")
    def _half_open(self) -> Event:
        if not self.start_frame <= self.key_frame < self.stop_frame:
            raise ValueError("the key frame must lie inside the event")
        return self
