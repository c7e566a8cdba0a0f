"""Recorded captions: the protocol, the truth, the figures and the baselines."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from ruler import metrics
from ruler.errors import InputError
from ruler.evaluation.baselines import KEYWORDS, keyword_hits, keyword_pipeline
from ruler.evaluation.captions import CaptionsOutcome, evaluate_captions, learn_fold, spread_shots
from ruler.evaluation.recorded import Recorded, Video, load_recorded
from ruler.evaluation.runner import evaluate
from ruler.jobs.progress import silent
from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.datasets import CaptionsManifest, Protocol
from ruler.schemas.runs import ONLINE, Smoothing
from ruler.schemas.verdicts import WordEvidence
from rules_store.manifest_files import load_manifest

WALKS = "There are two people in the image. One person is walking, the other is standing."
RIDES = "There are two people in the image. One person is walking, the other is riding a bicycle."
ASIDE = " Other than people, there are trees and a bench."


def row(video: str, frame: int, label: int, caption: str) -> dict[str, Any]:
    return {"video": video, "frame": frame, "label": label, "caption": caption}


def recording(videos: int = 4, frames: int = 40) -> list[dict[str, Any]]:
    """Videos whose second half shows a cyclist, but for a lonely false hit in the first."""
    return [
        row(f"v{number}", frame, int(frame >= frames // 2), caption + ASIDE)
        for number in range(videos)
        for frame in range(frames)
        for caption in (RIDES if frame >= frames // 2 or frame == 3 else WALKS,)
    ]


def written(folder: Path, rows: list[dict[str, Any]], **more: Any) -> Path:
    lines = "".join(json.dumps(entry) + "\n" for entry in rows)
    (folder / "c.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    manifest = {"kind": "captions", "name": "toy", "captions": "c.jsonl.gz", "fps": 10, **more}
    lines = [f"{key}: {json.dumps(value)}" for key, value in manifest.items()]
    path = folder / "dataset.yaml"
    path.write_text("\n".join(["schema: ruler/dataset/v1", *lines]) + "\n")
    return path


def measured(path: Path, smoothing: Smoothing = ONLINE) -> CaptionsOutcome:
    manifest = load_manifest(path)
    assert isinstance(manifest, CaptionsManifest)
    return evaluate_captions(
        manifest, path.parent, smoothing=smoothing, reasoner=SymbolicReasoner(), report=silent
    )


def videos_of(path: Path, **more: Any) -> list[Video]:
    return load_recorded(path.parent / "c.jsonl.gz", 10, more.get("intervals"))


def test_what_is_anomalous_ranks_above_what_is_not(tmp_path: Path) -> None:
    outcome = measured(written(tmp_path, recording()))
    figures = outcome.result.metrics
    assert figures["auc"] is not None
    assert figures["auc"] > 0.98
    assert figures["coverage"] == 1.0
    assert figures["event_recall"] == 1.0
    assert figures["auc_low"] <= figures["auc"] <= figures["auc_high"]  # type: ignore[operator]
    assert outcome.result.baselines["auc_constant"] == 0.5


def test_both_modes_stand_beside_each_other(tmp_path: Path) -> None:
    path = written(tmp_path, recording())
    online, offline = measured(path, ONLINE).result, measured(path, Smoothing()).result
    assert (online.mode, offline.mode) == ("online", "offline")
    assert online.other_mode is not None
    assert offline.other_mode is not None
    assert online.other_mode == {"mode": "offline", **offline.metrics}
    assert offline.other_mode == {"mode": "online", **online.metrics}


def test_online_figures_do_not_know_the_future(tmp_path: Path) -> None:
    whole = recording(videos=2)
    cut = [entry for entry in whole if entry["frame"] < 30]
    scores = []
    for name, rows in (("whole", whole), ("cut", cut)):
        folder = tmp_path / name
        folder.mkdir()
        found = measured(written(folder, rows)).scored["online"]
        frames = [entry["frame"] for entry in rows]
        scores.append([s for s, frame in zip(found.scores, frames, strict=True) if frame < 30])
    assert scores[0] == scores[1]


def test_a_fold_learns_from_the_other_folds_normal_captions_alone(tmp_path: Path) -> None:
    videos = videos_of(written(tmp_path, recording(videos=5)))
    for fold in (0, 1):
        shots = spread_shots(videos, fold, Protocol(folds=2, shots=7))
        assert len(shots) == 7
        assert all(not seen.truth for _, seen in shots)
        own = {video.name for video in videos[fold::2]}
        assert own.isdisjoint(video.name for video, _ in shots)
        assert len({video.name for video, _ in shots}) > 1
    few = spread_shots(videos, 0, Protocol(folds=2, shots=10_000))
    assert len(few) == sum(not seen.truth for video in videos[1::2] for seen in video.frames)


def test_without_a_normal_caption_there_is_nothing_to_learn(tmp_path: Path) -> None:
    rows = [entry | {"label": 1} for entry in recording(videos=2)]
    with pytest.raises(InputError, match="no normal caption"):
        measured(written(tmp_path, rows))


def test_intervals_are_the_truth_and_labels_stand_beside(tmp_path: Path) -> None:
    rows = [entry | {"label": int(entry["video"] in ("v0", "v1"))} for entry in recording()]
    spans = {video: [[20, 40]] for video in ("v0", "v1", "v2")}
    (tmp_path / "truth.json").write_text(json.dumps(spans))
    path = written(tmp_path, rows, intervals="truth.json")
    outcome = measured(path)
    truth = [int(e["frame"] >= 20 and e["video"] != "v3") for e in rows]
    # Videos are judged fold by fold: v0, v2, then v1, v3.
    assert sum(outcome.scored["online"].labels) == sum(truth)
    released = outcome.result.metrics["auc_released_labels"]
    assert released is not None
    assert released != outcome.result.metrics["auc"]


def test_frames_are_put_in_true_order(tmp_path: Path) -> None:
    rows = recording(videos=2)
    shuffled = sorted(rows, key=lambda entry: (str(entry["frame"]), entry["video"]))
    first, second = (tmp_path / name for name in ("sorted", "shuffled"))
    for folder, entries in ((first, rows), (second, shuffled)):
        folder.mkdir()
        written(folder, entries)
    paths = (first / "dataset.yaml", second / "dataset.yaml")
    one, two = (measured(path).result for path in paths)
    assert one.metrics == two.metrics


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "not JSON"),
        ("[]", "expected an object"),
        ('{"video": "", "frame": 0, "label": 0, "caption": "x"}', "must be text"),
        ('{"video": "v", "frame": -1, "label": 0, "caption": "x"}', "whole number"),
        ('{"video": "v", "frame": true, "label": 0, "caption": "x"}', "whole number"),
        ('{"video": "v", "frame": 1, "label": 2, "caption": "x"}', "0 or 1"),
        ('{"video": "v", "frame": 0, "label": 0, "caption": 7}', "must be text"),
        ('{"video": "v0", "frame": 0, "label": 0, "caption": "x"}', "twice"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text(json.dumps(row("v0", 0, 0, WALKS)) + "\n" + line + "\n")
    with pytest.raises(InputError, match=f"c.jsonl:2: .*{said}"):
        load_recorded(path, 10, None)


@pytest.mark.parametrize("source", ["[]", "{", '{"v0": [[3, 1]]}', '{"v0": [[1]]}'])
def test_broken_intervals_are_named(tmp_path: Path, source: str) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text(json.dumps(row("v0", 0, 0, WALKS)) + "\n")
    truth = tmp_path / "truth.json"
    truth.write_text(source)
    with pytest.raises(InputError, match=r"truth.json"):
        load_recorded(path, 10, truth)


def test_a_recording_that_is_missing_or_empty_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        load_recorded(tmp_path / "none.jsonl", 10, None)
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(InputError, match="no caption"):
        load_recorded(tmp_path / "empty.jsonl", 10, None)


def test_the_baseline_is_the_described_pipeline() -> None:
    assert len(KEYWORDS) == len(set(KEYWORDS)) == 20
    captions = ["a man is riding", "a man is walking", "Bicycle!", "ridings"]
    video = Video("v", [Recorded(n, text, 0, 0) for n, text in enumerate(captions)], 10)
    assert keyword_hits(video) == [1.0, 0.0, 1.0, 0.0]
    first = [1.0, 0.67, 0.33 + 0.67 * 0.67, 0.67 * (0.33 + 0.67 * 0.67)]
    mean = sum(first) / 4
    second, last = [], float(first[0] > mean)
    for score in first:
        last = 0.33 * (score > mean) + 0.67 * last
        second.append(last)
    assert keyword_pipeline(video) == pytest.approx(second)


def test_alarms_carry_a_rule_and_words_of_a_caption(tmp_path: Path) -> None:
    path = written(tmp_path, recording())
    manifest, videos = load_manifest(path), videos_of(path)
    assert isinstance(manifest, CaptionsManifest)
    shots = spread_shots(videos, 0, manifest.protocol)
    deducer = learn_fold(manifest, 0, shots, SymbolicReasoner()).smoothed_by(ONLINE)
    seen = videos[0].observations()
    texts = {each.caption.sha256: each.caption.text for each in seen if each.caption}
    alarms = [v for v in deducer.deduce("v0", seen, float).verdicts if v.outcome == "anomaly"]
    assert len(alarms) > 10
    for verdict in alarms:
        assert verdict.rules
        for evidence in verdict.evidence:
            assert isinstance(evidence, WordEvidence)
            assert texts[evidence.caption][evidence.start : evidence.stop] == evidence.quote
    assert any("riding a bicycle" in verdict.rationale for verdict in alarms)


def test_the_runner_measures_captions(tmp_path: Path) -> None:
    document = evaluate([written(tmp_path, recording())], smoothing=Smoothing())
    [result] = document.results
    assert result.kind == "captions"
    assert result.usage.model_calls == 0


@pytest.mark.footage
@pytest.mark.parametrize(
    ("name", "online", "offline"),
    [("ped2", 0.95, 0.96), ("avenue", 0.70, 0.74)],
)
def test_real_captions_reach_their_floors(
    shared: Path, name: str, online: float, offline: float
) -> None:
    """The two small recordings; benchmarks/captions.py measures all four."""
    outcome = measured(shared / "data" / "captions" / f"{name}.dataset.yaml")
    result = outcome.result
    assert result.metrics["auc"] is not None
    assert result.metrics["auc"] >= online
    assert result.other_mode is not None
    assert float(result.other_mode["auc"] or 0) >= offline
    scored = outcome.scored["online"]
    assert result.metrics["auc"] > metrics.auc(scored.labels, scored.baseline)  # type: ignore[operator]
