from __future__ import annotations

import csv
import json
import resource
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruler.errors import FileProblems, NotFoundError, RunError
from ruler.reporting.jsonl import (
    ClipsWriter,
    EventsWriter,
    FramesWriter,
    read_clips,
    read_events,
    read_frames,
)
from ruler.reporting.rows import EVENT_KEYS, FRAME_KEYS, event_row, verdict_row
from ruler.reporting.tables import COLUMNS, safe_cell
from ruler.schemas.verdicts import Event, Verdict
from tests.reporting.builders import clip_verdict, event, events, fact, failed, verdict, verdicts


def write_frames(folder: Path, items: Iterable[Verdict]) -> Path:
    with FramesWriter(folder) as writer:
        for item in items:
            writer.write(item)
    return folder / "frames.jsonl"


def write_events(folder: Path, *items: Event) -> Path:
    with EventsWriter(folder) as writer:
        for item in items:
            writer.write(item)
    return folder / "events.jsonl"


@settings(max_examples=60)
@given(st.lists(verdicts(), max_size=3))
def test_verdicts_come_back_as_they_were(items: list[Verdict]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert list(read_frames(write_frames(Path(folder), items))) == items


@settings(max_examples=60)
@given(st.lists(events(), max_size=3))
def test_events_come_back_as_they_were(items: list[Event]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert list(read_events(write_events(Path(folder), *items))) == items


@pytest.mark.parametrize("second", ["anomaly", "normal", "undetermined"])
@pytest.mark.parametrize("first", ["anomaly", "normal", "undetermined"])
def test_verdicts_on_clips_come_back_as_they_were(tmp_path: Path, first: str, second: str) -> None:
    wholes = [clip_verdict(first, second), clip_verdict(first, second, clip="b \u2028.mp4")]
    with ClipsWriter(tmp_path) as writer:
        for whole in wholes:
            writer.write(whole)
    assert list(read_clips(tmp_path / "clips.jsonl")) == wholes


@given(st.floats(0, 1), st.floats(-1e6, 1e6))
def test_numbers_come_back_to_six_digits(score: float, time: float) -> None:
    row = verdict_row(verdict(score=score, time_seconds=time))
    assert row["score"] == pytest.approx(score, abs=5.1e-7)
    assert row["time_seconds"] == pytest.approx(time, abs=5.1e-7)
    assert str(row["time_seconds"]) != "-0.0"


def test_keys_stand_in_the_promised_order(tmp_path: Path) -> None:
    anomaly = verdict(outcome="anomaly", rules=("walkway.fast",), evidence=(fact(),))
    line = write_frames(tmp_path, [anomaly]).read_text(encoding="utf-8")
    assert tuple(json.loads(line)) == FRAME_KEYS
    assert json.loads(line)["revision"] == "walkway@3"
    assert list(json.loads(line)["evidence"][0]) == sorted(json.loads(line)["evidence"][0])
    assert tuple(event_row(event())) == EVENT_KEYS
    assert set(FRAME_KEYS) == {*Verdict.model_fields, "revision_sha256"}
    assert set(EVENT_KEYS) == {*Event.model_fields, "revision_sha256"}


def test_the_bytes_are_fixed(tmp_path: Path) -> None:
    path = write_frames(tmp_path, [verdict(3, score=1 / 3, clip="straße.mp4"), failed(4)])
    assert path.read_bytes().split(b"\n")[0].decode() == (
        '{"clip": "straße.mp4", "frame_index": 3, "until_frame": 4, "time_seconds": 0.3, '
        '"outcome": "normal", "score": 0.333333, "stages": {"match": 0.333333, '
        '"reason": 0.333333, "reflect": 0.333333, "smooth": 0.333333}, "rules": [], '
        f'"revision": "walkway@3", "revision_sha256": "{"ab" * 32}", "evidence": [], '
        '"rationale": "", "reason": null, "caption": null}'
    )
    assert (tmp_path / "frames.csv").read_bytes().decode() == (
        "clip,frame_index,until_frame,time_seconds,outcome,score,rules,reason\n"
        "straße.mp4,3,4,0.3,normal,0.333333,,\n"
        "a.mp4,4,5,0.4,failed,0.1,,the model timed out\n"
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(tmp_path: Path, start: str) -> None:
    name = f"{start}cmd|' /C calc'!A0"
    write_frames(tmp_path, [verdict(clip=name), verdict(1, time_seconds=-0.5)])
    with (tmp_path / "frames.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["clip"] == "'" + name.replace("\r", " ")
    assert rows[1]["time_seconds"] == "-0.5"  # a number stays one
    assert list(rows[0]) == list(COLUMNS)
    assert safe_cell("a=b\nc") == "a=b c"


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    write_frames(tmp_path, [verdict()])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def killed() -> Iterator[Verdict]:
        yield verdict(1)
        raise KeyError

    with pytest.raises(KeyError):
        write_frames(tmp_path, killed())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_files_appear_only_at_the_end(tmp_path: Path) -> None:
    with EventsWriter(tmp_path / "new" / "folder") as writer:
        writer.write(event())
        assert not (tmp_path / "new" / "folder" / "events.jsonl").exists()
    assert [path.name for path in (tmp_path / "new" / "folder").iterdir()] == ["events.jsonl"]


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(RunError, match=r"frames\.jsonl: cannot be written"):
        write_frames(tmp_path / "file", [])


def test_a_writer_that_is_not_open_refuses() -> None:
    with pytest.raises(ValueError, match="not open"):
        EventsWriter(Path("nowhere")).write(event())


def test_reading_names_the_line(tmp_path: Path) -> None:
    path = write_frames(tmp_path, [verdict(), verdict(1)])
    text = path.read_text(encoding="utf-8")
    for wrong, message in (
        ("{", "Expecting property name"),
        ("[1]", "object"),
        ('{"revision": "walkway"}', "revision should look like"),
        ('{"revision": "walkway@1"}', "Field required"),
        ("{}", "revision"),
    ):
        path.write_text(text + wrong + "\n", encoding="utf-8")
        rows = read_frames(path)
        assert [next(rows).frame_index, next(rows).frame_index] == [0, 1]
        with pytest.raises(FileProblems, match=message) as caught:
            next(rows)
        assert caught.value.problems[0].line == 3


def test_a_missing_file_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="no such file"):
        read_events(tmp_path / "events.jsonl")


def test_memory_stays_flat(tmp_path: Path) -> None:
    one = verdict()
    with FramesWriter(tmp_path) as writer:
        writer.write(one)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(20_000):
            writer.write(one)
    assert sum(1 for _ in read_frames(tmp_path / "frames.jsonl")) == 20_001
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8_000  # KiB
