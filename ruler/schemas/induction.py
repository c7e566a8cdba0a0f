"""What induction passes along: proposals of single batches, and what the batches agree on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ruler.schemas.base import Finite, Value
from ruler.schemas.observations import Observation
from ruler.schemas.rules import Rule, SceneName
from ruler.schemas.runs import Place
from ruler.schemas.taxonomy import Lexicon, Taxonomy

QUANTILES = 101
"""A range keeps its quantiles at 0 %, 1 % … 100 %."""


class Brief(Value):
    """What a reasoner knows beside the captions when it writes rules."""

    scene: SceneName
    place: Place
    captioner: str
    measured: tuple[str, ...]
    lexicon: Lexicon
    taxonomy: Taxonomy


class Reference(Value):
    """One observation of normal footage, with the name of the clip it comes from."""

    clip: str
    observation: Observation


class FactRange(Value):
    """How a fact was spread over normal frames (the largest figure of each frame counts).

    `quantiles` holds 101 ascending values; `peaks` names the frames ("clip#frame") that reach the
    upper end, largest first.
    """

    fact: str
    frames: int = Field(ge=1)
    quantiles: tuple[Finite, ...] = Field(min_length=QUANTILES, max_length=QUANTILES)
    peaks: tuple[str, ...] = ()

    def quantile(self, share: float) -> float:
        """The value that `share` of the frames stay at or below, linear between the kept ones."""
        place = share * (QUANTILES - 1)
        low = min(int(place), QUANTILES - 2)
        part = place - low
        return self.quantiles[low] * (1 - part) + self.quantiles[low + 1] * part


class Proposal(Value):
    """What one batch of references suggests is normal.

    `words` counts in how many captions of the batch a content lemma stands; `concepts` likewise for
    lexicon concepts; `rules` are whole rules that a model reasoner wrote.
    """

    batch: str
    clips: tuple[str, ...] = Field(min_length=1)
    captions: int = Field(ge=0)
    ranges: tuple[FactRange, ...] = ()
    words: dict[str, int] = Field(default_factory=dict)
    concepts: dict[str, int] = Field(default_factory=dict)
    rules: tuple[Rule, ...] = ()


class Agreed(Value):
    """One thing the batches agree on, and how many of them support it."""

    name: str
    votes: int = Field(ge=0)
    share: Finite


class Consensus(Value):
    """The vote over all proposals. `batches` is how many there were, `clips` from how many clips
    they came (few clips make wide bounds), `ranges` are pooled."""

    batches: int = Field(ge=1)
    clips: int = Field(ge=1)
    captions: int = Field(ge=0)
    ranges: tuple[FactRange, ...] = ()
    range_votes: dict[str, int] = Field(default_factory=dict)
    words: tuple[Agreed, ...] = ()
    concepts: tuple[Agreed, ...] = ()
    rules: tuple[Rule, ...] = ()


class Checkup(Value):
    """What verification did to one rule: kept, widened by `factor`, or dropped, and why."""

    rule_id: str
    action: Literal["kept", "widened", "dropped"]
    factor: float = Field(default=1.0, ge=1.0)
    why: str
