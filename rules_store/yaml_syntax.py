"""What keeps a text from being YAML at all, in words a person can act on."""

from __future__ import annotations

import re
from typing import Any

from ruler.errors import Problem
from rules_store.yaml_nodes import Place

_ODD = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ODD_NAMES = {"\x85": "line break", "\u2028": "line break", "\u2029": "paragraph break"}
_MOST_ODD = 100
_TAB_INDENT = re.compile(r" *\t")

INDENTED = "this line does not fit those above it: check its indentation"
SECOND_COLON = (
    "a colon too many: put quotes around a text that holds `: `, or check the indentation"
)
NO_COLON = "this line is neither `key: value` nor a list entry, and continues nothing"
_UNCLOSED_QUOTE = "the quote that opens here is never closed"
_OUT_OF_PLACE = (
    "this does not belong here: check quotes and brackets before it, and the indentation"
)

SENTENCES: tuple[tuple[str, bool, str], ...] = (
    (r"found character '\\t'", False, "a tab stands here; indent with spaces"),
    (
        r"mapping values are not allowed",
        False,
        SECOND_COLON,
    ),
    (
        r"found character '(.+)' that cannot",
        False,
        r"a text cannot begin with `\1`: put quotes around it",
    ),
    (r"quoted scalar.*(unexpected end of stream|document separator)", True, _UNCLOSED_QUOTE),
    (
        r"flow sequence.*expected ',' or '\]'",
        True,
        "the list that opens here is not closed by `]`, or a comma is missing in it",
    ),
    (
        r"flow mapping.*expected ',' or '\}'",
        True,
        "the group that opens here is not closed by `}`, or a comma is missing in it",
    ),
    (
        r"could not find expected ':'",
        True,
        NO_COLON,
    ),
    (
        r"unknown escape character '(.+)'",
        False,
        r"`\\\1` means nothing between double quotes: write two backslashes, or use single quotes",
    ),
    (
        r"expected escape sequence of (\d+)",
        False,
        r"the backslash code before this needs \1 hexadecimal digits",
    ),
    (
        r"sequence entries are not allowed",
        False,
        "a list entry (`- `) must begin a line of its own",
    ),
    (
        r"expected the node content, but found '<stream end>'",
        False,
        "the file ends too early: a value, a quote or a closing bracket is missing",
    ),
    (r"expected the node content, but found '(.+)'", False, r"a value is missing before `\1`"),
    (r"expected <block end>, but found '(\?|-|<block.*>)'", False, INDENTED),
    (r"expected <block end>, but found", False, _OUT_OF_PLACE),
    (r"expected '<document start>'", False, _OUT_OF_PLACE),
    (r"scanning an? (alias|anchor)", True, "put quotes around a text that begins with `*` or `&`"),
    (
        r"undefined tag handle|scanning a tag|parsing a tag",
        True,
        "put quotes around a text with `!`",
    ),
    (
        r"scanning a block scalar",
        False,
        "after `|` or `>` the text begins on the next line, and deeper",
    ),
    (r"directive|incompatible YAML document", False, "a line cannot begin with `%`"),
    (r"mapping keys are not allowed", False, "`? ` is not used here; write `key: value`"),
)
"""(what ruamel.yaml says: context, then problem; whether the place that began it is the better one
to show; the sentence). The first that fits counts; what none fits is quoted."""


def place_of(mark: Any) -> Place:
    """A ruamel.yaml mark as a place."""
    return Place(mark.line + 1, mark.column + 1, mark.index)


def odd_characters(text: str, file: str) -> list[Problem]:
    """Characters that YAML forbids, or that look like nothing and break lines."""
    problems: list[Problem] = []
    for found in _ODD.finditer(text):
        code = f"U+{ord(found.group()):04X}"
        what = _ODD_NAMES.get(found.group(), "control character")
        line, column = _line_and_column(text, found.start())
        problems.append(Problem(file, line, column, f"remove the invisible {what} {code}"))
        if len(problems) == _MOST_ODD:
            break
    return problems


def without_odd(text: str) -> str:
    """The text with blanks in place of such characters."""
    return _ODD.sub(" ", text)


def _line_and_column(text: str, index: int) -> tuple[int, int]:
    lines = re.split(r"\r\n|\r|\n", text[:index])
    return len(lines), len(lines[-1]) + 1


def reading_problem(error: Exception, text: str, file: str, last: Place) -> Problem:
    """One problem out of what ruamel.yaml raised; `last` is how far it had come."""
    from ruamel.yaml.error import MarkedYAMLError

    if not isinstance(error, MarkedYAMLError) or not (error.problem_mark or error.context_mark):
        return Problem(file, last.line, last.column, f"this is not readable as YAML: {error}")
    said = f"{error.context or ''} {error.problem or ''}"
    place = place_of(error.problem_mark or error.context_mark)
    if (tab := _tab_before(text, place)) is not None:
        return Problem(file, place.line, tab, "a tab stands here; indent with spaces")
    for pattern, is_at_context, sentence in SENTENCES:
        if found := re.search(pattern, said):
            if is_at_context and error.context_mark:
                place = place_of(error.context_mark)
            return Problem(file, place.line, place.column, found.expand(sentence))
    return Problem(file, place.line, place.column, f"this is not readable as YAML: {error.problem}")


def _tab_before(text: str, place: Place) -> int | None:
    """The column of a tab in the indentation of the line, or None."""
    start = place.index - place.column + 1
    found = _TAB_INDENT.match(text, start)
    return found.end() - start if found else None
