"""`ruler doctor`."""

from __future__ import annotations

import typer

from ruler.cli import console, options


def doctor(store: options.StorePlace = None, as_json: options.AsJson = False) -> None:
    """Check this installation: readers, store, folders, names; and say what to do.

    Example: ruler doctor
    """
    from ruler.cli.context import settings
    from ruler.jobs.doctor import examine

    findings = examine(settings(), store)
    if as_json:
        console.emit_json([vars(finding) for finding in findings])
    else:
        marks = {"ok": "[green]ok  [/]", "note": "[yellow]note[/]", "bad": "[red]bad [/]"}
        for finding in findings:
            console.say(f"{marks[finding.state]} {finding.what:<12} {console.plain(finding.said)}")
    if any(finding.state == "bad" for finding in findings):
        raise typer.Exit(1)
