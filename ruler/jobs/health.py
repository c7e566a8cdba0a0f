"""`ruler rules health`: how a scene's rules fared over its finished runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ruler.reasoners.matching import FIRES
from ruler.schemas.rules import Revision, Rule
from ruler.schemas.runs import ClipInfo, RunSpec
from ruler.steps.health import Finding, Fired, RuleHealth, Share, findings, is_novelty
from ruler.steps.nights import is_night, whole_night
from rules_store.health import Hits
from rules_store.store import Store

_MOST_QUOTES = 10


@dataclass(frozen=True)
class HealthReport:
    """What a scene's rules did.

    Attributes:
        revision: The active one.
        runs: How many finished runs the scene has.
        frames: How many frames they sampled.
        alarms: How many of these were an anomaly.
        rules: One entry a rule of the active revision, in its order.
        findings: What a person should look at.
        uncovered: What no normal rule covers, with how often it was quoted.
    """

    revision: Revision
    runs: int
    frames: int
    alarms: int
    rules: tuple[RuleHealth, ...]
    findings: tuple[Finding, ...]
    uncovered: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class _Clip:
    """A clip of a finished run: sampled frames, and its clock where it has one."""

    frames: int
    name: str
    info: ClipInfo | None
    start: dt.datetime | None


@dataclass(frozen=True)
class _Past:
    """The finished runs of a scene, oldest first, and their clips."""

    runs: Sequence[RunSpec]
    clips: Mapping[tuple[str, int], _Clip]


def health(store: Store, scene: str, today: dt.date) -> HealthReport:
    """Look back over the finished runs of a scene.

    Raises:
        NotFoundError: no such scene.
    """
    revision = store.scenes.revision(scene)
    past = _past(store, scene)
    rules = revision.rule_set.rules
    ids = [rule.id for rule in rules]
    hits: dict[str, list[Hits]] = {rule_id: [] for rule_id in ids}
    for found in store.health.hits(scene, ids, FIRES):
        hits[found.rule_id].append(found)
    live = store.health.revisions_of(scene)
    grounds = store.health.alarm_grounds(scene)
    fared = []
    for rule in rules:
        runs = [run for run in past.runs if run.revision.revision in live.get(rule.id, ())]
        alone = grounds.get((rule.id,), 0)
        fared.append(_fared(store, rule, runs, past.clips, hits[rule.id], alone))
    novelty = [rule.id for rule in rules if is_novelty(rule)]
    return HealthReport(
        revision=revision,
        runs=len(past.runs),
        frames=sum(clip.frames for clip in past.clips.values()),
        alarms=sum(grounds.values()),
        rules=tuple(fared),
        findings=tuple(finding for one in fared for finding in findings(one, today)),
        uncovered=tuple(store.health.quoted(scene, novelty, FIRES, _MOST_QUOTES)),
    )


def _past(store: Store, scene: str) -> _Past:
    sampled = store.health.sampled(scene)
    runs = [store.runs.spec(run) for run in reversed(store.runs.finished(scene))]
    clips = {}
    for run in runs:
        for number in range(len(run.clips)):
            info = store.runs.clip_info(run.id, number)
            start = run.start_time or (info.start_time if info else None)
            name = info.name if info else run.clips[number]
            clips[run.id, number] = _Clip(sampled.get((run.id, number), 0), name, info, start)
    return _Past(runs, clips)


def _fared(
    store: Store,
    rule: Rule,
    runs: Sequence[RunSpec],
    clips: Mapping[tuple[str, int], _Clip],
    hits: Sequence[Hits],
    alone: int,
) -> RuleHealth:
    """One rule, over the runs that it was live in."""
    order = {run.id: number for number, run in enumerate(runs)}
    here = {(hit.run_id, hit.clip): hit for hit in hits if hit.run_id in order}
    halves = [Share(), Share()]
    clock = _Clock()
    for place, clip in clips.items():
        if place[0] not in order:
            continue
        hit = here.get(place)
        share = Share(hit.frames if hit else 0, clip.frames)
        halves[order[place[0]] >= len(runs) // 2] += share
        clock += _by_clock(store, rule.id, place, clip, share)
    last = max(here.values(), key=lambda hit: (order[hit.run_id], hit.clip), default=None)
    return RuleHealth(
        rule=rule,
        runs=len(runs),
        earlier=halves[0],
        later=halves[1],
        day_frames=clock.day_frames,
        day_hits=clock.day_hits,
        night_hits=clock.night_hits,
        last=_last(store, clips, last) if last else None,
        alone=alone,
    )


@dataclass(frozen=True)
class _Clock:
    """What fired when, in clips that have a clock."""

    day_frames: int = 0
    day_hits: int = 0
    night_hits: int = 0

    def __add__(self, other: _Clock) -> _Clock:
        return _Clock(
            self.day_frames + other.day_frames,
            self.day_hits + other.day_hits,
            self.night_hits + other.night_hits,
        )


def _by_clock(
    store: Store, rule_id: str, place: tuple[str, int], clip: _Clip, share: Share
) -> _Clock:
    """A clip that has day and night is split by the times of the frames that fired."""
    if clip.start is None or clip.info is None:
        return _Clock()
    night = whole_night(clip.start, clip.info.duration_seconds)
    if night is not None:
        return _Clock(night_hits=share.hits) if night else _Clock(share.frames, share.hits)
    times = store.health.times(*place, rule_id, FIRES) if share.hits else []
    dark = sum(is_night(clip.start, seconds) for seconds in times)
    return _Clock(share.frames - dark, share.hits - dark, dark)


def _last(store: Store, clips: Mapping[tuple[str, int], _Clip], hit: Hits) -> Fired:
    seconds = store.health.second_of(hit.run_id, hit.clip, hit.last_frame)
    return Fired(hit.run_id, clips[hit.run_id, hit.clip].name, seconds)
