"""The captioner `chat:PROVIDER:MODEL`: any chat model that sees pictures, asked frame by frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import cv2

from prompts.loader import Prompt, load
from ruler.captioners.base import Captioned, CaptionerIdentity
from ruler.errors import CaptionError, InputError, ModelError
from ruler.llm.transport import ChatModel, ChatOptions
from ruler.schemas.captions import Caption, CaptionFailure, SceneModel
from ruler.schemas.runs import Cameras, Every, Place, Usage
from ruler.video.frames import Clip, Frame, FrameWindow, WindowSpec

JPEG_QUALITY = 90

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def create(model: str, options: Mapping[str, object]) -> ChatCaptioner:
    """Build from `chat:PROVIDER:MODEL` and the options of `ChatOptions`.

    Raises:
        InputError: no model is named, or it cannot be set up.
    """
    if not model:
        raise InputError("captioner 'chat' needs a model, like chat:openai:gpt-4o-mini")
    return ChatCaptioner(ChatModel(model, ChatOptions.of(options)), load("caption_frame"))


class ChatCaptioner:
    """Sends the sampled frame with the prompt; what cannot be used becomes a `CaptionFailure`.

    It measures nothing and learns no scene model: rules on measures are `not_evaluable` on its
    captions. Served answers may differ from call to call; the stored caption is what counts.
    """

    window = WindowSpec(steps=0, width=768)
    default_every = Every(seconds=1)
    measured: tuple[str, ...] = ()

    def __init__(self, model: ChatModel, prompt: Prompt) -> None:
        self._model = model
        self._question = prompt.render()
        self.identity = CaptionerIdentity(
            name="chat",
            version="1",
            prompt_sha256=prompt.sha256,
            parameters={
                "model": model.name,
                "endpoint": model.options.endpoint,
                "temperature": model.options.temperature,
                "max_tokens": model.options.max_tokens,
            },
        )

    def fit(self, references: Sequence[Clip], *, cameras: Cameras, place: Place) -> None:
        """Nothing to learn: the model sees one frame at a time."""

    def caption(
        self, windows: Iterable[FrameWindow], scene_model: SceneModel | None
    ) -> Iterator[Captioned]:
        """Describe windows in order, a few at a time."""

        def one(window: FrameWindow) -> Captioned:
            return self._caption(window, scene_model)

        return _in_order(one, windows, self._model.options.concurrency)

    def _caption(self, window: FrameWindow, scene_model: SceneModel | None) -> Captioned:
        try:
            reply = self._model.ask(self._question, [_jpeg(window.frames[-1])])
        except CaptionError as error:
            return Captioned(CaptionFailure(reason=str(error)))
        except ModelError as error:
            return Captioned(CaptionFailure(reason=str(error)), Usage(model_calls=1))
        if reply.problem:
            return Captioned(CaptionFailure(reason=reply.problem), reply.usage)
        caption = Caption(
            key=self.identity.key_of(window, scene_model),
            captioner=self.identity.name,
            text=reply.text,
        )
        return Captioned(caption, reply.usage.model_copy(update={"captions_computed": 1}))


def _jpeg(frame: Frame) -> bytes:
    try:
        image = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
        done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    except cv2.error as error:
        raise CaptionError(f"frame {frame.index} cannot be sent as JPEG: {error.err}") from error
    if not done:
        raise CaptionError(f"frame {frame.index} cannot be sent as JPEG")
    return data.tobytes()


def _in_order(
    function: Callable[[_Item], _Result], items: Iterable[_Item], at_once: int
) -> Iterator[_Result]:
    """Like `map`, with `at_once` calls under way; never more than that many items are held."""
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        waiting: deque[Future[_Result]] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) == at_once:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
