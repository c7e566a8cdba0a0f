"""Options that several commands share."""

from __future__ import annotations

import math
from typing import Annotated

import typer

from ruler.cli import completing
from ruler.errors import InputError

Scene = Annotated[
    str,
    typer.Option(
        "--scene",
        "-s",
        autocompletion=completing.scene,
        help="Name of the camera view, such as front-door.",
    ),
]
Reasoner = Annotated[
    str, typer.Option("--reasoner", help="Who reasons: symbolic, PROVIDER:MODEL, replay:PATH.")
]
Taxonomy = Annotated[
    str | None,
    typer.Option(
        "--taxonomy",
        autocompletion=completing.taxonomy,
        help="A taxonomy by name, or the path of a file; by default the scene's own.",
    ),
]
Place = Annotated[
    str,
    typer.Option("--place", help="What kind of place it is: walkway, home, street, indoor or any."),
]
EveryOption = Annotated[
    str | None,
    typer.Option("--every", help="How densely to sample: 0.5s, 10f or all."),
]
EVERY_FORM = "0.5s, 10f or all"
Sample = Annotated[
    str,
    typer.Option(
        "--sample",
        help="uniform looks at each sampled frame, adaptive at few where nothing moves and at all "
        "where something unusual does.",
    ),
]
BUDGET_FORM = "a number of alarms in a time, like 1/day, 0.5/hour or 2/week"


def _above_zero(rate: float | None) -> float | None:
    if rate is not None and not 0 < rate < math.inf:
        raise InputError(f"--fps takes a number above 0, not {rate:g}.")
    return rate


FrameRate = Annotated[
    float | None,
    typer.Option(
        "--fps",
        callback=_above_zero,
        help="Frames a second of a folder of frames (25 if not given).",
    ),
]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", help="Endpoint of an OpenAI-compatible server.")
]
CaptionerUrl = Annotated[
    str | None, typer.Option("--captioner-url", help="Endpoint of the captioner alone.")
]
ReasonerUrl = Annotated[
    str | None, typer.Option("--reasoner-url", help="Endpoint of the reasoner alone.")
]
Window = Annotated[
    int | None,
    typer.Option("--window", min=1, max=16, help="Pictures a question, over the time --every."),
]
Language = Annotated[
    str | None, typer.Option("--language", help="Of captions, titles and rationales: German ...")
]
Share = Annotated[
    bool | None,
    typer.Option("--share/--no-share", help="Do near-duplicate frames share a model's caption?"),
]
Record = Annotated[
    str | None,
    typer.Option("--record", help="Write what models say into this folder, for replay:FOLDER."),
]
MaxCalls = Annotated[
    int | None, typer.Option("--max-calls", min=0, help="Model calls that may be made at most.")
]
MaxTokens = Annotated[
    int | None, typer.Option("--max-tokens", min=0, help="Tokens that may be spent at most.")
]
MaxCost = Annotated[
    float | None, typer.Option("--max-cost", min=0, help="US dollars, by list prices, at most.")
]
Estimate = Annotated[
    bool,
    typer.Option("--estimate", help="Say what models would be asked and what it costs; ask none."),
]
Concurrency = Annotated[
    int | None, typer.Option("--concurrency", min=1, max=64, help="Model calls at once.")
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option("--allow-host", help="A host that counts as local for a scene that is local."),
]
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Chunks at once; by default one a core.")
]
StorePlace = Annotated[
    str | None,
    typer.Option("--store", help="Folder or URL of the rule store (or RULER_STORE)."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print data for programs.")]
