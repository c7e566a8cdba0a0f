"""An edit touches what it changes alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruler.schemas.rules import Origin, Rule, RuleException, RuleSet, RuleTests
from rules_store.rule_files import dump_rules, edit_rules, parse_rules
from tests.rules_store.examples import EXAMPLE, changed, example
from tests.rules_store.strategies import rule_sets, rules


def touched(before: str, after: str) -> tuple[list[str], list[str]]:
    """(lines that went, lines that came)."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    start = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), None)
    if start is None:
        return old[len(new) :], new[len(old) :]
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return old[start : len(old) - end], new[start : len(new) - end]


def test_nothing_changed_gives_the_same_bytes() -> None:
    assert edit_rules(EXAMPLE, example()) is EXAMPLE


EDITS: list[tuple[int, dict[str, object], list[str], list[str]]] = [
    (0, {"weight": 0.9}, ["    weight: 0.8\n"], ["    weight: 0.9\n"]),
    (
        0,
        {"category": "security.prowling"},
        ["    category: security.loitering       # an item id of the taxonomy\n"],
        ["    category: security.prowling        # an item id of the taxonomy\n"],
    ),
    (0, {"weight": 1.0}, ["    weight: 0.8\n"], []),
    (1, {"level": "info"}, [], ["    level: info\n"]),
    (
        1,
        {"statement": "People come: and go."},
        ["    statement: >-\n", "      People come\n", "      and go.\n"],
        ['    statement: "People come: and go."\n'],
    ),
    (
        0,
        {
            "tests": RuleTests(
                fire=("A man in a hood stands at the door and tries the handle.",),
                quiet=(
                    "A courier puts a parcel down and leaves.",
                    "A woman waters the plants.",
                    "A cat.",
                ),
                todo=("A person crouches below the camera.",),
            )
        },
        [],
        ['        - "A cat."\n'],
    ),
    (
        0,
        {
            "exceptions": (
                RuleException(name="courier", unless="parcel"),
                RuleException(name="cat", unless="cat"),
            )
        },
        ["    exceptions: [{name: courier, unless: parcel, until: 2027-01-31}]\n"],
        ["    exceptions: [{name: courier, unless: parcel}, {name: cat, unless: cat}]\n"],
    ),
    (
        0,
        {"origin": Origin()},
        [
            (
                '    origin: {by: induced, votes: 7/10, references: ["clip01#120"],'
                " model: symbolic, prompt: null}\n"
            )
        ],
        [],
    ),
]


@pytest.mark.parametrize(("position", "values", "went", "came"), EDITS)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_an_edit_touches_its_lines_alone(
    position: int, values: dict[str, object], went: list[str], came: list[str], newline: str
) -> None:
    new = changed(example(), position, **values)
    after = edit_rules(EXAMPLE.replace("\n", newline), new)
    assert parse_rules(after) == new
    assert "\n" not in after.replace(newline, "")
    assert touched(EXAMPLE, after.replace(newline, "\n")) == (went, came)


def test_threshold_keeps_its_comment() -> None:
    new = example().model_copy(update={"threshold": 0.625})
    assert touched(EXAMPLE, edit_rules(EXAMPLE, new)) == (
        ["threshold: 0.5                         # set by hand or by calibration\n"],
        ["threshold: 0.625                       # set by hand or by calibration\n"],
    )


def test_a_byte_order_mark_stays() -> None:
    new = example().model_copy(update={"threshold": 0.25})
    assert edit_rules("\ufeff" + EXAMPLE, new) == "\ufeff" + edit_rules(EXAMPLE, new)


def test_adding_and_removing_rules() -> None:
    first, second = example().rules
    third = second.model_copy(update={"id": "front-door.other", "overrides": ()})
    base = example()
    added = edit_rules(EXAMPLE, base.model_copy(update={"rules": (first, second, third)}))
    went, came = touched(EXAMPLE, added)
    assert went == []
    assert len(came) == 7
    assert (
        "      and go.\n    overrides: [front-door.night-stranger]\n\n  - id: front-door.o" in added
    )
    assert added.endswith("\n\n# the end\n")
    between = edit_rules(EXAMPLE, base.model_copy(update={"rules": (third, first, second)}))
    assert "rules:\n  - id: front-door.other\n" in between
    assert "\n\n  # --- at night ---\n  - id: front-door.night" in between
    removed = edit_rules(EXAMPLE, base.model_copy(update={"rules": (first,)}))
    went, came = touched(EXAMPLE, removed)
    assert came == []
    assert went[0] == "  - id: front-door.usual\n"
    assert "# --- by day ---" in removed
    swapped = base.model_copy(update={"rules": (second, first)})
    assert parse_rules(edit_rules(EXAMPLE, swapped)) == swapped
    nothing = base.model_copy(update={"rules": ()})
    emptied = edit_rules(EXAMPLE, nothing)
    assert parse_rules(emptied) == nothing
    assert "rules: []\n" in emptied
    assert parse_rules(edit_rules(emptied, base)) == base


ODD_LAYOUTS = [
    "{schema: ruler/rules/v1, scene: a, rules: [{id: a.b, title: t, kind: normal, statement: s}]}",
    (
        "schema: ruler/rules/v1\nscene: a # the scene\nrules: [{id: a.b, title: t, kind: normal, "
        "statement: s}] # one"
    ),
    "scene: a\nrules:\n- {id: a.b, title: t, kind: normal, statement: s}\nschema: ruler/rules/v1",
    (
        "schema: ruler/rules/v1\nscene: a\nrules:\n-\n  id: a.b\n  title: t\n  kind: normal\n"
        "  statement: s"
    ),
    (
        "schema: ruler/rules/v1\nscene: a\nrules:\n-     title: t # here\n      id: a.b\n"
        "      kind: normal\n      statement: |+\n        s\n\n\n# end"
    ),
    (
        "---\n? schema\n: ruler/rules/v1\n? scene\n: a\n? rules\n: - ? id\n    : a.b\n    ? title\n"
        "    : t\n    ? kind\n    : normal\n    ? statement\n    : s\n...\n"
    ),
    (
        'schema: ruler/rules/v1\nscene: a\nrules:\n      - "id": a.b\n        title: "t\n\n'
        '         u"\n'
        "        kind: normal # k\n        statement: s # s"
    ),
]


@pytest.mark.parametrize("source", ODD_LAYOUTS)
def test_odd_layouts_are_edited_without_loss(source: str) -> None:
    old = parse_rules(source)
    rule = old.rules[0]
    other = Rule(id="a.c", title="no", kind="anomaly", statement="x: y", look_for=("p",))
    for new in (
        changed(old, 0, title="new: one"),
        changed(old, 0, statement="two\nlines", look_for=["a", "b"]),
        old.model_copy(update={"rules": (rule, other)}),
        old.model_copy(update={"rules": (other, rule)}),
        old.model_copy(update={"rules": ()}),
        old.model_copy(update={"threshold": 0.1}),
    ):
        after = edit_rules(source, new)
        assert parse_rules(after) == new
        assert edit_rules(after, old) is not None


@given(st.data())
@settings(max_examples=40)
def test_any_change_arrives(data: st.DataObject) -> None:
    scenes = st.just("door")
    old, new = data.draw(rule_sets(scenes)), data.draw(rule_sets(scenes))
    kept = {rule.id for rule in new.rules}
    mixed = new.rules + tuple(rule for rule in old.rules if rule.id not in kept)
    new = new.model_copy(update={"rules": mixed})
    assert parse_rules(edit_rules(dump_rules(old), new)) == new


def decorated(rule_set: RuleSet, newline: str) -> tuple[str, list[tuple[int, int]]]:
    """A file with a comment above each rule, and the lines [start, stop) of each rule."""
    head = f"# head\nschema: ruler/rules/v1\nscene: {rule_set.scene}\nrules:\n".split("\n")[:-1]
    spans = []
    for rule in rule_set.rules:
        one = dump_rules(RuleSet(scene=rule_set.scene, rules=(rule,)))
        body = one.split("rules:\n")[1].split("\n")[:-1]
        head += [f'# about {rule.id}: it\'s "so" [', ""]
        spans.append((len(head), len(head) + len(body)))
        head += body
    return newline.join([*head, "# tail", ""]), spans


@given(st.data(), st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=50)
def test_one_rule_edited_leaves_every_other_line(data: st.DataObject, newline: str) -> None:
    scene = st.just("door")
    plain = {"threshold": 0.5, "local_only": False, "place": "any", "cameras": "one"}
    rule_set = data.draw(rule_sets(scene, least=1)).model_copy(update=plain)
    source, spans = decorated(rule_set, newline)
    assert parse_rules(source) == rule_set
    position = data.draw(st.integers(0, len(spans) - 1))
    other = data.draw(rules("door")).model_copy(update={"id": rule_set.rules[position].id})
    after = edit_rules(source, changed(rule_set, position, **other.model_dump()))
    start, stop = spans[position]
    before_lines, after_lines = source.split(newline), after.split(newline)
    rest = len(before_lines) - stop
    assert after_lines[:start] == before_lines[:start]
    assert after_lines[len(after_lines) - rest :] == before_lines[stop:]
