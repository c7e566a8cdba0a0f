"""Text that is not YAML, or more YAML than a file needs."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from ruler.errors import FileProblems, InputError, NotFoundError
from rules_store.yaml_nodes import plain_data
from rules_store.yaml_reader import MAX_CHARACTERS, MAX_DEPTH, read_tree
from rules_store.yaml_syntax import SENTENCES
from rules_store.yamlio import read_source

SYNTAX = [
    ("a:\n\tb: c", 2, 1, "a tab stands here"),
    ("a: b\n  \tc: d", 2, 3, "a tab stands here"),
    ("a: b: c", 1, 5, "a colon too many"),
    ("a: @x", 1, 4, "a text cannot begin with `@`: put quotes"),
    ("a: %x", 1, 4, "a text cannot begin with `%`"),
    ("b: 1\na: 'x\nc: d", 2, 4, "the quote that opens here is never closed"),
    ("a: [b, c\nd: e", 1, 4, "the list that opens here is not closed by `]`"),
    ("a: {b: c", 1, 4, "the group that opens here is not closed by `}`"),
    ("a: b\nc\nd: e", 2, 1, "this line is neither `key: value` nor a list entry"),
    ('a: "\\q"', 1, 6, "`\\q` means nothing between double quotes"),
    ('a: "\\xZZ"', 1, 7, "needs 2 hexadecimal digits"),
    ("a: - b", 1, 4, "a list entry (`- `) must begin a line of its own"),
    ("a: ]", 1, 4, "a value is missing before `]`"),
    ("a: [b, ", 1, 8, "the file ends too early"),
    ("a:\n  - b\n c: d", 3, 2, "this line does not fit those above it"),
    ("- a\nb: c", 2, 1, "this line does not fit those above it"),
    ("a: 'x'y", 1, 7, "this does not belong here"),
    ("a: b\n]", 2, 1, "this does not belong here"),
    ("{a: b}}", 1, 7, "this does not belong here"),
    ("a: *", 1, 4, "put quotes around a text that begins with `*` or `&`"),
    ("a: !e!b c", 1, 4, "put quotes around a text with `!`"),
    ("a: |x\n b", 1, 5, "after `|` or `>` the text begins on the next line"),
    ("%YAML 3.0\n---\na: b", 1, 1, "a line cannot begin with `%`"),
    ("a: b ? c: d\n? e\n ? f", 1, 9, "a colon too many"),
    ("a: ? b\n", 1, 4, "`? ` is not used here"),
    ('a: "\\UFFFFFFFF"', 1, 1, "this is not readable as YAML"),
]


def problems(source: str) -> list[tuple[int, int, str]]:
    try:
        found = read_tree(source, file="f")[1]
    except FileProblems as exc:
        found = list(exc.problems)
    return [(one.line, one.column, one.message) for one in found]


@pytest.mark.parametrize(("source", "line", "column", "message"), SYNTAX)
def test_syntax_errors_in_words(source: str, line: int, column: int, message: str) -> None:
    found = problems(source)
    assert [(one[0], one[1]) for one in found] == [(line, column)]
    assert message in found[0][2]


def test_every_sentence_is_reached() -> None:
    said = " ".join(message for source, *_ in SYNTAX for _, _, message in problems(source))
    parts = [sentence.split("`")[0].split("\\")[0] for *_, sentence in SENTENCES]
    assert [part for part in parts if part not in said] == []


@pytest.mark.parametrize(
    "source", ["", "\n\n", "# only a comment\n", "---\n", "\ufeff", "--- # x\n"]
)
def test_an_empty_file(source: str) -> None:
    assert problems(source) == [(0, 0, "the file is empty")]


def test_the_top_level_is_a_mapping() -> None:
    assert problems("# x\n- a\n- b\n") == [
        (2, 1, "the file must hold `key: value` lines at its top level, not a list")
    ]
    assert problems(" word\n")[0][:2] == (1, 2)


def test_one_document_a_file() -> None:
    message = "a second document begins here; a file holds only one"
    assert problems("a: b\n---\nc: d\n") == [(2, 1, message)]
    assert problems("a: b\na: c\n...\nc: d\n")[-1] == (4, 1, message)
    assert read_tree("---\na: b\n...\n", file="f")[1] == []


def test_a_yaml_directive_changes_nothing() -> None:
    assert problems("%YAML 1.1\n---\na: yes\n") == [(1, 1, "remove the lines that begin with `%`")]


def test_depth_has_a_limit() -> None:
    for text in ("a: " + "[" * 50_000, "a:\n" + "- " * 50_000, "a: " + "{b: " * 50_000):
        found = problems(text)
        assert found[0][2].endswith(f"more than {MAX_DEPTH} deep in one another")


def test_aliases_are_not_expanded() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(20)
    )
    started = time.perf_counter()
    found = problems(bomb)
    assert len(found) == 21 + 20 * 9
    assert time.perf_counter() - started < 5


def test_tags_make_nothing() -> None:
    tree, found = read_tree("a: !!python/object/new:os._exit [1]\nb: !!int '3'\n", file="f")
    assert plain_data(tree) == {"a": [1], "b": "3"}
    assert [(one.line, one.column) for one in found] == [(1, 4), (2, 4)]


def test_size_has_a_limit() -> None:
    found = problems("a: " + "x" * MAX_CHARACTERS)
    assert found[0][:2] == (0, 0)
    assert found[0][2].startswith("the file is too large")


def test_odd_characters_are_shown_as_codes() -> None:
    assert problems("a: b\r\nc: \x07x\x00\nd: \u2028") == [
        (2, 4, "remove the invisible control character U+0007"),
        (2, 6, "remove the invisible control character U+0000"),
        (3, 4, "remove the invisible line break U+2028"),
    ]
    assert problems("a: \ud800") == [(1, 4, "remove the invisible control character U+D800")]


def test_scalars_are_yaml_1_2() -> None:
    texts = "[yes, on, 1_000, 12:30:45, 2027-01-31, '1', ~, true]"
    numbers = "[0o17, 010, 1e3, .5, 0x1F, +1, 1.]"
    tree, _ = read_tree(f"a: {texts}\nb: {numbers}\nc: {'9' * 5000}", file="f")
    assert plain_data(tree) == {
        "a": ["yes", "on", "1_000", "12:30:45", "2027-01-31", "1", None, True],
        "b": [15, 10, 1000.0, 0.5, 31, 1, 1.0],
        "c": float("inf"),
    }


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    with pytest.raises(NotFoundError, match="there is no such file"):
        read_source(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_source(tmp_path)
    path.write_bytes("a: é\r\nb: ü".encode() + b"\xff\n")
    with pytest.raises(FileProblems) as caught:
        read_source(path)
    assert str(caught.value) == (
        f"{path}:2:5: byte 0xFF is not UTF-8; save the file with the encoding UTF-8"
    )
    path.write_bytes("a: b\n".encode("utf-16"))
    with pytest.raises(FileProblems, match=":1:1: byte 0xFF is not UTF-8"):
        read_source(path)
    with path.open("wb") as opened:
        os.truncate(opened.fileno(), 4 * MAX_CHARACTERS + 1)
    with pytest.raises(FileProblems, match="the file is larger than"):
        read_source(path)
