"""The way by LangChain, with OpenAI's own integration standing for all of them."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Iterator
from typing import Any

import pytest

from ruler.llm.chat import ChatBackend
from ruler.llm.options import ChatOptions
from ruler.llm.questions import BackendError, Completion, FaultKind, Question
from ruler.llm.vendors import Vendor
from ruler.schemas.runs import Usage
from tests.llm.asking import PICTURES
from tests.llm.fakes import Verdict
from tests.stubs.openai_server import Answer, OpenAIStub, completion, error, pictures


def stand_in(monkeypatch: pytest.MonkeyPatch, stub: OpenAIStub) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", stub.url)  # the only way to stand in for the vendor


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIStub]:
    with OpenAIStub() as server:
        stand_in(monkeypatch, server)
        yield server


def failing(monkeypatch: pytest.MonkeyPatch, answer: Answer, **others: object) -> BackendError:
    with OpenAIStub([answer]) as stub:
        stand_in(monkeypatch, stub)
        with pytest.raises(BackendError) as caught:
            complete(**others)
    assert stub.calls == 1  # the vendor's own retries are off
    return caught.value


def complete(question: Question = PICTURES, **others: object) -> Completion:
    async def run() -> Completion:
        chosen = ChatOptions.of({"api_key": "sk-given"} | others)
        backend = ChatBackend("openai:gpt-4o-mini", chosen)
        try:
            return await backend.complete(question)
        finally:
            await backend.aclose()

    return asyncio.run(run())


def test_the_vendor_is_asked_in_its_newest_words(stub: OpenAIStub) -> None:
    complete(max_tokens=123)
    complete(Question("You judge.", "Caption 7.", schema=Verdict, max_tokens=7))
    first, second = stub.requests
    assert (first["max_completion_tokens"], second["max_completion_tokens"]) == (123, 7)
    assert len(pictures(first)) == 2
    assert first["messages"][0]["role"] == "system"
    assert second["response_format"]["json_schema"]["name"] == "Verdict"
    assert stub.keys == ["Bearer sk-given"] * 2


@pytest.mark.parametrize("others", [{}, {"first_token_seconds": 5}], ids=["whole", "streamed"])
def test_answers_come_whole_or_streamed(
    monkeypatch: pytest.MonkeyPatch, others: dict[str, object]
) -> None:
    with OpenAIStub([completion("Walks.", tokens=9, cached=3, finish="length")]) as stub:
        stand_in(monkeypatch, stub)
        found = complete(**others)
    assert (found.text, found.finish) == ("Walks.", "length")
    assert found.usage == Usage(model_calls=1, tokens_in=100, tokens_out=9, tokens_cached=3)
    assert bool(stub.requests[0].get("stream")) == bool(others)


def test_a_refusal_comes_through(monkeypatch: pytest.MonkeyPatch) -> None:
    with OpenAIStub([completion(None, refusal="I will not.")]) as stub:
        stand_in(monkeypatch, stub)
        assert complete().refusal == "I will not."


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(429, retry_after="7"), "rate_limited"),
        (error(500), "server"),
        (error(401), "denied"),
        (error(404), "unknown_model"),
        (error(400), "bad_request"),
        (Answer(is_dropped=True), "unreachable"),
        (Answer(b"<html>", 200), "not_a_completion"),
        (Answer(b'{"choices": []}'), "not_a_completion"),
        (Answer(b"", 307, {"location": "/elsewhere"}), "not_a_completion"),
    ],
)
def test_failures_have_their_kinds_and_are_not_retried_by_the_vendor(
    monkeypatch: pytest.MonkeyPatch, answer: Answer, kind: FaultKind
) -> None:
    found = failing(monkeypatch, answer)
    assert found.fault.kind == kind
    assert found.usage == Usage(model_calls=1, failed_calls=1)
    assert found.retry_after == (7 if kind == "rate_limited" else None)


def test_a_stream_must_begin_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    late = Answer(completion("late").body, delay=30)
    found = failing(monkeypatch, late, first_token_seconds=0.1)
    assert found.fault.kind == "timeout"
    assert "no first word within 0.1 s" in found.fault.said


@pytest.mark.parametrize(
    ("others", "traced"),
    [
        ({}, False),
        ({"local_only": True}, False),
        ({"trace_content": True}, True),
        ({"trace_content": True, "local_only": True}, False),
    ],
)
def test_langsmith_hears_of_it_only_where_the_user_lets_it(
    stub: OpenAIStub, monkeypatch: pytest.MonkeyPatch, others: dict[str, object], traced: bool
) -> None:
    from langchain_core.callbacks import BaseCallbackHandler
    from langchain_core.runnables import RunnableConfig
    from langchain_core.runnables.config import var_child_runnable_config
    from langsmith import utils

    seen: list[Any] = []

    class Listener(BaseCallbackHandler):
        def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
            seen.append("graph")

    class Tracer(Listener):
        def __init__(self, **kwargs: Any) -> None:
            pass

        def copy_with_metadata_defaults(self, **kwargs: Any) -> Any:
            return self

        def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
            seen.append("langsmith")

    fresh = functools.lru_cache(utils.get_env_var.__wrapped__)  # it remembers the environment
    monkeypatch.setattr(utils, "get_env_var", fresh)
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    monkeypatch.setattr("langchain_core.tracers.langchain.LangChainTracer", Tracer)
    token = var_child_runnable_config.set(RunnableConfig(callbacks=[Listener()]))
    monkeypatch.setenv("OPENAI_BASE_URL", stub.url)

    async def run() -> None:
        vendor = Vendor("openai:gpt-4o-mini", ChatOptions.of({"api_key": "sk-given", **others}))
        await vendor.complete([{"role": "user", "content": "private"}], 7, None)
        await vendor.aclose()

    try:
        asyncio.run(run())
    finally:
        var_child_runnable_config.reset(token)
    assert stub.calls == 1
    assert ("graph" in seen) == traced
    assert ("langsmith" in seen) == traced
