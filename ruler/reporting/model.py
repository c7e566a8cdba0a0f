"""What a report is made of: a frozen value that the caller fills in."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ruler.schemas.base import Finite, UnitInterval, Value
from ruler.schemas.rules import RevisionRef, Rule, SceneName
from ruler.schemas.runs import Coverage, RunRecord
from ruler.schemas.verdicts import ClipVerdict, Event, Verdict

CARDS_PER_CLIP = 50
"""How many event cards of one clip a report should show; the rest stays in `events.jsonl`."""


class Gap(Value):
    """A stretch of a curve, [start_seconds, stop_seconds), that was not decided."""

    outcome: Literal["undetermined", "failed"]
    start_seconds: Finite
    stop_seconds: Finite


class CurveData(Value):
    """Score over time, step-wise: a score holds from its time to the next one.

    A score of None means that nothing was decided there. `pooled` says of how many verdicts each
    point is the maximum. `stop_seconds` is where the last step ends.
    """

    times: tuple[Finite, ...] = ()
    scores: tuple[UnitInterval | None, ...] = ()
    gaps: tuple[Gap, ...] = ()
    stop_seconds: Finite = 0.0
    pooled: int = Field(default=1, ge=1)


class CaptionLine(Value):
    """A caption that stands near an event: what was said of the frame, and the caption's hash."""

    sha256: str
    frame_index: int = Field(ge=0)
    time_seconds: Finite
    text: str


class EventReport(Value):
    """An event with what a reader needs to judge it.

    `key_frame` is a JPEG (`draw_key_frame`), `captions` those around the event, ascending,
    `verdict` the key frame's.
    """

    event: Event
    key_frame: bytes | None = None
    captions: tuple[CaptionLine, ...] = ()
    verdict: Verdict | None = None


class ClipReport(Value):
    """One clip of a run. `events_total` counts events that are not shown, too; `failure` says when
    the first frame failed that did, and why."""

    name: str
    duration_seconds: Finite | None = None
    error: str | None = None
    verdict: ClipVerdict | None = None
    coverage: Coverage = Coverage()
    failure: str | None = None
    curve: CurveData | None = None
    events: tuple[EventReport, ...] = ()
    events_total: int | None = None

    @property
    def event_count(self) -> int:
        """All events of the clip, shown or not."""
        return max(len(self.events), self.events_total or 0)

    @property
    def peak(self) -> float | None:
        """The highest score, or None where nothing was decided."""
        scores = [s for s in (self.curve.scores if self.curve else ()) if s is not None]
        scores += [shown.event.peak_score for shown in self.events]
        return max(scores, default=None)


class Report(Value):
    """Everything `report.html` says. `titles` names taxonomy items and categories by their id."""

    run: RunRecord
    threshold: UnitInterval
    rules: dict[str, Rule] = Field(default_factory=dict)
    taxonomies: tuple[str, ...] = ()
    titles: dict[str, str] = Field(default_factory=dict)
    clips: tuple[ClipReport, ...] = ()

    @property
    def scene(self) -> SceneName:
        """The scene's name."""
        return self.run.spec.scene

    @property
    def revision(self) -> RevisionRef:
        """The rule-set revision that judged."""
        return self.run.spec.revision
