"""The tables (SQLModel). `rules_store/migrations` builds them; a test compares the two.

Times are UTC ISO texts that the store sets; no table holds pixels.
"""

from __future__ import annotations

from sqlalchemy import JSON, Column, ForeignKeyConstraint, Index, LargeBinary, Text
from sqlmodel import Field, SQLModel

JsonValue = dict[str, object] | list[object]


class SceneRow(SQLModel, table=True):
    """One camera view; `active_revision` is the only thing about a scene that changes."""

    __tablename__ = "scene"

    name: str = Field(primary_key=True)
    active_revision: int | None = None
    created_at: str


class SceneModelRow(SQLModel, table=True):
    """What a captioner fitted, by content hash."""

    __tablename__ = "scene_model"

    sha256: str = Field(primary_key=True)
    captioner: str
    version: str
    payload: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    info: JsonValue = Field(sa_column=Column(JSON, nullable=False))


class RuleSetRow(SQLModel, table=True):
    """A revision of a scene's rules: append-only, with its YAML source."""

    __tablename__ = "rule_set"

    scene: str = Field(primary_key=True, foreign_key="scene.name")
    revision: int = Field(primary_key=True)
    source: str = Field(sa_column=Column(Text, nullable=False))
    sha256: str
    parent: int | None = None
    author: str
    reason: str
    scene_model_sha256: str | None = Field(default=None, foreign_key="scene_model.sha256")
    captioner: str | None = None
    by_induction: bool
    is_proposal: bool = Field(default=False, sa_column_kwargs={"server_default": "0"})
    asking: str | None = Field(default=None, sa_column=Column(Text))
    seal: str | None = None
    created_at: str


class DecisionRow(SQLModel, table=True):
    """What somebody decided of a proposal, or of one rule (then `body` keeps that rule, so that
    one of the same meaning is not proposed again); append-only."""

    __tablename__ = "decision"
    __table_args__ = (
        ForeignKeyConstraint(["scene", "revision"], ["rule_set.scene", "rule_set.revision"]),
        Index("ix_decision_scene", "scene"),
    )

    id: int | None = Field(default=None, primary_key=True)
    scene: str
    revision: int
    rule_id: str | None = None
    verdict: str
    body: str | None = Field(default=None, sa_column=Column(Text))
    author: str
    reason: str
    created_at: str


class RuleRow(SQLModel, table=True):
    """A rule of a revision, with where it came from."""

    __tablename__ = "rule"
    __table_args__ = (
        ForeignKeyConstraint(["scene", "revision"], ["rule_set.scene", "rule_set.revision"]),
    )

    scene: str = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    rule_id: str = Field(primary_key=True)
    position: int
    kind: str
    status: str
    level: str
    category: str | None = None
    origin: JsonValue = Field(sa_column=Column(JSON, nullable=False))


class CaptionRow(SQLModel, table=True):
    """A caption by the key of its question; never updated."""

    __tablename__ = "caption"

    key: str = Field(primary_key=True)
    sha256: str = Field(index=True)
    captioner: str
    body: str = Field(sa_column=Column(Text, nullable=False))


class SampleRow(SQLModel, table=True):
    """Which caption belongs to which frame of a clip, for one way of looking at it.

    `view` hashes the sampling, the captioner and the scene model, so that a clip that was captioned
    before is not even decoded again.
    """

    __tablename__ = "sample"

    clip_sha256: str = Field(primary_key=True)
    view: str = Field(primary_key=True)
    frame_index: int = Field(primary_key=True)
    caption_key: str = Field(foreign_key="caption.key")


class AnswerRow(SQLModel, table=True):
    """A usable answer of a model, by the key of its question; never updated."""

    __tablename__ = "answer"

    key: str = Field(primary_key=True)
    model: str
    text: str = Field(sa_column=Column(Text, nullable=False))
    created_at: str


class DerivedRow(SQLModel, table=True):
    """What follows from other things alone, and takes a while to work out: a file as it was read,
    a script as it is packed. By the hash of all that decides it; it can go at any time."""

    __tablename__ = "derived"

    key: str = Field(primary_key=True)
    kind: str
    body: str = Field(sa_column=Column(Text, nullable=False))


class ClipFileRow(SQLModel, table=True):
    """What opening a clip at a path gave: by the file's identity, size and times (`signature`), so
    that one that has not changed need not be opened again. It can go at any time."""

    __tablename__ = "clip_file"

    path: str = Field(primary_key=True)
    signature: str
    info: str = Field(sa_column=Column(Text, nullable=False))
    times: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class ProposalRow(SQLModel, table=True):
    """What a reasoner proposed from one batch of references, by the key of the question."""

    __tablename__ = "proposal"

    key: str = Field(primary_key=True)
    body: str = Field(sa_column=Column(Text, nullable=False))


class RunRow(SQLModel, table=True):
    """One detection."""

    __tablename__ = "run"

    id: str = Field(primary_key=True)
    scene: str = Field(foreign_key="scene.name")
    revision: int
    state: str
    attempts: int
    spec: str = Field(sa_column=Column(Text, nullable=False))
    created_at: str


class RunClipRow(SQLModel, table=True):
    """One input of a run. `done` is set when its results are complete, with the verdict on it."""

    __tablename__ = "run_clip"

    run_id: str = Field(primary_key=True, foreign_key="run.id")
    clip: int = Field(primary_key=True)
    name: str
    path: str
    info: str | None = Field(default=None, sa_column=Column(Text))
    error: str | None = None
    done: bool = False
    verdict: str | None = Field(default=None, sa_column=Column(Text))


class RunChunkRow(SQLModel, table=True):
    """One finished chunk of a run's clip, and what captioning it cost."""

    __tablename__ = "run_chunk"
    __table_args__ = (
        ForeignKeyConstraint(["run_id", "clip"], ["run_clip.run_id", "run_clip.clip"]),
    )

    run_id: str = Field(primary_key=True)
    clip: int = Field(primary_key=True)
    chunk: int = Field(primary_key=True)
    captions_computed: int
    captions_cached: int
    captions_shared: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    answers_cached: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    model_calls: int
    failed_calls: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    tokens_in: int
    tokens_out: int
    tokens_cached: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    images: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    cost_usd: float = Field(default=0.0, sa_column_kwargs={"server_default": "0"})
    unpriced_calls: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class RunUsageRow(SQLModel, table=True):
    """What reasoning cost over all attempts of a run; captioning is counted by chunk."""

    __tablename__ = "run_usage"

    run_id: str = Field(primary_key=True, foreign_key="run.id")
    body: str = Field(sa_column=Column(Text, nullable=False))


class VerdictRow(SQLModel, table=True):
    """One sampled frame of a run: its caption or failure, the score after each stage, and (as
    `body`) the verdict."""

    __tablename__ = "verdict"
    __table_args__ = (
        ForeignKeyConstraint(["run_id", "clip"], ["run_clip.run_id", "run_clip.clip"]),
    )

    run_id: str = Field(primary_key=True)
    clip: int = Field(primary_key=True)
    frame_index: int = Field(primary_key=True)
    until_frame: int
    time_seconds: float
    caption_key: str | None = Field(default=None, foreign_key="caption.key")
    failure: str | None = None
    undetermined: str | None = None
    unevaluated: str | None = Field(default=None, sa_column=Column(Text))
    links: str | None = Field(default=None, sa_column=Column(Text))
    score_match: float | None = None
    score_smooth: float | None = None
    score_reason: float | None = None
    score_reflect: float | None = None
    notes: str | None = Field(default=None, sa_column=Column(Text))
    outcome: str | None = None
    score: float | None = None
    body: str | None = Field(default=None, sa_column=Column(Text))


class MatchRow(SQLModel, table=True):
    """A rule that held on a frame of a run, to a strength, with its evidence."""

    __tablename__ = "match"
    __table_args__ = (
        ForeignKeyConstraint(
            ["run_id", "clip", "frame_index"],
            ["verdict.run_id", "verdict.clip", "verdict.frame_index"],
        ),
        Index("ix_match_rule", "rule_id"),
    )

    run_id: str = Field(primary_key=True)
    clip: int = Field(primary_key=True)
    frame_index: int = Field(primary_key=True)
    rule_id: str = Field(primary_key=True)
    linked: bool
    strength: float
    evidence: str = Field(sa_column=Column(Text, nullable=False))


class EventRow(SQLModel, table=True):
    """An event of a run's clip."""

    __tablename__ = "event"
    __table_args__ = (
        ForeignKeyConstraint(["run_id", "clip"], ["run_clip.run_id", "run_clip.clip"]),
    )

    run_id: str = Field(primary_key=True)
    clip: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    start_seconds: float
    stop_seconds: float
    category: str | None = None
    level: str
    peak_score: float
    body: str = Field(sa_column=Column(Text, nullable=False))


class ReflectionRow(SQLModel, table=True):
    """What reflection said of the candidate event in [start_frame, stop_frame) of a run's clip."""

    __tablename__ = "reflection"
    __table_args__ = (
        ForeignKeyConstraint(["run_id", "clip"], ["run_clip.run_id", "run_clip.clip"]),
    )

    run_id: str = Field(primary_key=True)
    clip: int = Field(primary_key=True)
    start_frame: int = Field(primary_key=True)
    stop_frame: int
    body: str = Field(sa_column=Column(Text, nullable=False))


class FeedbackRow(SQLModel, table=True):
    """What a person said of the frames [start_frame, stop_frame) of a run's clip, and the proposal
    that was made of it; append-only."""

    __tablename__ = "feedback"
    __table_args__ = (
        ForeignKeyConstraint(["run_id", "clip"], ["run_clip.run_id", "run_clip.clip"]),
        ForeignKeyConstraint(["scene", "revision"], ["rule_set.scene", "rule_set.revision"]),
        Index("ix_feedback_scene", "scene"),
    )

    id: int | None = Field(default=None, primary_key=True)
    run_id: str
    clip: int
    start_frame: int
    stop_frame: int
    kind: str
    scene: str
    revision: int | None = None
    author: str
    reason: str
    created_at: str
