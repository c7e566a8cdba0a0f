"""Trying changes of rules on the captions of a run that somebody spoke of."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cached_property

from ruler.errors import InputError, NotFoundError
from ruler.jobs.footage import Footage
from ruler.jobs.rule_tests import Shelf
from ruler.jobs.said import Answered, Said
from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.rules import Revision, RuleSet
from ruler.schemas.verdicts import Event
from ruler.steps.comparing import compare
from ruler.steps.deducing import Deduction
from ruler.steps.feedback import Change, Moment, counted, in_force, largest
from ruler.steps.rule_tests import Bench, run_tests
from rules_store.store import Store
from rules_store.taxonomy_files import load_lexicon

_AROUND_SECONDS = 2.0
_NEAR_SECONDS = 0.5
"""How far a moment reaches to both sides of the second that was named."""


class Trial:
    """One piece of feedback, the frames it is about, and what rules make of its run.

    Raises:
        NotFoundError: the store has no such run, clip or event.
        InputError: the run was captioned with another scene model than the active rules' one.
    """

    def __init__(self, store: Store, said: Said) -> None:
        self.store, self.said = store, said
        if not store.runs.knows(said.run):
            raise NotFoundError(
                f"the store has no run {said.run!r}; name the store it was made with: --store."
            )
        self.footage = Footage(store, store.runs.spec(said.run))
        self.active = store.scenes.revision(self.footage.spec.scene)
        self._check_model()
        self.number, self.frames = self._of_event() if said.event else self._of_seconds()
        self.clip = self.footage.clips[self.number].clip
        times = [
            seen.time_seconds
            for seen in self.footage.observations(self.number)
            if self._is_inside(seen.frame_index)
        ]
        self.seconds = min(times), max(times)
        self._elsewhere, self._alarming = Counter[str](), Counter[str]()
        self._usual: dict[str, float] = {}
        self.before = {number: self._listened(number) for number in self.footage.clips}

    def _check_model(self) -> None:
        ref = self.footage.spec.revision
        by = self.store.scenes.revision(ref.scene, ref.revision)
        if by.scene_model_sha256 != self.active.scene_model_sha256:
            raise InputError(
                f"run {self.said.run!r} was measured with another scene model than that of "
                f"{self.active.ref}, so its captions say nothing about these rules. "
                f"Run: ruler detect CLIP... --scene {ref.scene}"
            )

    def _of_event(self) -> tuple[int, tuple[int, int]]:
        """(number of the clip, its frames [start, stop)) of the event that was named."""
        known: list[str] = []
        for number in self.footage.clips:
            for event in self.store.events.of_clip(self.said.run, number):
                if event.id == self.said.event:
                    return number, (event.start_frame, event.stop_frame)
                known.append(event.id)
        listed = ", ".join(known[:20]) or "none"
        raise NotFoundError(
            f"run {self.said.run} has no event {self.said.event!r}; its events: {listed}."
        )

    def _of_seconds(self) -> tuple[int, tuple[int, int]]:
        """The same for the seconds [start, stop] of a clip, and a little around a single one."""
        clips = {outcome.clip: number for number, outcome in self.footage.clips.items()}
        number = clips.get(self.said.clip or "")
        if number is None:
            listed = ", ".join(clips) or "none"
            raise NotFoundError(
                f"run {self.said.run} has no clip {self.said.clip!r}; its clips: {listed}."
            )
        start, stop = self.said.seconds or (0.0, 0.0)
        around = _NEAR_SECONDS if start == stop else 0.0
        seen = list(self.footage.observations(number))
        near = [s for s in seen if start - around <= s.time_seconds <= stop + around]
        if not near and seen and start <= seen[-1].time_seconds:
            near = [min(seen, key=lambda one: abs(one.time_seconds - start))]
        if not near:
            last = f"{seen[-1].time_seconds:.1f}" if seen else "0"
            raise InputError(
                f"clip {self.said.clip!r} was looked at up to {last} seconds: --at {start:g} lies "
                "outside of it."
            )
        return number, (near[0].frame_index, near[-1].until_frame)

    def _listened(self, number: int) -> Deduction:
        """What the active rules make of a clip; of other clips, only the events are kept."""
        deduction = self.footage.deduce(number, self.active.rule_set, self.active.ref)
        pairs = zip(deduction.traces, deduction.verdicts, strict=True)
        others = [
            (trace, verdict.outcome)
            for trace, verdict in pairs
            if number != self.number or not self._is_around(verdict.time_seconds)
        ]
        self._elsewhere += counted(trace for trace, _ in others)
        self._alarming += counted(trace for trace, outcome in others if outcome == "anomaly")
        for fact, value in largest(t for t, outcome in others if outcome == "normal").items():
            self._usual[fact] = max(self._usual.get(fact, value), value)
        return deduction if number == self.number else Deduction((), (), deduction.events)

    @cached_property
    def proposals(self) -> list[Revision]:
        """The open proposals that people made, oldest first."""
        scene = self.active.ref.scene
        numbers = self.store.decisions.open_proposals(scene)
        opened = [self.store.scenes.revision(scene, number) for number in numbers]
        return [one for one in opened if not one.by_induction]

    def _is_around(self, second: float) -> bool:
        """What goes before and after belongs to it: nobody names its first and last frame."""
        return self.seconds[0] - _AROUND_SECONDS <= second <= self.seconds[1] + _AROUND_SECONDS

    def _is_inside(self, frame: int) -> bool:
        return self.frames[0] <= frame < self.frames[1]

    def here(self, deduction: Deduction) -> tuple[Event, ...]:
        """The events of the clip that share a frame with those that were spoken of."""
        start, stop = self.frames
        return tuple(e for e in deduction.events if e.start_frame < stop and start < e.stop_frame)

    def moment(self, deduction: Deduction) -> Moment:
        """The frames that were spoken of, as some rules see them."""
        lexicon = load_lexicon()
        return Moment(
            reason=self.said.reason,
            traces=[t for t in deduction.traces if self._is_inside(t.observation.frame_index)],
            elsewhere=self._elsewhere,
            alarming=self._alarming,
            usual=self._usual,
            ignored=frozenset(lexicon.people) | frozenset(lexicon.stop_words),
            reference=f"run:{self.said.run}/{self.clip}",
        )

    def deduce(self, changes: Sequence[Change]) -> Deduction:
        """What the active rules with these changes make of the clip."""
        return self.deduce_rules(in_force(self.active.rule_set, changes))

    def deduce_rules(self, rules: RuleSet) -> Deduction:
        """What some rules make of the clip."""
        return self.footage.deduce(self.number, rules, self.active.ref)

    def raised_elsewhere(self, after: Deduction) -> int:
        """On how many frames of the clip, well apart from these, an alarm is new."""
        before = self.before[self.number].verdicts
        return sum(
            new.outcome == "anomaly" != old.outcome and not self._is_around(new.time_seconds)
            for old, new in zip(before, after.verdicts, strict=True)
        )

    def passes(self, changes: Sequence[Change]) -> bool:
        """Whether the last change leaves no more of its rule's tests failing than before."""
        rule_id = changes[-1].rule.id
        failing = self._failing(in_force(self.active.rule_set, changes), rule_id)
        return failing <= self._failing(self.active.rule_set, rule_id)

    def _failing(self, rules: RuleSet, rule_id: str) -> set[tuple[str, str]]:
        bench = Bench(
            reasoner=SymbolicReasoner(),
            lexicon=load_lexicon(),
            as_of=dt.datetime.now(dt.UTC).date(),
            resolve=Shelf(self.store).resolve,
        )
        outcomes = run_tests(rules, bench, [rule_id])
        return {(one.sort, one.entry) for one in outcomes if one.is_failure}

    def answered(self, **fields: object) -> Answered:
        """An answer about these frames."""
        before = self.here(self.before[self.number])
        answered = Answered(self.said, self.active, self.clip, self.frames, before=before)
        return replace(answered, after=before, **fields)  # type: ignore[arg-type]

    def told(self, changes: Sequence[Change], built_on: dict[str, str]) -> Answered:
        """The answer to some changes, with what they do to the whole run and to others."""
        rules = in_force(self.active.rule_set, changes)
        lost: list[Event] = []
        gained: list[Event] = []
        here: tuple[Event, ...] = ()
        known = self.here(self.before[self.number])
        for number, before in self.before.items():
            after = self.footage.deduce(number, rules, self.active.ref)
            if number == self.number:
                here = self.here(after)
            difference = compare(_events(before), _events(after), 0.0)
            lost += [e for e in difference.lost if number != self.number or e not in known]
            gained += [e for e in difference.gained if number != self.number or e not in here]
        return replace(
            self.answered(),
            changes=tuple(changes),
            built_on=built_on,
            after=here,
            lost=tuple(lost),
            gained=tuple(gained),
            elsewhere=self._lost_elsewhere(rules, {one.rule.id for one in changes}),
        )

    def _lost_elsewhere(self, rules: RuleSet, changed: Iterable[str]) -> int:
        """How many alarms of the scene's other runs would go; each clip counts once."""
        seen = {one.info.sha256 for one in self.footage.clips.values() if one.info}
        count = 0
        for name in self.store.runs.finished(self.active.ref.scene):
            spec = self.store.runs.spec(name)
            by = self.store.scenes.revision(spec.scene, spec.revision.revision)
            if name == self.said.run or by.scene_model_sha256 != self.active.scene_model_sha256:
                continue
            other = Footage(self.store, spec)
            for number, outcome in other.clips.items():
                if outcome.info is None or outcome.info.sha256 in seen:
                    continue
                seen.add(outcome.info.sha256)
                events = self.store.events.of_clip(name, number)
                if any(rule in event.rules for event in events for rule in changed):
                    old = other.deduce(number, self.active.rule_set, self.active.ref)
                    new = other.deduce(number, rules, self.active.ref)
                    count += len(compare(_events(old), _events(new), 0.0).lost)
        return count


def _events(deduction: Deduction) -> Deduction:
    """Its events alone."""
    return Deduction((), (), deduction.events)
