"""Clips, sampling, runs and what they cost."""

from __future__ import annotations

import datetime as dt
import re
from typing import Literal

from pydantic import Field, model_validator

from ruler.schemas.base import Finite, Value
from ruler.schemas.rules import RevisionRef, SceneName
from ruler.schemas.verdicts import ClipVerdict

By = Literal["frame", "clip"]
"""Whether the reasoner is asked about frames and events, or about each clip as a whole (TRLC)."""
Sampling = Literal["uniform", "adaptive"]
"""Whether every sampled frame is looked at, or few where nothing moves and all where something
unusual does; the others go by the caption before them."""


class ClipInfo(Value):
    """What is known of a clip without decoding it.

    `name` is how results call it, `sha256` identifies its content. `frames` counts what the index
    lists; a damaged clip may yield fewer. `fps` is the average rate.
    """

    name: str
    path: str
    sha256: str
    frames: int = Field(ge=1)
    fps: float = Field(gt=0)
    duration_seconds: float = Field(ge=0)
    width: int = Field(ge=1)
    height: int = Field(ge=1)
    reader: Literal["decord", "pyav", "folder"]
    is_variable_rate: bool = False
    start_time: dt.datetime | None = None


_EVERY = re.compile(r"^(\d+(?:\.\d+)?)(s|f)$")


class Every(Value):
    """How densely frames are sampled: every so many seconds, every so many frames, or all."""

    seconds: float | None = Field(default=None, gt=0)
    frames: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_of(self) -> Every:
        if (self.seconds is None) == (self.frames is None):
            raise ValueError("give either seconds or frames")
        return self

    @classmethod
    def parse(cls, text: str) -> Every:
        """Read `0.5s`, `10f` or `all`.

        Raises:
            ValueError: says how it should look.
        """
        if text == "all":
            return cls(frames=1)
        found = _EVERY.fullmatch(text)
        if found is None or float(found[1]) == 0 or (found[2] == "f" and "." in found[1]):
            raise ValueError(f"--every takes 0.5s, 10f or all, not {text!r}")
        if found[2] == "s":
            return cls(seconds=float(found[1]))
        return cls(frames=int(found[1]))

    def __str__(self) -> str:
        if self.frames == 1:
            return "all"
        if self.frames is not None:
            return f"{self.frames}f"
        return f"{self.seconds:.9f}".rstrip("0").rstrip(".") + "s"


class Smoothing(Value):
    """Perception smoothing over scores, on true time stamps (AnomalyRuler, ECCV 2024, section 3.3,
    has EMA and majority; the Gaussian is ours). `seconds` is the scale: the Gaussian's sigma, the
    EMA's time constant, or the majority's half window."""

    method: Literal["none", "ema", "gaussian", "majority"] = "gaussian"
    seconds: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    is_causal: bool = False

    @model_validator(mode="after")
    def _gaussian_looks_ahead(self) -> Smoothing:
        if self.method == "gaussian" and self.is_causal:
            raise ValueError("a Gaussian looks ahead; causal smoothing takes ema or majority")
        return self

    @property
    def support_seconds(self) -> float:
        """How far a frame's evidence may lie away (DESIGN section 3a)."""
        factor = {"none": 0.0, "ema": 3.0, "gaussian": 3.0, "majority": 1.0}[self.method]
        return factor * self.seconds


ONLINE = Smoothing(method="ema", seconds=0.5, is_causal=True)
"""The default where the future may not be seen."""


class Usage(Value):
    """What a run cost; captions and answers from the store or a replay cost no model call.

    `failed_calls` counts those of `model_calls` that gave nothing usable; their tokens are counted
    all the same. `tokens_cached` is the part of `tokens_in` that the provider read from its cache.
    `cost_usd` is an estimate by list prices; `unpriced_calls` says how many calls it leaves out.
    """

    model_calls: int = 0
    failed_calls: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    images: int = 0
    cost_usd: float = 0.0
    unpriced_calls: int = 0
    captions_computed: int = 0
    captions_cached: int = 0
    captions_shared: int = 0
    answers_cached: int = 0

    def __add__(self, other: Usage) -> Usage:
        """What both cost together."""
        mine, others = self.model_dump(), other.model_dump()
        total = {name: mine[name] + others[name] for name in mine}
        total["cost_usd"] = round(total["cost_usd"], 9)
        return Usage(**total)


class Coverage(Value):
    """How many sampled frames ended in which outcome."""

    normal: int = 0
    anomaly: int = 0
    undetermined: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        """All sampled frames."""
        return self.normal + self.anomaly + self.undetermined + self.failed

    @property
    def share(self) -> float:
        """Share that was decided (normal or anomaly); 0 where nothing was sampled."""
        return (self.normal + self.anomaly) / self.total if self.total else 0.0


class ClipOutcome(Value):
    """How one input of a run ended; `verdict` is missing in runs of a ruler that made none, and
    where the clip could not be read. `failure` says when the first frame failed that did, and why.
    """

    clip: str
    path: str
    info: ClipInfo | None = None
    error: str | None = None
    events: int = 0
    coverage: Coverage = Coverage()
    failure: str | None = None
    verdict: ClipVerdict | None = None


class RunSpec(Value):
    """Everything that decides a run's results; written before the first frame is read, so that a
    killed run can be resumed from it. `asking` holds the options of models that do (`window`,
    `language`, `base_url` without secrets ...); keys and limits are no part of it. `version` is
    the stamp of the code that judges (`ruler.stamp`); by other code, other results may come.
    `taxonomy_sha256` is the hash of what the taxonomy said when the run began; its file may
    change."""

    id: str
    scene: SceneName
    revision: RevisionRef
    clips: tuple[str, ...] = Field(min_length=1)
    captioner: str
    reasoner: str
    by: By = "frame"
    taxonomy: str
    taxonomy_sha256: str | None = None
    every: Every | None = None
    sample: Sampling = "uniform"
    smoothing: Smoothing = Smoothing()
    chunk: int = Field(default=64, ge=1)
    frame_rate: float | None = Field(default=None, gt=0)
    start_time: dt.datetime | None = None
    asking: dict[str, str | int | float | bool] = Field(default_factory=dict)
    as_of: dt.date
    store: str
    version: str | None = None


class RunRecord(Value):
    """`run.json`: the spec, versions, usage, coverage and time. Ids and timings live here alone.

    `prompts` holds, by name, version and hash of the prompts that models were asked by.
    `unanswered` counts undetermined frames, and clips, that a reasoner got no answer about.
    """

    spec: RunSpec
    state: Literal["running", "done", "incomplete"]
    versions: dict[str, str] = Field(default_factory=dict)
    prompts: dict[str, str] = Field(default_factory=dict)
    scene_model_sha256: str | None = None
    clips: tuple[ClipOutcome, ...] = ()
    usage: Usage = Usage()
    coverage: Coverage = Coverage()
    unanswered: int = 0
    attempts: int = 1
    wall_seconds: Finite = 0.0
    started_at: dt.datetime
    finished_at: dt.datetime | None = None
