"""What induction passes along: proposals of single batches, and what the batches agree on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ruler.schemas.base import Finite, Value
from ruler.schemas.observations import Observation
from ruler.schemas.rules import Cameras, Place, Rule, SceneName, Subject
from ruler.schemas.taxonomy import Lexicon, Taxonomy

QUANTILES = 101
"""A range keeps its quantiles at 0 %, 1 % … 100 %."""


class Brief(Value):
    """What a reasoner knows beside the captions when it writes rules."""

    scene: SceneName
    place: Place
    cameras: Cameras = "one"
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
    upper end, those of the clip that held the highest level first. `levels` has one entry a clip:
    the most that it held long enough for an alarm.
    """

    fact: str
    frames: int = Field(ge=1)
    quantiles: tuple[Finite, ...] = Field(min_length=QUANTILES, max_length=QUANTILES)
    peaks: tuple[str, ...] = ()
    levels: tuple[Finite, ...] = ()

    def quantile(self, share: float) -> float:
        """The value that `share` of the frames stay at or below, linear between the kept ones."""
        place = share * (QUANTILES - 1)
        low = min(int(place), QUANTILES - 2)
        part = place - low
        return self.quantiles[low] * (1 - part) + self.quantiles[low + 1] * part


class Topic(Value):
    """A thing or doing that normal captions speak of.

    `key` holds its lemmas, by which batches agree; `phrase` is how a caption said it first;
    `captions` counts those that speak of it, `votes` the batches that do.
    """

    subject: Subject
    key: tuple[str, ...] = Field(min_length=1)
    phrase: str = Field(min_length=1)
    captions: int = Field(ge=1)
    votes: int = Field(default=1, ge=1)


class Proposal(Value):
    """What one batch of references suggests is normal.

    `seconds` is how long its longest clip was watched; `topics` are what its captions speak of;
    `concepts` counts in how many captions a lexicon concept stands; `rules` are whole rules that a
    model reasoner wrote.
    """

    batch: str
    clips: tuple[str, ...] = Field(min_length=1)
    captions: int = Field(ge=0)
    seconds: float = Field(default=0.0, ge=0)
    ranges: tuple[FactRange, ...] = ()
    topics: tuple[Topic, ...] = ()
    concepts: dict[str, int] = Field(default_factory=dict)
    rules: tuple[Rule, ...] = ()


class Agreed(Value):
    """One thing the batches agree on, and how many of them support it."""

    name: str
    votes: int = Field(ge=0)
    share: Finite


class Consensus(Value):
    """The vote over all proposals. `batches` is how many there were, `clips` from how many clips
    they came (few clips make wide bounds), `seconds` how long the longest of them was watched (no
    stay can be seen to last longer), `ranges` are pooled."""

    batches: int = Field(ge=1)
    clips: int = Field(ge=1)
    captions: int = Field(ge=0)
    seconds: float = Field(default=0.0, ge=0)
    ranges: tuple[FactRange, ...] = ()
    range_votes: dict[str, int] = Field(default_factory=dict)
    topics: tuple[Topic, ...] = ()
    concepts: tuple[Agreed, ...] = ()
    rules: tuple[Rule, ...] = ()


class Checkup(Value):
    """What verification did to one rule, and why: kept, its bounds raised beyond all that any
    reference held, its weight lowered by `factor`, or dropped."""

    rule_id: str
    action: Literal["kept", "raised", "weakened", "dropped"]
    factor: float = Field(default=1.0, gt=0.0)
    why: str
