"""The captioner `replay:PATH`: captions that were recorded before, by clip and frame.

PATH is a `.jsonl` or `.jsonl.gz` file, or a folder of them, in which `answers.jsonl` is left to
reasoners (`ruler.llm.recording`). A line is ours, or one of the release of AnomalyRuler (ECCV
2024); other keys are not read:

    {"clip": "front-door-01", "frame_index": 120, "text": "No people."}
    {"video": "01", "frame": 120, "caption": "There are 12 people in the image."}

Ours may hold what was measured, too: `facts`, `figures` and `measured`, as in `Caption`.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from ruler.captioners.base import Captioned, CaptionerIdentity
from ruler.errors import FileProblems, InputError, Problem
from ruler.files import MOST_FRAMES, exists, is_folder, lines, parse_json
from ruler.llm.recording import NAME as ANSWERS
from ruler.schemas.base import content_hash
from ruler.schemas.captions import Caption, CaptionFailure, SceneModel
from ruler.schemas.rules import Cameras, Place
from ruler.schemas.runs import Every
from ruler.video.frames import Clip, FrameWindow, WindowSpec

NAME = "replay"
SUFFIXES = (".jsonl", ".jsonl.gz")
SHAPES = (("clip", "frame_index", "text"), ("video", "frame", "caption"))
MEASURES = ("facts", "figures", "measured")
MOST_PROBLEMS = 20

Recording = dict[str, dict[int, Caption]]
"""Captions by clip name and frame index; their keys are empty: a replay has keys of its own."""


def create(model: str, options: Mapping[str, object]) -> ReplayCaptioner:  # noqa: ARG001
    """Build from `replay:PATH`; the recording is read when it is first needed.

    Raises:
        InputError: no path is named, or it does not exist.
    """
    if not model:
        raise InputError("captioner 'replay' needs a recording, like replay:captions.jsonl")
    path = Path(model).expanduser()
    if not exists(path):
        raise InputError(f"{path}: the recording does not exist")
    return ReplayCaptioner(path)


class ReplayCaptioner:
    """Answers from a recording. A frame that was not recorded is a `CaptionFailure`.

    Clips go by their names: the pixels are not looked at.
    """

    window = WindowSpec(steps=0, width=160)

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._loaded: Recording | None = None

    @property
    def _recording(self) -> Recording:
        with self._lock:
            if self._loaded is None:
                self._loaded = read_recording(self._path)
            return self._loaded

    @cached_property
    def identity(self) -> CaptionerIdentity:
        """Holds the hash of what was recorded, however it was packed or ordered."""
        listed = sorted(
            (clip, [(index, _content(frames[index])) for index in sorted(frames)])
            for clip, frames in self._recording.items()
        )
        return CaptionerIdentity(
            name=NAME,
            version="1",
            parameters={"recording": content_hash(listed)},
            is_positional=True,
        )

    @cached_property
    def default_every(self) -> Every:
        """The distance in frames at which the recording was made, as far as it is regular."""
        step = math.gcd(*(index for frames in self._recording.values() for index in frames))
        return Every(frames=max(1, step))

    @cached_property
    def measured(self) -> tuple[str, ...]:
        """Facts that were measured on any recorded frame, sorted."""
        said = (one for frames in self._recording.values() for one in frames.values())
        return tuple(sorted({name for one in said for name in one.measured}))

    def fit(self, references: Sequence[Clip], *, cameras: Cameras, place: Place) -> None:
        """Nothing to learn."""

    def caption(
        self, windows: Iterable[FrameWindow], scene_model: SceneModel | None
    ) -> Iterator[Captioned]:
        """Look windows up, in order."""
        return (Captioned(self._look_up(window, scene_model)) for window in windows)

    def _look_up(
        self, window: FrameWindow, scene_model: SceneModel | None
    ) -> Caption | CaptionFailure:
        place = f"clip {window.clip} frame {window.frame_index}"
        said = self._recording.get(window.clip, {}).get(window.frame_index)
        if said is None:
            return CaptionFailure(reason=f"no recorded caption for {place}")
        if not said.text.strip():
            return CaptionFailure(reason=f"the recorded caption for {place} is empty")
        return said.model_copy(update={"key": self.identity.key_of(window, scene_model)})


def read_recording(path: Path) -> Recording:
    """Read a recording, or all recordings of a folder.

    Raises:
        FileProblems: lines that are no captions, or that contradict one another.
        InputError: there is nothing to read.
    """
    files = _files(path)
    recording: Recording = {}
    problems: list[Problem] = []
    for file in files:
        for number, line in lines(file):
            problem = _add(recording, line)
            if problem:
                problems.append(Problem(str(file), number, 1, problem))
                if len(problems) == MOST_PROBLEMS:
                    raise FileProblems(problems)
    if problems:
        raise FileProblems(problems)
    if not recording:
        raise InputError(f"{path}: the recording holds no caption")
    return recording


def line_of(clip: str, frame_index: int, caption: Caption) -> str:
    """A caption as a line of a recording, without the line's end."""
    content = caption.model_dump(mode="json", include={"text", *MEASURES})
    entry = {"clip": clip, "frame_index": frame_index, **content}
    kept = {name: value for name, value in entry.items() if value or name not in MEASURES}
    return json.dumps(kept, ensure_ascii=False)


def _content(said: Caption) -> object:
    """What the recording's hash is taken over."""
    return said.model_dump(mode="json", include={"text", *MEASURES}) if said.measured else said.text


def _files(path: Path) -> list[Path]:
    if not is_folder(path):
        return [path]
    files = sorted(
        file for file in path.iterdir() if file.name.endswith(SUFFIXES) and file.name != ANSWERS
    )
    if not files:
        raise InputError(f"{path}: the folder holds no {' or '.join(SUFFIXES)} file")
    return files


def _add(recording: Recording, line: str) -> str | None:
    """Take a line in; returns what is wrong with it."""
    try:
        entry = parse_json(line)
    except ValueError as error:
        return f"not JSON: {error}"
    if not isinstance(entry, dict):
        return "expected an object"
    keys = next((shape for shape in SHAPES if all(key in entry for key in shape)), None)
    if keys is None:
        return f"expected the keys {' or '.join(', '.join(shape) for shape in SHAPES)}"
    clip, index, text = (entry[key] for key in keys)
    if not clip or not isinstance(clip, str) or not isinstance(text, str):
        return f"{keys[0]!r} and {keys[2]!r} must be text"
    if type(index) is not int or not 0 <= index < MOST_FRAMES:
        return f"{keys[1]!r} must be a whole number from 0 to {MOST_FRAMES}"
    said = _caption(text, entry)
    if isinstance(said, str):
        return said
    if recording.setdefault(clip, {}).setdefault(index, said) != said:
        return f"another caption for clip {clip} frame {index} stands before"
    return None


def _caption(text: str, entry: Mapping[str, object]) -> Caption | str:
    """The caption of a line, or what is wrong with it."""
    measures = {name: entry[name] for name in MEASURES if name in entry}
    try:
        return Caption.model_validate({"key": "", "captioner": NAME, "text": text, **measures})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc'])) or 'facts'}: {first['msg']}"
