"""Rule files: what is read is what was written, and damage is told."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruler.errors import FileProblems, Problem
from ruler.schemas.rules import Measure, RuleSet
from rules_store.rule_files import dump_rules, edit_rules, parse_rules
from rules_store.yamlio import read_source
from tests.rules_store.examples import EXAMPLE, changed, example
from tests.rules_store.strategies import rule_sets


def test_the_design_example_is_read() -> None:
    first, second = example().rules
    assert first.when.hours == "23:00-05:00"
    assert first.measures == (Measure(fact="dwell_seconds", above=8),)
    assert first.exceptions[0].until is not None
    assert first.exceptions[0].until.isoformat() == "2027-01-31"
    assert first.origin.votes == "7/10"
    assert first.origin.prompt is None
    assert second.statement == "People come and go."
    assert second.level == "medium"


def test_dump_is_readable() -> None:
    assert dump_rules(changed(example(), 1, statement="word " * 40 + "end")) == (
        """\
schema: ruler/rules/v1
scene: front-door
threshold: 0.5
rules:
  - id: front-door.night-stranger
    title: Unknown person lingers at the door at night
    kind: anomaly
    level: high
    status: experimental
    category: security.loitering
    statement: A person stays near the door without a visible purpose.
    look_for: [standing at the door, trying the handle]
    measures: [{fact: dwell_seconds, above: 8}]
    weight: 0.8
    when: {hours: "23:00-05:00"}
    exceptions: [{name: courier, unless: parcel, until: 2027-01-31}]
    tests:
      fire: ["A man in a hood stands at the door and tries the handle."]
      quiet: ["A courier puts a parcel down and leaves.", "A woman waters the plants."]
      todo: ["A person crouches below the camera."]
    origin: {by: induced, votes: 7/10, references: ["clip01#120"], model: symbolic}

  - id: front-door.usual
    title: People pass
    kind: normal
    level: medium
    status: experimental
    statement: >-
      word word word word word word word word word word word word word word word word word word word
      word word word word word word word word word word word word word word word word word word word
      word word end
    overrides: [front-door.night-stranger]
"""
    )


def test_dump_of_no_rules() -> None:
    empty = RuleSet(scene="hall")
    assert dump_rules(empty) == "schema: ruler/rules/v1\nscene: hall\nthreshold: 0.5\nrules: []\n"
    assert parse_rules(dump_rules(empty)) == empty


@given(rule_sets())
@settings(max_examples=100)
def test_round_trip(rule_set: RuleSet) -> None:
    text = dump_rules(rule_set)
    assert parse_rules(text) == rule_set
    assert edit_rules(text, rule_set) is text
    assert all(line == line.rstrip(" ") or '"' in line for line in text.split("\n") if line.strip())


def mutated(seed: int) -> bytes:
    """The example with a few random injuries."""
    rng = random.Random(seed)
    data = bytearray(EXAMPLE.encode())
    for _ in range(rng.randint(1, 4)):
        lines = bytes(data).splitlines(keepends=True)
        at = rng.randrange(len(lines))
        injury = rng.randrange(6)
        if injury == 0:
            spot = rng.randrange(len(data))
            data[spot] ^= 1 << rng.randrange(8)
            continue
        if injury == 1:
            del lines[at]
        elif injury == 2:
            lines[at] = b" " * rng.randint(1, 5) + lines[at]
        elif injury == 3:
            lines[at] = lines[at].lstrip(b" ")
        elif injury == 4:
            junk = [
                b"&a *a\n",
                b"\t- x\n",
                b"{[}\n",
                b"? !!x\n",
                b"'\n",
                b"%Y\n",
                b"---\n",
                b"- |\n",
            ]
            lines.insert(at, rng.choice(junk))
        else:
            cut = rng.randrange(len(lines[at]))
            lines[at] = lines[at][:cut] + rng.randbytes(rng.randint(1, 3)) + lines[at][cut:]
        data = bytearray(b"".join(lines))
    return bytes(data)


@given(st.integers(0, 10**9))
@settings(max_examples=300)
def test_damage_is_told_and_never_leaks(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.yaml"
    data = mutated(seed)
    path.write_bytes(data)
    problems: tuple[Problem, ...] = ()
    try:
        source = read_source(path)
        rule_set = parse_rules(source, file=str(path))
        assert edit_rules(source, rule_set) is source
    except FileProblems as exc:
        problems = exc.problems
    last = data.count(b"\n") + data.count(b"\r") + 1
    for problem in problems:
        assert problem.message
        assert problem.line <= last
        assert (problem.line == 0) == (problem.column == 0)


def test_source_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_bytes(EXAMPLE.replace("\n", "\r\n").encode())
    assert read_source(path) == EXAMPLE.replace("\n", "\r\n")
