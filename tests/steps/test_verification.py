"""Rules that fire on left-out references: bounds are raised, words lose weight, or go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.schemas.rules import Rule
from ruler.schemas.verdicts import Matched
from ruler.steps.verification import TOLERANCE, Checkups, try_given, verify
from tests.support import make_rule, match_of, observe, quote

EVIDENCE = quote(observe(), "person")
WORDS = make_rule("words", look_for=["running"])


def fast(bound: float) -> Rule:
    return make_rule("fast", measures=[{"fact": "speed_ratio", "above": bound}])


def run(
    speeds: Mapping[str, Sequence[float]],
    *,
    words: Mapping[str, int] | int = 0,
    rule: Rule = WORDS,
    strength: float = 1.0,
) -> tuple[Checkups, list[str]]:
    """Verify a bound of 1 on speeds by batch; `words` frames of each also fire the word rule."""
    wordy = dict.fromkeys(speeds, words) if isinstance(words, int) else words
    asked: list[str] = []

    def write_without(batch: str) -> list[Rule]:
        asked.append(batch)
        return [fast(1.0), rule, make_rule("usual", kind="normal", look_for=["walking"])]

    def match_on(batch: str, rules: Sequence[Rule]) -> list[Matched]:
        assert rules
        frames = []
        for position, speed in enumerate(speeds[batch]):
            found = [match_of("gate.fast", 0.5, EVIDENCE)] if speed >= 1.0 else []
            if position < wordy[batch]:
                found.append(match_of(rule, strength, EVIDENCE))
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


def test_a_noisy_bound_is_raised_and_says_for_which_reference() -> None:
    checkups, asked = run({"a": [0.5] * 10, "b": [1.3] * 10, "c": [1.3] + [0.5] * 9})
    assert checkups["gate.fast"].action == "raised"
    assert checkups["gate.fast"].why == ("fired on 100% of normal reference b when made without it")
    assert asked == ["a", "b", "c"]


def quiet(**frames: int) -> dict[str, list[float]]:
    return {batch: [0.5] * count for batch, count in frames.items()}


@pytest.mark.parametrize(
    ("fired", "factor"),
    [
        ({"a": 1, "b": 0}, 0.9),
        ({"a": 0, "b": 3}, 0.7),
        ({"a": 2, "b": 2}, 0.6),
        # What counts is the share of all frames, not the worst batch.
        ({"a": 9, "b": 0}, 0.1),
    ],
)
def test_words_lose_weight_in_proportion_to_the_captions_they_fire_on(
    fired: dict[str, int], factor: float
) -> None:
    checkups, asked = run(quiet(a=10, b=10), words=fired)
    [checkup] = checkups.values()
    assert (checkup.rule_id, checkup.action) == (WORDS.id, "weakened")
    assert checkup.factor == pytest.approx(factor)
    share = sum(fired.values()) / 20
    assert checkup.why == f"fires on {share:.1%} of normal references that it was made without"
    assert asked == ["a", "b"]


def test_words_that_fire_on_half_of_what_is_normal_are_dropped() -> None:
    almost, _ = run(quiet(a=10, b=10), words={"a": 9, "b": 0})
    assert almost[WORDS.id].action == "weakened"
    half, _ = run(quiet(a=10, b=10), words={"a": 10, "b": 0})
    assert half[WORDS.id].action == "dropped"
    assert "50.0%" in half[WORDS.id].why
    always, _ = run(quiet(a=10, b=10), words=10)
    assert always[WORDS.id].action == "dropped"


def test_a_large_batch_counts_more() -> None:
    checkups, _ = run(quiet(a=5, b=45), words={"a": 5, "b": 0})
    assert checkups[WORDS.id].factor == pytest.approx(0.8)


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.49])
def test_words_that_cannot_alarm_alone_keep_their_weight(weight: float) -> None:
    light = WORDS.model_copy(update={"weight": weight})
    assert run(quiet(a=10, b=10), words=10, rule=light)[0] == {}
    heavy = WORDS.model_copy(update={"weight": 0.5})
    assert set(run(quiet(a=10, b=10), words=10, rule=heavy)[0]) == {WORDS.id}


def test_a_faint_match_of_words_costs_nothing() -> None:
    assert run(quiet(a=10, b=10), words=10, strength=0.49)[0] == {}
    assert set(run(quiet(a=10, b=10), words=10, strength=0.5)[0]) == {WORDS.id}


def test_a_rule_of_words_and_a_bound_has_a_bound_to_raise() -> None:
    both = make_rule("words", look_for=["running"], measures=[{"fact": "speed_ratio", "above": 99}])
    checkups, _ = run(quiet(a=10, b=10), words={"a": 10, "b": 10}, rule=both)
    assert checkups[both.id].action == "raised"


def test_words_and_bounds_are_told_in_one_go() -> None:
    checkups, asked = run({"a": [1.3] * 10, "b": [0.5] * 10}, words={"a": 2, "b": 0})
    assert checkups["gate.fast"].action == "raised"
    assert checkups[WORDS.id].factor == pytest.approx(0.8)
    assert len(asked) == 2


def test_an_empty_batch_says_nothing() -> None:
    assert run({"a": [], "b": [0.5]})[0] == {}


@given(st.lists(st.lists(st.floats(0, 2), max_size=12), min_size=2, max_size=4))
def test_a_bound_is_told_exactly_where_a_batch_is_noisy(speeds: list[list[float]]) -> None:
    checkups, _ = run({f"b{number}": batch for number, batch in enumerate(speeds)})
    shares = [sum(speed >= 1.0 for speed in batch) / len(batch) for batch in speeds if batch]
    assert ("gate.fast" in checkups) == (max(shares, default=0.0) > TOLERANCE)


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=2, max_size=4))
def test_the_more_words_fire_the_less_they_weigh(batches: list[tuple[int, int]]) -> None:
    frames = {f"b{number}": max(pair) for number, pair in enumerate(batches)}
    fired = {f"b{number}": min(pair) for number, pair in enumerate(batches)}
    checkups, _ = run({name: [0.5] * count for name, count in frames.items()}, words=fired)
    total, hits = sum(frames.values()), sum(fired.values())
    if not hits:
        assert checkups == {}
    elif 2 * hits < total:
        assert checkups[WORDS.id].factor == pytest.approx(1 - 2 * hits / total, abs=1e-4)
    else:
        assert checkups[WORDS.id].action == "dropped"


@given(st.integers(1, 60), st.data())
def test_rules_that_were_given_may_fire_on_a_tenth(frames: int, data: st.DataObject) -> None:
    fired = data.draw(st.integers(0, frames))
    seen = [Matched(matches=(match_of(WORDS, 1.0, EVIDENCE),))] * fired
    seen += [Matched()] * (frames - fired)
    usual = make_rule("usual", kind="normal", look_for=["running"])
    found = try_given([WORDS, usual], seen)
    share = fired / frames
    if share <= TOLERANCE:
        assert found == {}
        return
    checkup = found[WORDS.id]
    assert set(found) == {WORDS.id}
    assert checkup.action == ("dropped" if share >= 0.5 else "weakened")
    assert checkup.action == "dropped" or checkup.factor == pytest.approx(1 - 2 * share, abs=1e-3)
