"""What two rule sets say of the same captions: where their verdicts and events differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ruler.reasoners.matching import FIRES
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import Event
from ruler.steps.deducing import Deduction
from ruler.steps.rates import count_interval

SECONDS_A_DAY = 86_400.0
_SPEAKING_SECONDS = 3600.0


@dataclass(frozen=True)
class Difference:
    """How the verdicts and events of some clips differ.

    Attributes:
        frames: Sampled frames that both judged.
        seconds: How much footage that is.
        added: Frames that only the second rule set calls an anomaly.
        removed: Frames that only the first one calls so.
        changed: Frames that differ otherwise: in their rules, or undetermined on one side.
        gained: Events of the second that overlap none of the first.
        lost: Events of the first that overlap none of the second.
        before, after: All events of each side.
        fired: By rule id, on how many frames it fires under the second rule set.
    """

    frames: int = 0
    seconds: float = 0.0
    added: int = 0
    removed: int = 0
    changed: int = 0
    gained: tuple[Event, ...] = ()
    lost: tuple[Event, ...] = ()
    before: int = 0
    after: int = 0
    fired: Mapping[str, int] = field(default_factory=dict)

    def __add__(self, other: Difference) -> Difference:
        """Both together; of different clips."""
        return Difference(
            frames=self.frames + other.frames,
            seconds=self.seconds + other.seconds,
            added=self.added + other.added,
            removed=self.removed + other.removed,
            changed=self.changed + other.changed,
            gained=self.gained + other.gained,
            lost=self.lost + other.lost,
            before=self.before + other.before,
            after=self.after + other.after,
            fired=Counter(self.fired) + Counter(other.fired),
        )

    def a_day(self, events: int) -> float | None:
        """So many events in this footage, as events a day; None where it is too short for that."""
        return None if not self.speaks_of_a_day else events * SECONDS_A_DAY / self.seconds

    def at_least_a_day(self, events: int) -> float:
        """The lower end of what so many events a day may be, however short the footage is."""
        return count_interval(events)[0] * SECONDS_A_DAY / self.seconds if self.seconds > 0 else 0.0

    @property
    def speaks_of_a_day(self) -> bool:
        """True for an hour of footage or more: less makes thousands a day out of one event."""
        return self.seconds >= _SPEAKING_SECONDS


def compare(before: Deduction, after: Deduction, seconds: float) -> Difference:
    """Hold two deductions over the same captions of one clip against each other.

    Args:
        before: What the first rule set says.
        after: What the second one says.
        seconds: The clip's length.
    """
    kinds = Counter(
        kind_of((old.outcome, old.rules), (new.outcome, new.rules))
        for old, new in zip(before.verdicts, after.verdicts, strict=True)
    )
    events, fired = (before.events, after.events), fired_on(after.traces)
    return told(kinds, events, frames=len(after.verdicts), seconds=seconds, fired=fired)


def told(
    kinds: Mapping[str, int],
    events: tuple[Sequence[Event], Sequence[Event]],
    *,
    frames: int,
    seconds: float,
    fired: Mapping[str, int],
) -> Difference:
    """A difference of one clip.

    Args:
        kinds: How many frames differ in which way (see `kind_of`).
        events: Those of the first rule set, and of the second.
        frames: Sampled frames that both judged.
        seconds: The clip's length.
        fired: By rule id, on how many frames it fires under the second one.
    """
    before, after = events
    return Difference(
        frames=frames,
        seconds=seconds,
        added=kinds.get("added", 0),
        removed=kinds.get("removed", 0),
        changed=kinds.get("changed", 0),
        gained=apart(after, before),
        lost=apart(before, after),
        before=len(before),
        after=len(after),
        fired=fired,
    )


def fired_on(traces: Iterable[Trace]) -> Counter[str]:
    """By rule id, on how many frames it fires."""
    return Counter(
        match.rule_id
        for trace in traces
        for match in trace.matched.matches
        if match.strength >= FIRES
    )


Said = tuple[str, tuple[str, ...]]
"""The outcome of a frame, and the rules that its verdict names."""


def kind_of(old: Said, new: Said) -> str:
    """How the second differs: "added", "removed", "changed" or "same"."""
    if (old[0] == "anomaly") != (new[0] == "anomaly"):
        return "added" if new[0] == "anomaly" else "removed"
    return "changed" if old[0] != new[0] or (new[0] == "anomaly" and old != new) else "same"


def apart(events: Sequence[Event], others: Sequence[Event]) -> tuple[Event, ...]:
    """The events that share no frame with any of the others."""
    return tuple(
        event
        for event in events
        if not any(
            event.start_frame < other.stop_frame and other.start_frame < event.stop_frame
            for other in others
        )
    )
