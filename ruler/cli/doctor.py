"""`ruler doctor`."""

from __future__ import annotations

from typing import Annotated

import typer

from ruler.cli import console, options

_MARKS = {"ok": "[green]ok  [/]", "note": "[yellow]note[/]", "bad": "[red]bad [/]"}
_INDENT = 18


def doctor(
    store: options.StorePlace = None,
    models: Annotated[
        bool, typer.Option("--models", help="Ask the servers, too, that scenes remember.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Check this installation and say what to do: decoders, GPU, store, folders, clock, terminal,
    optional parts, and the servers of models that the settings name. Exit code 1 where something
    would stop a run.

    Example: ruler doctor --models
    """
    from ruler.cli.context import settings
    from ruler.jobs.doctor import examine

    findings = []
    for finding in examine(settings(), store, models=models):
        findings.append(finding)
        if not as_json:
            _tell(f"{_MARKS[finding.state]} {finding.what:<12} ", finding.said)
    if as_json:
        console.emit_json([vars(finding) for finding in findings])
    bad = [finding.what for finding in findings if finding.state == "bad"]
    if bad and not as_json:
        console.say(f"[red]To be mended: {', '.join(bad)}.[/]")
    if bad:
        raise typer.Exit(1)


def _tell(head: str, said: str) -> None:
    """One finding; on a terminal its lines go on below where it begins."""
    import shutil
    import sys
    import textwrap

    lines = [said]
    if sys.stdout.isatty():
        width = max(40, shutil.get_terminal_size().columns - _INDENT)
        lines = textwrap.wrap(said, width, break_on_hyphens=False) or [""]
    console.say(head + console.plain(lines[0]))
    for line in lines[1:]:
        console.say(" " * _INDENT + console.plain(line))
