"""Rules that fire on left-out references are widened until they do not, or dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.schemas.induction import Checkup
from ruler.schemas.rules import Rule
from ruler.schemas.verdicts import Matched
from ruler.steps.verification import TOLERANCE, Checkups, verify
from tests.support import make_rule, match_of, observe, quote

EVIDENCE = quote(observe(), "person")
WORDS = make_rule("words", look_for=["running"])
BATCHES = ("a", "b")


def fast(bound: float) -> Rule:
    return make_rule("fast", measures=[{"fact": "speed_ratio", "above": bound}])


def run(
    speeds: Mapping[str, Sequence[float]], *, is_heeded: bool = True, words: int = 0
) -> tuple[Checkups, list[str]]:
    """Verify a bound of 1 on speeds by batch; `words` frames of each also fire the word rule."""
    asked: list[str] = []

    def write_without(batch: str, checkups: Mapping[str, Checkup]) -> list[Rule]:
        asked.append(batch)
        known = checkups if is_heeded else {}
        factor = known["gate.fast"].factor if "gate.fast" in known else 1.0
        rules = [fast(factor), WORDS, make_rule("usual", kind="normal", look_for=["walking"])]
        dropped = {name for name, checkup in known.items() if checkup.action == "dropped"}
        return [rule for rule in rules if rule.id not in dropped]

    def match_on(batch: str, rules: Sequence[Rule]) -> list[Matched]:
        frames = []
        for position, speed in enumerate(speeds[batch]):
            bounds = [m.above for rule in rules for m in rule.measures if m.above is not None]
            found = [match_of("gate.fast", 0.5, EVIDENCE) for bound in bounds if speed >= bound]
            if position < words and WORDS in rules:
                found.append(match_of(WORDS, 1.0, EVIDENCE))
            found.append(match_of("gate.usual", 1.0, EVIDENCE))
            frames.append(Matched(matches=tuple(found)))
        return frames

    return verify(list(speeds), write_without, match_on), asked


def test_quiet_rules_are_kept() -> None:
    checkups, asked = run({"a": [0.5] * 10, "b": [0.9] * 10})
    assert checkups == {}
    assert asked == ["a", "b"]


def test_one_batch_cannot_be_left_out() -> None:
    assert run({"a": [9.0] * 10}) == ({}, [])


def test_a_few_frames_are_tolerated() -> None:
    share = round(TOLERANCE * 10)
    assert run({"a": [5.0] * share + [0.5] * (10 - share), "b": [0.5]})[0] == {}
    more = [5.0] * (share + 1) + [0.5] * (9 - share)
    assert set(run({"a": more, "b": [0.5]})[0]) == {"gate.fast"}


def test_a_noisy_bound_is_widened_as_far_as_needed() -> None:
    checkups, _ = run({"a": [0.5] * 10, "b": [1.3] * 10})
    checkup = checkups["gate.fast"]
    assert checkup.action == "widened"
    assert checkup.factor == pytest.approx(1.1**3, rel=1e-3)
    assert "100% of normal reference b" in checkup.why


def test_a_rule_without_a_bound_is_dropped() -> None:
    checkups, asked = run({"a": [0.5] * 4, "b": [0.5] * 4}, words=1)
    assert {name: checkup.action for name, checkup in checkups.items()} == {WORDS.id: "dropped"}
    assert "25%" in checkups[WORDS.id].why
    assert len(asked) == 4


def test_a_bound_that_cannot_be_widened_enough_is_dropped() -> None:
    checkups, asked = run({"a": [99.0] * 10, "b": [99.0] * 10})
    assert checkups["gate.fast"].action == "dropped"
    assert len(asked) <= 40


def test_a_reasoner_that_does_not_listen_ends_as_well() -> None:
    checkups, asked = run({"a": [99.0] * 4, "b": [0.5] * 4}, is_heeded=False, words=4)
    assert {checkup.action for checkup in checkups.values()} == {"dropped"}
    assert len(asked) <= 40


def test_an_empty_batch_says_nothing() -> None:
    assert run({"a": [], "b": [0.5]})[0] == {}


@given(st.lists(st.lists(st.floats(0, 5), max_size=6), min_size=2, max_size=4))
def test_what_is_left_no_longer_fires(speeds: list[list[float]]) -> None:
    named = {f"b{number}": batch for number, batch in enumerate(speeds)}
    checkups, _ = run(named)
    if "gate.fast" in checkups and checkups["gate.fast"].action == "dropped":
        return
    factor = checkups["gate.fast"].factor if checkups else 1.0
    for batch in filter(None, speeds):
        assert sum(speed >= factor for speed in batch) / len(batch) <= TOLERANCE
