"""The reasoner contract. `tests/conformance/reasoners.py` judges every implementation."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ruler.schemas.induction import Brief, Checkup, Consensus, Proposal, Reference
from ruler.schemas.observations import Observation
from ruler.schemas.rules import Rule, RuleSet
from ruler.schemas.runs import Usage
from ruler.schemas.taxonomy import Lexicon, Taxonomy
from ruler.schemas.verdicts import ClipAnswer, Matched, Reflection


@dataclass(frozen=True)
class ReasonerIdentity:
    """Who reasons. `version` changes whenever the same input could give another answer."""

    name: str
    version: str


@dataclass(frozen=True)
class MatchContext:
    """All that matching may look at beside the observation.

    Attributes:
        rule_set: The revision's rules; drafts and deprecated ones never match.
        lexicon: Prior knowledge about words.
        clip_start: The clip's own clock at its first frame, or None where nobody knows it.
        as_of: The day of the run, for exceptions that expire on clips without a clock.
        linked: False for the first pass over captions alone; True for the pass after linking, which
            matches only the rules that need linked facts.
    """

    rule_set: RuleSet
    lexicon: Lexicon
    clip_start: dt.datetime | None
    as_of: dt.date
    linked: bool = False


@dataclass(frozen=True)
class Disputed:
    """A frame whose first match is checked again.

    Attributes:
        observation: The frame.
        matched: What the first pass found on it.
        prior: The smoothed score, in [0, 1].
        before: What was found on neighbouring frames earlier, nearest last.
        after: Likewise later, nearest first; empty where only the past may be seen.
        threshold: The revision's.
        weights: By id, the weight of each live anomaly rule.
    """

    observation: Observation
    matched: Matched
    prior: float
    before: Sequence[Matched]
    after: Sequence[Matched]
    threshold: float
    weights: Mapping[str, float]


@dataclass(frozen=True)
class Checked:
    """The score after robust reasoning, and why it moved (None where the prior stands).

    `is_unanswered` says that whoever was asked gave no answer: an alarm stays, and a frame that the
    prior alone would clear is left undetermined.
    """

    score: float
    why: str | None = None
    is_unanswered: bool = False


@dataclass(frozen=True)
class EventEvidence:
    """A candidate event, to be held against a taxonomy."""

    observations: Sequence[Observation]
    matched: Sequence[Matched]
    peak_score: float
    threshold: float
    rule: Rule | None


@dataclass(frozen=True)
class ClipEvidence:
    """A whole clip, to be answered about and held against a taxonomy.

    Attributes:
        observations: Frames spread evenly over the clip, and more of those that alarm; in order.
        matched: What was found on each of them.
        alarms: Indices of those frames that alarm.
        first: What was answered before.
        rule_set: The revision's.
    """

    observations: Sequence[Observation]
    matched: Sequence[Matched]
    alarms: frozenset[int]
    first: ClipAnswer
    rule_set: RuleSet


class Reasoner(Protocol):
    """Safe to call from several threads at once; deterministic, or recorded."""

    @property
    def identity(self) -> ReasonerIdentity:
        """Name and version."""

    @property
    def usage(self) -> Usage:
        """What all calls so far cost."""

    def propose(self, batch: str, references: Sequence[Reference], brief: Brief) -> Proposal:
        """What is normal, by one batch of references."""

    def write_rules(
        self, consensus: Consensus, brief: Brief, checkups: Mapping[str, Checkup]
    ) -> tuple[Rule, ...]:
        """Normal rules for what the batches agree on, and anomaly rules by contrast.

        `checkups` says by rule id what verification asks for: a rule with a bound of its own that
        is too low, a rule that loses weight, or one that is left out.
        """

    def taxonomy_rules(self, brief: Brief) -> tuple[Rule, ...]:
        """A rule for each item of the brief's taxonomy, normal items as well, called
        `<scene>.<item id>`."""

    def match(self, observations: Sequence[Observation], context: MatchContext) -> list[Matched]:
        """Apply the rules; one answer an observation, in order. A failed observation gives an empty
        `Matched`; it stays failed."""

    def check(self, disputed: Sequence[Disputed]) -> list[Checked]:
        """Robust reasoning (AnomalyRuler, ECCV 2024, section 3.4), in both directions; one answer a
        frame, in order. What is looked at together is up to the caller and decides no answer of the
        symbolic reasoner; a model is asked about several frames at once."""

    def reflect(self, event: EventEvidence, taxonomy: Taxonomy) -> Reflection:
        """Hold an event against the taxonomy (TRLC, 2025, section 4), in both directions."""

    def answer_clip(self, clip: ClipEvidence) -> ClipAnswer:
        """The first answer about a clip from its captions and the rules (TRLC, 2025, section 4);
        what cannot be told is "undetermined". The symbolic reasoner answered by frames before."""

    def reflect_clip(self, clip: ClipEvidence, taxonomy: Taxonomy) -> Reflection:
        """Hold the first answer about a clip against the taxonomy (TRLC, 2025, section 4): confirm
        it, overturn it in either direction, or move it to another item."""
