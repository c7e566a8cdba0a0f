"""Reflection on first answers, and weights learned from labelled ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.reasoners.symbolic.answering import Weights, reflect_answer
from ruler.reasoners.symbolic.weighing import Example, learn_weights
from ruler.schemas.captions import Caption
from ruler.schemas.verdicts import Outcome, WordEvidence, evidence_holds
from rules_store.taxonomy_files import load_taxonomy

HOME = load_taxonomy("smart-home")
FIRSTS: tuple[Outcome, ...] = ("normal", "anomaly", "undetermined")


def caption(text: str) -> Caption:
    return Caption(key="0" * 64, captioner="test", text=text)


@pytest.mark.parametrize(
    ("first", "text", "second", "item"),
    [
        ("normal", "A bear walks along the fence.", "anomaly", "wildlife.dangerous-wildlife"),
        ("normal", "A dog walks on the lawn.", "anomaly", "pet.unattended-pets"),
        ("normal", "A woman walks her dog on a leash across the lawn.", "normal", None),
        ("anomaly", "A dog sleeps on the couch in the living room.", "normal", "pet."),
        ("anomaly", "A man is placing a package on the porch.", "normal", "security.scheduled"),
        ("normal", "The house is on fire.", "anomaly", "other.severe-weather"),
        ("anomaly", "There is no bear. A man cleans the yard.", "normal", "security.routine"),
        ("normal", "There may be a bear.", "normal", None),
        ("undetermined", "A wall.", "undetermined", None),
        ("undetermined", "A raccoon sits on the deck.", "anomaly", "wildlife.dangerous"),
    ],
)
def test_both_directions(first: Outcome, text: str, second: str, item: str | None) -> None:
    said = reflect_answer(first, caption(text), HOME)
    assert (said.first, said.second) == (first, second)
    if item is not None:
        assert said.item is not None
        assert said.item.startswith(item)
        [quoted] = said.evidence
        assert isinstance(quoted, WordEvidence)
        assert evidence_holds(quoted, caption(text))


@pytest.mark.parametrize(
    ("first", "second"), [("anomaly", "anomaly"), ("undetermined", "anomaly"), ("normal", "normal")]
)
def test_normal_items_clear_nothing_beside_an_abnormal_one(first: Outcome, second: str) -> None:
    text = "Two people are chatting. Another man is smashing the mailbox. A man waters the plants."
    text += " A courier is placing a package."
    assert reflect_answer(first, caption(text), HOME).second == second


def test_an_absolute_item_holds_in_company_and_a_conditional_one_does_not() -> None:
    alone, company = "A boy stands alone at the swimming pool.", " His mother watches."
    assert reflect_answer("normal", caption(alone), HOME).item == "kid.wandering"
    assert reflect_answer("normal", caption(alone + company), HOME).second == "normal"
    fire = "The car is on fire."
    assert reflect_answer("normal", caption(fire + company), HOME).second == "anomaly"


@given(st.sampled_from(FIRSTS), st.text(max_size=200))
def test_text_without_items_changes_nothing(first: Outcome, text: str) -> None:
    said = reflect_answer(
        first, caption(text), HOME, Weights(items={i.id: 0.0 for i in HOME.items})
    )
    assert said.second == first


@pytest.mark.parametrize("first", FIRSTS)
def test_a_first_answer_without_weight_stands_where_nothing_speaks_against_it(
    first: Outcome,
) -> None:
    assert reflect_answer(first, caption("A wall."), HOME, Weights(first=0.0)).second == first


def test_an_item_that_is_mostly_wrong_loses_its_weight() -> None:
    wrong = [Example(f"w{n}", 1.0, {"a.bad": -1.0, "a.good": -1.0}, 1) for n in range(30)]
    good = [Example(f"g{n}", 1.0, {"a.good": -1.0}, 0) for n in range(60)]
    learned = learn_weights(
        [example for trio in zip(wrong, good[::2], good[1::2], strict=True) for example in trio]
    )
    assert learned.of("a.bad") < learned.of("a.good")
    assert learned.of("never seen") == 1.0


def test_weights_stay_equal_where_examples_say_nothing() -> None:
    examples = [Example(str(n), 1.0, {"a.item": 1.0}, 1) for n in range(20)]
    assert learn_weights(examples) == Weights()


@given(
    st.lists(
        st.tuples(st.sampled_from([-1.0, 0.0, 1.0]), st.booleans(), st.integers(0, 1)), max_size=30
    )
)
def test_weights_lie_between_zero_and_one(rows: list[tuple[float, bool, int]]) -> None:
    examples = [
        Example(str(n), f, {"a.x": 1.0} if hit else {}, y) for n, (f, hit, y) in enumerate(rows)
    ]
    learned = learn_weights(examples)
    assert 0 <= learned.first <= 1
    assert all(0 <= weight <= 1 for weight in learned.items.values())
