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
"""How the reason begins where a frame or a clip is undetermined because a reasoner got no answer
that can be used: it makes a run incomplete, and is asked about again when the run is gone on with.
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


class ClipAnswer(Value):
    """A first answer about a clip as a whole: by its frames, or by a model that read its captions.

    `rules` are those the answer rests on, the heaviest first; for an anomaly there is evidence.
    """

    outcome: Outcome
    by: Literal["frames", "captions"] = "frames"
    rules: tuple[RuleId, ...] = ()
    category: str | None = None
    level: Level | None = None
    evidence: tuple[Evidence, ...] = ()
    why: str

    @model_validator(mode="after")
    def _grounds(self) -> ClipAnswer:
        if self.outcome == "anomaly" and not (self.rules and self.evidence):
            raise ValueError("an anomalous clip names at least one rule and its evidence")
        return self


class ClipVerdict(Value):
    """What a clip comes to as a whole, with the first answer beside the second.

    `score` is the greatest of its frames; frames and events are what they were. A clip that nobody
    could look at is not reflected on and stays failed.
    """

    clip: str
    outcome: Outcome
    score: UnitInterval = 0.0
    first: ClipAnswer
    reflection: Reflection | None = None
    revision: RevisionRef

    @model_validator(mode="after")
    def _one_answer_after_the_other(self) -> ClipVerdict:
        told = self.reflection
        if (told.second if told else self.first.outcome) != self.outcome:
            raise ValueError("the outcome is the last answer's")
        if told and told.first != self.first.outcome:
            raise ValueError("what is reflected on is the first answer")
        if self.first.outcome == "failed" and told:
            raise ValueError("a clip that nobody could look at is not reflected on")
        if told and self.outcome == "anomaly" != told.first and not (told.item and told.evidence):
            raise ValueError("what is raised names an item and quotes a caption")
        return self

    @property
    def is_overturned(self) -> bool:
        """Whether the second answer differs from the first."""
        return self.outcome != self.first.outcome

    @property
    def is_unanswered(self) -> bool:
        """Whether it is undetermined because a reasoner got no answer."""
        told = (self.why, self.first.why)
        return self.outcome == "undetermined" and any(why.startswith(NO_ANSWER) for why in told)

    @property
    def category(self) -> str | None:
        """What kind of clip it is, by the second answer if it says one; None for a normal one."""
        told = self.reflection.category if self.reflection else None
        return (told or self.first.category) if self.outcome == "anomaly" else None

    @property
    def level(self) -> Level | None:
        """How grave it is, likewise."""
        told = self.reflection.level if self.reflection else None
        return (told or self.first.level) if self.outcome == "anomaly" else None

    @property
    def why(self) -> str:
        """The last answer's reason."""
        return self.reflection.why if self.reflection else self.first.why
