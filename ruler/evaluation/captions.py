"""The protocol for `kind: captions`: rules from few normal captions of other videos, then deduction
on recorded captions; no pixel is looked at, and no model is asked but the reasoner's."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from ruler import metrics
from ruler.errors import InputError
from ruler.evaluation.baselines import keyword_hits, keyword_pipeline
from ruler.evaluation.columns import Column
from ruler.evaluation.naming import scene_name
from ruler.evaluation.recorded import CAPTIONER, Recorded, Video, load_recorded
from ruler.jobs.progress import Progress, Report
from ruler.reasoners.base import MatchContext, Reasoner
from ruler.schemas.base import bytes_hash, content_hash
from ruler.schemas.datasets import CaptionsManifest, EvalResult, Protocol, RuleSetStamp
from ruler.schemas.induction import Brief, Reference
from ruler.schemas.observations import Observation
from ruler.schemas.rules import RevisionRef, RuleSet
from ruler.schemas.runs import ONLINE, Smoothing, Usage
from ruler.schemas.verdicts import NO_ANSWER, Verdict
from ruler.steps.deducing import Deducer
from ruler.steps.inducing import induce_rules
from rules_store.rule_files import dump_rules
from rules_store.taxonomy_files import load_lexicon, load_taxonomy

BOOTSTRAPS = 1000


@dataclass
class _Pass:
    """One way of smoothing: its figures' column."""

    smoothing: Smoothing
    column: Column = field(default_factory=Column)
    unanswered: int = 0


@dataclass(frozen=True)
class Scored:
    """All that a benchmark needs to compare: frames of all videos, in one order."""

    labels: Sequence[int]
    clips: Sequence[int]
    scores: Sequence[float]
    baseline: Sequence[float]


@dataclass(frozen=True)
class CaptionsOutcome:
    """The result, and by mode what it was made of."""

    result: EvalResult
    scored: Mapping[Literal["online", "offline"], Scored]
    rule_sets: Sequence[RuleSet]


def evaluate_captions(
    manifest: CaptionsManifest,
    base: Path,
    *,
    smoothing: Smoothing,
    reasoner: Reasoner,
    report: Report,
) -> CaptionsOutcome:
    """Measure on one recording, online and offline.

    Args:
        manifest: Names the recording and the protocol.
        base: The manifest's folder.
        smoothing: Of the mode that was asked for; the other one takes its default.
        reasoner: Induces and deduces; all that it was asked counts as spent here.
        report: Told of the progress.

    Raises:
        InputError: the recording cannot be read, or a fold has no normal caption to learn from.
    """
    intervals = base / manifest.intervals if manifest.intervals else None
    videos = load_recorded(base / manifest.captions, manifest.fps, intervals)
    asked = _Pass(smoothing)
    other = _Pass(Smoothing() if smoothing.is_causal else ONLINE)
    began = time.monotonic()
    spent, rule_sets = 0.0, []
    order: list[Video] = []
    for fold in range(min(manifest.protocol.folds, len(videos))):
        tested = videos[fold :: manifest.protocol.folds]
        shots = spread_shots(videos, fold, manifest.protocol)
        deducer = learn_fold(manifest, fold, shots, reasoner)
        rule_sets.append(deducer.context.rule_set)
        for video in tested:
            report(Progress(video.name, len(order), len(videos)))
            seen = video.observations()
            clock = time.monotonic()
            _judge(deducer, video, seen, (asked, other))
            spent += time.monotonic() - clock
            order.append(video)
    report(Progress(videos[-1].name, len(videos), len(videos)))
    baseline = [score for video in order for score in keyword_pipeline(video)]
    result = _figures(
        manifest, order, (asked, other), rule_sets, baseline, spent, time.monotonic() - began
    )
    usage = result.usage + reasoner.usage
    result = result.model_copy(update={"usage": usage, "unanswered": asked.unanswered})
    scored = {
        _mode(each.smoothing): Scored(
            each.column.labels, each.column.clips, each.column.scores, baseline
        )
        for each in (asked, other)
    }
    return CaptionsOutcome(result, scored, rule_sets)


def spread_shots(
    videos: Sequence[Video], fold: int, protocol: Protocol
) -> list[tuple[Video, Recorded]]:
    """Normal captions of the other folds' videos, spread evenly; all, if there are fewer.

    Raises:
        InputError: there is none.
    """
    pool = [
        (video, seen)
        for number, video in enumerate(videos)
        if number % protocol.folds != fold
        for seen in video.frames
        if not seen.truth
    ]
    if not pool:
        raise InputError(f"fold {fold + 1}: the other folds have no normal caption to learn from.")
    if len(pool) <= protocol.shots:
        return pool
    places = np.linspace(0, len(pool) - 1, protocol.shots).round().astype(int)
    return [pool[place] for place in places]


def learn_fold(
    manifest: CaptionsManifest,
    fold: int,
    shots: Sequence[tuple[Video, Recorded]],
    reasoner: Reasoner,
) -> Deducer:
    """Induce a fold's rules from its shots."""
    taxonomy, lexicon = load_taxonomy("general"), load_lexicon()
    brief = Brief(
        scene=f"{scene_name(manifest.name)[:70]}-{fold + 1}",
        place="any",
        captioner=CAPTIONER,
        measured=(),
        lexicon=lexicon,
        taxonomy=taxonomy,
    )
    references: dict[str, list[Reference]] = {}
    for video, seen in shots:
        [observation] = Video(video.name, [seen], video.fps).observations()
        references.setdefault(video.name, []).append(
            Reference(clip=video.name, observation=observation)
        )
    as_of = dt.date.min
    rule_set = induce_rules(references, reasoner, brief, as_of=as_of)
    sha256 = bytes_hash(dump_rules(rule_set).encode())
    return Deducer(
        reasoner=reasoner,
        context=MatchContext(rule_set=rule_set, lexicon=lexicon, clip_start=None, as_of=as_of),
        revision=RevisionRef(scene=brief.scene, revision=1, sha256=sha256),
        taxonomy=taxonomy,
        smoothing=Smoothing(),
    )


def _judge(
    deducer: Deducer, video: Video, seen: Sequence[Observation], passes: Sequence[_Pass]
) -> None:
    """Match once, smooth in each way."""
    matched = deducer.match(seen)
    truth = [frame.truth for frame in video.frames]
    clock = [observation.time_seconds for observation in seen]
    for each in passes:
        found = deducer.smoothed_by(each.smoothing).conclude(
            video.name, matched, lambda frame: frame / video.fps
        )
        _check_evidence(found.verdicts)
        each.column.add_each(truth, clock, found.verdicts)
        each.unanswered += sum(map(_is_unanswered, found.verdicts))


def _is_unanswered(verdict: Verdict) -> bool:
    return verdict.outcome == "undetermined" and NO_ANSWER in (verdict.reason or "")


def _check_evidence(verdicts: Sequence[Verdict]) -> None:
    """An anomaly without a rule and evidence is a mistake of ours, never a figure."""
    for verdict in verdicts:
        if verdict.outcome == "anomaly" and not (verdict.rules and verdict.evidence):
            raise AssertionError(f"{verdict.clip}#{verdict.frame_index} alarms without evidence")


def _figures(
    manifest: CaptionsManifest,
    videos: Sequence[Video],
    passes: tuple[_Pass, _Pass],
    rule_sets: Sequence[RuleSet],
    pipeline: Sequence[float],
    spent: float,
    whole: float,
) -> EvalResult:
    asked, other = passes
    column = asked.column
    released = [frame.label for video in videos for frame in video.frames]
    frames, shots = len(column.labels), manifest.protocol.shots
    return EvalResult(
        name=manifest.name,
        kind="captions",
        metrics=_metrics(column, released if manifest.intervals else None),
        baselines=_baselines(column, videos, pipeline),
        mode=_mode(asked.smoothing),
        other_mode={
            "mode": _mode(other.smoothing),
            **_metrics(other.column, released if manifest.intervals else None),
        },
        usage=Usage(captions_cached=frames),
        frames=frames,
        frames_per_second=round(frames / spent, 1) if spent else 0.0,
        rule_set=RuleSetStamp(
            revision=1, sha256=content_hash([dump_rules(rule_set) for rule_set in rule_sets])
        ),
        notes=(
            f"smoothing {_said(asked.smoothing)}; other_mode: {_said(other.smoothing)}",
            f"{len(rule_sets)} folds, each with at most {shots} normal captions of other videos",
            f"{whole:.1f}s in all",
        ),
    )


def _metrics(column: Column, released: Sequence[int] | None) -> dict[str, float | None]:
    resampled = metrics.Resampled(column.labels, column.scores, column.clips)
    clips = column.clips[-1] + 1
    low_high = metrics.interval(resampled.auc(w) for w in metrics.draws(clips, BOOTSTRAPS, seed=0))
    figures = {
        **column.figures(),
        "auc_low": low_high[0] if low_high else None,
        "auc_high": low_high[1] if low_high else None,
    }
    if released is not None:
        figures["auc_released_labels"] = metrics.auc(released, column.scores)
    return figures


def _baselines(
    column: Column, videos: Sequence[Video], pipeline: Sequence[float]
) -> dict[str, float | None]:
    raw = [score for video in videos for score in keyword_hits(video)]
    return {
        "auc_keyword_pipeline": metrics.auc(column.labels, pipeline),
        "auc_keyword_hits": metrics.auc(column.labels, raw),
        "auc_constant": metrics.auc(column.labels, [0.5] * len(column.labels)),
        **column.trivial(),
    }


def _mode(smoothing: Smoothing) -> Literal["online", "offline"]:
    return "online" if smoothing.is_causal else "offline"


def _said(smoothing: Smoothing) -> str:
    return f"{smoothing.method} {smoothing.seconds:g}s"
