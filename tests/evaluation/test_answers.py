"""Recorded first answers: the figures, the baselines, and what is learned without the tested."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ruler.errors import InputError
from ruler.evaluation.answers import AnswersOutcome, evaluate_answers
from ruler.schemas.datasets import AnswersManifest
from rules_store.manifest_files import load_manifest


def answer(text: str, verdict: int) -> str:
    return json.dumps({"video_description": text, "reasoning": "So it seems.", "anomaly": verdict})


BEAR, DOG, WALL = "A bear is on the porch.", "A dog sleeps on the couch.", "There is a wall."


def written(folder: Path, rows: list[tuple[str, int, str]], **more: Any) -> Path:
    """Rows of (raw answer, label, category), as a manifest with its two files."""
    answers = [{"id": f"c{n}", "mode": "cot", "raw": raw} for n, (raw, _, _) in enumerate(rows)]
    truth = [
        {"id": f"c{n}", "label": label, "categories": [category], "reasoning": "secret bear"}
        for n, (_, label, category) in enumerate(rows)
    ]
    for name, entries in (("a.jsonl", answers), ("t.jsonl", truth)):
        (folder / name).write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    manifest = {
        "schema": "ruler/dataset/v1",
        "kind": "answers",
        "name": "toy",
        "answers": "a.jsonl",
        "truth": "t.jsonl",
        "taxonomy": "smart-home",
        "filter": {"mode": "cot"},
        "report_without": ["Wildlife"],
        **more,
    }
    path = folder / "dataset.yaml"
    path.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in manifest.items()))
    return path


def measured(path: Path, **options: Any) -> AnswersOutcome:
    manifest = load_manifest(path)
    assert isinstance(manifest, AnswersManifest)
    return evaluate_answers(manifest, path.parent, **options)


def test_figures_flips_and_baselines(tmp_path: Path) -> None:
    rows = [
        (answer(BEAR, 0), 1, "Wildlife"),
        (answer(DOG, 1), 0, "Pet Monitoring"),
        (answer(WALL, 1), 1, "Security"),
        (answer(DOG, 0), 1, "Pet Monitoring"),
        ("A wall. A wall. A", 0, "Security"),
    ]
    found = measured(written(tmp_path, rows))
    figures, baselines = found.result.metrics, found.result.baselines
    assert figures["accuracy"] == pytest.approx(3 / 5)
    assert figures["accuracy_without"] == pytest.approx(2 / 4)
    assert figures["coverage"] == pytest.approx(4 / 5)
    assert figures["accuracy.Wildlife"] == 1.0
    flips = [figures[f"flips_{way}"] for way in ("to_anomaly_right", "to_anomaly_wrong")]
    assert flips == [1, 0]
    assert [figures["flips_to_normal_right"], figures["flips_to_normal_wrong"]] == [1, 0]
    assert baselines["first_answer_accuracy"] == pytest.approx(1 / 5)
    assert baselines["always_anomaly_accuracy"] == pytest.approx(3 / 5)
    assert baselines["ten_rules_one_way_accuracy"] == pytest.approx(2 / 5)
    assert [said.second for said in found.reflections][4] == "undetermined"


def test_what_annotators_wrote_is_never_read(tmp_path: Path) -> None:
    rows = [(answer(WALL, 0), 1, "Wildlife"), (answer(WALL, 0), 0, "Security")]
    found = measured(written(tmp_path, rows))
    assert [said.second for said in found.reflections] == ["normal", "normal"]


def test_learning_never_sees_the_tested_clip(tmp_path: Path) -> None:
    rows = [(answer(DOG, 1), 1, "Pet Monitoring"), (answer(BEAR, 1), 1, "Wildlife")] * 30
    rows += [(answer(WALL, 0), 0, "Security")] * 40
    path = written(tmp_path, rows)
    manifest = load_manifest(path)
    assert isinstance(manifest, AnswersManifest)
    found = measured(path, learn_from=[(manifest, tmp_path)], shots=60)
    assert found.result.metrics["accuracy"] == 1.0
    assert measured(path).result.metrics["accuracy"] == pytest.approx(0.7)
    alone = written(tmp_path, rows[:1])
    manifest = load_manifest(alone)
    assert isinstance(manifest, AnswersManifest)
    with pytest.raises(InputError, match="another clip"):
        measured(alone, learn_from=[(manifest, tmp_path)])


def test_files_that_are_wrong_are_named_with_their_line(tmp_path: Path) -> None:
    path = written(tmp_path, [(answer(WALL, 0), 1, "Security")])
    (tmp_path / "t.jsonl").write_text('{"id": "c0", "label": 2, "categories": ["x"]}\n')
    with pytest.raises(InputError, match=r"t\.jsonl:1: a truth needs"):
        measured(path)
    (tmp_path / "t.jsonl").write_text("{\n")
    with pytest.raises(InputError, match=r"t\.jsonl:1: is no JSON"):
        measured(path)
    (tmp_path / "t.jsonl").write_text("")
    with pytest.raises(InputError, match="no answer passes"):
        measured(path)


def test_the_real_answers_stay_above_their_floors(shared: Path) -> None:
    path = shared / "data/smarthome/dataset.yaml"
    manifest = load_manifest(path)
    assert isinstance(manifest, AnswersManifest)
    for options, accuracy, without in (
        ({}, 0.71, 0.66),
        ({"learn_from": [(manifest, path.parent)], "shots": 100}, 0.735, 0.66),
    ):
        found = measured(path, **options).result.metrics
        assert (found["accuracy"] or 0) >= accuracy
        assert (found["accuracy_without"] or 0) >= without
        for way in ("to_anomaly", "to_normal"):
            assert (found[f"flips_{way}_right"] or 0) > (found[f"flips_{way}_wrong"] or 0)
