"""Reflection by a taxonomy's vocabulary, in every direction."""

from __future__ import annotations

from collections.abc import Sequence

from ruler.reasoners.base import EventEvidence
from ruler.reasoners.symbolic.reflecting import reflect
from ruler.schemas.rules import Rule
from ruler.schemas.taxonomy import Taxonomy
from ruler.schemas.verdicts import Matched, Reflection, WordEvidence, evidence_holds
from tests.support import failed, make_rule, observe


def item(slug: str, *look_for: str, kind: str = "abnormal", **fields: object) -> dict[str, object]:
    return {
        "id": f"motion.{slug}",
        "kind": kind,
        "title": slug.capitalize(),
        "statement": f"Someone is {slug}.",
        "look_for": look_for,
        **fields,
    }


ITEMS = [
    item("walking", "walking", kind="normal", level="info"),
    item("chasing", "chasing", "running after", level="high"),
    item("running", "running", level="medium", unless=["playing a game"]),
    item("climbing", "climbing", level="high", only_if=["fence", "window"]),
]
TAXONOMY = Taxonomy.model_validate(
    {"id": "test", "categories": {"motion": {"title": "Motion", "items": ITEMS}}}
)
RUNNING = make_rule("running", category="motion.running", look_for=["running"])
FAST = make_rule("fast", category="motion.running", measures=[{"fact": "speed_ratio", "above": 2}])
STRANGE = make_rule("strange", look_for=["rifle"])
RUNS, WALKS, NOTHING = "A man is running.", "A man walks.", "A man is there."


def held(
    said: Sequence[str | None], rule: Rule | None = RUNNING, *, peak: float = 0.9
) -> Reflection:
    """Reflect on an event of these captions; None is a frame that failed."""
    seen = [failed(n) if text is None else observe(text, frame=n) for n, text in enumerate(said)]
    event = EventEvidence(
        observations=seen,
        matched=[Matched() for _ in seen],
        peak_score=peak,
        threshold=0.5,
        rule=rule,
    )
    found = reflect(event, TAXONOMY)
    captions = {one.caption.sha256: one.caption for one in seen if one.caption}
    assert all(evidence_holds(one, captions[one.caption]) for one in found.evidence)
    assert found.first == ("anomaly" if peak >= 0.5 else "normal")
    return found


def quotes(found: Reflection) -> list[str]:
    return [one.quote for one in found.evidence if isinstance(one, WordEvidence)]


def test_confirmed() -> None:
    found = held([RUNS, NOTHING])
    assert (found.second, found.item, found.level) == ("anomaly", "motion.running", "medium")
    assert quotes(found) == ["running"]
    assert found.why.startswith("confirmed")


def test_confirmed_without_a_word_of_it() -> None:
    found = held([NOTHING, None], FAST)
    assert (found.second, found.item, found.evidence) == ("anomaly", "motion.running", ())


def test_named_better() -> None:
    found = held(["A man is chasing a dog."] * 2 + [RUNS])
    assert (found.second, found.category, found.level) == ("anomaly", "motion.chasing", "high")
    assert found.why.startswith("named")
    found = held(["A man is chasing a dog."], STRANGE)
    assert found.item == "motion.chasing"


def test_of_two_equals_the_rules_own_item_stands() -> None:
    found = held(["A man is running, and running after a dog."])
    assert found.item == "motion.running"
    assert found.why.startswith("confirmed")


def test_measured_facts_are_not_renamed_by_words() -> None:
    assert held(["A man is chasing a dog."], FAST).item == "motion.running"


def test_cleared_by_a_normal_item() -> None:
    found = held([WALKS, WALKS, NOTHING], STRANGE)
    assert (found.second, found.item) == ("normal", "motion.walking")
    assert found.why.startswith("cleared")
    assert quotes(found) == ["walks"]


def test_half_is_not_most() -> None:
    assert held([WALKS, NOTHING], STRANGE).second == "anomaly"


def test_not_cleared_where_an_abnormal_item_speaks() -> None:
    assert held([WALKS, WALKS, RUNS]).second == "anomaly"


def test_measured_facts_are_not_cleared_by_a_normal_phrase() -> None:
    assert held([WALKS] * 3, FAST).second == "anomaly"


def test_cleared_by_unless() -> None:
    found = held(["Children running, playing a game."] * 2 + [RUNS])
    assert (found.second, found.item) == ("normal", "motion.running")
    assert "unless" in found.why
    assert held(["Children running, playing a game.", RUNS]).second == "anomaly"
    assert held(["Children running, not playing a game."] * 3).second == "anomaly"


def test_cleared_where_only_if_is_not_met() -> None:
    rule = make_rule("climbing", category="motion.climbing", look_for=["climbing"])
    assert held(["A child is climbing."] * 2, rule).second == "normal"
    assert held(["A child is climbing.", "Someone climbs a fence."], rule).second == "anomaly"


def test_raised_by_a_grave_item_said_twice() -> None:
    found = held([NOTHING, "One is chasing another.", "One chases another."], peak=0.4)
    assert (found.first, found.second, found.item) == ("normal", "anomaly", "motion.chasing")
    assert found.why.startswith("raised")
    assert quotes(found) == ["chasing"]


def test_not_raised_by_less() -> None:
    once = held([NOTHING, "One is chasing another."], peak=0.4)
    mild = held([RUNS] * 5, peak=0.4)
    denied = held(["Nobody is chasing anybody."] * 5, peak=0.4)
    supposed = held(["Someone may be chasing another."] * 5, peak=0.4)
    for found in (once, mild, denied, supposed):
        assert (found.first, found.second) == ("normal", "normal")
        assert found.evidence == ()


def test_nothing_to_say() -> None:
    for said in ([], [None, None], [NOTHING]):
        found = held(said, STRANGE)
        assert (found.second, found.item) == ("anomaly", None)
    assert held([NOTHING], None).second == "anomaly"
