"""One slip in the YAML hides no other error: files as experts break them, each line told."""

from __future__ import annotations

import contextlib
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.errors import FileProblems
from rules_store.rule_files import parse_rules
from tests.rules_store.examples import EXAMPLE

HEAD = "schema: ruler/rules/v1\nscene: hall\n"
RULE = HEAD + "rules:\n  - id: hall.a\n    title: A\n    kind: anomaly\n    statement: s\n"
"""Seven lines; the last rule goes on with line 8."""

NEXT = "  - id: hall.b\n    title: B\n    kind: odd\n    statement: s\n"

Told = list[tuple[int, str]]

BROKEN: dict[str, tuple[str, Told]] = {
    "a colon in a text": (
        HEAD + "treshold: 0.5\nrules:\n  - id: hall.a\n    title: A\n    kind: anomalous\n"
        "    statement: A man: at the door\n    levle: high\n" + NEXT,
        [
            (3, "`treshold`; did you mean `threshold`?"),
            (7, "not `anomalous`; did you mean `anomaly`?"),
            (8, "a colon too many"),
            (9, "`levle`; did you mean `level`?"),
            (12, "`kind` must be one of"),
        ],
    ),
    "a tab": (
        HEAD + "rules:\n  - id: hall.a\n\ttitle: A\n    kind: anomaly\n    statement: s\n"
        "\tweight: 2\n    levle: high\n",
        [(5, "a tab"), (8, "a tab"), (8, "between 0 and 1"), (9, "`levle`")],
    ),
    "a colon is missing": (
        HEAD + "rules:\n  - id: hall.a\n    title A\n    kind: anomaly\n    statement: s\n"
        "    wieght: 0.5\n" + NEXT,
        [(5, "neither `key: value`"), (8, "`wieght`"), (11, "`kind`")],
    ),
    "a blank is missing after a colon": (
        HEAD + "rules:\n  - id: hall.a\n    title:A\n    kind: anomaly\n    statement: s\n"
        "    wieght: 0.5\n",
        [(5, "a blank is missing after the colon of `title:`"), (8, "`wieght`")],
    ),
    "a blank is missing after a dash": (
        HEAD + "rules:\n  -id: hall.a\n    title: A\n    kind: anomoly\n    statement: s\n",
        [(4, "a blank is missing after the `-`"), (6, "did you mean `anomaly`?")],
    ),
    "a quote is not closed": (
        HEAD + 'rules:\n  - id: hall.a\n    title: "A\n    kind: anomaly\n    statement: s\n'
        "    wieght: 0.5\n" + NEXT,
        [(5, "never closed"), (8, "`wieght`"), (11, "`kind`")],
    ),
    "an apostrophe ends a quote": (
        RULE + "    look_for: ['the man's bag', door]\n    wieght: 0.5\n",
        [(8, "list that opens here"), (9, "`wieght`")],
    ),
    "a list is not closed": (
        RULE + "    look_for: [a, b\n    wieght: 0.5\n" + NEXT,
        [(8, "not closed by `]`"), (9, "`wieght`"), (12, "`kind`")],
    ),
    "a comma is missing in a group": (
        RULE + "    measures: [{fact: speed_ratio above: 2}]\n"
        "    exceptions: [{name: c unless: parcel}]\n    levle: low\n",
        [(8, "a comma is missing"), (9, "a comma is missing"), (10, "`levle`")],
    ),
    "a line stands too far left": (
        HEAD + "rules:\n  - id: hall.a\n    title: A\n   kind: anomoly\n    statement: s\n"
        "    wieght: 0.5\n",
        [(6, "check its indentation"), (6, "`anomaly`"), (8, "`wieght`")],
    ),
    "a line stands too deep": (
        HEAD + "rules:\n  - id: hall.a\n    title: A\n      kind: anomaly\n    statement: s\n"
        "    wieght: 0.5\n",
        [(6, "check the indentation"), (8, "`wieght`")],
    ),
    "a text after the rules": (
        RULE + "some more text here\nmore: 1\n",
        [(8, "neither `key: value`"), (9, "unknown key `more`")],
    ),
    "a second document": (
        RULE + "    wieght: 1\n---\nscene: yard\n",
        [(8, "`wieght`"), (9, "a second document")],
    ),
    "a control character": (
        RULE + "    wieght: 1\n    titel: a\x00b\n    level: High\n",
        [(8, "`wieght`"), (9, "`titel`"), (9, "U+0000"), (10, "`high`")],
    ),
    "signs at the start of a text": (
        RULE + "    look_for: [*a]\n    levle: low\n    category: @x\n    wieght: 1\n",
        [(8, "aliases are not allowed"), (9, "`levle`"), (10, "begin with `@`"), (11, "`wieght`")],
    ),
    "a rule stands too far left": (
        RULE + " - id: hall.b\n   title: B\n   kind: odd\n   statement: s\n   levle: s\n",
        [(8, "check its indentation"), (10, "`kind`"), (12, "`levle`")],
    ),
    "a rule stands too deep": (
        RULE + "   - id: hall.b\n     title: B\n     kind: odd\n     statement: s\n",
        [(8, "check its indentation"), (10, "`kind`")],
    ),
    "tabs throughout": (
        HEAD + "rules:\n\t- id: hall.a\n\t  title: A\n\t  kind: anomoly\n\t  statement: s\n",
        [(4, "a tab"), (5, "a tab"), (6, "a tab"), (6, "`anomaly`"), (7, "a tab")],
    ),
    "a list over several lines is not closed": (
        RULE + '    tests:\n      fire: ["x",\n        "y"\n      quiet: ["z"]\n    weight: 3\n',
        [(9, "not closed by `]`"), (12, "`weight`")],
    ),
    "a blank before the first line": (
        f" {HEAD}threshold: 2\nrules: []\n",
        [(1, "without blanks"), (3, "`threshold`")],
    ),
    "marks of a merge": (
        HEAD + "<<<<<<< mine\nthreshold: 0.5\n=======\nthreshold: 0.6\n>>>>>>> yours\nfoo: 1\n",
        [(3, "neither"), (5, "neither"), (6, "stands twice"), (7, "after `|`"), (8, "`foo`")],
    ),
    "two slips and two errors": (
        HEAD + "rules:\n  - id: hall.a\n    title: A man: x\n    kind: anomaly\n"
        "    statement: it: s\n    levle: high\n    weight: 2\n",
        [(5, "a colon"), (7, "a colon"), (8, "`levle`"), (9, "between 0 and 1")],
    ),
    "other words for our keys": (
        RULE + "    look-for: [a]\n    severity: high\n    description: x\n    ID: b\n",
        [(8, "`look_for`"), (9, "`level`"), (10, "`statement`"), (11, "`id`")],
    ),
}


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", BROKEN)
def test_every_line_is_told(name: str, newline: str) -> None:
    source, expected = BROKEN[name]
    for text in (source, f"\ufeff{source}"):
        with pytest.raises(FileProblems) as caught:
            parse_rules(text.replace("\n", newline), file="f.yaml")
        found = [(one.line, one.message) for one in caught.value.problems]
        assert [line for line, _ in found] == [line for line, _ in expected], found
        assert all(part in said for (_, part), (_, said) in zip(expected, found, strict=True))


SLIPS = (
    "\t",
    ":",
    ": ",
    "- ",
    "'",
    '"',
    "[",
    "]",
    "{",
    "}",
    "\n",
    "  ",
    "&a ",
    "*a ",
    "---\n",
    "#",
)


@given(st.integers(0, 2**32))
def test_the_first_slip_is_always_told(seed: int) -> None:
    """Whatever is wrong, it is told as problems with places in the file, and never otherwise."""
    rng = random.Random(seed)
    text = EXAMPLE
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(SLIPS) + text[at + rng.choice((0, 0, 1, 4)) :]
    lines = text.count("\n") + 2
    with contextlib.suppress(FileProblems):
        parse_rules(text)
        return
    with pytest.raises(FileProblems) as caught:
        parse_rules(text)
    assert caught.value.problems
    assert all(0 <= problem.line <= lines for problem in caught.value.problems)


def test_reading_on_ends_soon() -> None:
    started = time.process_time()
    for text in (
        RULE + "    x: [\n" * 2000,
        RULE + "\ta: b\n" * 2000,
        RULE + "    title: a: b: c\n" * 2000,
        RULE + '"' * 10_000,
        "-a: b\n" * 5000,
    ):
        with pytest.raises(FileProblems):
            parse_rules(text)
    assert time.process_time() - started < 30
