"""Induction from captions that are at hand: propose by batch, vote, verify, write.

The induction graph does the same with its proposals kept in the store; both call what is here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from ruler.reasoners.base import MatchContext, Reasoner
from ruler.reasoners.symbolic.writing import checked
from ruler.schemas.induction import Brief, Checkup, Proposal, Reference
from ruler.schemas.rules import Rule, RuleSet
from ruler.schemas.verdicts import Matched
from ruler.steps import disturbing, scoring
from ruler.steps.batching import batches
from ruler.steps.verification import try_given, verify
from ruler.steps.voting import aggregate

Batches = Mapping[str, Sequence[Reference]]


def induce_rules(
    references: Mapping[str, Sequence[Reference]],
    reasoner: Reasoner,
    brief: Brief,
    *,
    as_of: dt.date,
) -> RuleSet:
    """The rule set that a reasoner learns from captioned references.

    Args:
        references: By clip name, its observations in order of time; at least one has a caption.
        reasoner: Proposes, writes and matches.
        brief: What it knows beside the captions.
        as_of: The day, for exceptions that expire.
    """
    grouped = batches(references)
    proposals = [reasoner.propose(name, seen, brief) for name, seen in grouped.items()]
    checkups = check_rules(proposals, grouped, reasoner, brief, as_of=as_of)
    rules = reasoner.write_rules(aggregate(proposals), brief, checkups)
    return RuleSet(scene=brief.scene, place=brief.place, cameras=brief.cameras, rules=rules)


def check_rules(
    proposals: Sequence[Proposal],
    references: Batches,
    reasoner: Reasoner,
    brief: Brief,
    *,
    as_of: dt.date,
) -> dict[str, Checkup]:
    """Leave each batch out once and try the others' rules on it (see `verification.verify`)."""
    by_name = {proposal.batch: proposal for proposal in proposals}
    clips = aggregate(proposals).clips

    def write_without(batch: str) -> Sequence[Rule]:
        others = aggregate([p for name, p in by_name.items() if name != batch])
        # Fewer clips make wider bounds; here they are tried as wide as all clips make them.
        consensus = others.model_copy(update={"clips": clips})
        return reasoner.write_rules(consensus, brief, {})

    def match_on(batch: str, rules: Sequence[Rule]) -> list[Matched]:
        return _match_on(references[batch], rules, reasoner, brief, as_of)

    return verify(list(by_name), write_without, match_on)


def taxonomy_rules(
    references: Batches, reasoner: Reasoner, brief: Brief, *, as_of: dt.date
) -> tuple[tuple[Rule, ...], dict[str, Checkup]]:
    """The rules of the brief's taxonomy, as far as the references leave them, and what was done to
    those that fire on too many of them (see `verification.try_given`)."""
    rules = reasoner.taxonomy_rules(brief)
    frames = [
        matched
        for seen in references.values()
        for matched in _match_on(seen, rules, reasoner, brief, as_of)
    ]
    checkups = try_given(rules, frames)
    left = (checked(rule, checkups.get(rule.id)) for rule in rules)
    return tuple(rule for rule in left if rule is not None), checkups


def _match_on(
    references: Sequence[Reference],
    rules: Sequence[Rule],
    reasoner: Reasoner,
    brief: Brief,
    as_of: dt.date,
) -> list[Matched]:
    """Rules on the references that have a caption, with and without links."""
    seen = [ref.observation for ref in references if ref.observation.caption]
    first, second = (
        disturbing.match(reasoner, seen, trial_context(rules, brief, as_of=as_of, linked=linked))
        for linked in (False, True)
    )
    return [scoring.joined(a, b) for a, b in zip(first, second, strict=True)]


def trial_context(
    rules: Sequence[Rule], brief: Brief, *, as_of: dt.date, linked: bool
) -> MatchContext:
    """For trying rules on references, whose clock nobody knows."""
    return MatchContext(
        rule_set=RuleSet(scene=brief.scene, rules=tuple(rules)),
        lexicon=brief.lexicon,
        clip_start=None,
        as_of=as_of,
        linked=linked,
    )
