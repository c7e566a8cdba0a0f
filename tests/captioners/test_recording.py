"""What is recorded replays, and a recording only grows."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ruler.captioners import recording
from ruler.captioners.base import Captioner
from ruler.captioners.model import ModelCaptioner
from ruler.captioners.recording import FILE, RecordingCaptioner
from ruler.captioners.replay import create, read_recording
from ruler.errors import InputError, StoreError
from ruler.registry import resolve
from ruler.schemas.captions import Caption, CaptionFailure, SceneModel
from ruler.steps.captioning import Recorder, caption_samples
from ruler.steps.samples import samples_of
from ruler.steps.viewing import Sharing, View
from tests.captioners.scripted import Cache, ScriptedAsker, fails, says
from tests.conformance.captioners import CaptionerConformance
from tests.conformance.clips import MemoryClip, walkers, windows_of


def model() -> ModelCaptioner:
    return ModelCaptioner(ScriptedAsker())


def said(text: str) -> Caption:
    return Caption(key="k", captioner="model", text=text)


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / FILE).read_text().splitlines()]


class TestRecordingOfAModel(CaptionerConformance):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Callable[[], Captioner]:
        return lambda: RecordingCaptioner(model(), tmp_path)


class TestRecordingOfMotion(CaptionerConformance):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Callable[[], Captioner]:
        return lambda: RecordingCaptioner(resolve("captioner", "motion"), tmp_path)


def test_a_recorded_run_replays_with_all_that_was_measured(tmp_path: Path) -> None:
    captioner = RecordingCaptioner(resolve("captioner", "motion"), tmp_path)
    clip = MemoryClip("walkway", walkers(30))
    scene = captioner.fit([clip], cameras="one", place="any")
    samples = samples_of(clip, np.arange(0, 30, 3))
    seen, _ = caption_samples(View(captioner, scene), clip, samples, Cache())
    replay = create(str(tmp_path), {})
    again, _ = caption_samples(View(replay, None), clip, samples, Cache())
    content = {"text", "facts", "figures", "measured"}
    for one, other in zip(seen, again, strict=True):
        assert one.caption is not None and other.caption is not None
        assert one.caption.model_dump(include=content) == other.caption.model_dump(include=content)
    assert replay.measured == captioner.measured
    assert replay.default_every.frames == 3


def test_captions_out_of_the_store_and_shared_ones_are_recorded_too(tmp_path: Path) -> None:
    video = walkers(4)[[0, 0, 0, 1, 1, 2]]
    clip = MemoryClip("walkway", video)
    samples = samples_of(clip, np.arange(6))
    cache = Cache()
    asker = ScriptedAsker()
    caption_samples(View(ModelCaptioner(asker), None), clip, samples, cache)
    assert len(asker.questions) == 3
    captioner = RecordingCaptioner(model(), tmp_path)
    seen, usage = caption_samples(View(captioner, None), clip, samples, cache)
    assert usage.model_calls == 0
    assert [line["frame_index"] for line in lines(tmp_path)] == list(range(6))
    replay = create(str(tmp_path), {})
    again, _ = caption_samples(View(replay, None), clip, samples, Cache())
    assert [one.caption and one.caption.text for one in again] == [
        one.caption and one.caption.text for one in seen
    ]


def test_failures_are_not_recorded(tmp_path: Path) -> None:
    answers = iter([says("One."), fails(), says("Three.")])
    asker = ScriptedAsker(lambda _: next(answers))
    captioner = RecordingCaptioner(ModelCaptioner(asker), tmp_path)
    clip = MemoryClip("walkway", walkers(3))
    caption_samples(View(captioner, None), clip, samples_of(clip, np.arange(3)), Cache())
    assert [line["frame_index"] for line in lines(tmp_path)] == [0, 2]
    missed = windows_of(clip, captioner.window, [1])
    (one,) = create(str(tmp_path), {}).caption(missed, None)
    assert one.answer == CaptionFailure(reason="no recorded caption for clip walkway frame 1")


def test_the_same_entry_is_written_once(tmp_path: Path) -> None:
    first = RecordingCaptioner(model(), tmp_path / "new" / "folder")
    entries = [(0, said("One.")), (5, said("Two."))]
    first.record("a", entries)
    first.record("a", [*entries, (9, said("Three."))])
    again = RecordingCaptioner(model(), tmp_path / "new" / "folder")
    again.record("a", entries)
    again.record("b", entries)
    found = [(line["clip"], line["frame_index"]) for line in lines(tmp_path / "new" / "folder")]
    assert found == [("a", 0), ("a", 5), ("a", 9), ("b", 0), ("b", 5)]


def test_another_caption_of_the_same_frame_is_refused(tmp_path: Path) -> None:
    RecordingCaptioner(model(), tmp_path).record("a", [(0, said("One."))])
    again = RecordingCaptioner(model(), tmp_path)
    with pytest.raises(InputError, match="another caption for clip a frame 0: record into a new"):
        again.record("a", [(0, said("Two.")), (1, said("Three."))])
    assert len(lines(tmp_path)) == 1


def test_a_line_that_was_cut_off_is_dropped_and_one_without_its_end_stays(tmp_path: Path) -> None:
    RecordingCaptioner(model(), tmp_path).record("a", [(0, said("One.")), (1, said("Two."))])
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[:-5])
    RecordingCaptioner(model(), tmp_path).record("a", [(1, said("Two."))])
    assert (tmp_path / FILE).read_bytes() == whole
    (tmp_path / FILE).write_bytes(whole[:-1])
    RecordingCaptioner(model(), tmp_path).record("a", [(1, said("Two."))])
    assert (tmp_path / FILE).read_bytes() == whole
    (tmp_path / FILE).write_bytes(b'{"clip": ')
    RecordingCaptioner(model(), tmp_path).record("a", [(1, said("Two."))])
    assert len(lines(tmp_path)) == 1


def test_many_threads_write_whole_lines(tmp_path: Path) -> None:
    captioner = RecordingCaptioner(model(), tmp_path)

    def write(part: int) -> None:
        for frame in range(40):
            captioner.record(f"clip-{part % 4}", [(frame, said(f"Frame {frame}. " * 20))])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    assert len(lines(tmp_path)) == 160
    assert sum(map(len, read_recording(tmp_path).values())) == 160


def test_words_of_others_start_no_new_line(tmp_path: Path) -> None:
    hostile = 'x"}\n{"clip": "b", "frame_index": 0, "text": "No people."}\u2028\r'
    RecordingCaptioner(model(), tmp_path).record(hostile, [(0, said(hostile))])
    read = read_recording(tmp_path)
    assert {
        clip: {at: one.text for at, one in frames.items()} for clip, frames in read.items()
    } == {hostile: {0: hostile}}


def test_a_place_that_cannot_be_written_is_refused_before_the_first_call(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be recorded there"):
        RecordingCaptioner(model(), tmp_path / "file")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / FILE).write_text("not a caption\n")
    with pytest.raises(InputError, match="not JSON"):
        RecordingCaptioner(model(), tmp_path / "broken")


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    captioner = RecordingCaptioner(model(), tmp_path)
    write = os.write
    monkeypatch.setattr(recording.os, "write", lambda file, data: write(file, data[:-1]))
    with pytest.raises(StoreError, match="No space left"):
        captioner.record("a", [(0, said("One."))])
    monkeypatch.undo()
    captioner.record("a", [(0, said("One."))])
    assert len(lines(tmp_path)) == 1
    (tmp_path / FILE).unlink()
    tmp_path.rmdir()
    with pytest.raises(StoreError, match="cannot be recorded"):
        captioner.record("a", [(1, said("Two."))])


def test_it_is_what_the_captioning_step_looks_for(tmp_path: Path) -> None:
    captioner = RecordingCaptioner(model(), tmp_path)
    assert isinstance(captioner, Recorder)
    assert isinstance(captioner, Sharing)
    assert captioner.sharing == model().sharing
    assert not isinstance(model(), Recorder)
    motion = RecordingCaptioner(resolve("captioner", "motion"), tmp_path)
    assert motion.sharing is None
    assert isinstance(
        motion.fit([MemoryClip("a", walkers(30))], cameras="one", place="any"), SceneModel
    )
