"""`ruler detect`: apply a scene's rules to clips; resumable, and the same however it was cut."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite import SqliteSaver

from graphs import deduction
from graphs.deps import ClipDeps
from ruler.captioners.base import Captioner
from ruler.errors import ClipError, InputError, NotFoundError
from ruler.jobs.inputs import captioner_named, open_all, reasoner_named
from ruler.jobs.progress import Progress, Report, at_once, silent
from ruler.jobs.results import read_record, write_record, write_results
from ruler.reasoners.base import Reasoner
from ruler.schemas.rules import Revision
from ruler.schemas.runs import (
    Cameras,
    Coverage,
    Every,
    Place,
    RunRecord,
    RunSpec,
    Smoothing,
)
from ruler.schemas.taxonomy import Lexicon, Taxonomy
from ruler.steps.captioning import View
from ruler.video.clips import clip_names
from ruler.video.frames import Clip
from ruler.video.sampling import sample_indices
from rules_store.store import Store
from rules_store.taxonomy_files import load_lexicon, load_taxonomy

CHECKPOINT = "checkpoint.sqlite"


@dataclass(frozen=True)
class DetectRequest:
    """What to look at, by which rules, and how.

    `captioner` is by default the one the rules were induced with, `revision` the active one,
    `every` the captioner's own. `run_id` names the run; by default it is made from the time.
    """

    clips: Sequence[str]
    scene: str
    revision: int | None = None
    captioner: str | None = None
    reasoner: str = "symbolic"
    taxonomy: str = "general"
    every: Every | None = None
    smoothing: Smoothing = Smoothing()
    chunk: int = 64
    frame_rate: float | None = None
    start_time: dt.datetime | None = None
    place: Place = "any"
    cameras: Cameras = "one"
    run_id: str | None = None


@dataclass(frozen=True)
class Machine:
    """Where and with what a run works; none of it decides a result."""

    store: Store
    runs: Path
    workers: int = 1
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class DetectResult:
    """Where the results are, and the record of the run."""

    folder: Path
    record: RunRecord

    @property
    def exit_code(self) -> int:
        """0 where every sampled frame was decided on, 2 where no clip could be read, else 3."""
        errors = [clip.error for clip in self.record.clips]
        if all(errors):
            return 2
        return 3 if any(errors) or self.record.coverage.failed else 0


def detect(request: DetectRequest, machine: Machine, report: Report = silent) -> DetectResult:
    """Run a detection from the start.

    Raises:
        InputError: unknown scene, revision, captioner, or a run id that is taken.
    """
    if not request.clips:
        raise InputError("there is nothing to look at: name at least one clip.")
    revision = machine.store.scenes.revision(request.scene, request.revision)
    spec = RunSpec(
        id=_new_id(request, machine.runs),
        scene=request.scene,
        revision=revision.ref,
        clips=tuple(str(clip) for clip in request.clips),
        captioner=request.captioner or revision.captioner or "motion",
        reasoner=request.reasoner,
        taxonomy=request.taxonomy,
        every=request.every,
        smoothing=request.smoothing,
        chunk=request.chunk,
        frame_rate=request.frame_rate,
        start_time=request.start_time,
        as_of=dt.datetime.now(dt.UTC).date(),
        place=request.place,
        cameras=request.cameras,
        store=machine.store.place,
    )
    return _run(spec, machine, report)


def resume(run: str, machine: Machine, report: Report = silent) -> DetectResult:
    """Go on with a run that was cut off; finished chunks are not worked on again.

    Args:
        run: Its id below the runs folder, or the path of its folder.
        machine: Where to work; its store must be the one the run was started with.
        report: Told of the progress.

    Raises:
        NotFoundError: there is no such run.
    """
    folder = find_run(run, machine.runs)
    return _run(read_record(folder).spec, machine, report, folder=folder)


def find_run(run: str, runs: Path) -> Path:
    """The folder of a run, given by id or path.

    Raises:
        NotFoundError: names the runs there are.
    """
    for folder in (Path(run), runs / run):
        if (folder / "run.json").is_file():
            return folder
    known = sorted(path.parent.name for path in runs.glob("*/run.json"))
    listed = ", ".join(known[-5:]) or "none yet"
    raise NotFoundError(f"there is no run {run!r} in {runs} (latest: {listed}).")


def _new_id(request: DetectRequest, runs: Path) -> str:
    if request.run_id is not None:
        if (runs / request.run_id / "run.json").exists():
            raise InputError(
                f"run {request.run_id!r} exists already: go on with it by --resume "
                f"{request.run_id}, or choose another id."
            )
        return request.run_id
    stamp = f"{dt.datetime.now().astimezone():%Y%m%d-%H%M%S}-{request.scene}"
    name, number = stamp, 1
    while (runs / name).exists():
        number += 1
        name = f"{stamp}-{number}"
    return name


@dataclass(frozen=True)
class _Tools:
    """Everything a run's clips share."""

    spec: RunSpec
    machine: Machine
    revision: Revision
    view: View
    reasoner: Reasoner
    taxonomy: Taxonomy
    lexicon: Lexicon

    def deps(self, number: int, clip: Clip) -> ClipDeps:
        """The graph's context for one clip."""
        spec = self.spec
        return ClipDeps(
            store=self.machine.store,
            run_id=spec.id,
            clip_number=number,
            clip=clip,
            frames=sample_indices(clip.times, spec.every or self.view.captioner.default_every),
            view=self.view,
            reasoner=self.reasoner,
            revision=self.revision,
            lexicon=self.lexicon,
            taxonomy=self.taxonomy,
            smoothing=spec.smoothing,
            as_of=spec.as_of,
            clip_start=spec.start_time or clip.info.start_time,
            chunk=spec.chunk,
            wave=4 * self.machine.workers,
        )


def _tools(spec: RunSpec, machine: Machine) -> _Tools:
    revision = machine.store.scenes.revision(spec.scene, spec.revision.revision)
    if revision.ref != spec.revision:
        raise InputError(
            f"revision {spec.revision} is another one in this store: its hash differs. "
            "Resume with the store the run was started with (RULER_STORE)."
        )
    captioner = captioner_named(spec.captioner, machine.options)
    return _Tools(
        spec=spec,
        machine=machine,
        revision=revision,
        view=View(captioner, _scene_model(revision, captioner, machine.store)),
        reasoner=reasoner_named(spec.reasoner, machine.options),
        taxonomy=load_taxonomy(spec.taxonomy),
        lexicon=load_lexicon(),
    )


def _scene_model(revision: Revision, captioner: Captioner, store: Store):  # type: ignore[no-untyped-def]
    """The scene model the rules were made with; it must be this captioner's."""
    if revision.scene_model_sha256 is None:
        return None
    model = store.scenes.model(revision.scene_model_sha256)
    if model.captioner != captioner.identity.name:
        raise InputError(
            f"scene {revision.ref.scene!r} was learned with captioner {model.captioner!r}, not "
            f"{captioner.identity.name!r}: its rules would not fit. Leave --captioner out, or "
            f"induce a scene with {captioner.identity.name!r}."
        )
    return model


def _run(
    spec: RunSpec, machine: Machine, report: Report, folder: Path | None = None
) -> DetectResult:
    """Work through all clips; what is stored already is not worked on again."""
    started, clock = dt.datetime.now(dt.UTC), time.monotonic()
    tools = _tools(spec, machine)
    folder = folder or machine.runs / spec.id
    folder.mkdir(parents=True, exist_ok=True)
    before = read_record(folder).wall_seconds if (folder / "run.json").exists() else 0.0
    runs = machine.store.runs
    runs.create(spec, list(zip(clip_names(spec.clips), spec.clips, strict=True)))
    record = RunRecord(spec=spec, state="running", started_at=started, wall_seconds=before)
    write_record(folder, record)
    clips: list[Clip | None] = []
    for number, clip in enumerate(open_all(spec.clips, spec.frame_rate)):
        if isinstance(clip, ClipError):
            runs.set_clip(spec.id, number, error=str(clip))
            clips.append(None)
            continue
        if not runs.is_done(spec.id, number):
            runs.set_clip(spec.id, number, info=clip.info)
            _detect_clip(tools, number, clip, folder, report)
        clips.append(clip)
    outcomes = runs.outcomes(spec.id)
    coverage = _total(outcome.coverage for outcome in outcomes)
    is_whole = not coverage.failed and not any(outcome.error for outcome in outcomes)
    record = record.model_copy(
        update={
            "state": "done" if is_whole else "incomplete",
            "scene_model_sha256": tools.revision.scene_model_sha256,
            "clips": tuple(outcomes),
            "usage": runs.usage(spec.id),
            "coverage": coverage,
            "attempts": runs.attempts(spec.id),
            "wall_seconds": round(before + time.monotonic() - clock, 3),
            "finished_at": dt.datetime.now(dt.UTC),
        }
    )
    deps = [tools.deps(n, clip) if clip else None for n, clip in enumerate(clips)]
    record = write_results(folder, record, tools.revision, deps)
    runs.finish(spec.id, record.state)
    for leftover in folder.glob(f"{CHECKPOINT}*"):
        leftover.unlink()
    return DetectResult(folder, record)


def _detect_clip(tools: _Tools, number: int, clip: Clip, folder: Path, report: Report) -> None:
    """Run the deduction graph on one clip, from its last checkpoint if there is one."""
    deps = tools.deps(number, clip)
    config: RunnableConfig = {
        "configurable": {"thread_id": f"{tools.spec.id}/{number}"},
        "max_concurrency": at_once(tools.machine.workers),
        "recursion_limit": 2 * deps.chunks + 100,
    }
    total, done = len(deps.frames), 0
    report(Progress(clip.info.name, 0, total))
    with _checkpointer(folder / CHECKPOINT) as saver:
        graph = deduction.builder().compile(checkpointer=saver, name="deduction")
        begun = saver.get_tuple(config) is not None
        stream = graph.stream(
            None if begun else {"cursor": 0}, config, context=deps, stream_mode="custom"
        )
        for step in stream:
            done += step["frames"]
            report(Progress(clip.info.name, min(done, total), total))
    report(Progress(clip.info.name, total, total))


@contextlib.contextmanager
def _checkpointer(path: Path) -> Iterator[SqliteSaver]:
    """LangGraph's SQLite saver on a file of the run's own."""
    connection = sqlite3.connect(path, check_same_thread=False, timeout=30)
    try:
        yield SqliteSaver(connection)
    finally:
        connection.close()


def _total(parts: Iterator[Coverage] | Sequence[Coverage]) -> Coverage:
    counts = dict.fromkeys(Coverage.model_fields, 0)
    for part in parts:
        for name in counts:
            counts[name] += getattr(part, name)
    return Coverage(**counts)
