"""Feedback as a value: what somebody said of a run, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ruler.schemas.rules import Revision
from ruler.schemas.verdicts import Event
from ruler.steps.feedback import Change
from rules_store.feedback import FeedbackKind


@dataclass(frozen=True)
class Said:
    """What somebody says of a run: that an event is a false alarm, or that one was missed.

    Attributes:
        run: The run's id.
        event: The event's id, for a false alarm.
        clip, seconds: Which clip, and from when to when [start, stop], for a miss.
        is_forced: Save the proposal even if it does not do what it should.
        is_dry_run: Save nothing.
    """

    run: str
    kind: FeedbackKind
    reason: str
    author: str
    event: str | None = None
    clip: str | None = None
    seconds: tuple[float, float] | None = None
    is_forced: bool = False
    is_dry_run: bool = False


@dataclass(frozen=True)
class Answered:
    """What came of it.

    Attributes:
        said: What was said.
        active: The revision in force.
        frames: The frames [start, stop) of the clip that were spoken of.
        changes: What is proposed, in the order in which it was found.
        built_on: By rule id, the open proposal whose change of it is carried along.
        before, after: The events there as the active rules and as the proposal see it.
        lost, gained: Other events of the run that would go, or come.
        elsewhere: Events of the scene's other runs that would go.
        note: Why nothing is proposed, if so.
        revision: The proposal, once it is saved.
    """

    said: Said
    active: Revision
    clip: str
    frames: tuple[int, int]
    changes: tuple[Change, ...] = ()
    built_on: dict[str, str] = field(default_factory=dict)
    before: tuple[Event, ...] = ()
    after: tuple[Event, ...] = ()
    lost: tuple[Event, ...] = ()
    gained: tuple[Event, ...] = ()
    elsewhere: int = 0
    note: str = ""
    revision: Revision | None = None

    @property
    def is_confirmed(self) -> bool:
        """True where the proposal does on the stored captions what it should."""
        return bool(self.changes) and bool(self.after) == (self.said.kind == "missed")

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "run": self.said.run,
            "kind": self.said.kind,
            "clip": self.clip,
            "frames": list(self.frames),
            "reason": self.said.reason,
            "active": str(self.active.ref),
            "changes": [
                {
                    "rule": one.rule.id,
                    "sort": one.sort,
                    "said": one.said,
                    "test_frame": one.frame,
                    "draft": one.rule.model_dump(mode="json", exclude_defaults=True),
                }
                for one in self.changes
            ],
            "built_on": self.built_on,
            "before": [event.id for event in self.before],
            "after": [event.id for event in self.after],
            "lost": [event.id for event in self.lost],
            "gained": [event.id for event in self.gained],
            "elsewhere": self.elsewhere,
            "is_confirmed": self.is_confirmed,
            "note": self.note,
            "proposal": str(self.revision.ref) if self.revision else None,
        }
