"""`ruler explain`."""

from __future__ import annotations

from typing import Annotated

import typer

from ruler.cli import completing, console, options


def explain(
    run: Annotated[
        str, typer.Argument(autocompletion=completing.run, help="Id or folder of a run.")
    ],
    event: Annotated[
        str | None, typer.Argument(help="Which event (clip#number); all if not given.")
    ] = None,
    prompt: Annotated[
        bool, typer.Option("--prompt", help="Also show what models were asked, word for word.")
    ] = False,
    out: Annotated[str | None, typer.Option("--out", help="Folder of runs.")] = None,
    store: options.StorePlace = None,
    as_json: options.AsJson = False,
) -> None:
    """Explain a run's clips and events: the rule, the words and facts it rests on, what each stage
    said, and what models were asked and answered.

    Example: ruler explain 20261121-190000-front-door today.mp4#1
    """
    from pathlib import Path

    from ruler.cli.context import settings
    from ruler.jobs.explain import clip_lines, explain_clips
    from ruler.jobs.explain import explain as run_explain

    runs = Path(out) if out is not None else settings().runs
    explained = run_explain(run, event, runs, store or str(settings().store))
    if as_json:
        console.emit_json([item.as_data() for item in explained])
        return
    wholes = explain_clips(run, runs) if event is None else []
    told = [clip_lines(verdict) for verdict in wholes]
    for lines in (*told, *(item.lines(with_prompts=prompt) for item in explained)):
        for line in lines:
            console.say(console.plain(line))
        console.say()
    if not explained:
        console.say("This run has no event.")
