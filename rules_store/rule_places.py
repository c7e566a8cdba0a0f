"""Where things stand in a rule file."""

from __future__ import annotations

from rules_store.yaml_nodes import Mapping, Node, Sequence, numbered_groups, text_of
from rules_store.yaml_reader import read_tree

TestKey = tuple[str, str, int]
"""A rule's id, the sort of a test, and its number from 0."""


def lines_of_tests(source: str) -> dict[TestKey, int]:
    """The line, from 1, of every test of a rule file that is valid."""
    tree, _ = read_tree(source, file="rules.yaml")
    lines: dict[TestKey, int] = {}
    for _, rule in numbered_groups(tree.get("rules")):
        tests = rule.get("tests")
        for sort, entry in tests.entries.items() if isinstance(tests, Mapping) else ():
            for number, node in enumerate(_items(entry.node)):
                lines[text_of(rule.get("id")) or "", sort, number] = node.start.line
    return lines


def _items(node: Node) -> list[Node]:
    return node.items if isinstance(node, Sequence) else []
