"""`ruler eval`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ruler.cli import console, options

if TYPE_CHECKING:
    from ruler.schemas.datasets import EvalResult


def evaluate(
    manifests: Annotated[
        list[Path], typer.Argument(metavar="MANIFEST...", help="Dataset manifests.")
    ],
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
    smoothing: Annotated[
        str, typer.Option("--smoothing", help="As for detect; gaussian, ema, majority or none.")
    ] = "gaussian:1.0",
    online: Annotated[bool, typer.Option("--online", help="Never look ahead.")] = False,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", help="Keep store and runs in this folder (and reuse its captions)."),
    ] = None,
    workers: options.Workers = None,
) -> None:
    """Measure ruler on datasets, with baselines and coverage beside every figure.

    Example: ruler eval dataset.yaml --json figures.json
    """
    from ruler.cli.context import settings
    from ruler.cli.detect import smoothing_named
    from ruler.evaluation.runner import evaluate as run
    from ruler.evaluation.runner import write_document

    with console.progress() as report:
        document = run(
            manifests,
            smoothing=smoothing_named(smoothing, online),
            workers=workers or settings().workers,
            keep=keep,
            report=report,
        )
    if json_file is not None:
        write_document(json_file, document)
    for result in document.results:
        _print(result)


def _print(result: EvalResult) -> None:
    console.say(
        f"[bold]{console.plain(result.name)}[/] ({result.kind}): {result.frames} frames, "
        f"{result.frames_per_second:.1f} frames/s, {result.usage.model_calls} model calls"
    )
    for title, figures in (("", result.metrics), ("baseline ", result.baselines)):
        for name, value in figures.items():
            said = "not defined" if value is None else f"{value:.4f}"
            console.say(f"  {title}{name:<28} {said}")
    for note in result.notes:
        console.say(f"  [dim]{console.plain(note)}[/]")
