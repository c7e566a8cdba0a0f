"""Writing what a run leaves behind: `run.json`, rows of frames, events and clips, and a report."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pydantic import ValidationError

import ruler
from graphs.deps import ClipDeps
from ruler.errors import InputError
from ruler.files import read_json
from ruler.jobs.drawing import JudgedClip
from ruler.jobs.models import prompts_of
from ruler.reporting.atomic import AtomicText
from ruler.reporting.curve import Curve
from ruler.reporting.html import write_report
from ruler.reporting.jsonl import ClipsWriter, EventsWriter, FramesWriter
from ruler.reporting.model import (
    CARDS_PER_CLIP,
    CaptionLine,
    ClipReport,
    EventReport,
    Report,
)
from ruler.schemas.rules import Revision
from ruler.schemas.runs import ClipOutcome, RunRecord
from ruler.schemas.taxonomy import Taxonomy
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import Event, Verdict

_LIBRARIES = ("langgraph", "opencv-python-headless", "numpy", "av", "decord")
_CAPTIONS_AROUND = 5


def read_record(folder: Path) -> RunRecord:
    """The `run.json` of a run's folder.

    Raises:
        InputError: it is missing or damaged.
    """
    path = folder / "run.json"
    try:
        return RunRecord.model_validate(read_json(path, "a run"))
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in wrong["loc"]) or "the whole"
        raise InputError(f"{path} cannot be read as a run: {place}: {wrong['msg']}.") from error


def write_record(folder: Path, record: RunRecord) -> None:
    """Write `run.json`, whole or not at all."""
    stamps = {"versions": _versions(), "prompts": prompts_of(record.spec)}
    stamped = record.model_copy(update=stamps)
    with AtomicText(folder / "run.json") as file:
        file.write(stamped.model_dump_json(indent=2) + "\n")


def write_results(
    folder: Path,
    record: RunRecord,
    revision: Revision,
    clips: Sequence[JudgedClip | None],
) -> RunRecord:
    """Write everything a run leaves behind; each file is whole or not there.

    Args:
        folder: The run's folder.
        record: The finished record; its clips pair up with `clips`.
        revision: The rules that judged.
        clips: One a clip; None where it could not be read.
    """
    reports: list[ClipReport] = []
    with (
        FramesWriter(folder) as frames,
        EventsWriter(folder) as events,
        ClipsWriter(folder) as wholes,
    ):
        for outcome, judged in zip(record.clips, clips, strict=True):
            if judged is None:
                reports.append(ClipReport(name=outcome.clip, error=outcome.error))
                continue
            for event in judged.events:
                events.write(event)
            if outcome.verdict is not None:
                wholes.write(outcome.verdict)
            reports.append(_clip_report(outcome, judged, frames))
    told = (
        outcome.model_copy(update={"failure": one.failure})
        for outcome, one in zip(record.clips, reports, strict=True)
    )
    write_record(folder, record.model_copy(update={"clips": tuple(told)}))
    taxonomies = [judged.deps.taxonomy for judged in clips if judged is not None][:1]
    report = Report(
        run=read_record(folder),
        threshold=revision.rule_set.threshold,
        rules={rule.id: rule for rule in revision.rule_set.rules},
        taxonomies=tuple(taxonomy.id for taxonomy in taxonomies),
        titles={key: name for taxonomy in taxonomies for key, name in _titles(taxonomy)},
        clips=tuple(reports),
    )
    write_report(folder / "report.html", report)
    return report.run


def _titles(taxonomy: Taxonomy) -> Iterator[tuple[str, str]]:
    for key, category in taxonomy.categories.items():
        yield key, category.title
    for item in taxonomy.items:
        yield item.id, item.title


def _clip_report(outcome: ClipOutcome, judged: JudgedClip, frames: FramesWriter) -> ClipReport:
    """Stream the clip's verdicts once: into the files, the curve, and the events' cards."""
    curve, deps = Curve(), judged.deps
    shown = judged.events[:CARDS_PER_CLIP]
    keys = {event.key_frame for event in shown}
    key_verdicts: dict[int, Verdict] = {}
    failure: str | None = None
    for verdict in deps.store.traces.verdicts(deps.run_id, deps.clip_number):
        frames.write(verdict)
        curve.add(verdict)
        if verdict.outcome == "failed" and failure is None:
            failure = f"the first at {verdict.time_seconds:.1f} s: {verdict.reason or 'unknown'}"
        if verdict.frame_index in keys:
            key_verdicts[verdict.frame_index] = verdict
    pictures = judged.pictures.result()
    cards = [
        EventReport(
            event=event,
            key_frame=pictures.get(event.key_frame),
            captions=tuple(_captions(deps, event)),
            verdict=key_verdicts.get(event.key_frame),
        )
        for event in shown
    ]
    return ClipReport(
        name=outcome.clip,
        duration_seconds=deps.clip.info.duration_seconds,
        verdict=outcome.verdict,
        coverage=outcome.coverage,
        failure=failure,
        curve=curve.finish(deps.second_at(deps.clip.info.frames)),
        events=tuple(cards),
        events_total=len(judged.events),
    )


def _captions(deps: ClipDeps, event: Event) -> list[CaptionLine]:
    """Captions of the evidence's frames, and the key frame's neighbours."""
    wanted = sorted({evidence.frame_index for evidence in event.evidence} | {event.key_frame})
    traces: list[Trace] = []
    for frame in wanted[:_CAPTIONS_AROUND]:
        traces.extend(
            deps.store.traces.read(
                deps.run_id, deps.clip_number, first_frame=frame, stop_frame=frame + 1
            )
        )
    return [
        CaptionLine(
            sha256=caption.sha256,
            frame_index=trace.observation.frame_index,
            time_seconds=trace.time_seconds,
            text=caption.text,
        )
        for trace in traces
        if (caption := trace.observation.caption) is not None
    ]


def _versions() -> dict[str, str]:
    found = {"ruler": ruler.__version__, "python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found
