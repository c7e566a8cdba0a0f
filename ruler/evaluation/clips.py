"""The protocol for `kind: clips`: induce on the references, detect on the test clips, compare."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ruler import metrics
from ruler.errors import ClipError, InputError
from ruler.evaluation.columns import ANSWERS, Column
from ruler.evaluation.naming import scene_name
from ruler.evaluation.purse import Purse
from ruler.evaluation.truth import frame_truth, load_labels
from ruler.evaluation.wholes import Wholes
from ruler.jobs.detect import DetectRequest, DetectResult, detect
from ruler.jobs.induce import InduceRequest, induce
from ruler.jobs.inputs import open_all
from ruler.jobs.progress import Report
from ruler.jobs.tools import Machine
from ruler.reporting.jsonl import read_frames
from ruler.schemas.datasets import ClipsManifest, EvalResult, RuleSetStamp
from ruler.schemas.runs import Every, Sampling, Smoothing
from ruler.schemas.verdicts import Verdict
from ruler.video.limits import DEFAULT_LIMITS, Limits
from rules_store.store import Store


@dataclass(frozen=True)
class Reading:
    """How clips are read: by what, within which limits, who says what is seen, how often (None is
    the captioner's own), and how closely."""

    reader: Literal["pyav", "decord"] = "pyav"
    limits: Limits | None = DEFAULT_LIMITS
    captioner: str = "motion"
    every: Every | None = None
    sample: Sampling = "uniform"

    @property
    def is_chosen(self) -> bool:
        """Whether somebody says how clips are captioned."""
        return self.captioner != "motion" or self.every is not None


def evaluate_clips(
    manifest: ClipsManifest,
    base: Path,
    folder: Path,
    *,
    smoothing: Smoothing,
    workers: int,
    report: Report,
    reasoner: str = "symbolic",
    purse: Purse | None = None,
    reading: Reading | None = None,
) -> EvalResult:
    """Measure on one dataset.

    Frame metrics are micro: the frames of all clips together, scores never normalised by clip.
    Where clips carry labels of their own, clip metrics are added, a clip's score being its maximum.
    The models draw on `purse`.

    Raises:
        InputError: clips or labels are missing or do not fit each other.
    """
    purse, reading = purse or Purse({}), reading or Reading()
    truths = _truths(manifest, base, reading)
    scene = scene_name(manifest.name)
    started = time.monotonic()
    with Store(folder / "store") as store:
        learned = induce(
            InduceRequest(
                references=[str(base / name) for name in manifest.reference],
                scene=scene,
                captioner=reading.captioner,
                every=reading.every,
                place=manifest.place,
                cameras=manifest.cameras,
                frame_rate=manifest.fps,
                activate=True,
                workers=workers,
                reasoner=reasoner,
                options=purse.options(),
                reader=reading.reader,
                limits=reading.limits,
            ),
            store,
            report,
        )
        purse.spend(learned.usage)
        if learned.skipped:
            raise learned.skipped[0]
        paths = [str(base / test.clip) for test in manifest.test]
        began = time.monotonic()
        result = detect(
            DetectRequest(
                clips=paths,
                scene=scene,
                reasoner=reasoner,
                every=reading.every,
                sample=reading.sample,
                smoothing=smoothing,
                frame_rate=manifest.fps,
            ),
            Machine(
                store=store,
                runs=folder / "runs",
                workers=workers,
                reader=reading.reader,
                limits=reading.limits,
                options=purse.options(),
            ),
            report,
        )
        purse.spend(result.record.usage)
        seconds = time.monotonic() - began
    if errors := [clip.error for clip in result.record.clips if clip.error]:
        raise InputError("\n".join(errors))
    figures = _figures(manifest, result, truths, (seconds, began - started))
    return figures.model_copy(update={"usage": learned.usage + figures.usage})


@dataclass(frozen=True)
class _Truth:
    """What is true of one test clip: by frame, with the frames' times, and maybe as a whole."""

    frames: list[int]
    times: list[float]
    label: int | None


def _truths(manifest: ClipsManifest, base: Path, reading: Reading) -> list[_Truth]:
    """The truth of each test clip; read before the work begins, so that a mistake costs nothing.

    Raises:
        InputError: a clip or its labels are missing, or do not fit each other.
    """
    labels = load_labels(base / manifest.labels) if manifest.labels else {}
    paths = [str(base / test.clip) for test in manifest.test]
    opened = open_all(paths, manifest.fps, reading.reader, reading.limits)
    truths: list[_Truth] = []
    for test, clip in zip(manifest.test, opened, strict=True):
        if isinstance(clip, ClipError):
            raise clip
        times = [float(time) for time in clip.times]
        entry = labels.get(test.clip)
        if entry is None and test.label is None:
            raise InputError(f"clip {test.clip!r} of {manifest.name} has no labels.")
        frames = [int(test.label or 0)] * len(times)
        if entry is not None:
            frames = frame_truth(entry, times, test.clip)
        truths.append(_Truth(frames, times, test.label))
    return truths


def _figures(
    manifest: ClipsManifest,
    result: DetectResult,
    truths: Sequence[_Truth],
    seconds: tuple[float, float],
) -> EvalResult:
    by_clip: dict[str, list[Verdict]] = {}
    for verdict in read_frames(result.folder / "frames.jsonl"):
        by_clip.setdefault(verdict.clip, []).append(verdict)
    column, clips, wholes = Column(), Column(), Wholes()
    for truth, outcome in zip(truths, result.record.clips, strict=True):
        found = by_clip.get(outcome.clip, [])
        column.add(truth.frames, truth.times, found)
        if truth.label is not None:
            _add_clip(clips, truth.label, found)
            wholes.add(truth.label, outcome.verdict)
    return EvalResult(
        name=manifest.name,
        kind=manifest.kind,
        metrics=_metrics(column, clips) | wholes.figures(),
        baselines=_baselines(column, clips),
        usage=result.record.usage,
        frames=len(column.labels),
        frames_per_second=round(len(column.labels) / max(seconds[0], 1e-9), 2),
        unanswered=result.record.unanswered,
        rule_set=RuleSetStamp(
            revision=result.record.spec.revision.revision,
            sha256=result.record.spec.revision.sha256,
        ),
        notes=(_protocol_note(result, seconds),),
    )


def _protocol_note(result: DetectResult, seconds: tuple[float, float]) -> str:
    """What the figures depend on beside the footage: (detection, induction) seconds."""
    smoothing = result.record.spec.smoothing
    causal = ", causal" if smoothing.is_causal else ""
    return (
        f"smoothing {smoothing.method} {smoothing.seconds:g}s{causal}; "
        f"induction took {seconds[1]:.1f}s, detection {seconds[0]:.1f}s"
    )


def _add_clip(clips: Column, label: int, verdicts: Sequence[Verdict]) -> None:
    """A clip's score is its maximum; it alarms where any frame does."""
    decided = [verdict for verdict in verdicts if verdict.outcome in ANSWERS]
    clips.labels.append(label)
    clips.scores.append(max((verdict.score for verdict in decided), default=0.0))
    alarm = any(verdict.outcome == "anomaly" for verdict in decided)
    clips.answers.append(int(alarm) if decided else None)
    clips.clock.append(float(len(verdicts)))
    clips.decided += bool(decided)


def _metrics(column: Column, clips: Column) -> dict[str, float | None]:
    figures = column.figures()
    if clips.labels:
        figures["clip_auc"] = metrics.auc(clips.labels, clips.scores)
        answered = metrics.classification(clips.labels, clips.answers)
        figures |= {f"clip_{name}": value for name, value in answered.items()}
    return figures


def _baselines(column: Column, clips: Column) -> dict[str, float | None]:
    figures = column.trivial()
    if clips.labels:
        figures["clip_auc_of_length"] = metrics.auc(clips.labels, clips.clock)
    return figures
