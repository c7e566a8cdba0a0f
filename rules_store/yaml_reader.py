"""From YAML text to a tree with places.

The tree is built from ruamel.yaml's parse events, before any value is constructed: no tag can make
a Python object, no alias is expanded, and deep nesting meets a limit instead of the stack.
"""

from __future__ import annotations

import re
from collections.abc import Sequence as AnySequence
from dataclasses import dataclass
from typing import Any, Literal

from ruler.errors import FileProblems, Problem
from rules_store.yaml_nodes import Entry, Mapping, Node, Place, Scalar, Sequence, resolve
from rules_store.yaml_syntax import (
    INDENTED,
    NO_COLON,
    SECOND_COLON,
    odd_characters,
    place_of,
    reading_problem,
)

MAX_CHARACTERS = 2_000_000
"""A longer text is refused: reading it would take many seconds, and no person wrote it."""

MAX_DEPTH = 24
"""Lists and mappings inside one another; the deepest of our files has seven."""

_STANDARD_TAG = "tag:yaml.org,2002:"
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


class UnreadableError(FileProblems):
    """The text is not YAML from some place on.

    Args:
        stopping: What is wrong there; all else was found before.
        before: Problems that were found before.
        kind: Characters that are none, a second document, or what YAML does not allow.
    """

    def __init__(
        self,
        stopping: AnySequence[Problem],
        before: AnySequence[Problem] = (),
        kind: Literal["characters", "document", "syntax"] = "syntax",
    ) -> None:
        super().__init__([*before, *stopping])
        self.stopping = tuple(stopping)
        self.kind = kind
        self.line, self.column = stopping[0].line, stopping[0].column

    @property
    def is_indentation(self) -> bool:
        """The line's indentation fits none above it."""
        return self.stopping[0].message == INDENTED

    @property
    def is_second_colon(self) -> bool:
        """A colon stands where a text goes on."""
        return self.stopping[0].message == SECOND_COLON

    @property
    def is_without_colon(self) -> bool:
        """The line has no `key: `."""
        return self.stopping[0].message == NO_COLON


def read_tree(source: str, *, file: str) -> tuple[Mapping, list[Problem]]:
    """Parse a document whose top level is a mapping.

    Returns:
        The tree, and problems that do not keep it from being validated (duplicate keys, aliases,
        tags). A byte order mark at the start is left out, and indices do not count it.

    Raises:
        UnreadableError: The text is not YAML.
        FileProblems: It is empty, too long, too deep, or not a mapping.
    """
    if len(source) > MAX_CHARACTERS:
        size = f"{len(source)} characters; at most {MAX_CHARACTERS} are read"
        raise FileProblems([Problem(file, 0, 0, f"the file is too large: {size}")])
    text = source.removeprefix("\ufeff")
    if odd := odd_characters(text, file):
        raise UnreadableError(odd, kind="characters")
    builder = _Builder(file)
    from ruamel.yaml import YAML  # not before: what was read once is kept as read

    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            builder.feed(event)
    except FileProblems:
        raise
    except Exception as exc:  # ruamel's scanner lets OverflowError and others through
        unreadable = reading_problem(exc, text, file, builder.last)
        raise UnreadableError([unreadable], builder.problems) from exc
    return builder.root(), builder.problems


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read, and the key that waits for its value."""

    node: Sequence | Mapping
    key: Scalar | None = None
    is_dropped: bool = False


class _Builder:
    """Takes parse events one by one and keeps its own stack, so nothing recurses."""

    def __init__(self, file: str) -> None:
        self.problems: list[Problem] = []
        self.last = Place(1, 1, 0)
        self._file = file
        self._open: list[_Open] = []
        self._root: Node | None = None
        self._documents = 0

    def feed(self, event: Any) -> None:
        """Take one event of `YAML.parse`."""
        name = type(event).__name__
        self.last = place_of(event.start_mark)
        if name == "DocumentStartEvent":
            self._document(event)
        elif name in ("ScalarEvent", "AliasEvent"):
            self._put(self._scalar(event, is_alias=name == "AliasEvent"))
        elif name in ("SequenceStartEvent", "MappingStartEvent"):
            self._begin(event, Sequence if name == "SequenceStartEvent" else Mapping)
        elif name in ("SequenceEndEvent", "MappingEndEvent"):
            self._end(event)

    def root(self) -> Mapping:
        """The finished tree."""
        node = self._root
        if isinstance(node, Mapping):
            return node
        if node is None or (isinstance(node, Scalar) and node.is_empty and not node.is_refused):
            raise FileProblems([*self.problems, Problem(self._file, 0, 0, "the file is empty")])
        found = "a list" if isinstance(node, Sequence) else "a single text"
        self._say(
            node.start, f"the file must hold `key: value` lines at its top level, not {found}"
        )
        raise FileProblems(self.problems)

    def _say(self, place: Place, message: str) -> None:
        self.problems.append(Problem(self._file, place.line, place.column, message))

    def _document(self, event: Any) -> None:
        self._documents += 1
        if self._documents > 1:
            self._say(self.last, "a second document begins here; a file holds only one")
            raise UnreadableError(self.problems[-1:], self.problems[:-1], kind="document")
        if event.version or event.tags:
            self._say(Place(1, 1, 0), "remove the lines that begin with `%`")

    def _scalar(self, event: Any, *, is_alias: bool) -> Scalar:
        start, stop = self.last, place_of(event.end_mark)
        if is_alias:
            self._say(
                start,
                f"aliases are not allowed: write out what `*{event.anchor}` stands for, "
                "or put quotes around a text that begins with `*`",
            )
            return Scalar(start, stop, "", None, None, is_refused=True)
        refused = self._refuses(event, start)
        if _HALF_CHARACTER.search(event.value):
            self._say(start, "this text holds half a character (`\\ud800` to `\\udfff`)")
            return Scalar(start, stop, "", event.style, None, is_refused=True)
        value = event.value if event.style else resolve(event.value)
        return Scalar(start, stop, event.value, event.style, value, is_refused=refused)

    def _refuses(self, event: Any, start: Place) -> bool:
        """Report an anchor or a tag; true where there is one."""
        for kind, sign, name in (
            ("anchors", "&", event.anchor),
            ("tags", "!", event.tag),
        ):
            if name is not None:
                shown = f"&{name}" if sign == "&" else str(name).replace(_STANDARD_TAG, "!!")
                self._say(
                    start,
                    f"{kind} are not allowed: remove `{shown}`, "
                    f"or put quotes around a text that begins with `{sign}`",
                )
        return event.anchor is not None or event.tag is not None

    def _begin(self, event: Any, kind: type[Sequence] | type[Mapping]) -> None:
        if len(self._open) >= MAX_DEPTH:
            self._say(
                self.last, f"lists and groups stand more than {MAX_DEPTH} deep in one another"
            )
            raise FileProblems(self.problems)
        node = kind(self.last, self.last, bool(event.flow_style))
        node.is_refused = self._refuses(event, self.last)
        self._open.append(_Open(node))

    def _end(self, event: Any) -> None:
        node = self._open.pop().node
        last: Node | None = None
        if isinstance(node, Sequence):
            last = node.items[-1] if node.items else None
        elif node.entries:
            last = next(reversed(node.entries.values())).node
        node.stop = place_of(event.end_mark) if node.is_flow or last is None else last.stop
        self._put(node)

    def _put(self, node: Node) -> None:
        """Put a finished node where it belongs."""
        if not self._open:
            self._root = node
            return
        parent = self._open[-1]
        if isinstance(parent.node, Sequence):
            parent.node.items.append(node)
        elif parent.key is None:
            self._take_key(parent, parent.node, node)
        else:
            if isinstance(node, Scalar) and node.is_empty and not node.is_refused:
                node.start = node.stop = parent.key.stop  # ruamel places it at the next token
            if not parent.is_dropped:
                parent.node.entries[parent.key.text] = Entry(parent.key, node)
            parent.key = None

    def _take_key(self, parent: _Open, mapping: Mapping, node: Node) -> None:
        """Remember a key; one that cannot be used is reported and dropped with its value."""
        if isinstance(node, Scalar):
            parent.key = node
            first = mapping.entries.get(node.text)
        else:
            parent.key, first = Scalar(node.start, node.stop, "", None, None), None
        trouble = None
        if not isinstance(node, Scalar):
            trouble = (
                "a key must be a single word; put quotes around a text that begins with { or ["
            )
        elif node.text in ("", "<<"):
            trouble = f"`{node.text}` cannot be a key" if node.text else "the key is missing here"
        elif first is not None:
            trouble = f"key `{node.text}` stands twice (first on line {first.key.start.line})"
        if trouble and not node.is_refused:
            self._say(node.start, trouble)
        parent.is_dropped = bool(trouble) or node.is_refused
