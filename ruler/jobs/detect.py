"""`ruler detect`: apply a scene's rules to clips; resumable, and the same however it was cut."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from graphs.deps import ClipDeps
from ruler.captioners.processes import Helped
from ruler.errors import ClipError, InputError, NotFoundError
from ruler.files import exists
from ruler.jobs.beside import beside
from ruler.jobs.checkpoints import CHECKPOINT, begun, remove
from ruler.jobs.drawing import Drawing, JudgedClip
from ruler.jobs.inputs import (
    USUAL_TAXONOMY,
    asks_models,
    open_all,
    spelled,
    taxonomy_named,
    without_taxonomy,
)
from ruler.jobs.known import judge_known
from ruler.jobs.models import asked_by
from ruler.jobs.progress import Progress, Report, silent
from ruler.jobs.results import read_record, write_record, write_results
from ruler.jobs.run_names import new_id
from ruler.jobs.tools import Machine, Tools, tools_for
from ruler.schemas.runs import By, Coverage, Every, RunRecord, RunSpec, Sampling, Smoothing
from ruler.stamp import judging_stamp
from ruler.video.clips import clip_names
from ruler.video.frames import Clip
from ruler.video.known import KnownClip
from rules_store.taxonomy_files import load_taxonomy


@dataclass(frozen=True)
class DetectRequest:
    """What to look at, by which rules, and how.

    `captioner` is by default the one the rules were induced with, `revision` the active one,
    `taxonomy` the one the rules were induced with or else `general`, `every` the captioner's own.
    `by` says whether the reasoner is asked about frames and events or about each clip as a whole.
    `sample` says whether all of these frames are looked at (see `ruler.steps.sifting`).
    `asking` holds options of models that decide results. `run_id` names the run; by default it is
    made from the time.
    """

    clips: Sequence[str]
    scene: str
    revision: int | None = None
    captioner: str | None = None
    reasoner: str = "symbolic"
    by: By = "frame"
    taxonomy: str | None = None
    every: Every | None = None
    sample: Sampling = "uniform"
    smoothing: Smoothing = Smoothing()
    chunk: int = 64
    frame_rate: float | None = None
    start_time: dt.datetime | None = None
    run_id: str | None = None
    asking: Mapping[str, str | int | float | bool] = field(default_factory=dict)


@dataclass(frozen=True)
class DetectResult:
    """Where the results are, and the record of the run."""

    folder: Path
    record: RunRecord

    @property
    def exit_code(self) -> int:
        """0 where every sampled frame was looked at and every question was answered, 2 where no
        clip could be read, else 3."""
        if all(clip.error for clip in self.record.clips):
            return 2
        return 0 if self.record.state == "done" else 3


def detect(request: DetectRequest, machine: Machine, report: Report = silent) -> DetectResult:
    """Run a detection from the start.

    Raises:
        InputError: unknown scene, revision, captioner, or a run id that is taken.
    """
    return _run(spec_of(request, machine), machine, report)


def spec_of(request: DetectRequest, machine: Machine) -> RunSpec:
    """All that decides the results of a detection that is asked for.

    Where models are served is part of it: a run that is gone on with asks nobody else.

    Raises:
        InputError: as `detect`.
    """
    if not request.clips:
        raise InputError("there is nothing to look at: name at least one clip.")
    revision = machine.store.scenes.revision(request.scene, request.revision)
    captioner = request.captioner or revision.captioner or "motion"
    asks = asks_models(captioner=captioner, reasoner=request.reasoner)
    # How another captioner is asked says nothing about this one.
    is_known = asks and captioner == revision.captioner
    learned = without_taxonomy(revision.asking) if is_known else {}
    taxonomy = taxonomy_named(request.taxonomy, revision.asking) or USUAL_TAXONOMY
    return RunSpec(
        id=new_id(request.run_id, request.scene, machine),
        scene=request.scene,
        revision=revision.ref,
        clips=tuple(map(spelled, request.clips)),
        captioner=captioner,
        reasoner=request.reasoner,
        by=request.by,
        taxonomy=taxonomy,
        taxonomy_sha256=load_taxonomy(taxonomy, machine.store.derived).sha256,
        every=request.every,
        sample=request.sample,
        smoothing=request.smoothing,
        chunk=request.chunk,
        frame_rate=request.frame_rate,
        start_time=request.start_time,
        asking=asked_by(learned, request.asking, machine.options if asks else {}),
        as_of=dt.datetime.now(dt.UTC).date(),
        store=machine.store.place,
        version=judging_stamp(),
    )


def resume(run: str, machine: Machine, report: Report = silent) -> DetectResult:
    """Go on with a run that was cut off; finished chunks are not worked on again.

    Args:
        run: Its id below the runs folder, or the path of its folder.
        machine: Where to work; its store must be the one the run was started with.
        report: Told of the progress.

    Raises:
        NotFoundError: there is no such run.
        InputError: its folder and the store do not fit together.
    """
    folder = find_run(run, machine.runs)
    spec = begun(read_record(folder).spec, machine.store)
    return _run(spec, machine, report, folder=folder)


def find_run(run: str, runs: Path) -> Path:
    """The folder of a run, given by id or path.

    Raises:
        NotFoundError: names the runs there are.
    """
    for folder in (Path(run), runs / run):
        if exists(folder / "run.json"):
            return folder
    known = sorted(path.parent.name for path in runs.glob("*/run.json"))
    listed = ", ".join(known[-5:]) or "none yet"
    raise NotFoundError(f"there is no run {run[:100]!r} in {runs} (latest: {listed}).")


def _run(
    spec: RunSpec, machine: Machine, report: Report, folder: Path | None = None
) -> DetectResult:
    """Work through all clips; what is stored already is not worked on again."""
    clock = time.monotonic()
    tools = tools_for(spec, machine)
    folder = folder or machine.runs / spec.id
    runs = machine.store.runs
    # The store first: a folder that it knows nothing of is not gone on with.
    runs.create(spec, list(zip(clip_names(spec.clips), spec.clips, strict=True)))
    record = _begin(spec, folder)
    with Drawing() as drawing:
        done = _judge_all(tools, folder, drawing, report)
        record = _finished(record, tools, clock)
        record = write_results(folder, record, tools.revision, done)
    runs.finish(spec.id, record.state)
    remove(folder)
    for leftover in folder.glob(".*.part"):
        leftover.unlink()
    return DetectResult(folder, record)


def _judge_all(
    tools: Tools, folder: Path, drawing: Drawing, report: Report
) -> list[JudgedClip | None]:
    """Each clip with what it came to, in order; None where it could not be read."""
    spec, machine = tools.spec, tools.machine
    opened = open_all(
        spec.clips, spec.frame_rate, machine.reader, machine.limits, machine.store.clip_files
    )

    def attempt(number: int, clip: Clip | ClipError, report: Report) -> JudgedClip | None:
        try:
            if isinstance(clip, ClipError):
                raise clip
            return drawing.judged(_detect_clip(tools, number, clip, folder, report))
        except ClipError as error:
            machine.store.runs.set_clip(spec.id, number, error=str(error))
            return None

    return beside(opened, attempt, report, at_once=tools.clips_at_once, places=tools.places)


def _finished(record: RunRecord, tools: Tools, clock: float) -> RunRecord:
    """The record of a run whose clips are done, as the store knows them.

    Args:
        record: As the run began.
        tools: What it works with.
        clock: When this attempt began, by the monotonic clock.
    """
    spec, runs, traces = tools.spec, tools.machine.store.runs, tools.machine.store.traces
    outcomes = runs.outcomes(spec.id)
    coverage = _total(outcome.coverage for outcome in outcomes)
    unanswered = sum(
        len(traces.unanswered_frames(spec.id, number))
        for number, outcome in enumerate(outcomes)
        if not outcome.error
    )
    unanswered += sum(one.verdict is not None and one.verdict.is_unanswered for one in outcomes)
    is_whole = not (coverage.failed or unanswered or any(outcome.error for outcome in outcomes))
    return record.model_copy(
        update={
            "state": "done" if is_whole else "incomplete",
            "scene_model_sha256": tools.revision.scene_model_sha256,
            "clips": tuple(outcomes),
            "usage": runs.usage(spec.id),
            "coverage": coverage,
            "unanswered": unanswered,
            "attempts": runs.attempts(spec.id),
            "wall_seconds": round(record.wall_seconds + time.monotonic() - clock, 3),
            "finished_at": dt.datetime.now(dt.UTC),
        }
    )


def _begin(spec: RunSpec, folder: Path) -> RunRecord:
    """The record of a run that begins or goes on; written first, so that it can be resumed."""
    record = RunRecord(spec=spec, state="running", started_at=dt.datetime.now(dt.UTC))
    if (folder / "run.json").exists():
        before = read_record(folder)
        kept = {"started_at": before.started_at, "wall_seconds": before.wall_seconds}
        record = record.model_copy(update=kept)
    write_record(folder, record)
    return record


def _detect_clip(tools: Tools, number: int, clip: Clip, folder: Path, report: Report) -> ClipDeps:
    """Run the deduction graph on one clip, unless its results are complete.

    Raises:
        ClipError: it is another clip than when the run began, or it has gone meanwhile.
    """
    spec, runs = tools.spec, tools.machine.store.runs
    known = runs.clip_info(spec.id, number)
    if known is not None and known.sha256 != clip.info.sha256:
        raise ClipError(clip.info.path, "it has changed since the run began", "Start a new run.")
    deps = tools.deps(number, clip)
    verdict = runs.verdict(spec.id, number)
    is_open = bool(deps.again) or (verdict is not None and verdict.is_unanswered)
    if runs.is_done(spec.id, number) and not is_open:
        return deps
    runs.set_clip(spec.id, number, info=clip.info)
    recall = tools.machine.store.recall
    if isinstance(clip, KnownClip) and recall.had_events(spec.scene, clip.info.sha256):
        clip.open_beside()  # it will be asked for key frames
    _judge_clip(deps, tools, folder, report)
    return deps


def _judge_clip(deps: ClipDeps, tools: Tools, folder: Path, report: Report) -> None:
    """At once where all captions are known and nobody is asked, else through the graph."""
    name, total = deps.clip.info.name, len(deps.frames)
    report(Progress(name, 0, total))
    if not judge_known(deps, tools.spec):
        if isinstance(captioner := deps.view.captioner, Helped):
            captioner.prepare(deps.chunks)  # they start while LangGraph is imported
        from ruler.jobs.walking import walk_graph

        walk_graph(deps, tools.machine.workers, folder / CHECKPOINT, report)
    report(Progress(name, total, total))


def _total(parts: Iterator[Coverage] | Sequence[Coverage]) -> Coverage:
    counts = dict.fromkeys(Coverage.model_fields, 0)
    for part in parts:
        for name in counts:
            counts[name] += getattr(part, name)
    return Coverage(**counts)
