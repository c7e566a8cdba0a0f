"""What a proposal would put in force: the same for approving it, for listing it, and for a
backtest of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ruler.errors import NotFoundError
from ruler.schemas.rules import Revision, Rule, RuleSet
from ruler.steps.approving import as_approved
from ruler.steps.merging import Merge, merge
from rules_store.store import Store


def in_force(store: Store, active: Revision, proposal: Revision, chosen: Collection[str]) -> Merge:
    """The active rules with some of a proposal in force; what was changed here since the proposal
    was made stands as it is.

    Raises:
        NotFoundError: the proposal has nothing of a chosen id that nobody decided about.
    """
    parent = parent_of(store, proposal)
    open_ones = undecided(store, proposal, parent)
    wanted = _chosen(proposal.rule_set, parent.rule_set, chosen, open_ones)
    return merge(parent.rule_set, active.rule_set, wanted)


def as_if_approved(store: Store, active: Revision, proposal: Revision) -> RuleSet:
    """The rules that approving a proposal now, without naming any of it, would put in force; of one
    that was decided already, what approving all of it would."""
    if proposal.ref.revision not in store.decisions.open_proposals(proposal.ref.scene):
        return as_approved(proposal.rule_set, active.rule_set)
    chosen = uncontested(proposal, undecided(store, proposal, parent_of(store, proposal)))
    return in_force(store, active, proposal, chosen).rule_set


def parent_of(store: Store, proposal: Revision) -> Revision:
    """The revision that a proposal was made from (every proposal has one)."""
    return store.scenes.revision(proposal.ref.scene, proposal.parent)


def undecided(store: Store, proposal: Revision, parent: Revision) -> dict[str, Rule | None]:
    """By id, what a proposal wants to change and nobody decided about: the new rule, or None where
    it takes one out."""
    decided = {
        one.rule.id
        for one in store.decisions.of_scene(proposal.ref.scene)
        if one.revision == proposal.ref.revision and one.rule is not None
    }
    before, after = parent.rule_set, proposal.rule_set
    changed: dict[str, Rule | None] = {
        rule.id: rule for rule in after.rules if rule != before.rule(rule.id)
    }
    changed |= {rule.id: None for rule in before.rules if after.rule(rule.id) is None}
    return {name: rule for name, rule in changed.items() if name not in decided}


def uncontested(proposal: Revision, undecided: Mapping[str, Rule | None]) -> list[str]:
    """What is approved where nothing is named: not what would replace an expert's own rule."""
    if not proposal.by_induction:
        return list(undecided)
    return [name for name, rule in undecided.items() if rule is None or rule.replaces is None]


def check_known(names: Collection[str], known: Collection[str], said: str) -> None:
    """Refuse names that are not known.

    Raises:
        NotFoundError: says what waits.
    """
    for name in names:
        if name not in known:
            listed = ", ".join(known) or "nothing"
            raise NotFoundError(f"{said} {name!r}; what waits: {listed}.")


def _chosen(
    proposal: RuleSet, parent: RuleSet, chosen: Collection[str], undecided: Collection[str]
) -> RuleSet:
    """The proposal's rules with only what was chosen in force."""
    check_known(chosen, undecided, f"the proposal for {proposal.scene!r} proposes nothing about")
    drafts = [name for name in chosen if proposal.rule(name) is not None]
    rules = as_approved(proposal, parent, drafts).rules
    kept = [rule for rule in parent.rules if proposal.rule(rule.id) is None]
    back = tuple(rule for rule in kept if rule.id not in chosen)
    is_whole = set(chosen) == set(undecided)
    update: dict[str, object] = {"rules": (*rules, *back)}
    if not is_whole:
        update["threshold"] = parent.threshold
    return proposal.model_copy(update=update)
