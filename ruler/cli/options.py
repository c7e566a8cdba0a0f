"""Options that several commands share."""

from __future__ import annotations

import math
from typing import Annotated

import typer

from ruler.errors import InputError

Scene = Annotated[
    str, typer.Option("--scene", "-s", help="Name of the camera view, such as front-door.")
]
Reasoner = Annotated[str, typer.Option("--reasoner", help="Who reasons: symbolic.")]
Taxonomy = Annotated[
    str, typer.Option("--taxonomy", help="A built-in taxonomy by name, or the path of a file.")
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
Workers = Annotated[
    int | None, typer.Option("--workers", min=1, help="Chunks at once; by default one a core.")
]
StorePlace = Annotated[
    str | None,
    typer.Option("--store", help="Folder or URL of the rule store (or RULER_STORE)."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print data for programs.")]
