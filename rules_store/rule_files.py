"""Rule files (`ruler/rules/v1`, DESIGN section 6): read, written anew, and edited in place."""

from __future__ import annotations

import re

from ruler.errors import FileProblems
from ruler.schemas.facts import FACTS
from ruler.schemas.rules import ID_PATTERN, NAME_PATTERN, RULES_SCHEMA, RuleSet
from rules_store.rule_edits import edited_texts
from rules_store.rule_text import rules_data, write_rules
from rules_store.yaml_nodes import Mapping, Node, Scalar, Sequence, numbered_groups, text_of
from rules_store.yaml_reader import read_tree
from rules_store.yaml_words import nearest
from rules_store.yamlio import Check, Finding, KeyPath, load, load_placed, validate

_NAMELESS = "rules.yaml"
_NAME = re.compile(NAME_PATTERN)
_ID = re.compile(ID_PATTERN)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_rules(source: str, *, file: str = _NAMELESS, scene: str | None = None) -> RuleSet:
    """Read a rule file.

    Args:
        source: Its text.
        file: Name that problems carry.
        scene: The scene that the file must be for, where that is known.

    Raises:
        FileProblems: With every problem of the file.
    """
    checks = [*_CHECKS, _scene_check(scene)] if scene is not None else _CHECKS
    return load(source, file=file, schema=RULES_SCHEMA, model=RuleSet, checks=checks)


def parse_placed(source: str, *, file: str = _NAMELESS) -> tuple[RuleSet, Mapping]:
    """As `parse_rules`, with the tree that knows where everything stands."""
    return load_placed(source, file=file, schema=RULES_SCHEMA, model=RuleSet, checks=_CHECKS)


def dump_rules(rule_set: RuleSet) -> str:
    """A new rule file: the same bytes for the same rule set, and no line for a default."""
    return write_rules(rule_set)


def edit_rules(source: str, changes: RuleSet) -> str:
    """A rule file's text with new contents.

    Only the lines of changed values are rewritten; comments, order, quoting and line endings of all
    others stay. A text whose layout does not allow that is written anew from `rules:` on, or whole.

    Args:
        source: The file as it is.
        changes: All that it shall hold.

    Raises:
        FileProblems: `source` is not a valid rule file, or `changes` would not make one.
    """
    tree, problems = read_tree(source, file=_NAMELESS)
    old = validate(
        tree, problems, file=_NAMELESS, schema=RULES_SCHEMA, model=RuleSet, checks=_CHECKS
    )
    if old == changes:
        return source
    for text in edited_texts(source, tree, rules_data(old), rules_data(changes)):
        try:
            if parse_rules(text) == changes:
                return text
        except FileProblems:
            continue
    text = write_rules(changes)
    if parse_rules(text) != changes:
        raise AssertionError("a rule set does not survive being written; please report this")
    return text


def _scene_check(scene: str) -> Check:
    def check(tree: Mapping) -> list[Finding]:
        node = tree.get("scene")
        given = text_of(node)
        if node is None or given is None or given == scene:
            return []
        return [Finding(("scene",), node.start, f"this file is for scene `{given}`, not `{scene}`")]

    return check


def _check_ids(tree: Mapping) -> list[Finding]:
    """Ids begin with the scene's name and stand once."""
    findings: list[Finding] = []
    scene = text_of(tree.get("scene")) or ""
    first: dict[str, int] = {}
    for number, rule in numbered_groups(tree.get("rules")):
        node = rule.get("id")
        given = text_of(node)
        if node is None or not given:
            continue
        path = ("rules", number, "id")
        if given in first:
            twice = f"rule id `{given}` stands twice (first on line {first[given]})"
            findings.append(Finding(path, node.start, twice))
        first.setdefault(given, node.start.line)
        is_formed = _NAME.fullmatch(scene) and _ID.fullmatch(given)
        if is_formed and not given.startswith(f"{scene}."):
            alien = f"rule id `{given}` must begin with the scene's name: `{scene}.`"
            findings.append(Finding(path, node.start, alien))
    return findings


def _check_rules(tree: Mapping) -> list[Finding]:
    """What the values of one rule say of one another."""
    findings: list[Finding] = []
    for number, rule in numbered_groups(tree.get("rules")):
        path: KeyPath = ("rules", number)
        overrides = rule.entries.get("overrides")
        is_used = overrides and isinstance(overrides.node, Sequence) and overrides.node.items
        if overrides and is_used and text_of(rule.get("kind")) == "anomaly":
            only = "only a rule of `kind: normal` has `overrides`"
            findings.append(Finding((*path, "overrides"), overrides.key.start, only))
        replaces = rule.entries.get("replaces")
        if replaces and text_of(replaces.node) and text_of(rule.get("status")) != "draft":
            only = "only a rule of `status: draft` has `replaces`"
            findings.append(Finding((*path, "replaces"), replaces.key.start, only))
        for nth, measure in numbered_groups(rule.get("measures")):
            findings += _check_measure(measure, (*path, "measures", nth))
        for nth, exception in numbered_groups(rule.get("exceptions")):
            findings += _check_until(exception, (*path, "exceptions", nth))
    return findings


def _check_measure(measure: Mapping, path: KeyPath) -> list[Finding]:
    findings: list[Finding] = []
    node = measure.get("fact")
    fact = text_of(node)
    if node is not None and fact is not None and fact not in FACTS:
        near = nearest(fact, tuple(FACTS))
        hint = f"did you mean `{near}`?" if near else f"known: {', '.join(sorted(FACTS))}"
        findings.append(Finding((*path, "fact"), node.start, f"unknown fact `{fact}`; {hint}"))
    above, below = measure.get("above"), measure.get("below")
    low, high = _number_of(above), _number_of(below)
    if _is_absent(above) and _is_absent(below):
        needs = "a measure needs `above` or `below`"
        findings.append(Finding(path, measure.start, needs))
    elif above is not None and low is not None and high is not None and low >= high:
        order = f"`above` must be smaller than `below`, but {low:g} is not smaller than {high:g}"
        findings.append(Finding((*path, "above"), above.start, order))
    return findings


def _check_until(exception: Mapping, path: KeyPath) -> list[Finding]:
    """Pydantic would take "86400" for a date: that many seconds after 1970 began."""
    node = exception.get("until")
    given = text_of(node)
    if node is None or given is None or _DATE.fullmatch(given):
        return []
    message = f"`until` must be a date such as 2027-01-31, not `{given}`"
    return [Finding((*path, "until"), node.start, message)]


def _is_absent(node: Node | None) -> bool:
    return node is None or (isinstance(node, Scalar) and node.value is None and not node.is_refused)


def _number_of(node: Node | None) -> float | None:
    """The number that stands there, or None."""
    value = node.value if isinstance(node, Scalar) and not node.is_refused else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


_CHECKS: tuple[Check, ...] = (_check_ids, _check_rules)
