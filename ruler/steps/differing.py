"""What differs between two rule sets, rule by rule and field by field."""

from __future__ import annotations

from typing import Any, Literal

from ruler.schemas.base import Value
from ruler.schemas.rules import Rule, RuleSet

What = Literal["added", "removed", "changed"]


class FieldChange(Value):
    """One field of a rule before and after, as a rule file would hold it."""

    name: str
    before: Any
    after: Any


class RuleChange(Value):
    """What happened to one rule; `fields` is empty where it was added or removed."""

    rule_id: str
    what: What
    title: str
    fields: tuple[FieldChange, ...] = ()


class Difference(Value):
    """All that differs between two rule sets. `settings` are those of the whole set (threshold,
    place ...); `is_reordered` says that rules they share stand in another order."""

    settings: tuple[FieldChange, ...] = ()
    rules: tuple[RuleChange, ...] = ()
    is_reordered: bool = False

    @property
    def is_empty(self) -> bool:
        """True where the two say the same."""
        return not (self.settings or self.rules or self.is_reordered)


def difference(before: RuleSet, after: RuleSet) -> Difference:
    """From one rule set to another; rules are told apart by their ids, in the order of `after`,
    removed ones last."""
    changes: list[RuleChange] = []
    for rule in after.rules:
        old = before.rule(rule.id)
        if old is None:
            changes.append(RuleChange(rule_id=rule.id, what="added", title=rule.title))
        elif old != rule:
            fields = changed_fields(old, rule)
            change = RuleChange(rule_id=rule.id, what="changed", title=rule.title, fields=fields)
            changes.append(change)
    kept = {rule.id for rule in after.rules}
    changes += [
        RuleChange(rule_id=rule.id, what="removed", title=rule.title)
        for rule in before.rules
        if rule.id not in kept
    ]
    return Difference(
        settings=_changed(before, after, ("threshold", "local_only", "place", "cameras")),
        rules=tuple(changes),
        is_reordered=_shared_order(before, after) != _shared_order(after, before),
    )


def changed_fields(before: Rule, after: Rule) -> tuple[FieldChange, ...]:
    """The fields in which two versions of a rule differ, in the order of the rule file."""
    return _changed(before, after, tuple(Rule.model_fields))


def _changed(before: Value, after: Value, names: tuple[str, ...]) -> tuple[FieldChange, ...]:
    old = before.model_dump(mode="json", exclude_defaults=False)
    new = after.model_dump(mode="json", exclude_defaults=False)
    return tuple(
        FieldChange(name=name, before=old[name], after=new[name])
        for name in names
        if getattr(before, name) != getattr(after, name)
    )


def _shared_order(one: RuleSet, other: RuleSet) -> list[str]:
    return [rule.id for rule in one.rules if other.rule(rule.id) is not None]
