"""`ruler explain`: an event told from the results in a run's folder, and from its store if that is
at hand."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruler.errors import NotFoundError, RulerError
from ruler.jobs.detect import find_run
from ruler.jobs.looking import Looked, look
from ruler.jobs.results import read_record
from ruler.reporting.jsonl import read_events, read_frames
from ruler.reporting.words import fact_name, fact_value
from ruler.schemas.runs import RunRecord, RunSpec
from ruler.schemas.verdicts import ClipVerdict, Event, Evidence, FactEvidence, Verdict
from rules_store.engine import DATABASE
from rules_store.store import Store


@dataclass(frozen=True)
class Explained:
    """An event with the verdicts of its key frame and its clip, and what was looked at and asked
    there."""

    event: Event
    key: Verdict | None
    looked: Looked
    clip: ClipVerdict | None = None

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            "event": self.event.model_dump(mode="json"),
            "key_frame": self.key.model_dump(mode="json") if self.key else None,
            "looked": self.looked.as_data(),
            "clip": self.clip.model_dump(mode="json") if self.clip else None,
        }

    def lines(self, *, with_prompts: bool = False) -> list[str]:
        """For people; `with_prompts` shows the texts of prompts and questions, too."""
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
        return said + self.looked.lines(with_prompts=with_prompts)


def _evidence(evidence: Evidence) -> str:
    place = f"frame {evidence.frame_index}, caption {evidence.caption[:12]}"
    if isinstance(evidence, FactEvidence):
        value = fact_value(evidence.fact, evidence.value)
        return f"{fact_name(evidence.fact)} {value} ({place})"
    return f'"{evidence.quote}" at [{evidence.start}, {evidence.stop}) ({place})'


def clip_lines(verdict: ClipVerdict) -> list[str]:
    """What a clip came to as a whole, for people."""
    first, told = verdict.first, verdict.reflection
    by = "its frames" if first.by == "frames" else "a model that read its captions"
    said = [
        f"{verdict.clip} as a whole: {verdict.outcome}, highest score {verdict.score:.3f}",
        f"  first     {first.outcome}, by {by}: {first.why}",
    ]
    if first.rules:
        said.append(f"  rules     {', '.join(first.rules)} of {verdict.revision}")
    if told is not None:
        said.append(f"  reflected {told.first} -> {told.second}: {told.why}")
        said += [f"  evidence  {_evidence(evidence)}" for evidence in told.evidence]
    if verdict.category:
        said.append(f"  what      {verdict.category}, level {verdict.level}")
    return said


def explain_clips(run: str, runs: Path) -> list[ClipVerdict]:
    """What the clips of a run came to as a whole.

    Raises:
        NotFoundError: no such run.
    """
    record = read_record(find_run(run, runs))
    return [clip.verdict for clip in record.clips if clip.verdict is not None]


def explain(
    run: str, event_id: str | None, runs: Path, store: str | None = None
) -> list[Explained]:
    """The events of a run, or one of them.

    Args:
        run: Its id below the runs folder, or the path of its folder.
        event_id: Which event; all where None.
        runs: The runs folder.
        store: Where the run's store may be beside the place that the run remembers.

    Raises:
        NotFoundError: no such run or event.
    """
    folder = find_run(run, runs)
    record = read_record(folder)
    events = list(read_events(folder / "events.jsonl"))
    wanted = [event for event in events if event_id in (None, event.id)]
    if event_id is not None and not wanted:
        known = ", ".join(event.id for event in events[:20]) or "none"
        raise NotFoundError(f"run {folder.name} has no event {event_id!r}; its events: {known}.")
    clips = {one.clip: one.verdict for one in record.clips}
    keys = {(event.clip, event.key_frame) for event in wanted}
    frames = {
        (verdict.clip, verdict.frame_index): verdict
        for verdict in read_frames(folder / "frames.jsonl")
        if (verdict.clip, verdict.frame_index) in keys
    }
    with _store_of(record, store) as opened:
        return [
            Explained(
                event,
                frames.get((event.clip, event.key_frame)),
                look(record, event, opened),
                clips.get(event.clip),
            )
            for event in wanted
        ]


@contextlib.contextmanager
def _store_of(record: RunRecord, other: str | None) -> Iterator[Store | None]:
    """The store that holds the run; None where it cannot be reached. None is made."""
    with contextlib.ExitStack() as stack:
        yield next(_holding(record.spec, _places(record.spec.store, other), stack), None)


def _places(*given: str | None) -> Sequence[str]:
    """Stores that are there; a folder without a store would be made one by opening it."""
    places = [place for place in dict.fromkeys(given) if place is not None]
    return [place for place in places if "://" in place or (Path(place) / DATABASE).is_file()]


def _holding(spec: RunSpec, places: Sequence[str], stack: contextlib.ExitStack) -> Iterator[Store]:
    """The stores that hold this run, and not another one of its name."""
    for place in places:
        with contextlib.suppress(RulerError):
            store = stack.enter_context(Store(place))
            if store.runs.spec(spec.id).clips == spec.clips:
                yield store
