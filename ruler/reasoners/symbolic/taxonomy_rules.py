"""Rules from a taxonomy by its own words: one for every item, normal ones as well.

TRLC (SmartHome-Bench, CVPR-W 2025, section 4) has a model derive rules, and gets none for a third
of the abnormal items and all normal ones; `ruler.reasoners.llm.taxonomy_rules` asks a model, too,
and falls back on an item's words.
"""

from __future__ import annotations

from ruler.errors import InputError
from ruler.schemas.rules import LONGEST_ID, Origin, Rule, RuleException, RuleTests
from ruler.schemas.taxonomy import Taxonomy, TaxonomyItem
from ruler.text.phrases import find_any

_WEIGHT = 0.8
"""Of an abnormal item: a phrase that is wholly there reaches the usual threshold alone."""

_HALF_KNOWN = 0.5
"""Of a normal item: normal in the domain, though this scene's references may not show it."""


def rules_from_taxonomy(taxonomy: Taxonomy, scene: str) -> tuple[Rule, ...]:
    """One rule an item, in file order, called `<scene>.<item id>`."""
    return tuple(rule_of(item, scene) for item in taxonomy.items)


def rule_of(item: TaxonomyItem, scene: str) -> Rule:
    """The rule of one item.

    Raises:
        InputError: scene and item together make too long an id.
    """
    if len(rule_id := f"{scene}.{item.id}") > LONGEST_ID:
        raise InputError(
            f"rule id `{rule_id}` is longer than {LONGEST_ID} characters: shorten the scene's name "
            "or the item's id."
        )
    look_for = _with_conditions(item)
    return Rule(
        id=rule_id,
        title=item.title,
        kind="normal" if item.kind == "normal" else "anomaly",
        level=item.level,
        category=item.id,
        subject=item.subject,
        statement=_statement(item),
        look_for=look_for,
        weight=_HALF_KNOWN if item.kind == "normal" else _WEIGHT,
        exceptions=tuple(RuleException(name=phrase[:80], unless=phrase) for phrase in item.unless),
        tests=_tests(item, look_for),
        origin=Origin(by="taxonomy"),
    )


def _with_conditions(item: TaxonomyItem) -> tuple[str, ...]:
    """Phrases that hold what `only_if` asks for: a rule has no such key, and a phrase may name
    both, as "child climbing" does."""
    if not item.only_if:
        return item.look_for
    joined = (f"{phrase} {condition}" for phrase in item.look_for for condition in item.only_if)
    return tuple(dict.fromkeys(phrase for phrase in joined if len(phrase) <= 200))


def _statement(item: TaxonomyItem) -> str:
    """What a model reads: with the conditions that code checks elsewhere."""
    if not item.only_if:
        return item.statement
    return f"{item.statement} Only where this is seen: {', '.join(item.only_if)}."[:2000]


def _tests(item: TaxonomyItem, look_for: tuple[str, ...]) -> RuleTests:
    """The item's sentences; one that speaks of it in two clauses is a known miss of the rule."""
    fire = [
        text
        for text in item.tests.fire
        if find_any(text, look_for) and not find_any(text, item.unless)
    ]
    missed = [text for text in item.tests.fire if text not in fire]
    return RuleTests(fire=tuple(fire), quiet=item.tests.quiet, todo=(*item.tests.todo, *missed))
