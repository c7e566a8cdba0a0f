"""The chat captioner against a scripted endpoint."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

from prompts.loader import load
from ruler.captioners.base import Captioned, Captioner
from ruler.captioners.chat import ChatCaptioner, create
from ruler.errors import InputError
from ruler.registry import resolve
from ruler.schemas.captions import Caption, CaptionFailure
from ruler.schemas.runs import Usage
from ruler.video.frames import Frame, FrameWindow
from tests.conformance.captioners import CaptionerConformance
from tests.conformance.clips import MemoryClip, walkers, windows_of
from tests.stubs.openai_server import Answer, OpenAIStub, completion, error, pictures

MODEL = "openai:stub-vision"


@pytest.fixture
def stub() -> Iterator[OpenAIStub]:
    with OpenAIStub() as server:
        yield server


def build(stub: OpenAIStub, **options: object) -> ChatCaptioner:
    return create(MODEL, {"base_url": stub.url, "retries": 0, **options})


def windows(count: int) -> list[FrameWindow]:
    return windows_of(MemoryClip("walkway", walkers(count)), ChatCaptioner.window, range(count))


def ask(script: list[Answer], **options: object) -> list[Captioned]:
    with OpenAIStub(script) as stub:
        captioner = build(stub, concurrency=1, **options)
        return list(captioner.caption(windows(len(script)), None))


class TestChat(CaptionerConformance):
    @pytest.fixture
    def make(self, stub: OpenAIStub) -> Callable[[], Captioner]:
        return lambda: create(MODEL, {"base_url": stub.url})

    @pytest.fixture
    def bad_window(self) -> FrameWindow:
        """A frame that cannot become a JPEG."""
        frame = Frame(0, 0.0, np.zeros((0, 4, 3), np.uint8))
        return FrameWindow("walkway", 0, 0.0, (frame,))


def test_is_registered(stub: OpenAIStub) -> None:
    captioner = resolve("captioner", f"chat:{MODEL}", {"base_url": stub.url})
    assert captioner.identity == build(stub).identity


def test_sends_the_prompt_and_then_the_frame(stub: OpenAIStub) -> None:
    red = np.full((40, 60, 3), (200, 30, 60), np.uint8)
    (answer,) = build(stub).caption([FrameWindow("a", 0, 0.0, (Frame(0, 0.0, red),))], None)
    assert isinstance(answer.answer, Caption)
    (message,) = stub.requests[0]["messages"]
    text, picture = message["content"]
    assert text == {"type": "text", "text": load("caption_frame").text}
    head, _, data = picture["image_url"]["url"].partition(",")
    assert head == "data:image/jpeg;base64"
    sent = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR_RGB)
    assert sent is not None
    assert np.abs(sent.astype(int) - red).max() < 6
    assert stub.requests[0]["model"] == "stub-vision"
    assert stub.requests[0]["temperature"] == 0


def test_counts_calls_and_tokens() -> None:
    (good, empty) = ask([completion("No people.", tokens=5), completion("", tokens=3)])
    assert isinstance(good.answer, Caption)
    assert good.answer.text == "No people."
    assert good.usage == Usage(model_calls=1, tokens_in=100, tokens_out=5, captions_computed=1)
    assert empty.usage == Usage(model_calls=1, tokens_in=100, tokens_out=3)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (completion(""), "the answer is empty"),
        (completion(" \n "), "the answer is empty"),
        (completion(None), "the answer is empty"),
        (completion(None, refusal="I will not."), "the model refused: I will not."),
        (completion("I'm sorry, but I can't help with that."), "the model refused: I'm sorry"),
        (completion("I cannot view images."), "the model refused: I cannot"),
        (completion("A person wal", finish="length"), "cut off"),
        (completion("", finish="content_filter"), "withheld"),
        (error(500), "the endpoint failed"),
        (error(429), "too many requests"),
        (error(401), "the key was refused"),
        (error(404), "no such model"),
        (error(400, "no pictures"), "the request was refused (Error code: 400 - no pictures)"),
        (Answer(b"<html>{not json"), "not a chat completion"),
        (Answer(b"{}"), "not a chat completion"),
        (Answer(b"[1, 2]"), "not a chat completion"),
        (Answer(b'{"choices": []}'), "not a chat completion"),
    ],
)
def test_what_cannot_be_used_is_a_failure_with_its_reason(answer: Answer, reason: str) -> None:
    first, bad, last = ask([completion("No people."), answer, completion("One dog.")])
    assert isinstance(first.answer, Caption)
    assert isinstance(bad.answer, CaptionFailure)
    assert reason in bad.answer.reason
    assert bad.usage.model_calls == 1
    assert isinstance(last.answer, Caption)


@pytest.mark.parametrize(
    "text",
    [
        "A person says sorry to another. Two people walk.",
        "I see one person, who cannot open the door.",
        "A sign reads: I'm sorry, I can't help with that.",
        "Sorry signs hang on the wall.",
    ],
)
def test_a_caption_that_only_sounds_like_a_refusal_stays(text: str) -> None:
    (answer,) = ask([completion(text)])
    assert isinstance(answer.answer, Caption)


def test_unreachable_endpoint_is_a_failure() -> None:
    with OpenAIStub() as stub:
        url = stub.url
    captioner = create(MODEL, {"base_url": url, "retries": 0})
    (answer,) = captioner.caption(windows(1), None)
    assert isinstance(answer.answer, CaptionFailure)
    assert "cannot be reached" in answer.answer.reason
    assert url in answer.answer.reason


def test_asks_a_few_at_a_time_in_order(stub: OpenAIStub) -> None:
    taken: list[int] = []

    def stream() -> Iterator[FrameWindow]:
        for window in windows(12):
            taken.append(window.frame_index)
            yield window

    captioner = build(stub, concurrency=3)
    answered = captioner.caption(stream(), None)
    first = next(answered)
    assert len(taken) == 3
    rest = list(answered)
    keys = [captioner.identity.key_of(window, None) for window in windows(12)]
    assert [one.answer.key for one in [first, *rest] if isinstance(one.answer, Caption)] == keys
    assert stub.calls == len({pictures(request)[0] for request in stub.requests}) == 12


def test_secrets_stay_secret() -> None:
    with OpenAIStub([error(401, "bad key sk-secret")]) as stub:
        url = stub.url.replace("http://", "http://me:sk-secret@")
        captioner = create(MODEL, {"base_url": url, "api_key": "sk-secret", "retries": 0})
        (answer,) = captioner.caption(windows(1), None)
    assert isinstance(answer.answer, CaptionFailure)
    assert "sk-secret" not in answer.answer.reason + repr(captioner.identity)
    assert captioner.identity.parameters["endpoint"] == stub.url


def test_the_vendors_key_does_not_go_to_another_endpoint(
    stub: OpenAIStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-vendor")
    list(build(stub).caption(windows(1), None))
    list(build(stub, api_key="sk-given").caption(windows(1), None))
    assert stub.keys == ["Bearer none", "Bearer sk-given"]


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("", {}, "needs a model"),
        ("nosuch:model", {}, "cannot be set up"),
        ("openai:gpt-4o-mini", {}, "credentials"),
        (MODEL, {"base_url": "localhost:8000"}, "'base_url'.*must look like"),
        (MODEL, {"base_url": "http://127.0.0.1:1", "max_tokens": 0}, "'max_tokens'"),
    ],
)
def test_what_cannot_be_built_says_why(
    model: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        create(model, options)
