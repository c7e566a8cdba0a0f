"""`kind: clips` end to end, on the small scene."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ruler.errors import InputError
from ruler.evaluation.clips import Reading
from ruler.evaluation.runner import evaluate, write_document
from ruler.evaluation.wholes import Wholes
from ruler.schemas.datasets import EvalResult
from ruler.schemas.runs import Smoothing
from tests.reporting.builders import clip_verdict
from tests.scenes import Brightness, Workplace, wavy

NONE = Smoothing(method="none")
BY_BRIGHTNESS = Reading(captioner="lightmeter")


@pytest.fixture(autouse=True)
def by_brightness(captioner: Brightness) -> Brightness:
    """The small captioner is known by its name."""
    return captioner


@pytest.fixture
def folder(bare: Workplace) -> Path:
    bare.clip("one", wavy(60, seed=1, loud=[(20, 40)]))
    bare.clip("two", wavy(40, seed=2))
    truth = {"clips/one": [0] * 20 + [1] * 20 + [0] * 20, "clips/two": {"seconds": []}}
    (bare.folder / "labels.json").write_text(json.dumps(truth))
    return bare.folder


def manifest(folder: Path, **changes: object) -> Path:
    values: dict[str, object] = {
        "schema": "ruler/dataset/v1",
        "kind": "clips",
        "name": "yard",
        "place": "home",
        "fps": 10,
        "reference": ["references/a", "references/b", "references/c"],
        "test": [{"clip": "clips/one"}, {"clip": "clips/two"}],
        "labels": "labels.json",
    } | changes
    path = folder / "dataset.yaml"
    path.write_text(json.dumps({key: value for key, value in values.items() if value is not None}))
    return path


def figures(path: Path, **options: Any) -> EvalResult:
    [result] = evaluate([path], smoothing=NONE, reading=BY_BRIGHTNESS, **options).results
    return result


def test_figures_of_a_clear_case(folder: Path) -> None:
    result = figures(manifest(folder), workers=2)
    # A picture that is out of the ordinary for two seconds is told apart at every frame.
    assert result.metrics["auc"] == pytest.approx(1.0)
    assert result.metrics["accuracy"] == 1.0
    assert result.metrics["coverage"] == 1.0
    assert result.metrics["false_positive_rate"] == 0.0
    assert result.frames == 100
    assert result.baselines["accuracy_always_normal"] == 0.8
    assert result.baselines["f1_always_anomaly"] == pytest.approx(2 * 0.2 / 1.2)
    assert result.usage.captions_computed == 100
    assert result.rule_set.revision == 1
    assert result.notes[0].startswith("smoothing none")
    assert "clip_auc" not in result.metrics


def test_the_document_of_the_design(folder: Path) -> None:
    out = folder / "out" / "figures.json"
    write_document(out, evaluate([manifest(folder)] * 2, smoothing=NONE, reading=BY_BRIGHTNESS))
    document = json.loads(out.read_bytes())
    assert list(document) == ["results"]
    first, second = document["results"]
    keys = {"name", "kind", "metrics", "baselines", "usage", "frames", "frames_per_second"}
    assert keys | {"rule_set"} <= set(first)
    wanted = {"auc", "ap", "accuracy", "precision", "recall", "f1", "coverage"}
    assert wanted <= set(first["metrics"])
    assert {"model_calls", "tokens_in", "tokens_out"} <= set(first["usage"])
    assert set(first["rule_set"]) == {"revision", "sha256"}
    assert (first["name"], first["kind"]) == ("yard", "clips")
    assert first["metrics"] == second["metrics"]
    # The second found the captions of the first.
    assert second["usage"]["captions_computed"] == 0


def test_clips_that_are_labelled_as_a_whole(folder: Path) -> None:
    test = [{"clip": "clips/one", "label": 1}, {"clip": "clips/two", "label": 0}]
    result = figures(manifest(folder, test=test, labels=None))
    assert result.metrics["clip_auc"] == 1.0
    assert result.metrics["clip_accuracy"] == 1.0
    assert result.metrics["clip_f1"] == 1.0
    # Beside the maximum: clips as a whole, before and after reflection.
    assert result.metrics["clip_first_accuracy"] == 1.0
    assert result.metrics["clip_reflected_accuracy"] == 1.0
    moves = [name for name in result.metrics if name.startswith("clip_moved_to_")]
    assert len(moves) == 5 and not any(result.metrics[name] for name in moves)
    # By frame, such a label is right for the whole clip.
    assert result.metrics["recall"] == pytest.approx(20 / 60)
    assert result.baselines["clip_auc_of_length"] == 1.0


def test_failed_frames_are_wrong_and_uncovered(folder: Path, captioner: Brightness) -> None:
    path = manifest(folder, test=[{"clip": "clips/one"}])
    whole = figures(path, keep=folder / "kept")
    assert whole.metrics["accuracy"] == 1.0
    ask = type(captioner).caption

    def refuse_loud(self: Brightness, windows: Any, model: Any) -> Any:
        self.refused = set(range(30, 40))
        references = list(windows)
        if references and not references[0].clip.endswith("one"):
            self.refused = set()
        return ask(self, iter(references), model)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(type(captioner), "caption", refuse_loud)
        result = figures(path)
    assert result.metrics["coverage"] == pytest.approx(50 / 60)
    assert result.metrics["accuracy"] == pytest.approx(50 / 60)
    assert result.metrics["recall"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"labels": "gone.json"}, "gone.json cannot be read as labels"),
        ({"labels": None}, "clip 'clips/one' of yard has no labels"),
        ({"test": [{"clip": "clips/gone"}]}, "clips/gone: "),
        ({"reference": ["references/gone"]}, "references/gone: "),
        ({"reference": ["references/a", "references/gone"]}, "references/gone: "),
    ],
)
def test_what_is_missing_is_said(folder: Path, changes: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        figures(manifest(folder, **changes))


def test_wrong_labels_are_noticed_before_any_work(folder: Path, captioner: Brightness) -> None:
    (folder / "labels.json").write_text(json.dumps({"clips/one": [0] * 59, "clips/two": [0] * 40}))
    with pytest.raises(InputError, match="'clips/one' has 60 frames, but its labels are for 59"):
        figures(manifest(folder))
    assert captioner.asked == []


def test_unscored_tail_of_sparse_samples(folder: Path, captioner: Brightness) -> None:
    """Every fifth frame is sampled; all sixty count."""
    from ruler.schemas.runs import Every

    captioner.default_every = Every(frames=5)
    result = figures(manifest(folder, test=[{"clip": "clips/one"}]))
    assert result.frames == 60
    assert result.usage.captions_computed == 12
    assert result.metrics["coverage"] == 1.0
    assert result.metrics["accuracy"] == 1.0


def test_clips_that_moved_are_counted_by_what_is_true() -> None:
    wholes = Wholes()
    for label, first, second in (
        (1, "normal", "anomaly"),
        (0, "anomaly", "normal"),
        (1, "anomaly", "normal"),
        (0, "anomaly", "undetermined"),
        (0, "normal", "normal"),
    ):
        wholes.add(label, clip_verdict(first, second))
    wholes.add(1, None)  # it could not be read
    found = wholes.figures()
    assert (found["clip_first_accuracy"], found["clip_reflected_accuracy"]) == (2 / 6, 3 / 6)
    assert found["clip_moved_to_anomaly_right"] == 1
    assert found["clip_moved_to_anomaly_wrong"] == 0
    assert (found["clip_moved_to_normal_right"], found["clip_moved_to_normal_wrong"]) == (1, 1)
    assert found["clip_moved_to_undetermined"] == 1
    assert Wholes().figures() == {}
