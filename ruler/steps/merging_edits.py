"""Three-way merge of two people's edits of one rule file, field by field.

Unlike induction (`ruler.steps.merging`), where the expert's whole rule stands against a proposal,
two people who changed different fields of one rule are both heard.
"""

from __future__ import annotations

from typing import Any

from ruler.schemas.rules import Rule, RuleSet
from ruler.steps.merging import Merge, draft_of

_SETTINGS = ("threshold", "local_only", "place", "cameras")


def merge_edits(base: RuleSet, ours: RuleSet, theirs: RuleSet) -> Merge:
    """Bring one person's edits into what another has made active meanwhile.

    Args:
        base: The revision both began from.
        ours: What is active now.
        theirs: The file to be brought in.

    Returns:
        Everything that only one side changed, and for each rule of which both changed the same
        field to different values, or that one changed and the other removed: the active version
        (or the one that was kept), noted as a conflict, with theirs as a draft that replaces it. A
        setting of the whole set that both changed stays as it is active, noted by its name.
    """
    notes: list[tuple[str, str]] = []
    settings: dict[str, Any] = {}
    for name in _SETTINGS:
        value, is_clash = _field(*(getattr(side, name) for side in (base, ours, theirs)))
        settings[name] = value
        notes += [(name, "conflict")] if is_clash else []
    merged: list[Rule] = []
    drafts: list[Rule] = []
    ids = [rule.id for rule in ours.rules]
    ids += [rule.id for rule in theirs.rules if rule.id not in set(ids)]
    ids += [rule.id for rule in base.rules if rule.id not in set(ids)]
    for rule_id in ids:
        sides = base.rule(rule_id), ours.rule(rule_id), theirs.rule(rule_id)
        kept, what = _merged_rule(*sides)
        if kept is not None:
            merged.append(kept)
        if what:
            notes.append((rule_id, what))
        if what == "conflict" and sides[2] is not None and sides[2] != kept:
            drafts.append(draft_of(sides[2]))
    known = {rule.id for rule in merged}
    merged += [draft for draft in drafts if draft.id not in known]
    rule_set = ours.model_copy(update={**settings, "rules": tuple(merged)})
    return Merge(rule_set=rule_set, notes=tuple(notes))


def _merged_rule(
    base: Rule | None, ours: Rule | None, theirs: Rule | None
) -> tuple[Rule | None, str]:
    """One rule: (what to keep, what to say of it)."""
    if theirs in (ours, base):
        return ours, ""
    if ours == base:
        return theirs, _what(base, theirs)
    if ours is None or theirs is None:
        # One side edited what the other took out: an edit is never lost.
        return ours or theirs, "conflict"
    if base is None:
        return ours, "conflict"
    values: dict[str, Any] = {}
    clashes = False
    for name in Rule.model_fields:
        sides = (getattr(side, name) for side in (base, ours, theirs))
        values[name], is_clash = _field(*sides)
        clashes = clashes or is_clash
    if clashes:
        return ours, "conflict"
    try:
        return Rule.model_validate(values), "merged"
    except ValueError:
        # Each edit alone is sound, both together are not (a draft's `replaces`, say).
        return ours, "conflict"


def _field(base: Any, ours: Any, theirs: Any) -> tuple[Any, bool]:
    """One value: (what to keep, whether both sides changed it to different values)."""
    if theirs in (ours, base):
        return ours, False
    return (theirs, False) if ours == base else (ours, True)


def _what(base: Rule | None, theirs: Rule | None) -> str:
    if base is None:
        return "added"
    return "removed" if theirs is None else "updated"
