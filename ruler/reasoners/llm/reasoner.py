"""The LLM reasoner: the contract, with one module for each of its verbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ruler.llm.questions import Asker
from ruler.reasoners.base import (
    Checked,
    ClipEvidence,
    Disputed,
    EventEvidence,
    MatchContext,
    ReasonerIdentity,
)
from ruler.reasoners.llm import checking, clips, matching, proposing, reflecting, writing
from ruler.reasoners.llm.interview import LANGUAGE, Interview
from ruler.reasoners.llm.taxonomy_rules import rules_from_taxonomy
from ruler.schemas.induction import Brief, Checkup, Consensus, Proposal, Reference
from ruler.schemas.observations import Observation
from ruler.schemas.rules import Rule
from ruler.schemas.runs import Usage
from ruler.schemas.taxonomy import Taxonomy
from ruler.schemas.verdicts import ClipAnswer, Matched, Reflection


class LlmReasoner:
    """Asks a language model about captions and rules, never about pixels.

    It keeps nothing but what its answers cost, so one instance serves any number of threads. The
    same input makes the same questions; that the same question gets the same answer is the asker's
    part (temperature 0 and a cache).
    """

    def __init__(self, asker: Asker, language: str = LANGUAGE) -> None:
        self._interview = Interview(asker, language)
        self.identity = ReasonerIdentity(name="llm", version=self._interview.version)

    @property
    def usage(self) -> Usage:
        """What all calls so far cost."""
        return self._interview.usage

    def propose(self, batch: str, references: Sequence[Reference], brief: Brief) -> Proposal:
        """See `proposing`."""
        return proposing.propose(self._interview, batch, references, brief)

    def write_rules(
        self, consensus: Consensus, brief: Brief, checkups: Mapping[str, Checkup]
    ) -> tuple[Rule, ...]:
        """See `writing`."""
        return writing.write_rules(self._interview, consensus, brief, checkups)

    def taxonomy_rules(self, brief: Brief) -> tuple[Rule, ...]:
        """See `taxonomy_rules`."""
        return rules_from_taxonomy(self._interview, brief)

    def match(self, observations: Sequence[Observation], context: MatchContext) -> list[Matched]:
        """See `matching`."""
        return matching.match(self._interview, observations, context)

    def check(self, disputed: Sequence[Disputed]) -> list[Checked]:
        """See `checking`."""
        return checking.check(self._interview, disputed)

    def reflect(self, event: EventEvidence, taxonomy: Taxonomy) -> Reflection:
        """See `reflecting`."""
        return reflecting.reflect(self._interview, event, taxonomy)

    def answer_clip(self, clip: ClipEvidence) -> ClipAnswer:
        """See `clips`."""
        return clips.answer_clip(self._interview, clip)

    def reflect_clip(self, clip: ClipEvidence, taxonomy: Taxonomy) -> Reflection:
        """See `clips`."""
        return clips.reflect_clip(self._interview, clip, taxonomy)
