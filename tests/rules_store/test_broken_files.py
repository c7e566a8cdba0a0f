"""Ten rule files broken by hand: every error is told, with its line and column."""

from __future__ import annotations

import pytest

from ruler.errors import FileProblems, Problem
from rules_store.rule_files import parse_rules

Told = tuple[int, int, str]

NUMBERS_AND_NAMES = """\
schema: ruler/rules/v1
scene: front-door
treshold: 0.5
rules:
  - id: front-door.a
    title: A
    kind: anomalous
    levle: high
    level: High
    statement: s
    weight: 1.7
    zone: left
  - id: 1.10
    title: 2027
    kind: normal
    statement: yes
    weight: "0.8"
  - id: front-door.c
    title: true
    kind: normal
    weight: 0,8
"""

TWICE = """\
schema: ruler/rules/v1
scene: front-door
rules:
  - id: front-door.a
    title: A
    kind: anomaly
    statement: s
    title: B
  - id: back-door.b
    title: B
    kind: anomaly
    statement: s
    overrides: [front-door.a, Nobody]
  # the same again
  - title: C
    id: front-door.a
    kind: normal
    statement: s
"""

MEASURES = """\
schema: ruler/rules/v1
scene: hall
threshold: -0.1
rules:
  - id: hall.a
    title: A
    kind: anomaly
    statement: s
    measures:
      - {fact: dwel_seconds, above: 8}
      - fact: speed_ratio
      - {fact: speed_ratio, above: 3, below: 2, softness: 0}
      - {above: 1, fact: colour}
      - speed_ratio
      - {fact: novelty, above: .inf}
"""

WHEN = """\
schema: ruler/rules/v1
scene: hall
rules:
  - id: hall.a
    title: A
    kind: anomaly
    statement: s
    when: {hours: 23:00 - 05:00, weekdays: [Mon, tue], zones: left}
    exceptions:
      - {name: x, unless: y, until: 31.1.2027}
      - {name: "", unless: 7, until: 2027}
      - {name: z, until: "86400"}
      - unless: w
        name: w
        until: 2027-02-30
    origin: {by: me, votes: 7 of 10}
"""

EMPTY_VALUES = """\
schema: ruler/rules/v1
scene:
threshold: ~
rules:
  - id: hall.a
    title:
    kind: # which?
    statement: ""
    look_for:
      -
      - walking
    tests: none
    when:
  -
"""

WRONG_TYPES = """\
schema: ruler/rules/v1
scene: [hall]
threshold: high
rules:
  first:
    id: hall.a
"""

YAML_FEATURES = """\
schema: ruler/rules/v1
scene: hall
rules:
  - &first
    id: hall.a
    title: !!python/object/apply:os.system [reboot]
    kind: anomaly
    statement: &s text
    <<: *first
    look_for: [*s, "\\ud800"]
  - *first
"""

TRAPS = """\
schema: ruler/rules/v1
scene: Hall
rules:
  - id: hall
    title: t
    kind: anomaly
    statement: s
    look_for: [person: standing, 12, null, no, ""]
    tests: {fires: [x], fire: x}
    category: loitering
    ? [a, b]
    : c
"""

NO_SCHEMA = """\
# my rules
scene: hall
rules: []
notes: none
"""

UNFINISHED = """\
schema: ruler/rules/v1
scene: hall
scene: yard
rules:
  - id: hall.a
    title: A man: at the door
    kind: anomaly
"""

NAMED = "lower-case names joined by dots, such as front-door.night-stranger"

BROKEN: list[tuple[str, list[Told]]] = [
    (
        NUMBERS_AND_NAMES,
        [
            (3, 1, "unknown key `treshold`; did you mean `threshold`?"),
            (7, 11, "`kind` must be one of anomaly, normal, not `anomalous`"),
            (8, 5, "unknown key `levle`; did you mean `level`?"),
            (9, 12, "`level` must be one of info, low, medium, high, critical, not `High`"),
            (11, 13, "`weight` must be between 0 and 1, not 1.7"),
            (
                12,
                5,
                (
                    "unknown key `zone`; known here: id, title, kind, level, status, category, "
                    "subject, statement, look_for, measures, weight, when, exceptions, overrides, "
                    "tests, origin"
                ),
            ),
            (13, 9, '`id` must be text, but 1.10 means a number: write "1.10", with quotes'),
            (14, 12, '`title` must be text, but 2027 means a number: write "2027", with quotes'),
            (17, 13, "`weight` must be a number, not `0.8`; remove the quotes"),
            (18, 5, "`statement` is missing"),
            (19, 12, '`title` must be text, but true means yes or no: write "true", with quotes'),
            (21, 13, "`weight` must be a number, not `0,8`; write 0.8"),
        ],
    ),
    (
        TWICE,
        [
            (8, 5, "key `title` stands twice (first on line 5)"),
            (9, 9, "rule id `back-door.b` must begin with the scene's name: `front-door.`"),
            (13, 5, "only a rule of `kind: normal` has `overrides`"),
            (13, 31, f"entry 2 of `overrides` must be {NAMED}, not `Nobody`"),
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
            (
                13,
                26,
                (
                    "unknown fact `colour`; known: aspect_ratio, direction_degrees, dwell_seconds, "
                    "fall_speed, figures, fill_ratio, height_ratio, motion_disorder, novelty, "
                    "speed_ratio"
                ),
            ),
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
            (
                8,
                45,
                "entry 1 of `weekdays` must be one of mon, tue, wed, thu, fri, sat, sun, not `Mon`",
            ),
            (8, 63, "`zones` must be a list, such as [one, two], not `left`"),
            (10, 37, "`until` must be a date such as 2027-01-31, not `31.1.2027`"),
            (11, 16, "`name` must not be empty"),
            (11, 28, '`unless` must be text, but 7 means a number: write "7", with quotes'),
            (11, 38, "`until` must be a date such as 2027-01-31, not 2027"),
            (12, 9, "`unless` is missing"),
            (12, 25, "`until` must be a date such as 2027-01-31, not `86400`"),
            (15, 16, "`until` must be a date such as 2027-01-31, not `2027-02-30`"),
            (16, 18, "`by` must be one of induced, person, taxonomy, imported, not `me`"),
            (16, 29, "`votes` must be supporting/all, such as 7/10, not `7 of 10`"),
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
            (5, 3, "`rules` must be a list, such as [one, two], not a group of keys"),
        ],
    ),
    (
        YAML_FEATURES,
        [
            (
                4,
                5,
                (
                    "anchors are not allowed: remove `&first`, or put quotes around a text that "
                    "begins with `&`"
                ),
            ),
            (
                6,
                12,
                (
                    "tags are not allowed: remove `!!python/object/apply:os.system`, or put quotes "
                    "around a text that begins with `!`"
                ),
            ),
            (
                8,
                16,
                (
                    "anchors are not allowed: remove `&s`, or put quotes around a text that begins "
                    "with `&`"
                ),
            ),
            (9, 5, "`<<` cannot be a key"),
            (
                9,
                9,
                (
                    "aliases are not allowed: write out what `*first` stands for, or put quotes "
                    "around a text that begins with `*`"
                ),
            ),
            (
                10,
                16,
                (
                    "aliases are not allowed: write out what `*s` stands for, or put quotes around "
                    "a text that begins with `*`"
                ),
            ),
            (10, 20, "this text holds half a character (`\\ud800` to `\\udfff`)"),
            (
                11,
                5,
                (
                    "aliases are not allowed: write out what `*first` stands for, or put quotes "
                    "around a text that begins with `*`"
                ),
            ),
        ],
    ),
    (
        TRAPS,
        [
            (
                2,
                8,
                (
                    "`scene` must be a name in lower-case letters, digits, `-` and `_`, such as "
                    "front-door, not `Hall`"
                ),
            ),
            (4, 9, f"`id` must be {NAMED}, not `hall`"),
            (
                8,
                16,
                (
                    "entry 1 of `look_for` must be text, not a group of keys: put quotes around a "
                    "text that holds a colon"
                ),
            ),
            (
                8,
                34,
                (
                    'entry 2 of `look_for` must be text, but 12 means a number: write "12", '
                    "with quotes"
                ),
            ),
            (
                8,
                38,
                (
                    "entry 3 of `look_for` must be text, but null means no value: write "
                    '"null", with quotes'
                ),
            ),
            (8, 48, "entry 5 of `look_for` must not be empty"),
            (9, 13, "unknown key `fires`; did you mean `fire`?"),
            (9, 31, "`fire` must be a list, such as [one, two], not `x`"),
            (10, 15, f"`category` must be {NAMED}, not `loitering`"),
            (
                11,
                7,
                "a key must be a single word; put quotes around a text that begins with { or [",
            ),
        ],
    ),
    (
        NO_SCHEMA,
        [
            (2, 1, "the line `schema: ruler/rules/v1` is missing"),
            (4, 1, "unknown key `notes`; known here: schema, scene, threshold, rules"),
        ],
    ),
    (
        UNFINISHED,
        [
            (3, 1, "key `scene` stands twice (first on line 2)"),
            (
                6,
                17,
                (
                    "a colon too many: put quotes around a text that holds `: `, or check the "
                    "indentation"
                ),
            ),
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
