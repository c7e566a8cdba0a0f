"""Editing a rule file in place: only the lines of what changed are rewritten.

Old and new contents are compared as data (`rule_text.rules_data`), and each difference is led back
to lines by the places in the tree. Comments on rewritten lines are kept, those on removed ones go.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_right
from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence as AnySequence
from dataclasses import dataclass

from rules_store.rule_text import Data, Group, entry_lines, item_lines
from rules_store.yaml_nodes import Entry, Mapping, Node, Scalar, Sequence, scalars

_BOM = "\ufeff"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_COMMENT = re.compile(r"(?:(?<=[ \t])|(?<=^))#[^\r\n]*", re.MULTILINE)
_DASH = re.compile(r"( *)- +")
_RULES = "rules"


class _AwkwardError(Exception):
    """The text is laid out in a way that cannot be edited by lines here."""


def edited_texts(source: str, tree: Mapping, old: Group, new: Group) -> Iterator[str]:
    """Texts that should hold `new`, the most careful edit first.

    Args:
        source: The text that `tree` was read from; it holds `old`.
        tree: As `read_tree` gives it.
        old: What the file holds, as `rules_data`.
        new: What it shall hold.
    """
    for is_deep in (True, False):
        editor = _Editor(source, is_deep=is_deep)
        try:
            editor.edit_mapping(tree, old, new)
            text = editor.text()
        except _AwkwardError:
            continue
        yield text


@dataclass(frozen=True, slots=True)
class _Splice:
    """Lines [start, stop), counted from 0, become `lines`."""

    start: int
    stop: int
    lines: tuple[str, ...]


class _Editor:
    """Collects splices for one text. Where `is_deep` is off, whole top-level keys are rewritten."""

    def __init__(self, source: str, *, is_deep: bool) -> None:
        self._bom = _BOM if source.startswith(_BOM) else ""
        self._text = source.removeprefix(_BOM)
        self._lines: list[str] = _LINE.findall(self._text)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))
        found = re.search(r"\r\n|\r|\n", self._text)
        self._newline = found.group() if found else "\n"
        self._splices: list[_Splice] = []
        self._is_deep = is_deep

    def text(self) -> str:
        """The text with all splices made."""
        out: list[str] = []
        done = 0
        for splice in sorted(self._splices, key=lambda one: (one.start, one.stop)):
            if splice.start < done:
                raise _AwkwardError
            out += self._lines[done : splice.start]
            if splice.lines and out and not out[-1].endswith(("\n", "\r")):
                out[-1] += self._newline
            out += [line + self._newline for line in splice.lines]
            done = splice.stop
        return self._bom + "".join([*out, *self._lines[done:]])

    def edit_mapping(self, node: Mapping, old: Group, new: Group) -> None:
        """Rewrite the keys whose values differ."""
        if node.is_flow:
            raise _AwkwardError
        for key in [*new, *(key for key in old if key not in new)]:
            entry = node.entries.get(key)
            if key in old and key in new and old[key] == new[key]:
                continue
            if entry is None:
                self._insert_entry(node, key, new)
            elif key not in new:
                self._remove_entry(entry)
            elif not self._edited_within(entry, old.get(key), new[key]):
                self._replace_entry(entry, new[key])

    def _edited_within(self, entry: Entry, old: Data | None, new: Data) -> bool:
        """Edit parts of a value; False where the value has to be written anew."""
        kept = len(self._splices)
        try:
            if not self._is_deep or not old or not new:
                return False
            if isinstance(entry.node, Mapping) and isinstance(old, dict) and isinstance(new, dict):
                self.edit_mapping(entry.node, old, new)
                return True
            if isinstance(entry.node, Sequence) and isinstance(old, list) and isinstance(new, list):
                self._edit_list(entry, entry.node, old, new)
                return True
        except _AwkwardError:
            del self._splices[kept:]
        return False

    def _edit_list(self, entry: Entry, node: Sequence, old: list[Data], new: list[Data]) -> None:
        """Rewrite, remove and insert entries of a list; rules are told apart by their ids."""
        if node.is_flow or len(node.items) != len(old):
            raise _AwkwardError
        indent = len(self._dash(node.items[0]))
        is_spaced = entry.key.text == _RULES and self._is_spaced(node)
        names = [_name(value) for value in old], [_name(value) for value in new]
        matcher = difflib.SequenceMatcher(None, *names, autojunk=False)
        for what, i1, i2, j1, j2 in matcher.get_opcodes():
            if what == "equal":
                for item, before, after in zip(
                    node.items[i1:i2], old[i1:i2], new[j1:j2], strict=True
                ):
                    if before != after:
                        self._edit_item(item, before, after, indent)
                continue
            for item in node.items[i1:i2]:
                self._splice(*self._item_lines(item), [])
            if new[j1:j2]:
                after_line = self._last_line(node.items[i1 - 1]) if i1 else entry.key.start.line
                lines = _listed(new[j1:j2], indent, is_spaced=is_spaced, is_first=i1 == 0)
                self._splice(after_line, after_line, lines)

    def _edit_item(self, item: Node, old: Data, new: Data, indent: int) -> None:
        kept = len(self._splices)
        if isinstance(item, Mapping) and isinstance(old, dict) and isinstance(new, dict):
            try:
                self.edit_mapping(item, old, new)
            except _AwkwardError:
                del self._splices[kept:]
            else:
                return
        start, stop = self._item_lines(item)
        comments = self._comments(start, stop, item)
        self._splice(
            start,
            stop,
            [" " * indent + comment for comment in comments]
            + item_lines(new, indent, is_open=_is_rule(new)),
        )

    def _insert_entry(self, node: Mapping, key: str, new: Group) -> None:
        """Put a key after the nearest key that stands before it in the usual order."""
        order = list(new)
        before = [name for name in order[: order.index(key)] if name in node.entries]
        first = next(iter(node.entries.values()))
        lines = entry_lines(key, new[key], node.start.column - 1)
        if before:
            line = self._last_line(node.entries[before[-1]].node, node.entries[before[-1]].key)
        elif self._lead(first.key).strip():
            line = self._last_line(first.node, first.key)
        else:
            line = first.key.start.line - 1
        self._splice(line, line, lines)

    def _remove_entry(self, entry: Entry) -> None:
        if self._lead(entry.key).strip():
            raise _AwkwardError
        self._splice(entry.key.start.line - 1, self._last_line(entry.node, entry.key), [])

    def _replace_entry(self, entry: Entry, value: Data) -> None:
        """Write `key: value` anew; comments stay on the line, or move above it."""
        lead = self._lead(entry.key)
        start, stop = entry.key.start.line - 1, self._last_line(entry.node, entry.key)
        lines = entry_lines(entry.key.text, value, len(lead))
        lines[0] = lead + lines[0].lstrip(" ")
        comments = self._comments(start, stop, entry.key, entry.node)
        if len(lines) == 1 and stop - start == 1 and comments:
            column = self._lines[start].rindex(comments[0])
            lines[0] = f"{lines[0] + '  ':<{column}}{comments[0]}"
            comments = []
        dash = _DASH.fullmatch(lead)
        margin = dash.group(1) if dash else lead
        self._splice(start, stop, [margin + comment for comment in comments] + lines)

    def _splice(self, start: int, stop: int, lines: AnySequence[str]) -> None:
        self._splices.append(_Splice(start, stop, tuple(lines)))

    def _lead(self, node: Node) -> str:
        """What stands before a node on its line: spaces, or spaces and one dash."""
        lead = self._lines[node.start.line - 1][: node.start.column - 1]
        if lead.strip(" ") and not _DASH.fullmatch(lead):
            raise _AwkwardError
        return lead

    def _dash(self, item: Node) -> str:
        """The indentation of an item's dash, which must stand on the item's first line."""
        found = _DASH.fullmatch(self._lead(item))
        if found is None:
            raise _AwkwardError
        return found.group(1)

    def _item_lines(self, item: Node) -> tuple[int, int]:
        self._dash(item)
        return item.start.line - 1, self._last_line(item)

    def _is_spaced(self, node: Sequence) -> bool:
        """True where empty lines part the rules, or there is one rule only."""
        if len(node.items) < 2:
            return True
        between = self._lines[self._last_line(node.items[0]) : node.items[1].start.line - 1]
        return any(not line.strip() for line in between)

    def _last_line(self, node: Node, key: Scalar | None = None) -> int:
        """The number, from 1, of the last line that something of a value stands on."""
        if isinstance(node, Scalar):
            if node.is_empty and key is not None:
                return key.start.line
            written = self._text[node.start.index : node.stop.index].rstrip()
            return bisect_right(self._starts, node.start.index + max(len(written) - 1, 0))
        if not node.is_flow:
            if isinstance(node, Sequence):
                return self._last_line(node.items[-1])
            last = next(reversed(node.entries.values()))
            return self._last_line(last.node, last.key)
        return node.stop.line

    def _comments(self, start: int, stop: int, *nodes: Node) -> list[str]:
        """The comments on lines [start, stop), which hold the nodes."""
        spans = [self._span(scalar) for node in nodes for scalar in scalars(node)]
        first, last = self._starts[start], self._starts[stop]
        return [
            found.group().rstrip()
            for found in _COMMENT.finditer(self._text, first, last)
            if not any(begin <= found.start() < end for begin, end in spans)
        ]

    def _span(self, node: Scalar) -> tuple[int, int]:
        """Where a scalar's text stands; a block scalar's begins on its second line."""
        if node.style in ("|", ">"):
            return self._starts[node.start.line], node.stop.index
        return node.start.index, node.stop.index


def _is_rule(value: Data) -> bool:
    return isinstance(value, AnyMapping) and "id" in value


def _name(value: Data) -> str:
    """By what an entry of a list is known again."""
    return str(value["id"]) if isinstance(value, AnyMapping) and "id" in value else repr(value)


def _listed(
    values: AnySequence[Data], indent: int, *, is_spaced: bool, is_first: bool
) -> list[str]:
    """New entries of a list, with empty lines between rules where the file has them."""
    lines: list[str] = []
    for value in values:
        written = item_lines(value, indent, is_open=_is_rule(value))
        gap = [""] if is_spaced else []
        lines += [*written, *gap] if is_first else [*gap, *written]
    return lines
