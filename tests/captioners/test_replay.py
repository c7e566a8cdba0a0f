"""The replay captioner on recordings of its own making, and on a released one."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.captioners.base import Captioner
from ruler.captioners.replay import ReplayCaptioner, create, line_of, read_recording
from ruler.errors import FileProblems, InputError
from ruler.registry import resolve
from ruler.schemas.base import content_hash
from ruler.schemas.captions import Box, Caption, CaptionFailure, Figure
from ruler.schemas.runs import Every
from ruler.video.frames import FrameWindow
from tests.conformance.captioners import SAMPLED, CaptionerConformance
from tests.conformance.clips import MemoryClip, walkers, windows_of

OURS = [{"clip": "walkway", "frame_index": at, "text": f"Frame {at}."} for at in SAMPLED]


def write(path: Path, entries: list[dict[str, object]]) -> Path:
    text = "".join(f"{json.dumps(entry)}\n" for entry in entries)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def window(frame_index: int, clip: str = "walkway") -> FrameWindow:
    still = MemoryClip(clip, walkers(1).repeat(30, axis=0))
    return windows_of(still, ReplayCaptioner.window, [frame_index])[0]


def answer(path: Path, asked: FrameWindow) -> Caption | CaptionFailure:
    (one,) = create(str(path), {}).caption([asked], None)
    assert one.usage.model_calls == 0
    return one.answer


def measured(at: int) -> Caption:
    """As the captioner `motion` writes them."""
    box = Box(left=0.1, top=0.2, right=0.3, bottom=0.4)
    return Caption(
        key="k",
        captioner="motion",
        text=f"One figure, “{at}”.",
        facts={"figures": 1.0},
        figures=(Figure(box=box, facts={"speed_ratio": at + 0.123456}),),
        measured=("figures", "speed_ratio"),
    )


class TestReplay(CaptionerConformance):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Callable[[], Captioner]:
        path = write(tmp_path / "recorded.jsonl", OURS)
        return lambda: create(str(path), {})

    @pytest.fixture
    def bad_window(self) -> FrameWindow:
        return window(3)


class TestMeasures(CaptionerConformance):
    """A recording of a captioner that measures."""

    @pytest.fixture
    def make(self, tmp_path: Path) -> Callable[[], Captioner]:
        path = tmp_path / "recorded.jsonl"
        path.write_text("".join(line_of("walkway", at, measured(at)) + "\n" for at in SAMPLED))
        return lambda: create(str(path), {})


def test_what_was_measured_comes_back(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", OURS)
    with path.open("a") as file:
        file.write(line_of("street", 7, measured(7)) + "\n")
    captioner = create(str(path), {})
    assert captioner.measured == ("figures", "speed_ratio")
    replayed = answer(path, window(7, "street"))
    assert isinstance(replayed, Caption)
    content = {"text", "facts", "figures", "measured"}
    assert replayed.model_dump(include=content) == measured(7).model_dump(include=content)
    bare = answer(path, window(5))
    assert isinstance(bare, Caption)
    assert bare.measured == ()


def test_a_line_of_words_alone_is_as_short_as_it_was() -> None:
    caption = Caption(key="k", captioner="model", text="Zwei “Leute”.")
    line = line_of("door 1", 3, caption)
    assert line == '{"clip": "door 1", "frame_index": 3, "text": "Zwei “Leute”."}'


def test_is_registered(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", OURS)
    captioner = resolve("captioner", f"replay:{path}")
    assert captioner.identity == create(str(path), {}).identity


def test_reads_both_shapes_packed_and_in_folders(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", OURS)
    theirs = [{"dataset": "d", "video": "01", "frame": 4, "label": 1, "caption": "A cyclist."}]
    write(tmp_path / "b.jsonl.gz", theirs)
    (tmp_path / "notes.txt").write_text("not a recording")
    (tmp_path / "answers.jsonl").write_text('{"key": "k", "model": "m", "text": "a reasoner\'s"}')
    first, second = answer(tmp_path, window(5)), answer(tmp_path, window(4, "01"))
    assert isinstance(first, Caption)
    assert first.text == "Frame 5."
    assert isinstance(second, Caption)
    assert second.text == "A cyclist."


def test_a_miss_is_a_failure_that_says_which(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [*OURS, {"clip": "x", "frame_index": 0, "text": " "}])
    reasons = [answer(path, asked) for asked in (window(3), window(5, "other"), window(0, "x"))]
    assert reasons == [
        CaptionFailure(reason="no recorded caption for clip walkway frame 3"),
        CaptionFailure(reason="no recorded caption for clip other frame 5"),
        CaptionFailure(reason="the recorded caption for clip x frame 0 is empty"),
    ]


def test_equal_pixels_are_different_questions(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", OURS)
    same, again = window(5), window(8)
    assert same.sha256 == again.sha256
    identity = create(str(path), {}).identity
    keys = {identity.key_of(asked, None) for asked in (same, again, window(5, "other"))}
    assert len(keys) == 3


def test_identity_follows_what_was_recorded_alone(tmp_path: Path) -> None:
    shuffled = random.Random(0).sample(OURS, len(OURS))
    plain = create(str(write(tmp_path / "a.jsonl", OURS)), {}).identity
    packed = create(str(write(tmp_path / "b.jsonl.gz", shuffled)), {}).identity
    changed = create(str(write(tmp_path / "c.jsonl", [*OURS[1:], {**OURS[0], "text": "?"}])), {})
    assert plain == packed
    assert plain != changed.identity
    with (tmp_path / "a.jsonl").open("a") as file:
        file.write(line_of("street", 7, measured(7)) + "\n")
    more = create(str(tmp_path / "a.jsonl"), {}).identity
    other = [*OURS, {"clip": "street", "frame_index": 7, "text": measured(7).text}]
    assert len({more.key("", None), plain.key("", None)}) == 2
    assert more != create(str(write(tmp_path / "d.jsonl", other)), {}).identity


def test_recordings_of_words_keep_the_identity_they_had(tmp_path: Path) -> None:
    """Captions that are stored under it stay valid."""
    path = write(tmp_path / "a.jsonl", OURS[:2])
    listed = [["walkway", [[0, "Frame 0."], [1, "Frame 1."]]]]
    assert create(str(path), {}).identity.parameters == {"recording": content_hash(listed)}


@pytest.mark.parametrize(
    ("indices", "every"), [((0,), 1), ((0, 10, 30), 10), ((5, 15), 5), ((0, 12, 25), 1)]
)
def test_samples_as_the_recording_did(tmp_path: Path, indices: list[int], every: int) -> None:
    entries = [{"clip": "a", "frame_index": index, "text": "x"} for index in indices]
    path = write(tmp_path / "a.jsonl", entries)
    assert create(str(path), {}).default_every == Every(frames=every)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[1]", "expected an object"),
        ('{"clip": "a", "frame": 1, "text": "x"}', "expected the keys"),
        ('{"clip": "", "frame_index": 1, "text": "x"}', "must be text"),
        ('{"clip": "a", "frame_index": 1, "text": 5}', "must be text"),
        ('{"clip": "a", "frame_index": -1, "text": "x"}', "whole number"),
        ('{"clip": "a", "frame_index": true, "text": "x"}', "whole number"),
        ('{"clip": "a", "frame_index": 1.5, "text": "x"}', "whole number"),
        ('{"clip": "walkway", "frame_index": 5, "text": "other"}', "stands before"),
        ('{"clip": "a", "frame_index": 1, "text": "\\ud800"}', "half a character"),
        ('{"clip": "\\ud800", "frame_index": 1, "text": "x"}', "half a character"),
        (
            '{"clip": "a", "frame_index": 1, "text": "x", "facts": {"figures": 1}}',
            "not listed in `measured`",
        ),
        ('{"clip": "a", "frame_index": 1, "text": "x", "facts": 3}', "facts: "),
        (
            (
                '{"clip": "a", "frame_index": 1, "text": "x", '
                '"figures": [{"box": {"left": 2, "top": 0, "right": 1, "bottom": 1}}]}'
            ),
            "figures.0.box.left: ",
        ),
        (
            (
                '{"clip": "a", "frame_index": 1, "text": "x", "measured": ["glamour"], '
                '"facts": {"glamour": 1}}'
            ),
            "glamour",
        ),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = write(tmp_path / "a.jsonl", OURS)
    with path.open("a") as file:
        file.write(f"\n{line}\n")
    captioner = create(str(path), {})
    with pytest.raises(FileProblems, match=message) as caught:
        _ = captioner.identity
    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (str(path), len(OURS) + 2)


def test_all_malformed_lines_are_named_up_to_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("?\n" * 3)
    with pytest.raises(FileProblems) as caught:
        read_recording(path)
    assert [problem.line for problem in caught.value.problems] == [1, 2, 3]
    path.write_text("?\n" * 1000)
    with pytest.raises(FileProblems) as caught:
        read_recording(path)
    assert len(caught.value.problems) == 20


def test_what_cannot_be_read_is_one_error(tmp_path: Path) -> None:
    truncated = tmp_path / "a.jsonl.gz"
    truncated.write_bytes(gzip.compress(b'{"clip": "a"}\n' * 100)[:-12])
    (tmp_path / "text.jsonl.gz").write_text("not packed")
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "folder").mkdir()
    for name in ("a.jsonl.gz", "text.jsonl.gz", "empty.jsonl", "folder"):
        with pytest.raises(InputError, match=name):
            _ = create(str(tmp_path / name), {}).identity
    with pytest.raises(InputError, match="does not exist"):
        create(str(tmp_path / "missing.jsonl"), {})
    with pytest.raises(InputError, match="needs a recording"):
        create("", {})


@given(st.dictionaries(st.tuples(st.text(min_size=1), st.integers(0, 9999)), st.text(), min_size=1))
def test_recordings_round_trip(
    tmp_path_factory: pytest.TempPathFactory, captions: dict[tuple[str, int], str]
) -> None:
    entries: list[dict[str, object]] = [
        {"clip": clip, "frame_index": index, "text": text}
        for (clip, index), text in captions.items()
    ]
    path = write(tmp_path_factory.mktemp("recording") / "a.jsonl.gz", entries)
    read = read_recording(path)
    texts = {(c, i): said.text for c, frames in read.items() for i, said in frames.items()}
    assert texts == captions


@pytest.mark.footage
def test_reads_a_released_recording(shared: Path) -> None:
    for path in sorted((shared / "data" / "captions").glob("*.jsonl.gz")):
        recording = read_recording(path)
        assert sum(len(frames) for frames in recording.values()) > 500
        assert create(str(path), {}).default_every == Every(frames=1)
