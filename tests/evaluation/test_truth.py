"""Truth by frame, and the figures made of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ruler.errors import InputError
from ruler.evaluation.columns import Column
from ruler.evaluation.naming import scene_name
from ruler.evaluation.truth import frame_truth, load_labels
from tests import support

TIMES = [0.0, 0.1, 0.2, 0.3, 0.4]


def test_labels_a_frame() -> None:
    assert frame_truth([0, 1, 1, 0, 0], TIMES, "a") == [0, 1, 1, 0, 0]


@pytest.mark.parametrize("count", [0, 4, 6])
def test_labels_of_another_length(count: int) -> None:
    with pytest.raises(InputError, match=f"clip 'a' has 5 frames, but its labels are for {count}"):
        frame_truth([0] * count, TIMES, "a")


def test_labels_in_seconds_are_half_open() -> None:
    entry = {"seconds": [[0.1, 0.3], [0.35, 99]]}
    assert frame_truth(entry, TIMES, "a") == [0, 1, 1, 0, 1]
    assert frame_truth({"seconds": []}, TIMES, "a") == [0] * 5


@pytest.mark.parametrize(
    "entry",
    [
        "0101",
        [0, 2],
        [0, None],
        {},
        {"seconds": None},
        {"seconds": [1, 2]},
        {"seconds": [[1]]},
        {"seconds": [["a", "b"]]},
        {"seconds": [[1, 2, 3]]},
        {"seconds": [[2, 1]]},
        {"frames": [[0, 1]]},
        None,
        3,
    ],
)
def test_labels_in_neither_form(tmp_path: Path, entry: object) -> None:
    path = tmp_path / "labels.json"
    path.write_text(json.dumps({"good": [0, 1], "clip/x": entry}))
    with pytest.raises(InputError, match="labels of 'clip/x' must be a list of 0 and 1"):
        load_labels(path)


def test_labels_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    with pytest.raises(InputError, match="cannot be read as labels"):
        load_labels(path)
    for content in (b"{", b"\xff\xfe", b"[" * 100_000):
        path.write_bytes(content)
        with pytest.raises(InputError, match="cannot be read as labels"):
            load_labels(path)
    path.write_text("[1]")
    with pytest.raises(InputError, match="must map clips to labels, not be a list"):
        load_labels(path)


def test_frames_that_were_not_sampled_take_the_score_before_them() -> None:
    column = Column()
    verdicts = [
        support.verdict_of(1, 0.25, until_frame=3),
        support.verdict_of(3, 0.75, until_frame=9),
    ]
    column.add([0, 0, 0, 1, 1], TIMES, verdicts)
    assert column.scores == [0.0, 0.25, 0.25, 0.75, 0.75]
    assert column.answers == [None, 0, 0, 1, 1]
    assert column.decided == 4


def test_undecided_frames_carry_the_last_score() -> None:
    column = Column()
    verdicts = [
        support.verdict_of(0, 0.75, until_frame=1),
        support.verdict_of(1, 0.0, until_frame=2, outcome="failed", reason="gone"),
        support.verdict_of(2, 0.9, until_frame=3, outcome="undetermined", reason="unsure"),
        support.verdict_of(3, 0.25, until_frame=5),
    ]
    column.add([1, 1, 1, 0, 0], TIMES, verdicts)
    assert column.scores == [0.75, 0.75, 0.75, 0.25, 0.25]
    assert column.answers == [1, None, None, 0, 0]
    # The next clip begins without a score of this one.
    column.add([0], [0.0], [])
    assert column.scores[-1] == 0.0
    assert column.decided == 3


@pytest.mark.parametrize(
    ("name", "scene"), [("My Set", "my-set"), ("x_1", "x_1"), ("日本", "dataset"), ("-a-", "a")]
)
def test_a_name_as_a_scene(name: str, scene: str) -> None:
    assert scene_name(name) == scene
