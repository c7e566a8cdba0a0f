"""Metrics against figures made by hand, and None where one is not defined."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from ruler.metrics import auc, average_precision, carried, classification, false_positive_rate

LABELLED = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0])),
    min_size=1,
    max_size=30,
)


def test_auc_by_hand() -> None:
    # Of the four pairs, three are in order.
    assert auc([0, 1, 0, 1], [0.1, 0.4, 0.35, 0.3]) == pytest.approx(0.75)
    assert auc([0, 1], [0.5, 0.5]) == pytest.approx(0.5)
    assert auc([0, 1], [0.9, 0.1]) == 0


def test_average_precision_by_hand() -> None:
    # Precision 1/1 at the first hit, 2/3 at the second.
    assert average_precision([1, 0, 1], [0.9, 0.8, 0.7]) == pytest.approx((1 + 2 / 3) / 2)


def test_undefined_is_none() -> None:
    assert auc([0, 0], [0.1, 0.2]) is None
    assert auc([1], [0.1]) is None
    assert auc([], []) is None
    assert average_precision([0, 0], [0.1, 0.2]) is None
    assert average_precision([], []) is None
    assert average_precision([1, 1], [0.1, 0.2]) == 1
    assert false_positive_rate([1], [1]) is None
    assert classification([], []) == dict.fromkeys(("accuracy", "precision", "recall", "f1"))
    assert classification([0], [0])["f1"] is None
    assert classification([0], [0])["precision"] is None
    assert classification([1], [0])["recall"] == 0


def test_undecided_is_wrong_and_no_alarm() -> None:
    found = classification([1, 1, 0, 0, 0], [1, None, None, 0, 1])
    assert found == {"accuracy": 2 / 5, "precision": 1 / 2, "recall": 1 / 2, "f1": 1 / 2}
    assert false_positive_rate([1, 0, 0, 0], [1, None, 0, 1]) == pytest.approx(1 / 3)


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="shorter"):
        classification([1, 0], [1])
    with pytest.raises(ValueError, match="longer"):
        false_positive_rate([1], [1, 0])


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1))
def test_classification_agrees_with_sklearn(pairs: list[tuple[int, int]]) -> None:
    labels, answers = [list(side) for side in zip(*pairs, strict=True)]
    found = classification(labels, answers)
    theirs = {
        "accuracy": sk.accuracy_score(labels, answers),
        "precision": sk.precision_score(labels, answers, zero_division=math.nan),
        "recall": sk.recall_score(labels, answers, zero_division=math.nan),
        "f1": sk.f1_score(labels, answers, zero_division=math.nan),
    }
    for name, value in found.items():
        ours = math.nan if value is None else value
        assert ours == pytest.approx(theirs[name], nan_ok=True), name


@given(LABELLED)
def test_ranking_is_counted_by_pairs(labelled: list[tuple[int, float]]) -> None:
    labels, scores = [list(side) for side in zip(*labelled, strict=True)]
    high = [score for label, score in labelled if label]
    low = [score for label, score in labelled if not label]
    pairs = [1.0 if h > n else 0.5 if h == n else 0.0 for h in high for n in low]
    expected = sum(pairs) / len(pairs) if pairs else None
    assert auc(labels, scores) == (None if expected is None else pytest.approx(expected))


def test_gaps_carry_the_last_score() -> None:
    assert list(carried([None, 0.3, None, None, 0.0, None])) == [0.0, 0.3, 0.3, 0.3, 0.0, 0.0]
    assert list(carried([])) == []
