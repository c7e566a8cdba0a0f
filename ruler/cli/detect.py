"""`ruler detect`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ruler.cli import completing, console, options
from ruler.cli.context import asking, machine, model_options, open_store, sampling, smoothing_named
from ruler.errors import InputError

if TYPE_CHECKING:
    from ruler.jobs.detect import DetectRequest, DetectResult
    from ruler.jobs.tools import Machine
    from ruler.schemas.runs import By, ClipOutcome


def detect(
    clips: Annotated[
        list[str] | None,
        typer.Argument(metavar="CLIP", help="Videos, or folders of frames."),
    ] = None,
    scene: Annotated[
        str | None,
        typer.Option(
            "--scene", "-s", autocompletion=completing.scene, help="Whose rules to apply."
        ),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="RUN",
            autocompletion=completing.run,
            help="Go on with a run that was cut off.",
        ),
    ] = None,
    run_id: Annotated[
        str | None, typer.Option("--run-id", help="Name the run (by default the time and scene).")
    ] = None,
    revision: Annotated[
        int | None, typer.Option("--revision", help="Rules of this revision, not the active one.")
    ] = None,
    captioner: Annotated[
        str | None, typer.Option("--captioner", help="By default the one the rules were made with.")
    ] = None,
    reasoner: options.Reasoner = "symbolic",
    by: Annotated[
        str,
        typer.Option(
            "--by",
            help="frame, or clip: ask the reasoner two questions a clip, a first answer by the "
            "rules and a second look by the taxonomy; frames are left to the symbolic one.",
        ),
    ] = "frame",
    taxonomy: options.Taxonomy = None,
    every: options.EveryOption = None,
    sample: options.Sample = "uniform",
    fps: options.FrameRate = None,
    smoothing: Annotated[
        str,
        typer.Option("--smoothing", help="gaussian, ema, majority or none; :SECONDS may follow."),
    ] = "gaussian:1.0",
    online: Annotated[
        bool, typer.Option("--online", help="Never look ahead, as on a live camera (ema).")
    ] = False,
    start_time: Annotated[
        str | None,
        typer.Option("--start-time", help="Clock at the clip's first frame: 2026-11-21T23:00."),
    ] = None,
    chunk: Annotated[int, typer.Option("--chunk", min=1, help="Sampled frames a chunk.")] = 64,
    out: Annotated[
        str | None,
        typer.Option("--out", help="Folder for runs (or RULER_RUNS; ./runs if not given)."),
    ] = None,
    base_url: options.BaseUrl = None,
    captioner_url: options.CaptionerUrl = None,
    reasoner_url: options.ReasonerUrl = None,
    window: options.Window = None,
    language: options.Language = None,
    share: options.Share = None,
    record: options.Record = None,
    max_calls: options.MaxCalls = None,
    max_tokens: options.MaxTokens = None,
    max_cost: options.MaxCost = None,
    estimate: options.Estimate = False,
    concurrency: options.Concurrency = None,
    allow_host: options.AllowHost = None,
    workers: options.Workers = None,
    store: options.StorePlace = None,
    as_json: options.AsJson = False,
) -> None:
    """Apply a scene's rules to clips: scored frames, events with rationales, and a report.

    Example: ruler detect today.mp4 --scene front-door
    """
    import datetime as dt

    from ruler.jobs import detect as job
    from ruler.schemas.runs import Every

    with open_store(store) as opened, console.progress() as report:
        chosen = model_options(
            base_url,
            captioner_url,
            reasoner_url,
            record=record,
            max_calls=max_calls,
            max_tokens=max_tokens,
            max_cost_usd=max_cost,
            concurrency=concurrency,
            allowed_hosts=tuple(allow_host) if allow_host else None,
        )
        place = machine(opened, workers=workers, runs=out, options=chosen)
        _check_named(clips, scene, resume)
        request = None
        if resume is None:
            density = console.parsed("--every", options.EVERY_FORM, Every.parse, every)
            request = job.DetectRequest(
                clips=clips or (),
                scene=scene or "",
                revision=revision,
                captioner=captioner,
                reasoner=reasoner,
                by=_by(by),
                taxonomy=taxonomy,
                every=density,
                sample=sampling(sample),
                asking=asking(window, language, share, density),
                smoothing=smoothing_named(smoothing, online),
                chunk=chunk,
                frame_rate=fps,
                start_time=console.parsed(
                    "--start-time",
                    "a time like 2026-11-21T23:00",
                    dt.datetime.fromisoformat,
                    start_time,
                ),
                run_id=run_id,
            )
        if estimate:
            _estimate(request or str(resume), place, as_json)
            return
        if request:
            result = job.detect(request, place, report)
        else:
            result = job.resume(str(resume), place, report)
        console.note_assumed_rate(clips or (), fps)
    if as_json:
        console.emit_json(result.record.model_dump(mode="json") | {"folder": str(result.folder)})
    else:
        _print(result)
    raise typer.Exit(result.exit_code)


def _by(name: str) -> By:
    if name == "clip":
        return "clip"
    if name != "frame":
        raise InputError(f"--by takes frame or clip, not {name!r}.")
    return "frame"


def _check_named(clips: list[str] | None, scene: str | None, resume: str | None) -> None:
    """Either a run is gone on with, or clips and a scene are named."""
    if resume is not None and (clips or scene):
        raise InputError("--resume takes its clips and scene from the run: leave them out.")
    if resume is None and (not clips or scene is None):
        raise InputError(
            "name the clips and the scene: ruler detect CLIP... --scene NAME, "
            "or go on with a run: ruler detect --resume RUN"
        )


def _estimate(asked: DetectRequest | str, place: Machine, as_json: bool) -> None:
    """What a new run, or the rest of one that was begun, would ask of models."""
    from ruler.jobs.detect import find_run, spec_of
    from ruler.jobs.estimate import estimate_run
    from ruler.jobs.results import read_record

    if isinstance(asked, str):
        spec = read_record(find_run(asked, place.runs)).spec
    else:
        spec = spec_of(asked, place)
    console.tell_estimate(estimate_run(spec, place), as_json)


def _print(result: DetectResult) -> None:
    from ruler.reporting.jsonl import read_events
    from ruler.reporting.words import count

    record = result.record
    for clip in record.clips:
        if clip.error:
            console.warn(clip.error)
    events = list(read_events(result.folder / "events.jsonl"))
    for event in events:
        span = f"{event.start_seconds:7.1f}s to {event.stop_seconds:.1f}s"
        console.say(
            f"[bold]{console.plain(event.id)}[/] {span}  [yellow]{event.level}[/]  "
            f"{console.plain(event.title)}  [dim]{event.rules[0]} @{event.revision.revision}[/]"
        )
        console.say(f"    {console.plain(event.rationale)}")
    for clip in record.clips:
        _print_clip(clip)
    coverage = record.coverage
    console.say(
        f"{count(len(events), 'event')} in {count(len(record.clips), 'clip')}; "
        f"{count(coverage.total, 'frame')} scored, "
        f"coverage {coverage.share:.1%}, {record.wall_seconds:.1f}s"
    )
    if coverage.failed:
        console.warn(
            f"{count(coverage.failed, 'frame')} failed, which is neither normal nor anomaly. "
            f"Why: frames.csv. Again: ruler detect --resume {record.spec.id}"
        )
    if record.unanswered:
        clips = sum(bool(clip.verdict and clip.verdict.is_unanswered) for clip in record.clips)
        frames = record.unanswered - clips
        named = [f"{frames} frames"] * bool(frames) + [count(clips, "clip")] * bool(clips)
        console.warn(
            f"{' and '.join(named)} are undetermined because a model gave no answer. "
            f"Why: frames.csv and clips.jsonl. Again: ruler detect --resume {record.spec.id}"
        )
    console.tell_spending(record.usage)
    console.say(f"Report: {console.plain(result.folder / 'report.html')}")


def _print_clip(clip: ClipOutcome) -> None:
    """What a clip comes to as a whole."""
    if (verdict := clip.verdict) is None:
        return
    colour = {"anomaly": "yellow", "normal": "green"}.get(verdict.outcome, "magenta")
    moved = f" [dim](first {verdict.first.outcome})[/]" if verdict.is_overturned else ""
    kind = f"  {console.plain(verdict.category)}, {verdict.level}" if verdict.category else ""
    console.say(
        f"[bold]{console.plain(clip.clip)}[/] as a whole: [{colour}]{verdict.outcome}[/]"
        f"{moved}{kind}"
    )
    if clip.failure:
        counted = f"{clip.coverage.failed} of {clip.coverage.total} frames failed"
        console.say(f"    {counted}, {console.plain(clip.failure)}")
    if verdict.is_overturned or verdict.outcome != "normal":
        console.say(f"    {console.plain(verdict.why)}")
