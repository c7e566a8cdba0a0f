"""Three-way merge on re-induction: base = last induced revision, ours = the active one with the
expert's edits, theirs = the new proposal. An expert's edit always wins (DESIGN invariant 5)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ruler.schemas.base import Value
from ruler.schemas.rules import Rule, RuleSet
from ruler.steps.meaning import same_meaning

_DRAFT = ".proposed"


class Merge(Value):
    """The merged rules and what happened to each: updated, added, removed, conflict, or rejected
    (somebody did not want it before)."""

    rule_set: RuleSet
    notes: tuple[tuple[str, str], ...] = ()

    @property
    def conflicts(self) -> tuple[str, ...]:
        """Ids of rules that both sides changed; the active version stands, the other is kept as a
        draft that `replaces` it."""
        return tuple(rule_id for rule_id, what in self.notes if what == "conflict")


def merge(base: RuleSet | None, ours: RuleSet | None, theirs: RuleSet) -> Merge:
    """Merge a new proposal into what is active.

    Args:
        base: What induction last proposed (`learned_so_far`); None where it has not yet.
        ours: What is active; None on the first induction.
        theirs: The new proposal.

    Returns:
        `theirs` as it is on the first induction. Otherwise the expert's rules and order, with the
        proposal's changes to rules the expert left alone, and a draft for each rule that both
        changed. The expert's threshold stands where it was edited.
    """
    if ours is None:
        return Merge(rule_set=theirs)
    base_rules = {rule.id: rule for rule in base.rules} if base else {}
    their_rules = {rule.id: rule for rule in theirs.rules}
    for rule in ours.rules:
        both = base_rules.get(rule.id), their_rules.get(rule.id)
        if rule.replaces is None and _settle(rule, *both)[1] == "conflict":
            draft = draft_of(their_rules[rule.id])
            their_rules.setdefault(draft.id, draft)
    merged: list[Rule] = []
    notes: list[tuple[str, str]] = []
    for rule in ours.rules:
        kept, what = _settle(rule, base_rules.get(rule.id), their_rules.get(rule.id))
        if kept is not None:
            merged.append(kept)
        if what:
            notes.append((rule.id, what))
    our_ids = {rule.id for rule in ours.rules}
    for rule in their_rules.values():
        # A rule that the base had and ours lacks was deleted by a person, and stays deleted.
        if rule.id not in our_ids and rule.id not in base_rules:
            merged.append(rule)
            notes.append((rule.id, "added"))
    edited_threshold = base is None or ours.threshold != base.threshold
    threshold = ours.threshold if edited_threshold else theirs.threshold
    # The induction took both from ours, unless somebody asked for others.
    seen = {"place": theirs.place, "cameras": theirs.cameras}
    rule_set = ours.model_copy(update={"threshold": threshold, "rules": tuple(merged), **seen})
    return Merge(rule_set=rule_set, notes=tuple(notes))


def draft_of(rule: Rule) -> Rule:
    """A draft that takes the place of the rule of the same id once somebody approves it."""
    return rule.model_copy(
        update={"id": f"{rule.id}{_DRAFT}", "status": "draft", "replaces": rule.id}
    )


def without_rejected(
    base: RuleSet | None, theirs: RuleSet, rejected: Sequence[Rule]
) -> tuple[RuleSet, list[tuple[str, str]]]:
    """A proposal without what somebody rejected before, by meaning (invariant 5).

    A rule that the base has goes back to what it is there: no change of it is proposed.

    Returns:
        The rest, and (rule id, "rejected") for each rule that was held back.
    """
    kept: list[Rule] = []
    notes: list[tuple[str, str]] = []
    for rule in theirs.rules:
        before = base.rule(rule.id) if base else None
        is_new = rule != before
        if is_new and any(same_meaning(rule, other) for other in rejected):
            notes.append((rule.id, "rejected"))
            if before is not None:
                kept.append(before)
        else:
            kept.append(rule)
    return theirs.model_copy(update={"rules": tuple(kept)}), notes


def as_proposal(merged: RuleSet, ours: RuleSet) -> RuleSet:
    """A merge as it waits for approval: what is new or changed against `ours` is a draft."""
    rules = [
        rule if rule == ours.rule(rule.id) else rule.model_copy(update={"status": "draft"})
        for rule in merged.rules
    ]
    return merged.model_copy(update={"rules": tuple(rules)})


def learned_so_far(line: Iterable[tuple[RuleSet, bool]]) -> RuleSet | None:
    """The base of the next merge: what induction itself last said of each rule.

    A merged revision holds the expert's edits, too, so it is no base as it stands: a rule, a
    deletion or a threshold that it took over unchanged keeps the base it had before.

    Args:
        line: The active revision's ancestors and itself, oldest first, and whether induction made
            each.

    Returns:
        None where induction has made none of them.
    """
    base: RuleSet | None = None
    before: RuleSet | None = None
    for rule_set, by_induction in line:
        if by_induction:
            base = rule_set if before is None else _rebased(base, before, rule_set)
        before = rule_set
    return base


def _rebased(base: RuleSet | None, before: RuleSet, merged: RuleSet) -> RuleSet:
    """The base after a merge turned `before` into `merged`."""
    base = base or RuleSet(scene=before.scene)
    said = [base.rule(rule.id) if before.rule(rule.id) == rule else rule for rule in merged.rules]
    deleted = [
        rule for rule in base.rules if before.rule(rule.id) is None and merged.rule(rule.id) is None
    ]
    return RuleSet(
        scene=base.scene,
        threshold=base.threshold if merged.threshold == before.threshold else merged.threshold,
        rules=(*(rule for rule in said if rule is not None), *deleted),
    )


def _settle(ours: Rule, base: Rule | None, theirs: Rule | None) -> tuple[Rule | None, str]:
    """One rule that is active: (what to keep, what to say of it)."""
    if base is None or ours != base:
        both = base is not None and theirs is not None and theirs not in (base, ours)
        return ours, "conflict" if both else ""
    if theirs is None:
        return None, "removed"
    return theirs, "updated" if theirs != ours else ""
