"""What other rules say of a clip, told from what a finished run stored of it.

Only rules that differ from the run's are matched anew, and only where something that alarms or
comes near differs is a frame gone through in full; everywhere else the stored results stand. The
outcome is that of a whole detection, which tests hold it to.
"""

from __future__ import annotations

import bisect
import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ruler.reasoners.base import MatchContext, Reasoner
from ruler.reasoners.matching import FIRES
from ruler.schemas.captions import Caption
from ruler.schemas.observations import Observation
from ruler.schemas.rules import RevisionRef, RuleSet
from ruler.schemas.runs import ClipOutcome, RunSpec, Smoothing
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import Event, Matched
from ruler.steps import disturbing
from ruler.steps.comparing import Difference, Said, apart, kind_of
from ruler.steps.deducing import Deducer
from ruler.steps.reflection import BRIDGE_SECONDS, near
from ruler.steps.revising import Changes, changes
from ruler.steps.scoring import joined, strengths_score, weights_of
from ruler.steps.smoothing import smooth
from ruler.text.screening import Screen
from rules_store.recall import Recalled
from rules_store.store import Store
from rules_store.trace_rows import links_of

_UNLINKED = {"links": (), "disturbed_seconds": 0.0}

_HAIR = 1e-6
"""Reaches are taken a little longer than they are: what is looked at in vain costs nothing."""

_GAP = 16
"""So many frames too many are read faster than a query more is asked."""

_MOST = 2048
"""Frames that are read together, if there is no longer part."""


@dataclass(frozen=True)
class Frames:
    """The sampled frames of a clip as columns: what the run found, or what other rules do.

    `differs` marks frames whose matches differ from the run's, or mean something else.
    """

    indices: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    match: list[float | None] = field(default_factory=list)
    smooth: list[float | None] = field(default_factory=list)
    differs: bytearray = field(default_factory=bytearray)


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
        parts = _merged([*before.anew, *after.anew])
        for whole, held in _gathered((part, part) for part in parts):
            said = self._store.recall.said(self._run, clip, first.indices[whole.start : whole.stop])
            for frame in (first.indices[place] for part in held for place in part):
                sides = (each.said.get(frame, said[frame]) for each in (before, after))
                kinds[kind_of(*sides)] += 1
        return Difference(
            frames=len(first.indices),
            seconds=length,
            added=kinds["added"],
            removed=kinds["removed"],
            changed=kinds["changed"],
            gained=apart(after.events, before.events),
            lost=apart(before.events, after.events),
            before=len(before.events),
            after=len(after.events),
            fired=after.fired,
        )

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
        for around, parts in _gathered((self._around(now, part), part) for part in anew):
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
        for part in _active(first, now, old, new):
            around, inside = self._around(now, part), slice(part.start, part.stop)
            if (
                old != new
                or any(now.differs[around.start : around.stop])
                or first.smooth[inside] != now.smooth[inside]
            ):
                yield part

    def _around(self, frames: Frames, part: range) -> range:
        """The frames that verdicts of `part` may rest on."""
        return _within(frames.seconds, part, self.deducer.support_seconds + _HAIR)

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


@dataclass(frozen=True)
class Again:
    """The rules that are matched anew, over what captions and links the store holds.

    Attributes:
        reasoner: Matches.
        contexts: For the passes before and after linking.
        fresh: Ids of the rules whose matches count.
        screen: Tells what captions give none; None where any may.
    """

    reasoner: Reasoner
    contexts: tuple[MatchContext, MatchContext]
    fresh: frozenset[str]
    screen: Screen | None

    @classmethod
    def of(cls, deducer: Deducer, changed: Changes) -> Again:
        """What a deducer has to match anew."""
        assert changed.again is not None
        first = replace(deducer.context, rule_set=changed.again)
        screen = None if changed.phrases is None else Screen(changed.phrases)
        contexts = (first, replace(first, linked=True))
        return cls(deducer.reasoner, contexts, changed.fresh, screen)

    def at(self, start: dt.datetime | None) -> Again:
        """The same for a clip that began then."""
        first, second = (replace(context, clip_start=start) for context in self.contexts)
        return replace(self, contexts=(first, second))

    def on(self, observations: Sequence[Observation]) -> list[Matched]:
        """What the fresh rules find on each frame, before and after linking."""
        bare = [o.model_copy(update=_UNLINKED) if o.is_linked else o for o in observations]
        found = disturbing.match(self.reasoner, bare, self.contexts[0])
        if any(seen.is_linked for seen in observations):
            more = disturbing.match(self.reasoner, observations, self.contexts[1])
            found = [joined(one, other) for one, other in zip(found, more, strict=True)]
        return [
            Matched(matches=tuple(m for m in each.matches if m.rule_id in self.fresh))
            for each in found
        ]

    def on_rows(self, rows: Sequence[Recalled], bodies: dict[str, str]) -> dict[int, Matched]:
        """The same over many frames, by index; most of those without a match are left out."""
        seen = [
            _observation(row, body)
            for row in rows
            if row.caption_key and (body := bodies.get(row.caption_key)) and self._may_match(body)
        ]
        return {o.frame_index: matched for o, matched in zip(seen, self.on(seen), strict=True)}

    def _may_match(self, body: str) -> bool:
        return self.screen is None or self.screen.may_hold(json.loads(body)["text"])


def _observation(row: Recalled, body: str) -> Observation:
    return Observation(
        frame_index=row.frame_index,
        until_frame=row.until_frame,
        time_seconds=row.time_seconds,
        caption=Caption.model_validate_json(body),
        **links_of(row.links),
    )


def resmoothed(
    seconds: Sequence[float],
    match: tuple[list[float | None], list[float | None]],
    before: list[float | None],
    smoothing: Smoothing,
) -> list[float | None]:
    """The smoothed scores after first scores changed; windows without a change stand."""
    old, new = match
    changed = [place for place, score in enumerate(new) if score != old[place]]
    if smoothing.is_causal or smoothing.method == "none" or 2 * len(changed) > len(new):
        return list(smooth(zip(seconds, new, strict=True), smoothing)) if changed else before
    reach = smoothing.support_seconds + _HAIR
    scores = list(before)
    for part in _merged(_within(seconds, range(place, place + 1), reach) for place in changed):
        around = _within(seconds, part, reach)
        points = ((seconds[place], new[place]) for place in around)
        for place, score in zip(around, smooth(points, smoothing), strict=True):
            if place in part:
                scores[place] = score
    return scores


def _active(first: Frames, now: Frames, old: float, new: float) -> Iterator[range]:
    """Runs of frames that are in dispute, alarm or come near by either of two thresholds, as long
    as what lies between them is bridged."""
    start, stop, last = None, 0, 0.0
    sides = [(f.match, f.smooth, t, near(t)) for f, t in ((first, old), (now, new))]
    for place, time in enumerate(first.seconds):
        for match, smoothed, threshold, close in sides:
            hit, score = match[place], smoothed[place]
            if (hit is not None and hit >= threshold) or (score is not None and score >= close):
                break
        else:
            continue
        if start is not None and time - last > BRIDGE_SECONDS + 1e-9:
            yield range(start, stop)
            start = None
        if start is None:
            start = place
        stop, last = place + 1, time
    if start is not None:
        yield range(start, stop)


def _within(seconds: Sequence[float], part: range, reach: float) -> range:
    """Places of the samples at most `reach` seconds away from those of `part`."""
    start = bisect.bisect_left(seconds, seconds[part.start] - reach)
    return range(start, bisect.bisect_right(seconds, seconds[part.stop - 1] + reach))


def _merged(parts: Iterable[range]) -> Iterator[range]:
    """The same places in order, in parts that do not overlap."""
    held: range | None = None
    for part in sorted(parts, key=lambda part: part.start):
        if held is not None and part.start <= held.stop:
            held = range(held.start, max(held.stop, part.stop))
            continue
        if held is not None:
            yield held
        held = part
    if held is not None:
        yield held


def _gathered(parts: Iterable[tuple[range, range]]) -> Iterator[tuple[range, list[range]]]:
    """Parts, each with what has to be read for it, put together where one reading serves.

    Args:
        parts: (to read, part), in order.
    """
    whole, held = range(0), list[range]()
    for around, part in parts:
        if held and (around.start > whole.stop + _GAP or around.stop > whole.start + _MOST):
            yield whole, held
            held = []
        whole = range(whole.start if held else around.start, max(whole.stop, around.stop))
        held.append(part)
    if held:
        yield whole, held


def _numbered(events: Sequence[Event], ref: RevisionRef) -> list[Event]:
    """A clip's events in order, numbered and named as by one deduction."""
    return [
        event.model_copy(update={"id": f"{event.clip}#{number}", "revision": ref})
        for number, event in enumerate(sorted(events, key=lambda event: event.start_frame), 1)
    ]
