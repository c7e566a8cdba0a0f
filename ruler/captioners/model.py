"""The captioner that asks a model which sees pictures, by its name `provider:model`.

A question is the prompt, which is the same for every window; the pictures; and last what is of this
window alone: the distances in time of its pictures, and the language. Neither the clip's name, nor
its place in time, nor anything else that was written by others is part of it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

import cv2
from pydantic import Field, field_validator

from prompts.loader import load
from ruler.captioners.base import Captioned, CaptionerIdentity
from ruler.errors import CaptionError
from ruler.llm.options import Options
from ruler.llm.questions import Answer, Asker, Question
from ruler.schemas.base import content_hash
from ruler.schemas.captions import Caption, CaptionFailure, SceneModel
from ruler.schemas.rules import Cameras, Place
from ruler.schemas.runs import Every, Usage
from ruler.video.frames import Clip, Frame, FrameWindow, WindowSpec
from ruler.video.similarity import Similarity

JPEG_QUALITY = 90
WIDTH = 768
"""Pixels across that pictures are shrunk to, never enlarged."""

EVERY_SECONDS = 1.0
"""How densely frames are sampled where the user does not say."""

_NAME = re.compile(r"[^\W\d_]+(?:[ -][^\W\d_]+){0,3}")
_FENCED = re.compile(r"```[^\n`]*\n(.*?)\n?[ \t]*```", re.DOTALL)


class CaptionerOptions(Options):
    """How a model is asked for captions.

    Attributes:
        window: Pictures a question, 1 to 16. The last is the sampled frame; at the start of a clip
            there are as many as there are.
        step_seconds: Time between them; by default so that they fill the second between samples.
            A call for every 4th frame that sees all four takes the time between two frames.
        language: Of the captions, as one calls it in English.
        temperature, max_tokens: Passed on to the model.
        share: Do near-duplicates share a caption (`ruler.steps.sharing`)?
    """

    window: int = Field(default=1, ge=1, le=16)
    step_seconds: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    language: str = "English"
    temperature: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    max_tokens: int = Field(default=400, ge=1)
    share: bool = True

    @field_validator("language")
    @classmethod
    def _is_name(cls, language: str) -> str:
        if len(language) > 40 or not _NAME.fullmatch(language):
            raise ValueError("must be the name of a language, like English")
        return language

    @property
    def spec(self) -> WindowSpec:
        """The frames a question needs."""
        if self.window == 1:
            return WindowSpec(steps=0, width=WIDTH)
        step = self.step_seconds or EVERY_SECONDS / self.window
        return WindowSpec(steps=self.window - 1, step_seconds=step, width=WIDTH)


def create(model: str, options: Mapping[str, object]) -> ModelCaptioner:
    """Build from `provider:model`, the options of `CaptionerOptions`, and those of the model.

    Raises:
        InputError: the model cannot be set up, or an option is wrong.
        MissingExtraError: what serves the model is not installed.
    """
    from ruler.llm.models import open_model

    chosen = CaptionerOptions.of(options)
    settings = {"temperature": chosen.temperature, "max_tokens": chosen.max_tokens}
    return ModelCaptioner(open_model(model, {**options, **settings}), chosen)


class ModelCaptioner:
    """Describes windows by a model; what cannot be used becomes a `CaptionFailure`.

    It measures nothing and learns no scene model: rules on measures are `not_evaluable` on its
    captions. Models may answer differently from call to call; the stored caption is what counts.
    """

    default_every = Every(seconds=EVERY_SECONDS)
    measured: tuple[str, ...] = ()

    def __init__(self, asker: Asker, options: CaptionerOptions | None = None) -> None:
        options = options or CaptionerOptions()
        self._asker, self._options = asker, options
        kind = "caption_frame" if options.window == 1 else "caption_window"
        self._system, self._ask = load(kind), load(f"{kind}_ask")
        self.window = options.spec
        self.sharing = Similarity() if options.share else None
        self.identity = CaptionerIdentity(
            name="model",
            version="1",
            prompt_sha256=content_hash([self._system.sha256, self._ask.sha256]),
            parameters={
                "model": asker.name,
                "endpoint": asker.endpoint,
                "temperature": options.temperature,
                "max_tokens": options.max_tokens,
                "language": options.language,
                "window": options.window,
            },
        )

    def fit(self, references: Sequence[Clip], *, cameras: Cameras, place: Place) -> None:
        """Nothing to learn: the model sees one window at a time."""

    def caption(
        self, windows: Iterable[FrameWindow], scene_model: SceneModel | None
    ) -> Iterator[Captioned]:
        """Describe windows in order; as many at a time as the model takes."""
        waiting: deque[str | CaptionFailure] = deque()

        def questions() -> Iterator[Question]:
            for window in windows:
                try:
                    question = self._question(window)
                except CaptionError as error:
                    waiting.append(CaptionFailure(reason=str(error)))
                else:
                    waiting.append(self.identity.key_of(window, scene_model))
                    yield question

        for answer in self._asker.ask(questions()):
            yield from _failures(waiting)
            key = waiting.popleft()
            assert isinstance(key, str)
            yield self._captioned(key, answer)
        yield from _failures(waiting)

    def _question(self, window: FrameWindow) -> Question:
        """What is asked: it depends on what the caption's key depends on, and on nothing else."""
        values: dict[str, str | float] = {"language": self._options.language}
        if self._options.window > 1:
            seconds = ", ".join(f"{value:g}" for value in _seconds_before_last(window.frames))
            values |= {"count": len(window.frames), "seconds": seconds}
        return Question(
            system=self._system.render(),
            text=self._ask.render(**values),
            jpegs=tuple(_jpeg(frame) for frame in window.frames),
            max_tokens=self._options.max_tokens,
        )

    def _captioned(self, key: str, answer: Answer) -> Captioned:
        if answer.fault is not None:
            return Captioned(CaptionFailure(reason=answer.fault.said), answer.usage)
        text = plain(answer.text)
        if not text:
            return Captioned(CaptionFailure(reason="the answer holds no words"), answer.usage)
        try:
            text.encode()
        except UnicodeEncodeError:  # half of a surrogate pair: no file and no hash can hold it
            return Captioned(CaptionFailure(reason="the answer is no Unicode text"), answer.usage)
        caption = Caption(key=key, captioner=self.identity.name, text=text)
        return Captioned(caption, answer.usage + Usage(captions_computed=1))


def plain(text: str) -> str:
    r"""A model's answer as a caption: without white space around it, and without a code fence where
    one encloses all of it. Nothing else is taken away, and nothing is changed.

    Example: "```text\nNo people.\n```\n" -> "No people."
    """
    stripped = text.strip()
    fenced = _FENCED.fullmatch(stripped)
    return fenced[1].strip() if fenced else stripped


def _failures(waiting: deque[str | CaptionFailure]) -> Iterator[Captioned]:
    """Those windows before the next answer that could not be asked about."""
    while waiting and isinstance(failure := waiting[0], CaptionFailure):
        waiting.popleft()
        yield Captioned(failure)


def _seconds_before_last(frames: Sequence[Frame]) -> list[float]:
    """Distances in time to the last frame, to the millisecond, as in the window's hash."""
    end = frames[-1].time_seconds
    return [round((end - frame.time_seconds) * 1000) / 1000 for frame in frames]


def _jpeg(frame: Frame) -> bytes:
    try:
        image = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
        done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    except cv2.error as error:
        raise CaptionError(f"frame {frame.index} cannot be sent as JPEG: {error.err}") from error
    if not done:
        raise CaptionError(f"frame {frame.index} cannot be sent as JPEG")
    return data.tobytes()
