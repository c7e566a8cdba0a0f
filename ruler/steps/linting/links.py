"""What rules name beyond themselves: other rules, categories, the scene."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from ruler.schemas.rules import Rule, RuleSet
from ruler.steps.linting.base import Code, KeyPath, LintContext, Note

CODES = (
    Code(
        "RL201",
        "error",
        "`overrides` names no rule of this file",
        "Write the id of a rule that stands in this file, or delete the entry.",
    ),
    Code(
        "RL202",
        "warning",
        "`overrides` names a rule that is not an anomaly rule",
        "A normal rule never scores, so there is nothing to hold back: delete the entry.",
    ),
    Code(
        "RL203",
        "error",
        "`replaces` names no rule of this file",
        "Write the id of the rule whose place the draft takes, or delete the line.",
    ),
    Code(
        "RL204",
        "warning",
        "A deprecated rule has `overrides`",
        "It is out of use and holds nothing back: move them to a rule that is in use.",
    ),
    Code(
        "RL205",
        "warning",
        "The category is in no taxonomy in use",
        "Write the id of an item (`category.item`) of the taxonomy, or give yours with --taxonomy.",
    ),
    Code(
        "RL206",
        "info",
        "The scene is not in the store",
        "Check the name; importing the file makes a new scene of that name.",
    ),
)


def check(rules: RuleSet, context: LintContext) -> Iterator[Note]:
    """All findings of this family."""
    by_id = {rule.id: rule for rule in rules.rules}
    if context.scenes is not None and rules.scene not in context.scenes:
        hint = _nearest(rules.scene, context.scenes)
        yield Note("RL206", ("scene",), f"no scene of the store is called `{rules.scene}`{hint}")
    for place, rule in enumerate(rules.rules):
        path: KeyPath = ("rules", place)
        yield from _overrides(rule, path, by_id)
        if rule.replaces is not None and rule.replaces not in by_id:
            hint = _nearest(rule.replaces, by_id)
            said = f"no rule here has the id `{rule.replaces}`{hint}"
            yield Note("RL203", (*path, "replaces"), said)
        known = context.categories
        if known is not None and rule.category is not None and rule.category not in known:
            hint = _nearest(rule.category, known)
            said = f"no taxonomy in use has the category `{rule.category}`{hint}"
            yield Note("RL205", (*path, "category"), said)


def _overrides(rule: Rule, path: KeyPath, by_id: dict[str, Rule]) -> Iterator[Note]:
    if rule.overrides and rule.status == "deprecated":
        yield Note("RL204", (*path, "overrides"), f"`{rule.id}` is deprecated")
    for number, other_id in enumerate(rule.overrides):
        other = by_id.get(other_id)
        here = (*path, "overrides", number)
        if other is None:
            said = f"no rule here has the id `{other_id}`{_nearest(other_id, by_id)}"
            yield Note("RL201", here, said)
        elif other.kind != "anomaly":
            yield Note("RL202", here, f"`{other_id}` is a normal rule")


_MOST_SEARCHED = 2000


def _nearest(given: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(given[:80], sorted(known)[:_MOST_SEARCHED], n=1)
    return f"; did you mean `{near[0]}`?" if near else ""
