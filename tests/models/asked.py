"""Questions and pictures to ask models with."""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from pydantic import BaseModel, Field

from ruler.llm.questions import Completion, Fault, Question


class Seen(BaseModel):
    what: str = Field(max_length=20)
    share: float = Field(ge=0, le=1)


class Judgement(BaseModel):
    """All that ruler's own schemas have: choices, ranges, lists of objects, bounded strings."""

    verdict: Literal["yes", "no", "unclear"]
    reason: str = Field(max_length=40)
    seen: list[Seen] = Field(max_length=2)


def picture(seed: int) -> bytes:
    """A JPEG of coloured squares, another for each seed."""
    colours = np.random.default_rng(seed).integers(0, 256, (3, 4, 3), dtype=np.uint8)
    large = cv2.resize(colours, (160, 120), interpolation=cv2.INTER_NEAREST)
    return cv2.imencode(".jpg", large)[1].tobytes()


def completions(outcomes: list[Completion | Fault]) -> list[Completion]:
    """The outcomes, where none is a fault."""
    faults = [outcome for outcome in outcomes if isinstance(outcome, Fault)]
    assert not faults
    return [outcome for outcome in outcomes if isinstance(outcome, Completion)]


SYSTEM = "You describe what a camera shows."
MIXED = [
    Question(SYSTEM, "What is there?", (picture(1),)),
    Question(SYSTEM, "What is there?", (picture(2),)),
    Question(SYSTEM, "What changed?", (picture(1), picture(2))),
    Question(SYSTEM, "What changed?", (picture(2), picture(1))),
    Question(SYSTEM, "Is a person there, and where does that person go from here?", (picture(1),)),
    Question(SYSTEM, "Which rule speaks of a bicycle?"),
    Question(SYSTEM, "And of a car?", max_tokens=5),
    Question("Describe the picture.", "", (picture(3),)),
    Question("Say something."),
]
"""Lengths, numbers of pictures and limits that differ; every two answers do, too."""

ENDS = 13
"""With this `stop_every`, the tiny model leaves one of the answers empty, ends some early, and lets
some run to their limit."""
