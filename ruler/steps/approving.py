"""A proposal looked at as if it were approved: its drafts take the places they were made for.

Drafts never score (DESIGN section 3a), so a backtest of a proposal needs this view of it, and
approval saves it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from ruler.errors import InputError, NotFoundError
from ruler.schemas.rules import Rule, RuleSet, RuleStatus


def as_approved(
    rule_set: RuleSet, active: RuleSet | None, chosen: Collection[str] | None = None
) -> RuleSet:
    """The rules as they would be once drafts are approved.

    Args:
        rule_set: A proposal: its new and changed rules are drafts.
        active: The rules in force; None where there are none yet.
        chosen: Ids of the drafts to approve; by default all that are no drafts in `active`, too.

    Returns:
        `rule_set` with each chosen draft in force: with the status of the active rule of its id, or
        of the rule that it replaces, else `experimental`. A draft that replaces another takes its
        id and place, and rules that named the draft name that id. Of drafts that are not chosen, a
        new one is left out and a changed one is the active rule again; what is a draft in `active`
        stays one. The rest, the threshold included, is the proposal's.

    Raises:
        NotFoundError: a chosen id is no draft of the proposal.
        InputError: two chosen drafts would take the same id.
    """
    known = {rule.id: rule for rule in active.rules} if active else {}
    drafts = {rule.id: rule for rule in rule_set.rules if rule.status == "draft"}
    fresh = [name for name in drafts if name not in known or known[name].status != "draft"]
    wanted = _checked(rule_set, drafts, fresh if chosen is None else chosen)
    taken = {drafts[name].replaces or name: drafts[name] for name in wanted}
    if len(taken) < len(wanted):
        raise InputError(_clash(rule_set, [drafts[name] for name in wanted]))
    here = {rule.id for rule in rule_set.rules}
    names = {draft.id: target for target, draft in taken.items()}

    def settled() -> Iterator[Rule]:
        for rule in rule_set.rules:
            if (draft := taken.get(rule.id)) is not None:
                yield _approved(draft, rule.id, known)
            if (target := names.get(rule.id)) is not None:
                if target not in here:
                    yield _approved(rule, target, known)
            elif draft is not None:
                continue
            elif rule.status != "draft":
                yield rule
            elif (before := known.get(rule.id)) is not None:
                # Where everything is approved, a draft's new wording is, too.
                yield rule if chosen is None else before

    rules = tuple(_renamed(rule, names) for rule in settled())
    return rule_set.model_copy(update={"rules": rules})


def _checked(
    rule_set: RuleSet, drafts: Collection[str], chosen: Collection[str]
) -> dict[str, None]:
    """The chosen ids, each once."""
    for name in chosen:
        if name not in drafts:
            listed = ", ".join(drafts) or "none"
            raise NotFoundError(
                f"the proposal for {rule_set.scene!r} has no draft {name!r}; its drafts: {listed}."
            )
    return dict.fromkeys(chosen)


def _clash(rule_set: RuleSet, drafts: Collection[Rule]) -> str:
    """What to say of drafts that would take the same id."""
    by_target: dict[str, list[str]] = {}
    for draft in drafts:
        by_target.setdefault(draft.replaces or draft.id, []).append(draft.id)
    target, rivals = next((t, names) for t, names in by_target.items() if len(names) > 1)
    return (
        f"the drafts {' and '.join(rivals)} of {rule_set.scene!r} would both become {target}: "
        "approve one of them by its id."
    )


def _approved(draft: Rule, rule_id: str, known: dict[str, Rule]) -> Rule:
    before = known.get(rule_id)
    status: RuleStatus = "experimental"
    if before is not None and before.status != "draft":
        status = before.status
    return draft.model_copy(update={"id": rule_id, "status": status, "replaces": None})


def _renamed(rule: Rule, names: dict[str, str]) -> Rule:
    overrides = tuple(names.get(name, name) for name in rule.overrides)
    return rule if overrides == rule.overrides else rule.model_copy(update={"overrides": overrides})
