"""What induction passes along: ranges, topics, and what verification asks for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ruler.schemas.induction import QUANTILES, Checkup, Consensus, FactRange, Proposal, Topic


@given(st.floats(0, 1))
def test_quantiles_between_the_kept_ones(share: float) -> None:
    spread = FactRange(fact="speed_ratio", frames=9, quantiles=tuple(range(0, 2 * QUANTILES, 2)))
    assert spread.quantile(share) == pytest.approx(200 * share)


def test_a_range_keeps_101_quantiles() -> None:
    for count in (QUANTILES - 1, QUANTILES + 1):
        with pytest.raises(ValidationError):
            FactRange(fact="speed_ratio", frames=1, quantiles=(0.0,) * count)


CHECKUP: dict[str, Any] = {"rule_id": "gate.odd", "action": "raised", "why": "too noisy"}


@pytest.mark.parametrize(
    ("action", "factor"), [("kept", 1), ("raised", 1), ("weakened", 0.4), ("dropped", 1)]
)
def test_a_checkup_scales_a_bound_or_a_weight(action: str, factor: float) -> None:
    checkup = Checkup.model_validate(CHECKUP | {"action": action, "factor": factor})
    assert checkup.factor == factor
    assert Checkup.model_validate_json(checkup.model_dump_json()) == checkup


@pytest.mark.parametrize(
    "wrong", [{"factor": 0}, {"factor": -1}, {"action": "narrowed"}, {"why": None}, {"extra": 1}]
)
def test_what_a_checkup_may_not_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Checkup.model_validate(CHECKUP | wrong)


TOPIC: dict[str, Any] = {
    "subject": "environment",
    "key": ("trash", "bin"),
    "phrase": "trash bins",
    "captions": 3,
}


def test_a_topic_is_of_one_batch_until_batches_agree() -> None:
    assert Topic.model_validate(TOPIC).votes == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": ()},
        {"phrase": ""},
        {"captions": 0},
        {"votes": 0},
        {"subject": "weather"},
        {"words": ["trash"]},
    ],
)
def test_what_a_topic_may_not_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Topic.model_validate(TOPIC | wrong)


def test_topics_come_back_from_the_store() -> None:
    topic = Topic.model_validate(TOPIC)
    proposal = Proposal(batch="a", clips=("a",), captions=3, topics=(topic,))
    assert Proposal.model_validate_json(proposal.model_dump_json()) == proposal
    consensus = Consensus(batches=2, clips=2, captions=6, topics=(topic,))
    assert Consensus.model_validate_json(consensus.model_dump_json()) == consensus


def test_words_are_topics_now() -> None:
    """A stored proposal of an older version is no proposal of this one."""
    with pytest.raises(ValidationError):
        Proposal.model_validate({"batch": "a", "clips": ["a"], "captions": 1, "words": {"wall": 1}})
