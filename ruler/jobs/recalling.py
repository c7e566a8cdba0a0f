"""What other rules say of a clip, told from what a finished run stored of it.

Only rules that differ from the run's are matched anew, and only where something that alarms or
comes near differs is a frame gone through in full; everywhere else the stored results stand. The
outcome is that of a whole detection, which tests hold it to.
"""

from __future__ import annotations

import bisect
import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ruler.jobs.matching_again import Again
from ruler.jobs.stretches import HAIR, Frames, active, gathered, merged, resmoothed, within
from ruler.reasoners.matching import FIRES
from ruler.schemas.observations import Observation
from ruler.schemas.rules import RevisionRef, RuleSet
from ruler.schemas.runs import ClipOutcome, RunSpec
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import Event, Matched
from ruler.steps.comparing import Difference, Said, kind_of, told
from ruler.steps.deducing import Deducer
from ruler.steps.revising import Changes, changes
from ruler.steps.scoring import strengths_score, weights_of
from rules_store.recall import Recalled
from rules_store.store import Store

_UNLINKED = {"links": (), "disturbed_seconds": 0.0}


@dataclass(frozen=True)
class Retold:
    """What a rule set says of a clip: verdicts where they were made anew, and all events."""

    said: dict[int, Said]
    events: list[Event]
    fired: Counter[str]
    anew: list[range]


class Recaller:
    """Holds two rule sets against each other over the clips of one run.

    Args:
        store: Holds the run.
        spec: What the run was asked; it must be finished.
        made_by: The rules of the run's revision.
        sides: A deducer for each of the two rule sets, with the run's options.

    Clips have clocks of their own: `compare` is told when one began.
    """

    def __init__(
        self, store: Store, spec: RunSpec, made_by: RuleSet, sides: tuple[Deducer, Deducer]
    ) -> None:
        self._store = store
        self._run = spec.id
        self._sides = tuple(_Side.of(store, spec, made_by, deducer) for deducer in sides)

    def compare(self, clip: int, outcome: ClipOutcome, start: dt.datetime | None) -> Difference:
        """How the two differ over a clip that the run has done and that began at `start`."""
        assert outcome.info is not None
        length = outcome.info.duration_seconds
        stored = self._store.events.of_clip(self._run, clip)
        fired = self._store.recall.fired(self._run, clip, FIRES)
        first = self._stored(clip)
        before, after = (
            side.at(start).retold(clip, outcome, first, stored, fired) for side in self._sides
        )
        kinds: Counter[str] = Counter()
        parts = merged([*before.anew, *after.anew])
        for whole, held in gathered((part, part) for part in parts):
            said = self._store.recall.said(self._run, clip, first.indices[whole.start : whole.stop])
            for frame in (first.indices[place] for part in held for place in part):
                sides = (each.said.get(frame, said[frame]) for each in (before, after))
                kinds[kind_of(*sides)] += 1
        events, frames = (before.events, after.events), len(first.indices)
        return told(kinds, events, frames=frames, seconds=length, fired=after.fired)

    def _stored(self, clip: int) -> Frames:
        frames = Frames()
        for page in self._store.recall.pages(self._run, clip, matches=False):
            frames.indices.extend(row.frame_index for row in page)
            frames.seconds.extend(row.time_seconds for row in page)
            frames.match.extend(row.match for row in page)
            frames.smooth.extend(row.smooth for row in page)
        return frames


@dataclass(frozen=True)
class _Side:
    """One rule set over the clips of a run that was made by another, or by the same."""

    store: Store
    run: str
    was_threshold: float
    changes: Changes
    deducer: Deducer
    again: Again | None

    @classmethod
    def of(cls, store: Store, spec: RunSpec, made_by: RuleSet, deducer: Deducer) -> _Side:
        """The side of a deducer."""
        changed = changes(made_by, deducer.context.rule_set)
        again = Again.of(deducer, changed) if changed.again else None
        return cls(store, spec.id, made_by.threshold, changed, deducer, again)

    def at(self, start: dt.datetime | None) -> _Side:
        """The same for a clip that began then."""
        context = replace(self.deducer.context, clip_start=start)
        again = self.again and self.again.at(start)
        return replace(self, deducer=replace(self.deducer, context=context), again=again)

    def retold(
        self,
        clip: int,
        outcome: ClipOutcome,
        first: Frames,
        stored: Sequence[Event],
        fired: Counter[str],
    ) -> Retold:
        """What the rule set says, given what the run found and stored."""
        now, fired = self._restated(clip, first, fired)
        anew = list(self._parts(first, now))
        said: dict[int, Said] = {}
        events: list[Event] = []
        for around, parts in gathered((self._around(now, part), part) for part in anew):
            traces = self._read(clip, now, around)
            for part in parts:
                verdicts, found = self._told(outcome, now, part, (around.start, traces))
                said |= verdicts
                events += found
        # A verdict made anew that is part of an event takes the whole event with it.
        events += [event for event in stored if event.start_frame not in said]
        return Retold(said, _numbered(events, self.deducer.revision), fired, anew)

    def _restated(
        self, clip: int, first: Frames, fired: Counter[str]
    ) -> tuple[Frames, Counter[str]]:
        """First and smoothed scores by these rules."""
        if self.changes.is_nothing:
            return replace(first, differs=bytearray(len(first.indices))), fired
        now = replace(first, match=[], differs=bytearray())
        weights = weights_of(self.deducer.context.rule_set.live)
        count: Counter[str] = Counter()
        for page in self.store.recall.pages(self.run, clip, matches=True):
            again = self._matched(page)
            for row in page:
                strengths = self._strengths(row, again.get(row.frame_index))
                count.update(name for name, strength in strengths.items() if strength >= FIRES)
                differs = strengths != row.strengths or not self.changes.altered.isdisjoint(
                    strengths
                )
                score = row.match
                if differs and row.caption_key is not None:
                    score = strengths_score(sorted(strengths.items()), weights)
                now.match.append(score)
                now.differs.append(differs)
        smoothed = resmoothed(
            now.seconds, (first.match, now.match), first.smooth, self.deducer.smoothing
        )
        return replace(now, smooth=smoothed), count

    def _matched(self, page: Sequence[Recalled]) -> dict[int, Matched]:
        """The fresh matches of a page's frames, where there are any."""
        if self.again is None:
            return {}
        bodies = self.store.captions.bodies(row.caption_key for row in page if row.caption_key)
        return self.again.on_rows(page, bodies)

    def _strengths(self, row: Recalled, again: Matched | None) -> dict[str, float]:
        """By rule id, what these rules find on a frame."""
        kept = self.changes.kept
        strengths = {name: s for name, s in row.strengths.items() if name in kept}
        for match in again.matches if again else ():
            known = strengths.get(match.rule_id, 0.0)
            strengths[match.rule_id] = max(known, match.strength)
        return strengths

    def _parts(self, first: Frames, now: Frames) -> Iterator[range]:
        """Runs of frames that alarm or come near, then or now, and that may differ.

        Between two of them lies more than an event or a candidate bridges.
        """
        old, new = self.was_threshold, self.deducer.context.rule_set.threshold
        if old == new and not any(now.differs):
            return
        for part in active(first, now, old, new):
            around, inside = self._around(now, part), slice(part.start, part.stop)
            if (
                old != new
                or any(now.differs[around.start : around.stop])
                or first.smooth[inside] != now.smooth[inside]
            ):
                yield part

    def _around(self, frames: Frames, part: range) -> range:
        """The frames that verdicts of `part` may rest on."""
        return within(frames.seconds, part, self.deducer.support_seconds + HAIR)

    def _read(self, clip: int, now: Frames, part: range) -> list[Trace]:
        """The traces of some frames by these rules, up to smoothing."""
        stored = self.store.traces.read(
            self.run,
            clip,
            first_frame=now.indices[part.start],
            stop_frame=now.indices[part.stop - 1] + 1,
        )
        return [
            Trace(observation, matched, match=now.match[place], smooth=now.smooth[place])
            for place, (observation, matched) in zip(part, self._rematched(stored), strict=True)
        ]

    def _told(
        self, outcome: ClipOutcome, now: Frames, part: range, read: tuple[int, list[Trace]]
    ) -> tuple[dict[int, Said], Sequence[Event]]:
        """The verdicts and events of some frames, by all stages; `read` are traces around them and
        the place of the first."""
        assert outcome.info is not None
        around, length = self._around(now, part), outcome.info.duration_seconds
        first, traces = read

        def second_at(frame: int) -> float:
            place = bisect.bisect_left(now.indices, frame)
            is_there = place < len(now.indices) and now.indices[place] == frame
            return now.seconds[place] if is_there else length

        found = self.deducer.settle_part(
            outcome.clip,
            traces[around.start - first : around.stop - first],
            slice(part.start - around.start, part.stop - around.start),
            second_at,
        )
        said: dict[int, Said] = {v.frame_index: (v.outcome, v.rules) for v in found.verdicts}
        return said, found.events

    def _rematched(self, stored: Iterable[Trace]) -> Iterator[tuple[Observation, Matched]]:
        """What these rules find on stored frames, with its evidence."""
        traces = list(stored)
        observations = [trace.observation for trace in traces]
        fresh = self.again.on(observations) if self.again else [Matched()] * len(traces)
        for trace, more in zip(traces, fresh, strict=True):
            kept = tuple(m for m in trace.matched.matches if m.rule_id in self.changes.kept)
            yield trace.observation, Matched(matches=kept + more.matches)


def _numbered(events: Sequence[Event], ref: RevisionRef) -> list[Event]:
    """A clip's events in order, numbered and named as by one deduction."""
    return [
        event.model_copy(update={"id": f"{event.clip}#{number}", "revision": ref})
        for number, event in enumerate(sorted(events, key=lambda event: event.start_frame), 1)
    ]
