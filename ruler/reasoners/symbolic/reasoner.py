"""The symbolic reasoner: the contract, with one module for each of its verbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ruler.reasoners.base import (
    Checked,
    ClipEvidence,
    Disputed,
    EventEvidence,
    MatchContext,
    ReasonerIdentity,
)
from ruler.reasoners.symbolic import checking, clips, matching, proposing, reflecting, writing
from ruler.reasoners.symbolic.taxonomy_rules import rules_from_taxonomy
from ruler.schemas.induction import Brief, Checkup, Consensus, Proposal, Reference
from ruler.schemas.observations import Observation
from ruler.schemas.rules import Rule
from ruler.schemas.runs import Usage
from ruler.schemas.taxonomy import Taxonomy
from ruler.schemas.verdicts import ClipAnswer, Matched, Reflection


class SymbolicReasoner:
    """Induces ranges and vocabularies, matches them, checks with the prior, reflects by words.

    It keeps no state, so one instance serves any number of threads, and it costs no model call.
    """

    identity = ReasonerIdentity(name="symbolic", version="3")
    usage = Usage()

    def propose(self, batch: str, references: Sequence[Reference], brief: Brief) -> Proposal:
        """See `proposing`."""
        return proposing.propose(batch, references, brief)

    def write_rules(
        self, consensus: Consensus, brief: Brief, checkups: Mapping[str, Checkup]
    ) -> tuple[Rule, ...]:
        """See `writing`."""
        return writing.write_rules(consensus, brief, checkups)

    def taxonomy_rules(self, brief: Brief) -> tuple[Rule, ...]:
        """See `taxonomy_rules`."""
        return rules_from_taxonomy(brief.taxonomy, brief.scene)

    def match(self, observations: Sequence[Observation], context: MatchContext) -> list[Matched]:
        """See `matching`."""
        return matching.match(observations, context)

    def check(self, disputed: Sequence[Disputed]) -> list[Checked]:
        """See `checking`."""
        return [checking.check(one) for one in disputed]

    def reflect(self, event: EventEvidence, taxonomy: Taxonomy) -> Reflection:
        """See `reflecting`."""
        return reflecting.reflect(event, taxonomy)

    def answer_clip(self, clip: ClipEvidence) -> ClipAnswer:
        """What the frames said: this reasoner has matched, checked and reflected on them."""
        return clip.first

    def reflect_clip(self, clip: ClipEvidence, taxonomy: Taxonomy) -> Reflection:
        """See `clips`."""
        return clips.reflect_clip(clip, taxonomy)
