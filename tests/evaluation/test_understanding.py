"""Described clips: what a taxonomy reads out of them, and which option answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ruler.errors import InputError
from ruler.evaluation.runner import evaluate
from ruler.evaluation.understanding import choose
from ruler.schemas.datasets import EvalResult
from ruler.schemas.runs import Smoothing

FIGHT = "Two men fight in the street and hit each other."
CALM = "People walk calmly along the street. There are no anomalies such as fire, or fights."
WALL = "There is a wall."
OPTIONS = ["A dog sleeps", "Two men hit each other", "A car burns", "Nothing is there"]


def row(text: str, category: str, answer: str = "B", **more: Any) -> dict[str, Any]:
    return {
        "description": text,
        "question": "What is seen?",
        "options": OPTIONS,
        "answer": answer,
        "category": category,
        "reasoning": {"text": "Anomaly: an explosion, surely."},
        **more,
    }


def measured(folder: Path, rows: list[dict[str, Any]], taxonomy: str = "vau") -> EvalResult:
    (folder / "items.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows))
    manifest = folder / "dataset.yaml"
    manifest.write_text(
        "schema: ruler/dataset/v1\nkind: understanding\nname: toy\nitems: items.jsonl\n"
        f"taxonomy: {taxonomy}\n"
    )
    [result] = evaluate([manifest], smoothing=Smoothing()).results
    return result


def test_figures_and_what_costs_nothing(tmp_path: Path) -> None:
    rows = [
        row(FIGHT, "Fighting"),
        row(CALM, "Normal", "A. A dog sleeps"),
        row(WALL, "Explosion", "A car burns"),
        row(FIGHT, "Explosion"),
        row(FIGHT, "nobody knows", "-"),
    ]
    found = measured(tmp_path, rows)
    figures, trivial = found.metrics, found.baselines
    assert figures["accuracy"] == pytest.approx(3 / 4)
    assert figures["coverage"] == pytest.approx(3 / 4), "a wall speaks for neither side"
    assert figures["class_accuracy"] == pytest.approx(2 / 4)
    assert figures["class_accuracy_abnormal"] == pytest.approx(1 / 3)
    assert figures["question_accuracy"] == pytest.approx(2 / 4)
    assert trivial["always_anomaly_accuracy"] == pytest.approx(3 / 4)
    assert trivial["most_frequent_class_accuracy"] == pytest.approx(2 / 4)
    assert trivial["first_option_question_accuracy"] == pytest.approx(1 / 4)
    assert trivial["longest_option_question_accuracy"] == pytest.approx(2 / 4)


def test_what_annotators_reasoned_is_never_read(tmp_path: Path) -> None:
    with_reasons = measured(tmp_path, [row(WALL, "Explosion")])
    without = measured(tmp_path, [row(WALL, "Explosion", reasoning=None)])
    assert with_reasons.metrics == without.metrics
    assert with_reasons.metrics["accuracy"] == 0.0


def test_an_option_is_chosen_by_the_words_it_shares() -> None:
    assert choose("Two men hit a wall.", OPTIONS) == 1
    assert choose("Smoke.", OPTIONS) is None
    assert choose("A dog.", []) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"description": 3}, "items.jsonl:1: a clip needs `description` and `category`"),
        ({"options": "A"}, "items.jsonl:1: `options` must be a list of texts"),
        ({"category": "Knitting"}, "no `category` is an item of the taxonomy 'vau'"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        measured(tmp_path, [row(FIGHT, "Fighting") | change])


def test_real_descriptions_beat_what_costs_nothing(shared: Path) -> None:
    """The options do not: their words say less than their lengths (docs/benchmarks)."""
    [result] = evaluate([shared / "data" / "vau" / "dataset.yaml"], smoothing=Smoothing()).results
    figures, trivial = result.metrics, result.baselines
    assert (figures["accuracy_low"] or 0) > (trivial["always_anomaly_accuracy"] or 1)
    assert (figures["class_accuracy"] or 0) > 2 * (trivial["most_frequent_class_accuracy"] or 1)
    assert (figures["question_accuracy"] or 0) > (trivial["first_option_question_accuracy"] or 1)
