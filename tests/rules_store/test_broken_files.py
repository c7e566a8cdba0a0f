"""Ten rule files broken by hand: every error is told, with its line and column."""

from __future__ import annotations

import pytest

from ruler.errors import FileProblems, Problem
from ruler.schemas.facts import FACTS
from rules_store.rule_files import parse_rules
from tests.rules_store.broken_sources import (
    EMPTY_VALUES,
    MEASURES,
    NO_SCHEMA,
    NUMBERS_AND_NAMES,
    TRAPS,
    TWICE,
    UNFINISHED,
    WHEN,
    WRONG_TYPES,
    YAML_FEATURES,
)

Told = tuple[int, int, str]

SET_KEYS = "schema, scene, place, cameras, local_only, threshold, rules"
RULE_KEYS = (
    "id, title, kind, level, status, category, subject, statement, look_for, measures, weight, "
    "when, exceptions, overrides, replaces, tests, origin"
)
FACT_NAMES = ", ".join(sorted(FACTS))


def must(subject: str, wanted: str, given: str) -> str:
    return f"{subject} must be {wanted}, not {given}"


def as_text(subject: str, given: str, meaning: str) -> str:
    return f'{subject} must be text, but {given} means {meaning}: write "{given}", with quotes'


def refused(kind: str, shown: str, sign: str) -> str:
    to_do = "write out what" if kind == "aliases" else "remove"
    end = " stands for" if kind == "aliases" else ""
    quotes = f"or put quotes around a text that begins with `{sign}`"
    return f"{kind} are not allowed: {to_do} `{shown}`{end}, {quotes}"


NAME = "a name in lower-case letters, digits, `-` and `_`, such as front-door"
ID = "lower-case names joined by dots, such as front-door.night-stranger"
DATE = "a date such as 2027-01-31"
LIST = "a list, such as [one, two]"
LEVELS = "one of info, low, medium, high, critical"
DAYS = "one of mon, tue, wed, thu, fri, sat, sun"
MAKERS = "one of induced, person, taxonomy, imported"
COLON = "a group of keys: put quotes around a text that holds a colon"
QUOTE_KEY = "a key must be a single word; put quotes around a text that begins with { or ["
SECOND_COLON = (
    "a colon too many: put quotes around a text that holds `: `, or check the indentation"
)

BROKEN: list[tuple[str, list[Told]]] = [
    (
        NUMBERS_AND_NAMES,
        [
            (3, 1, "unknown key `treshold`; did you mean `threshold`?"),
            (
                7,
                11,
                must("`kind`", "one of anomaly, normal", "`anomalous`; did you mean `anomaly`?"),
            ),
            (8, 5, "unknown key `levle`; did you mean `level`?"),
            (9, 12, must("`level`", LEVELS, "`High`; did you mean `high`?")),
            (11, 13, "`weight` must be between 0 and 1, not 1.7"),
            (12, 5, f"unknown key `zone`; known here: {RULE_KEYS}"),
            (13, 9, as_text("`id`", "1.10", "a number")),
            (14, 12, as_text("`title`", "2027", "a number")),
            (17, 13, "`weight` must be a number, not `0.8`; remove the quotes"),
            (18, 5, "`statement` is missing"),
            (19, 12, as_text("`title`", "true", "yes or no")),
            (21, 13, "`weight` must be a number, not `0,8`; write 0.8"),
        ],
    ),
    (
        TWICE,
        [
            (8, 5, "key `title` stands twice (first on line 5)"),
            (9, 9, "rule id `back-door.b` must begin with the scene's name: `front-door.`"),
            (13, 5, "only a rule of `kind: normal` has `overrides`"),
            (13, 31, must("entry 2 of `overrides`", ID, "`Nobody`")),
            (16, 9, "rule id `front-door.a` stands twice (first on line 4)"),
        ],
    ),
    (
        MEASURES,
        [
            (3, 12, "`threshold` must be between 0 and 1, not -0.1"),
            (10, 16, "unknown fact `dwel_seconds`; did you mean `dwell_seconds`?"),
            (11, 9, "a measure needs `above` or `below`"),
            (12, 36, "`above` must be smaller than `below`, but 3 is not smaller than 2"),
            (12, 59, "`softness` must be more than 0, not 0"),
            (13, 26, f"unknown fact `colour`; known: {FACT_NAMES}"),
            (
                14,
                9,
                "entry 5 of `measures` must hold keys (fact, above, below …), not `speed_ratio`",
            ),
            (15, 32, "`above` must be a number, not .inf"),
        ],
    ),
    (
        WHEN,
        [
            (8, 19, "hours must look like 23:00-05:00, not '23:00 - 05:00'"),
            (8, 45, must("entry 1 of `weekdays`", DAYS, "`Mon`; did you mean `mon`?")),
            (8, 63, must("`zones`", LIST, "`left`")),
            (10, 37, must("`until`", DATE, "`31.1.2027`")),
            (11, 16, "`name` must not be empty"),
            (11, 28, as_text("`unless`", "7", "a number")),
            (11, 38, must("`until`", DATE, "2027")),
            (12, 9, "`unless` is missing"),
            (12, 26, must("`until`", DATE, "`86400`")),
            (15, 16, must("`until`", DATE, "`2027-02-30`")),
            (16, 18, must("`by`", MAKERS, "`me`")),
            (16, 29, must("`votes`", "supporting/all, such as 7/10", "`7 of 10`")),
        ],
    ),
    (
        EMPTY_VALUES,
        [
            (2, 1, "`scene` has no value"),
            (3, 12, "`threshold` must be a number, not `~`"),
            (6, 5, "`title` has no value"),
            (7, 5, "`kind` has no value"),
            (8, 16, "`statement` must not be empty"),
            (10, 8, "entry 1 of `look_for` has no value"),
            (12, 12, "`tests` must hold keys (fire, quiet, todo …), not `none`"),
            (13, 5, "`when` has no value"),
            (14, 4, "entry 2 of `rules` has no value"),
        ],
    ),
    (
        WRONG_TYPES,
        [
            (2, 8, "`scene` must be text, not a list"),
            (3, 12, "`threshold` must be a number, not `high`"),
            (5, 3, must("`rules`", LIST, "a group of keys")),
        ],
    ),
    (
        YAML_FEATURES,
        [
            (4, 5, refused("anchors", "&first", "&")),
            (6, 12, refused("tags", "!!python/object/apply:os.system", "!")),
            (8, 16, refused("anchors", "&s", "&")),
            (9, 5, "`<<` cannot be a key"),
            (9, 9, refused("aliases", "*first", "*")),
            (10, 16, refused("aliases", "*s", "*")),
            (10, 20, "this text holds half a character (`\\ud800` to `\\udfff`)"),
            (11, 5, refused("aliases", "*first", "*")),
        ],
    ),
    (
        TRAPS,
        [
            (2, 8, must("`scene`", NAME, "`Hall`")),
            (4, 9, must("`id`", ID, "`hall`")),
            (8, 16, must("entry 1 of `look_for`", "text", COLON)),
            (8, 34, as_text("entry 2 of `look_for`", "12", "a number")),
            (8, 38, as_text("entry 3 of `look_for`", "null", "no value")),
            (8, 48, "entry 5 of `look_for` must not be empty"),
            (9, 13, "unknown key `fires`; did you mean `fire`?"),
            (9, 31, must("`fire`", LIST, "`x`")),
            (10, 15, must("`category`", ID, "`loitering`")),
            (11, 7, QUOTE_KEY),
        ],
    ),
    (
        NO_SCHEMA,
        [
            (2, 1, "the line `schema: ruler/rules/v1` is missing"),
            (4, 1, f"unknown key `notes`; known here: {SET_KEYS}"),
        ],
    ),
    (
        UNFINISHED,
        [
            (3, 1, "key `scene` stands twice (first on line 2)"),
            (5, 5, "`statement` is missing"),
            (6, 17, SECOND_COLON),
        ],
    ),
]


def problems_of(source: str, scene: str | None = None) -> list[Told]:
    with pytest.raises(FileProblems) as caught:
        parse_rules(source, file="f.yaml", scene=scene)
    assert all(problem.file == "f.yaml" for problem in caught.value.problems)
    return [(one.line, one.column, one.message) for one in caught.value.problems]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(("source", "expected"), BROKEN)
def test_every_error_is_told_in_its_place(source: str, expected: list[Told], newline: str) -> None:
    assert problems_of(source.replace("\n", newline)) == expected
    assert problems_of("\ufeff" + source.replace("\n", newline)) == expected


def test_another_scene() -> None:
    source = "schema: ruler/rules/v1\nscene: hall\nrules: []\n"
    assert problems_of(source, scene="yard") == [
        (2, 8, "this file is for scene `hall`, not `yard`")
    ]
    assert parse_rules(source, scene="hall").scene == "hall"


def test_a_file_of_another_kind_says_only_that() -> None:
    other = "schema: ruler/taxonomy/v1\nid: general\ncategories: {}\n"
    assert problems_of(other) == [
        (1, 9, "this is a `ruler/taxonomy/v1` file; a `ruler/rules/v1` file is expected")
    ]
    newer = "scene: hall\nschema: ruler/rules/v2\nwhatever: 1\n"
    assert problems_of(newer) == [
        (2, 9, "`ruler/rules/v2` is not known; this ruler reads version v1: `ruler/rules/v1`")
    ]
    assert problems_of("schema: [1]\nscene: hall\n") == [
        (1, 9, "`schema` must be ruler/rules/v1"),
    ]


def test_problems_print_as_places() -> None:
    with pytest.raises(FileProblems, match=r"^door.yaml:3:1: unknown key `treshold`"):
        parse_rules(NUMBERS_AND_NAMES, file="door.yaml")
    assert str(Problem("door.yaml", 0, 0, "the file is empty")) == "door.yaml: the file is empty"
