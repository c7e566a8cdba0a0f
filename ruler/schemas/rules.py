"""Rules and rule sets: the values behind a rule file (`ruler/rules/v1`, DESIGN section 6)."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from ruler.schemas.base import Finite, UnitInterval, Value
from ruler.schemas.facts import FACTS

RULES_SCHEMA = "ruler/rules/v1"

Level = Literal["info", "low", "medium", "high", "critical"]
LEVELS: tuple[Level, ...] = ("info", "low", "medium", "high", "critical")
RuleKind = Literal["anomaly", "normal"]
RuleStatus = Literal["draft", "experimental", "stable", "deprecated"]
Subject = Literal["human_activity", "environment"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]*$"
ID_PATTERN = r"^[a-z0-9][a-z0-9_-]*(\.[a-z0-9][a-z0-9_-]*)+$"

LONGEST_NAME = 80
SceneName = Annotated[str, Field(pattern=NAME_PATTERN, max_length=LONGEST_NAME)]
LONGEST_ID = 160
RuleId = Annotated[str, Field(pattern=ID_PATTERN, max_length=LONGEST_ID)]
Phrase = Annotated[str, Field(min_length=1, max_length=200)]

_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")


class Measure(Value):
    """A bound on one fact.

    The strength is a logistic curve that is 0.5 at the bound and rises over about `softness` (in
    the fact's own unit; a tenth of the bound where it is not given).
    """

    fact: str
    above: Finite | None = None
    below: Finite | None = None
    softness: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _known_and_bounded(self) -> Measure:
        if self.fact not in FACTS:
            raise ValueError(f"unknown fact {self.fact!r}; known: {', '.join(sorted(FACTS))}")
        if self.above is None and self.below is None:
            raise ValueError("a measure needs `above` or `below`")
        if self.above is not None and self.below is not None and self.above >= self.below:
            raise ValueError(f"`above: {self.above}` must be smaller than `below: {self.below}`")
        return self


class When(Value):
    """Gates that code evaluates, never a model. A gate that is not given is open."""

    hours: str | None = None
    weekdays: tuple[Weekday, ...] = ()
    zones: tuple[str, ...] = ()
    presence: tuple[str, ...] = ()

    @field_validator("hours")
    @classmethod
    def _clock_times(cls, hours: str | None) -> str | None:
        if hours is not None and not _HOURS.fullmatch(hours):
            raise ValueError(f"hours must look like 23:00-05:00, not {hours!r}")
        return hours

    def hour_span(self) -> tuple[dt.time, dt.time] | None:
        """The half-open span [start, stop) of `hours`; it may run over midnight."""
        found = _HOURS.fullmatch(self.hours) if self.hours else None
        if found is None:
            return None
        first, second, third, fourth = (int(part) for part in found.groups())
        return dt.time(first, second), dt.time(third, fourth)

    @property
    def is_open(self) -> bool:
        """True where no gate is set."""
        return not (self.hours or self.weekdays or self.zones or self.presence)


class RuleException(Value):
    """A case in which the rule does not apply: a phrase in the caption, until a date if given."""

    name: str = Field(min_length=1, max_length=80)
    unless: Phrase
    until: dt.date | None = None


class RuleTests(Value):
    """Captions that must fire, must not fire, and known misses (reported, not failing)."""

    fire: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()
    todo: tuple[str, ...] = ()


class Origin(Value):
    """Where a rule came from. `votes` is `supporting/all` batches."""

    by: Literal["induced", "person", "taxonomy", "imported"] = "person"
    votes: Annotated[str, Field(pattern=r"^\d+/\d+$")] | None = None
    references: tuple[str, ...] = ()
    model: str | None = None
    prompt: str | None = None
    note: str | None = None


class Rule(Value):
    """One statement of what is normal or anomalous (DESIGN section 6).

    `replaces` stands on a draft that, once approved, takes the place (and the id) of another rule.
    """

    id: RuleId
    title: str = Field(min_length=1, max_length=200)
    kind: RuleKind
    level: Level = "medium"
    status: RuleStatus = "experimental"
    category: Annotated[str, Field(pattern=ID_PATTERN)] | None = None
    subject: Subject = "human_activity"
    statement: str = Field(min_length=1, max_length=2000)
    look_for: tuple[Phrase, ...] = ()
    measures: tuple[Measure, ...] = ()
    weight: UnitInterval = 1.0
    when: When = When()
    exceptions: tuple[RuleException, ...] = ()
    overrides: tuple[RuleId, ...] = ()
    replaces: RuleId | None = None
    tests: RuleTests = RuleTests()
    origin: Origin = Origin()

    @model_validator(mode="after")
    def _overrides_need_normal(self) -> Rule:
        if self.overrides and self.kind != "normal":
            raise ValueError("only a normal rule has `overrides`")
        if self.replaces is not None and self.status != "draft":
            raise ValueError("only a rule of `status: draft` has `replaces`")
        return self

    @property
    def is_linked(self) -> bool:
        """True where a measure needs facts that tracking makes (`dwell_seconds`)."""
        return any(FACTS[measure.fact].source == "link" for measure in self.measures)


Place = Literal["walkway", "home", "street", "indoor", "any"]
"""What a user knows of a scene: it says which facts are watched."""

Cameras = Literal["one", "many"]
"""Whether the clips of a scene share one view."""


class RuleSet(Value):
    """All rules of a scene at one revision. Ids are unique.

    `place` and `cameras` are what the scene was learned as; the next induction takes them from
    here.

    `local_only` says that what this scene shows never leaves the machine: an endpoint elsewhere is
    refused before anything is sent.
    """

    scene: SceneName
    place: Place = "any"
    cameras: Cameras = "one"
    local_only: bool = False
    threshold: UnitInterval = 0.5
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _unique_ids(self) -> RuleSet:
        seen: set[str] = set()
        for rule in self.rules:
            if rule.id in seen:
                raise ValueError(f"rule id {rule.id!r} stands twice")
            seen.add(rule.id)
        return self

    def rule(self, rule_id: str) -> Rule | None:
        """The rule of that id, or None."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)

    @property
    def live(self) -> tuple[Rule, ...]:
        """The rules that count: drafts and deprecated ones never score."""
        return tuple(rule for rule in self.rules if rule.status in ("experimental", "stable"))


class RevisionRef(Value):
    """Names a rule-set revision for ever: scene, number and hash of its YAML source."""

    scene: SceneName
    revision: int = Field(ge=1)
    sha256: str = Field(min_length=64, max_length=64)

    def __str__(self) -> str:
        return f"{self.scene}@{self.revision}"


class Revision(Value):
    """A stored revision: the values, the exact source, and how it came about.

    `asking` holds the options by which the captioner's model was asked when the rules were learned
    (endpoint without secrets, window, language ...). A proposal waits for approval and is never
    active itself. `created_at` is UTC, ISO 8601.
    """

    ref: RevisionRef
    rule_set: RuleSet
    source: str
    parent: int | None = None
    author: str
    reason: str
    scene_model_sha256: str | None = None
    captioner: str | None = None
    asking: dict[str, str | int | float | bool] = Field(default_factory=dict)
    is_active: bool = False
    by_induction: bool = False
    is_proposal: bool = False
    created_at: str = ""
