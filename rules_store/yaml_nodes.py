"""A YAML document as a tree that knows where everything stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Constant = str | bool | int | float | None

_TOO_LONG_FOR_INT = 300
_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CONSTANTS: dict[str, Constant] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a text: `line` and `column` count from 1, `index` (characters) from 0."""

    line: int
    column: int
    index: int


@dataclass(slots=True)
class Scalar:
    """One value at [start, stop). `style` is the quote or block sign, None for plain text.

    `is_refused` marks what was already reported, so that nothing more is said of it.
    """

    start: Place
    stop: Place
    text: str
    style: str | None
    value: Constant
    is_refused: bool = False

    @property
    def is_empty(self) -> bool:
        """True where nothing at all is written."""
        return not (self.text or self.style)


@dataclass(slots=True)
class Sequence:
    """A list at [start, stop)."""

    start: Place
    stop: Place
    is_flow: bool
    items: list[Node] = field(default_factory=list)
    is_refused: bool = False


@dataclass(slots=True)
class Entry:
    """One key and its value."""

    key: Scalar
    node: Node


@dataclass(slots=True)
class Mapping:
    """Keys and values at [start, stop), in file order; of a key that stands twice, the first."""

    start: Place
    stop: Place
    is_flow: bool
    entries: dict[str, Entry] = field(default_factory=dict)
    is_refused: bool = False

    def get(self, key: str) -> Node | None:
        """The value of a key, or None."""
        entry = self.entries.get(key)
        return entry.node if entry else None


Node = Scalar | Sequence | Mapping


def resolve(text: str) -> Constant:
    """What an unquoted scalar means in YAML 1.2's core schema; a date stays the text it is."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if len(text) <= _TOO_LONG_FOR_INT:
        if _INT.fullmatch(text):
            return int(text)
        if _BASED.fullmatch(text):
            return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else text


def plain_data(node: Node) -> Any:
    """The tree as dicts, lists and scalars."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [plain_data(item) for item in node.items]
    return {key: plain_data(entry.node) for key, entry in node.entries.items()}


def text_of(node: Node | None) -> str | None:
    """The value of a node that is text, else None."""
    value = node.value if isinstance(node, Scalar) and not node.is_refused else None
    return value if isinstance(value, str) else None


def numbered_groups(node: Node | None) -> list[tuple[int, Mapping]]:
    """(position, entry) of the entries of a list that are mappings; [] where it is no list."""
    items = node.items if isinstance(node, Sequence) else []
    return [(number, item) for number, item in enumerate(items) if isinstance(item, Mapping)]


def scalars(node: Node) -> Iterator[Scalar]:
    """All keys and values below a node, in file order."""
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from scalars(item)
    else:
        for entry in node.entries.values():
            yield entry.key
            yield from scalars(entry.node)
