"""`ruler explain`: an event told from the results in a run's folder alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruler.errors import NotFoundError
from ruler.jobs.detect import find_run
from ruler.reporting.jsonl import read_events, read_frames
from ruler.reporting.words import fact_name, fact_value
from ruler.schemas.verdicts import Event, Evidence, FactEvidence, Verdict


@dataclass(frozen=True)
class Explained:
    """An event with the verdict of its key frame."""

    event: Event
    key: Verdict | None

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "event": self.event.model_dump(mode="json"),
            "key_frame": self.key.model_dump(mode="json") if self.key else None,
        }

    def lines(self) -> list[str]:
        """For people."""
        event = self.event
        when = f"{event.start_seconds:.1f}s to {event.stop_seconds:.1f}s"
        said = [
            f"{event.id}: {event.title}",
            f"  when      {when}, key frame {event.key_frame} at {event.key_seconds:.1f}s",
            f"  what      {event.category or 'no category'}, level {event.level}",
            f"  rules     {', '.join(event.rules)} of {event.revision}",
            f"  why       {event.rationale}",
        ]
        said += [f"  evidence  {_evidence(evidence)}" for evidence in event.evidence]
        if self.key and self.key.stages:
            stages = self.key.stages
            said.append(
                f"  scores    match {stages.match:.3f} -> smooth {stages.smooth:.3f} -> "
                f"reason {stages.reason:.3f} -> reflect {stages.reflect:.3f}"
            )
        if event.reflection:
            reflection = event.reflection
            said.append(f"  reflected {reflection.first} -> {reflection.second}: {reflection.why}")
        return said


def _evidence(evidence: Evidence) -> str:
    place = f"frame {evidence.frame_index}, caption {evidence.caption[:12]}"
    if isinstance(evidence, FactEvidence):
        value = fact_value(evidence.fact, evidence.value)
        return f"{fact_name(evidence.fact)} {value} ({place})"
    return f'"{evidence.quote}" at [{evidence.start}, {evidence.stop}) ({place})'


def explain(run: str, event_id: str | None, runs: Path) -> list[Explained]:
    """The events of a run, or one of them.

    Raises:
        NotFoundError: no such run or event.
    """
    folder = find_run(run, runs)
    events = list(read_events(folder / "events.jsonl"))
    wanted = [event for event in events if event_id in (None, event.id)]
    if event_id is not None and not wanted:
        known = ", ".join(event.id for event in events[:20]) or "none"
        raise NotFoundError(f"run {folder.name} has no event {event_id!r}; its events: {known}.")
    keys = {(event.clip, event.key_frame) for event in wanted}
    frames = {
        (verdict.clip, verdict.frame_index): verdict
        for verdict in read_frames(folder / "frames.jsonl")
        if (verdict.clip, verdict.frame_index) in keys
    }
    return [Explained(event, frames.get((event.clip, event.key_frame))) for event in wanted]
