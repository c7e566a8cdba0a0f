"""`ruler eval`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ruler.cli import console, options
from ruler.cli.answer_tables import print_answers
from ruler.errors import InputError

if TYPE_CHECKING:
    from ruler.schemas.datasets import EvalResult


def evaluate(
    manifests: Annotated[list[Path], typer.Argument(metavar="MANIFEST", help="Dataset manifests.")],
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
    smoothing: Annotated[
        str, typer.Option("--smoothing", help="As for detect; gaussian, ema, majority or none.")
    ] = "gaussian:1.0",
    mode: Annotated[
        str,
        typer.Option("--mode", help="offline sees a whole clip; online never looks ahead."),
    ] = "offline",
    online: Annotated[bool, typer.Option("--online", help="Short for --mode online.")] = False,
    captioner: Annotated[
        str,
        typer.Option("--captioner", help="Who says what clips show; motion, or PROVIDER:MODEL."),
    ] = "motion",
    every: Annotated[
        str | None, typer.Option("--every", help="How often clips are looked at, as for detect.")
    ] = None,
    reasoner: options.Reasoner = "symbolic",
    sample: options.Sample = "uniform",
    keep: Annotated[
        Path | None,
        typer.Option("--keep", help="Keep store and runs in this folder (and reuse its captions)."),
    ] = None,
    workers: options.Workers = None,
    learn_from: Annotated[
        list[Path] | None,
        typer.Option("--learn-from", help="Manifest of labelled answers to learn weights from."),
    ] = None,
    base_url: options.BaseUrl = None,
    captioner_url: options.CaptionerUrl = None,
    reasoner_url: options.ReasonerUrl = None,
    record: options.Record = None,
    max_calls: options.MaxCalls = None,
    max_tokens: options.MaxTokens = None,
    max_cost: options.MaxCost = None,
    concurrency: options.Concurrency = None,
    allow_host: options.AllowHost = None,
    shots: Annotated[
        int, typer.Option("--shots", min=1, help="How many labelled answers are learned from.")
    ] = 100,
) -> None:
    """Measure ruler on datasets, with baselines and coverage beside every figure.

    Example: ruler eval dataset.yaml --json figures.json

    Example: ruler eval dataset.yaml --captioner openai:gpt-4o-mini --every 2s --max-cost 5
    """
    if mode not in ("online", "offline"):
        raise InputError(f"--mode takes online or offline, not {mode!r}.")
    from ruler.cli.context import limits, model_options, sampling, settings, smoothing_named
    from ruler.evaluation.clips import Reading
    from ruler.evaluation.runner import evaluate as run
    from ruler.evaluation.runner import write_document
    from ruler.schemas.runs import Every

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
    density = console.parsed("--every", options.EVERY_FORM, Every.parse, every)
    with console.progress() as report:
        document = run(
            manifests,
            smoothing=smoothing_named(smoothing, online or mode == "online"),
            reasoner=reasoner,
            options=chosen,
            workers=workers or settings().workers,
            reading=Reading(settings().reader, limits(), captioner, density, sampling(sample)),
            keep=keep,
            learn_from=learn_from or (),
            shots=shots,
            report=report,
        )
    if json_file is not None:
        write_document(json_file, document)
    for result in document.results:
        if result.kind == "answers":
            print_answers(result)
        else:
            _print(result)
    if any(result.unanswered for result in document.results):
        raise typer.Exit(3)


def _print(result: EvalResult) -> None:
    mode = f", {result.mode}" if result.mode else ""
    counted = "clips" if result.kind == "understanding" else "frames"
    console.say(
        f"[bold]{console.plain(result.name)}[/] ({result.kind}{mode}): {result.frames} {counted}, "
        f"{result.frames_per_second:.1f} {counted}/s, {result.usage.model_calls} model calls"
    )
    if result.usage.model_calls or result.usage.answers_cached:
        console.tell_spending(result.usage)
    if result.unanswered:
        console.warn(
            f"{result.unanswered} frames of {console.plain(result.name)} are undetermined because "
            "a model gave no answer: the figures are of the rest. With --keep FOLDER, what was "
            "answered is not paid again."
        )
    other = dict(result.other_mode or {})
    other_name = f"{other.pop('mode', '')} "
    for title, figures in (
        ("", result.metrics),
        (other_name, other),
        ("baseline ", result.baselines),
    ):
        for name, value in figures.items():
            said = f"{value:.4f}" if isinstance(value, int | float) else "not defined"
            console.say(f"  {title + name:<36} {said}")
    for note in result.notes:
        console.say(f"  [dim]{console.plain(note)}[/]")
