"""Starter packs: rule files that ship, to be copied into a scene.

A pack is an ordinary rule file whose scene is the pack's name. The comment at its top is its title
(the first line) and what is to be known of it (the rest).
"""

from __future__ import annotations

from dataclasses import dataclass

from ruler.schemas.rules import RuleSet
from rules_store.rule_files import parse_rules
from rules_store.rule_text import scalar
from rules_store.shipped import shipped_names, shipped_source
from rules_store.yaml_nodes import Mapping, Node, Scalar, Sequence, numbered_groups
from rules_store.yaml_reader import read_tree


@dataclass(frozen=True)
class Pack:
    """A pack that ships.

    Attributes:
        name: Its name, which is the scene of its file.
        file: What problems and tests call its file.
        title: One line.
        description: A paragraph; may be empty.
        source: The text of its file.
        rule_set: What it holds.
    """

    name: str
    file: str
    title: str
    description: str
    source: str
    rule_set: RuleSet


def builtin_packs() -> tuple[str, ...]:
    """The names of the packs that ship, sorted."""
    return shipped_names("packs")


def load_pack(name: str) -> Pack:
    """A pack that ships.

    Raises:
        UnknownNameError: No pack of that name ships; names those that do.
    """
    source, file = shipped_source("packs", name)
    title, description = _preamble(source)
    rule_set = parse_rules(source, file=file, scene=name)
    return Pack(name, file, title, description, source, rule_set)


def renamed(source: str, scene: str) -> str:
    """A rule file's text for another scene: its name, and the ids of its rules wherever they stand.

    All other bytes stay. Categories are items of a taxonomy, not of the scene, and stay as well.

    Raises:
        FileProblems: `source` is no valid rule file, or `scene` no name for a scene.
    """
    old = parse_rules(source).scene
    tree, _ = read_tree(source, file=f"{scene}.yaml")
    edits = [(node, scene) for node in _values(tree, "scene")]
    for _, rule in numbered_groups(tree.get("rules")):
        for key in ("id", "replaces", "overrides"):
            for node in _values(rule, key):
                own = node.text.startswith(f"{old}.")
                edits += [(node, scene + node.text.removeprefix(old))] if own else []
    text = source.removeprefix("\ufeff")
    for node, value in sorted(edits, key=lambda edit: edit[0].start.index, reverse=True):
        text = text[: node.start.index] + scalar(value) + text[node.stop.index :]
    parse_rules(text, file=f"{scene}.yaml", scene=scene)
    return text


def _values(group: Mapping, key: str) -> list[Scalar]:
    """The text, or the texts of the list, under a key."""
    node = group.get(key)
    nodes: list[Node | None] = list(node.items) if isinstance(node, Sequence) else [node]
    return [one for one in nodes if isinstance(one, Scalar)]


def _preamble(source: str) -> tuple[str, str]:
    """(first line, the rest as one paragraph) of the comment at the top."""
    lines: list[str] = []
    for line in source.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("#").strip())
    return lines[0] if lines else "", " ".join(filter(None, lines[1:]))
