"""Captions, labels, answers and recordings of models: whatever stands in them, the law holds."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.captioners.recording import RecordingCaptioner
from ruler.captioners.replay import ReplayCaptioner
from ruler.evaluation.recorded import load_recorded
from ruler.evaluation.truth import frame_truth, load_labels
from ruler.files import parse_json
from ruler.jobs.labelled_answers import load_answers
from ruler.llm.questions import Question
from ruler.llm.recording import Recording, Replay
from ruler.schemas.datasets import AnswersManifest
from tests.fuzz.hostile import VALUES, as_json, fuzz, hostile, lawful

CAPTIONS = (
    b'{"video": "01", "frame": 0, "label": 0, "caption": "A man walks."}\n'
    b'{"video": "01", "frame": 10, "label": 1, "caption": "A man runs \\u00e9."}\n'
)
INTERVALS = b'{"01": [[5, 15]], "02": []}\n'
LABELS = b'{"01": [0, 1, 1], "02": {"seconds": [[0.5, 1], [2, 3e0]]}}\n'
ANSWERS = (
    b'{"id": "a", "mode": "cot", "raw": "{\\"description\\": \\"A dog.\\", \\"anomaly\\": 0}"}\n'
    b'{"id": "b", "mode": "cot", "raw": "anomaly: 1"}\n'
)
TRUTH = (
    b'{"id": "a", "label": 0, "categories": ["Pets"]}\n'
    b'{"id": "b", "label": 1, "categories": ["Baby"]}\n'
)
REPLAY = (
    b'{"clip": "a", "frame_index": 0, "text": "Nobody."}\n'
    b'{"clip": "a", "frame_index": 5, "text": "One runs.", "facts": {"figures": 1.0},'
    b' "measured": ["figures"]}\n'
)
CASSETTE = b'{"key": "k", "model": "m", "text": "yes"}\n{"key": "l", "model": "m", "text": "no"}\n'


def read_captions(folder: Path, path: Path) -> None:
    for video in load_recorded(path, 25.0, None):
        video.observations()


def read_intervals(folder: Path, path: Path) -> None:
    (folder / "captions.jsonl").write_bytes(CAPTIONS)
    load_recorded(folder / "captions.jsonl", 25.0, path)


def read_labels(folder: Path, path: Path) -> None:
    for clip, entry in load_labels(path).items():
        frame_truth(entry, [0.0, 0.1, 0.2], clip)


def answers_of(folder: Path, answers: Path, truth: Path) -> None:
    manifest = AnswersManifest(
        kind="answers", name="x", answers=str(answers), truth=str(truth), taxonomy="general"
    )
    for clip in load_answers(manifest, folder):
        assert clip.caption.sha256


def read_answers(folder: Path, path: Path) -> None:
    (folder / "truth.jsonl").write_bytes(TRUTH)
    answers_of(folder, path, folder / "truth.jsonl")


def read_truth(folder: Path, path: Path) -> None:
    (folder / "given.jsonl").write_bytes(ANSWERS)
    answers_of(folder, folder / "given.jsonl", path)


def read_replay(folder: Path, path: Path) -> None:
    replay = ReplayCaptioner(path)
    assert replay.identity.parameters
    assert replay.default_every.frames
    assert isinstance(replay.measured, tuple)


def go_on_recording(folder: Path, path: Path) -> None:
    kept = folder / "goes-on"
    kept.mkdir(exist_ok=True)
    (kept / "captions.jsonl").write_bytes(path.read_bytes())
    RecordingCaptioner(ReplayCaptioner(path), kept)


def read_cassette(folder: Path, path: Path) -> None:
    kept = folder / "cassette"
    kept.mkdir(exist_ok=True)
    (kept / "answers.jsonl").write_bytes(path.read_bytes())
    list(Replay(kept).ask([Question("system", "text")]))
    Recording(kept).put("new", "m", "text")


Read = Callable[[Path, Path], None]
READERS: dict[str, tuple[Read, bytes]] = {
    "captions": (read_captions, CAPTIONS),
    "intervals": (read_intervals, INTERVALS),
    "labels": (read_labels, LABELS),
    "answers": (read_answers, ANSWERS),
    "truth": (read_truth, TRUTH),
    "replay": (read_replay, REPLAY),
    "recording": (go_on_recording, REPLAY),
    "cassette": (read_cassette, CASSETTE),
}
each = pytest.mark.parametrize("kind", READERS)


@each
def test_the_seeds_can_be_read(kind: str, tmp_path: Path) -> None:
    read, seed = READERS[kind]
    (tmp_path / "good.jsonl").write_bytes(seed)
    if kind == "labels":
        with pytest.raises(Exception, match="labels are for"):
            frame_truth([0], [0.0, 1.0], "a")
    read(tmp_path, tmp_path / "good.jsonl")


@each
@given(data=st.data())
@fuzz(80)
def test_hostile_recordings(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    read, seed = READERS[kind]
    path = tmp_path / "hostile.jsonl"
    path.write_bytes(data.draw(hostile(seed)))
    lawful(lambda: read(tmp_path, path))


PACKED = {"captions": CAPTIONS, "answers": ANSWERS, "truth": TRUTH, "replay": REPLAY}


@pytest.mark.parametrize("kind", PACKED)
@given(data=st.data())
@fuzz(40)
def test_hostile_packing(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(PACKED[kind]))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(packed) - 1))
        packed[place] ^= data.draw(st.integers(0, 255))
    del packed[data.draw(st.integers(1, len(packed))) :]
    path = tmp_path / "hostile.jsonl.gz"
    path.write_bytes(packed)
    lawful(lambda: READERS[kind][0](tmp_path, path))


@given(value=VALUES)
@fuzz(200)
def test_json_is_json_or_a_sentence(value: object) -> None:
    text = as_json(value).decode()
    try:
        read = parse_json(text)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - which error it is matters less than that it speaks
        return
    assert json.dumps(read, allow_nan=False, ensure_ascii=False).encode()
    assert not isinstance(read, float) or math.isfinite(read)
