"""Whole clips held against a taxonomy by words: what turns an outcome over, and what does not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.reasoners.base import ClipEvidence
from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.rules import Rule
from ruler.schemas.taxonomy import Taxonomy
from ruler.schemas.verdicts import ClipAnswer, Matched, Outcome, Reflection
from tests.support import make_caption, make_rule, make_rules, observe, quote


def item(
    name: str, kind: str, *look_for: str, level: str = "high", **more: object
) -> dict[str, object]:
    said = {"id": name, "kind": kind, "title": name, "level": level, "statement": name}
    return {**said, "look_for": look_for, **more}


TAXONOMY = Taxonomy.model_validate(
    {
        "id": "yard",
        "categories": {
            "yard": {
                "title": "Yard",
                "items": [
                    item("yard.walking", "normal", "walking", level="info"),
                    item("yard.fire", "abnormal", "burning", level="critical", unless=["barbecue"]),
                    item("yard.fall", "abnormal", "falling"),
                    item("yard.crouching", "abnormal", "crouching", level="low"),
                ],
            }
        },
    }
)
NEWS = make_rule("uncovered", weight=0.6, category="novelty.uncovered")
FIRE = make_rule("fire", look_for=["burning", "smoke"], category="yard.fire")
FAST = make_rule("fast", measures=[{"fact": "speed_ratio", "above": 2}])
RULES = make_rules(NEWS, FIRE, FAST)
WALK = "A man is walking."
FLAMES = "A shed is burning."


def reflected(
    said: Sequence[str], first: Outcome = "normal", rules: Sequence[Rule] = (NEWS,), alarms: int = 0
) -> Reflection:
    """`alarms` frames from the beginning alarm."""
    seen = [observe(text, frame=number) for number, text in enumerate(said)]
    if first != "anomaly":
        answer = ClipAnswer(outcome=first, why="by its frames")
    else:
        answer = ClipAnswer(
            outcome=first,
            rules=tuple(rule.id for rule in rules),
            category=rules[0].category,
            level="medium",
            evidence=(quote(seen[0], "A"),),
            why="by its frames",
        )
    clip = ClipEvidence(
        observations=seen,
        matched=[Matched()] * len(seen),
        alarms=frozenset(range(alarms)),
        first=answer,
        rule_set=RULES,
    )
    return SymbolicReasoner().reflect_clip(clip, TAXONOMY)


@pytest.mark.parametrize(
    ("said", "second"),
    [
        ([FLAMES], "anomaly"),  # all there is
        ([FLAMES, WALK], "normal"),  # may be a slip
        ([FLAMES] * 6 + [WALK] * 4, "anomaly"),
        ([FLAMES] * 4 + [WALK] * 6, "normal"),
        ([FLAMES] * 4 + ["A wall."] * 6, "undetermined"),
        ([FLAMES] * 2 + ["A wall."] * 8, "normal"),
        (["A man is crouching."] * 9, "normal"),  # of no weight
        (["A barbecue, something is burning."] * 9, "normal"),  # excused
    ],
)
def test_a_quiet_clip(said: list[str], second: Outcome) -> None:
    found = reflected(said)
    assert (found.first, found.second) == ("normal", second)
    if second != "normal":
        assert (found.item, found.evidence[0].kind) == ("yard.fire", "words")


def test_measured_words_raise_no_clip_that_no_rule_alarms_at() -> None:
    """What a captioner that measures calls large is judged by bounds, not by being said."""
    yard = TAXONOMY.model_dump()
    yard["categories"]["yard"]["items"] += (
        item("yard.large", "abnormal", "large", level="medium"),
    )
    taxonomy = Taxonomy.model_validate(yard)

    def about(text: str, **facts: float) -> Outcome:
        seen = [observe(make_caption(text, **facts), frame=number) for number in range(6)]
        first = ClipAnswer(outcome="normal", why="by its frames")
        clip = ClipEvidence(seen, [Matched()] * 6, frozenset(), first, RULES)
        return SymbolicReasoner().reflect_clip(clip, taxonomy).second

    assert about("A large figure.", view_kept=1.0) == "normal"
    assert about("A large figure.") == "anomaly"
    assert about(FLAMES, view_kept=1.0) == "anomaly"


@given(st.integers(4, 60), st.data(), st.sampled_from(["normal", "undetermined"]))
def test_one_stray_word_turns_nothing_over(count: int, data: st.DataObject, first: Outcome) -> None:
    said = [WALK] * count
    said[data.draw(st.integers(0, count - 1))] = FLAMES
    assert reflected(said, first).second == first


@given(
    st.lists(st.sampled_from([WALK, FLAMES, "A wall.", "A man falling."]), min_size=1, max_size=20)
)
def test_what_could_not_be_judged_is_never_normal(said: list[str]) -> None:
    assert reflected(said, "undetermined").second in ("undetermined", "anomaly")


def test_normal_items_clear_news_alone() -> None:
    said = [WALK] * 6
    assert reflected(said, "anomaly", [NEWS], alarms=3).second == "normal"
    assert reflected(said, "anomaly", [NEWS, FAST], alarms=3).second == "anomaly"  # measured
    assert reflected(said, "anomaly", [NEWS, FIRE], alarms=3).second == "anomaly"  # an item's rule
    assert reflected([*said, FLAMES], "anomaly", [NEWS], alarms=3).second == "anomaly"
    assert reflected(["A wall."] * 6, "anomaly", [NEWS], alarms=3).second == "anomaly"


def test_a_condition_clears_what_it_excuses() -> None:
    said = ["A barbecue is burning."] * 3 + [WALK] * 3
    found = reflected(said, "anomaly", [FIRE], alarms=3)
    assert (found.second, found.item) == ("normal", "yard.fire")
    assert reflected(said, "anomaly", [FIRE, FAST], alarms=3).second == "anomaly"


def test_an_alarm_is_named_by_what_most_of_its_captions_say() -> None:
    falls = ["A man is falling."] * 3
    found = reflected([*falls, *[WALK] * 20], "anomaly", [NEWS], alarms=3)
    assert (found.second, found.item, found.level) == ("anomaly", "yard.fall", "high")
    stray = reflected([falls[0], *[WALK] * 20], "anomaly", [NEWS], alarms=3)
    assert (stray.second, stray.item) == ("anomaly", None)


def test_without_captions_the_first_answer_stands() -> None:
    clip = ClipEvidence([], [], frozenset(), ClipAnswer(outcome="normal", why="quiet"), RULES)
    found = SymbolicReasoner().reflect_clip(clip, TAXONOMY)
    assert found.first == found.second == "normal"
