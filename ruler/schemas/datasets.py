"""Dataset manifests (`ruler/dataset/v1`) and the document `ruler eval` writes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from ruler.schemas.base import Value
from ruler.schemas.rules import Cameras, Place
from ruler.schemas.runs import Usage

DATASET_SCHEMA = "ruler/dataset/v1"


class TestClip(Value):
    """A clip to judge; `label` says 0 or 1 for the whole clip, whose score is its maximum."""

    __test__ = False  # pytest would take the name for a test class

    clip: str = Field(min_length=1)
    label: Literal[0, 1] | None = None


class ClipsManifest(Value):
    """`kind: clips`: reference and test footage with truth by frame, by second or by clip."""

    kind: Literal["clips"]
    name: str = Field(min_length=1)
    cameras: Cameras = "one"
    place: Place = "any"
    fps: float | None = Field(default=None, gt=0)
    reference: tuple[str, ...] = Field(min_length=1)
    test: tuple[TestClip, ...] = Field(min_length=1)
    labels: str | None = None


class Protocol(Value):
    """Folds over videos, and how many normal captions of the other folds a fold may learn from."""

    folds: int = Field(default=2, ge=2)
    shots: int = Field(default=50, ge=1)
    seed: int = 0


class CaptionsManifest(Value):
    """`kind: captions`: recorded VLM captions, one JSON a line."""

    kind: Literal["captions"]
    name: str = Field(min_length=1)
    captions: str
    fps: float = Field(gt=0)
    intervals: str | None = None
    protocol: Protocol = Protocol()


class AnswersManifest(Value):
    """`kind: answers`: recorded first answers of a model, for reflection."""

    kind: Literal["answers"]
    name: str = Field(min_length=1)
    answers: str
    filter: dict[str, Any] = Field(default_factory=dict)
    truth: str
    taxonomy: str
    report_without: tuple[str, ...] = ()


class UnderstandingManifest(Value):
    """`kind: understanding`: questions about described clips."""

    kind: Literal["understanding"]
    name: str = Field(min_length=1)
    items: str
    taxonomy: str


Manifest = Annotated[
    ClipsManifest | CaptionsManifest | AnswersManifest | UnderstandingManifest,
    Field(discriminator="kind"),
]


class RuleSetStamp(Value):
    """Which rules produced a figure."""

    revision: int
    sha256: str


class EvalResult(Value):
    """One dataset's figures. A metric that cannot be computed is null, never left out.

    `other_mode` has the same metrics for the mode that was not asked for, where both were measured.
    `usage` counts induction and deduction together. `unanswered` counts undetermined frames that a
    reasoner got no answer about: with any of them, the figures are not those of the method.
    """

    name: str
    kind: str
    metrics: dict[str, float | None]
    baselines: dict[str, float | None]
    usage: Usage
    frames: int
    frames_per_second: float
    rule_set: RuleSetStamp
    mode: Literal["online", "offline"] | None = None
    other_mode: dict[str, float | str | None] | None = None
    unanswered: int = 0
    notes: tuple[str, ...] = ()


class EvalDocument(Value):
    """What `ruler eval --json FILE` writes."""

    results: tuple[EvalResult, ...]
