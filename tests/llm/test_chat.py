"""The served back-end against a scripted endpoint: what goes out, and what comes back."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from ruler.llm.chat import ChatBackend
from ruler.llm.engine import Engine
from ruler.llm.options import ChatOptions
from ruler.llm.questions import BackendError, Completion, FaultKind, Question
from ruler.llm.retrying import OtherFormError
from ruler.schemas.runs import Usage
from tests.llm.fakes import FakeClock, Verdict
from tests.stubs.openai_server import Answer, OpenAIStub, Request, completion, error, words

NAME = "openai:stub-vision"
PLAIN = Question("You describe.", "Frame 7.", (b"one", b"two"))
JUDGE = Question("You judge.", "Caption 7.", schema=Verdict)
GOOD = '{"outcome": "normal", "score": 0.5}'


@pytest.fixture
def stub() -> Iterator[OpenAIStub]:
    with OpenAIStub() as server:
        yield server


def options(stub: OpenAIStub, **others: object) -> ChatOptions:
    return ChatOptions.of({"base_url": stub.url} | others)


def complete(stub: OpenAIStub, question: Question = PLAIN, **others: object) -> Completion:
    async def run() -> Completion:
        backend = ChatBackend(NAME, options(stub, **others))
        try:
            return await backend.complete(question)
        finally:
            await backend.aclose()

    return asyncio.run(run())


def failing(answer: Answer, **others: object) -> BackendError:
    with OpenAIStub([answer]) as stub, pytest.raises(BackendError) as caught:
        complete(stub, **others)
    assert stub.calls == 1  # the vendor's own retries are off
    return caught.value


def engine(stub: OpenAIStub, **others: object) -> Engine:
    chosen = options(stub, **others)
    return Engine(ChatBackend(NAME, chosen), chosen, clock=FakeClock())


# --- what goes out ---------------------------------------------------------------------------------


def test_sends_the_system_part_then_pictures_then_the_question(stub: OpenAIStub) -> None:
    complete(stub, max_tokens=123)
    (request,) = stub.requests
    system, user = request["messages"]
    assert system == {"role": "system", "content": "You describe."}
    kinds = [part["type"] for part in user["content"]]
    assert (user["role"], kinds) == ("user", ["image_url", "image_url", "text"])
    heads, data = zip(
        *(part["image_url"]["url"].split(",") for part in user["content"][:2]), strict=True
    )
    assert set(heads) == {"data:image/jpeg;base64"}
    assert [base64.b64decode(one) for one in data] == [b"one", b"two"]
    assert user["content"][2]["text"] == "Frame 7."
    assert (request["model"], request["temperature"]) == ("stub-vision", 0)
    assert request["max_tokens"] == 123
    assert "max_completion_tokens" not in request
    assert "response_format" not in request


@pytest.mark.parametrize(
    ("question", "messages"),
    [
        (
            Question("Sys.", "Ask."),
            [{"role": "system", "content": "Sys."}, {"role": "user", "content": "Ask."}],
        ),
        (Question("Sys."), [{"role": "user", "content": "Sys."}]),
        (Question("", "Ask."), [{"role": "user", "content": "Ask."}]),
    ],
)
def test_words_alone_go_as_words(
    stub: OpenAIStub, question: Question, messages: list[dict[str, str]]
) -> None:
    complete(stub, question)
    assert stub.requests[0]["messages"] == messages


def test_a_questions_own_length_goes_first(stub: OpenAIStub) -> None:
    complete(stub, Question("Say.", max_tokens=7), max_tokens=100)
    assert stub.requests[0]["max_tokens"] == 7


def test_the_vendors_key_does_not_go_to_another_endpoint(
    stub: OpenAIStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-vendor")
    complete(stub)
    complete(stub, api_key="sk-given")
    assert stub.keys == ["Bearer none", "Bearer sk-given"]


# --- what comes back -------------------------------------------------------------------------------


def test_counts_tokens_and_those_from_the_vendors_cache() -> None:
    with OpenAIStub([completion(" Yes. ", tokens=5, cached=64)]) as stub:
        found = complete(stub)
    assert (found.text, found.finish, found.refusal) == (" Yes. ", "stop", None)
    assert found.usage == Usage(model_calls=1, tokens_in=100, tokens_out=5, tokens_cached=64)


def test_ends_and_refusals_come_through() -> None:
    script = [completion("cut", finish="length"), completion(None, refusal="I will not.")]
    with OpenAIStub(script) as stub:
        assert complete(stub).finish == "length"
        refused = complete(stub)
    assert (refused.text, refused.refusal) == ("", "I will not.")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(500), "server"),
        (error(503), "server"),
        (error(429), "rate_limited"),
        (error(401), "denied"),
        (error(403), "denied"),
        (error(404), "unknown_model"),
        (error(400, "no pictures"), "bad_request"),
        (error(400, "maximum context length is 5 tokens"), "too_long"),
        (Answer(is_dropped=True), "unreachable"),
        (Answer(b"", 302, {"location": "/elsewhere"}), "not_a_completion"),
        (Answer(b"<html>{not json"), "not_a_completion"),
        (Answer(b"{}"), "not_a_completion"),
        (Answer(b"[1, 2]"), "not_a_completion"),
        (Answer(b'{"choices": []}'), "not_a_completion"),
        (Answer(b'{"choices": null}'), "not_a_completion"),
        (Answer(b'{"choices": [{"message": null}]}'), "not_a_completion"),
        (Answer(b"", 200), "not_a_completion"),
    ],
)
def test_failures_have_their_kinds(answer: Answer, kind: FaultKind) -> None:
    found = failing(answer)
    assert found.fault.kind == kind
    assert found.usage == Usage(model_calls=1, failed_calls=1)


def test_retry_after_is_heard() -> None:
    assert failing(error(429, retry_after="7")).retry_after == 7.0


def test_an_endpoint_that_is_not_there_was_sent_nothing() -> None:
    with OpenAIStub() as stub:
        pass
    with pytest.raises(BackendError) as caught:
        complete(stub)
    assert caught.value.fault.kind == "unreachable"
    assert stub.url in caught.value.fault.said
    assert caught.value.usage == Usage()


def test_secrets_stay_secret() -> None:
    with OpenAIStub([error(401, "bad key sk-secret")]) as stub:
        url = stub.url.replace("http://", "http://me:pass-word@")
        with pytest.raises(BackendError) as caught:
            complete(stub, base_url=url, api_key="sk-secret")
    said = caught.value.fault.said
    assert "sk-secret" not in said
    assert "pass-word" not in said
    assert stub.url in said


def test_a_refused_connection_takes_no_longer_than_it_may() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        clients = []
        for _ in range(8):  # nobody accepts: the queue of the listener fills up
            client = socket.socket()
            client.setblocking(False)
            client.connect_ex(full.getsockname())
            clients.append(client)
        url = f"http://127.0.0.1:{full.getsockname()[1]}/v1"
        with pytest.raises(BackendError) as caught:
            asyncio.run(
                ChatBackend(NAME, ChatOptions(base_url=url, connect_seconds=0.1)).complete(PLAIN)
            )
        for client in clients:
            client.close()
    assert caught.value.fault.kind == "timeout"
    assert caught.value.usage == Usage()


# --- time limits -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "others"),
    [
        (Answer(completion("late").body, delay=30), {}),
        (Answer(completion("late").body, trickle=0.02), {}),
        (Answer(completion("one two three").body, trickle=0.05), {"first_token_seconds": 10}),
    ],
    ids=["silent", "trickles", "trickles a stream"],
)
def test_the_total_limit_holds_against_every_server(
    answer: Answer, others: dict[str, object]
) -> None:
    with OpenAIStub([answer]) as stub:
        asked = engine(stub, timeout_seconds=0.15, retries=0, **others)
        (found,) = asked.ask([PLAIN])
        asked.close()
    assert found.fault is not None
    assert found.fault.kind == "timeout"
    assert stub.tokens_in == 0


def test_a_stream_must_begin_in_time_and_may_then_go_on() -> None:
    slow = Answer(completion("one two three").body, delay=30)
    with OpenAIStub([slow]) as stub, pytest.raises(BackendError) as caught:
        complete(stub, first_token_seconds=0.1)
    assert caught.value.fault.kind == "timeout"
    steady = Answer(completion("one two three four five").body, trickle=0.05)
    with OpenAIStub([steady]) as stub:
        found = complete(stub, first_token_seconds=0.2)
    assert found.finish == "stop"


def test_a_stream_says_the_same_as_a_whole_answer() -> None:
    script = [completion("A man walks.", tokens=9, cached=3, finish="length")] * 2
    with OpenAIStub(script) as stub:
        whole = complete(stub)
        streamed = complete(stub, first_token_seconds=5)
    assert [request.get("stream") for request in stub.requests] == [False, True]
    assert streamed.text.replace(" ", "") == whole.text.replace(" ", "")
    assert (streamed.finish, streamed.usage) == (whole.finish, whole.usage)


def test_a_stream_that_breaks_off_is_no_answer() -> None:
    body = json.loads(completion("A man").body)
    body["choices"][0]["finish_reason"] = None
    with OpenAIStub([Answer(json.dumps(body).encode())]) as stub:
        with pytest.raises(BackendError) as caught:
            complete(stub, first_token_seconds=5)
    assert caught.value.fault.kind == "unreachable"


# --- structured answers ----------------------------------------------------------------------------


class Free(BaseModel):
    """A form with free keys."""

    counts: dict[str, int]


def judged(request: Request) -> Answer:
    return completion(GOOD)


def refuses(test: Callable[[Request], bool], message: str = "stub") -> Callable[[Request], Answer]:
    return lambda request: error(400, message) if test(request) else completion(GOOD)


def test_a_server_is_asked_to_hold_the_model_to_the_schema() -> None:
    with OpenAIStub(default=judged) as stub:
        complete(stub, JUDGE)
    form = stub.requests[0]["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["strict"] is True
    assert form["json_schema"]["name"] == "Verdict"
    assert set(form["json_schema"]["schema"]["required"]) == {"outcome", "score"}
    assert form["json_schema"]["schema"]["additionalProperties"] is False
    assert "JSON schema" not in words(stub.requests[0])


def test_a_cut_or_refused_structured_answer_stays_what_it_is() -> None:
    script = [completion('{"outcome": "nor', finish="length"), completion(None, refusal="No.")]
    with OpenAIStub(script) as stub:
        cut, refused = complete(stub, JUDGE), complete(stub, JUDGE)
    assert (cut.text, cut.finish) == ('{"outcome": "nor', "length")
    assert refused.refusal == "No."


def test_a_form_with_free_keys_is_put_into_words(stub: OpenAIStub) -> None:
    complete(stub, Question("Count.", "Caption 7.", schema=Free))
    assert "response_format" not in stub.requests[0]
    assert "JSON schema" in words(stub.requests[0])


def test_a_server_that_refuses_schemas_is_remembered_and_asked_in_words() -> None:
    with OpenAIStub(default=refuses(lambda request: "response_format" in request)) as stub:
        asked = engine(stub, concurrency=1)
        answers = list(asked.ask([JUDGE] * 3))
        asked.close()
    assert [answer.value for answer in answers] == [Verdict(outcome="normal", score=0.5)] * 3
    assert ["response_format" in request for request in stub.requests] == [True, *[False] * 3]
    assert answers[0].usage.model_calls == 2
    assert answers[0].usage.failed_calls == 1
    assert "JSON schema" in words(stub.requests[1])


def test_a_question_that_is_refused_anyway_does_not_spoil_the_form() -> None:
    def is_odd(request: Request) -> bool:
        return "odd" in words(request)

    with OpenAIStub(default=refuses(is_odd)) as stub:
        asked = engine(stub, concurrency=1)
        odd = Question("You judge.", "odd", schema=Verdict)
        answers = [next(asked.ask([question])) for question in (JUDGE, odd, JUDGE)]
        asked.close()
        fresh = engine(stub, concurrency=1)
        answers += [next(fresh.ask([question])) for question in (odd, JUDGE, odd, JUDGE)]
        fresh.close()
    kinds = [answer.fault.kind if answer.fault else None for answer in answers]
    assert kinds == [None, "bad_request", None] + ["bad_request", None] * 2
    used = ["response_format" in request for request in stub.requests]
    assert used == [True] * 3 + [True, False, True, True, True]  # accepted once, it is kept


def test_a_model_without_a_system_role_gets_it_as_the_users_words() -> None:
    def has_system(request: Request) -> bool:
        return request["messages"][0]["role"] == "system"

    with OpenAIStub(default=refuses(has_system, "System role not supported")) as stub:
        asked = engine(stub, concurrency=1)
        answers = list(asked.ask([Question("You describe.", "Frame 7.")] * 2))
        asked.close()
    assert [answer.fault for answer in answers] == [None, None]
    assert stub.calls == 3
    assert stub.requests[1] == {
        **stub.requests[0],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "You describe."},
                    {"type": "text", "text": "Frame 7."},
                ],
            }
        ],
    }


def test_schema_and_system_role_can_both_be_missing() -> None:
    def is_wrong(request: Request) -> bool:
        return "response_format" in request or request["messages"][0]["role"] == "system"

    with OpenAIStub(default=refuses(is_wrong, "system role? response_format?")) as stub:
        asked = engine(stub, concurrency=1, retries=0)
        (answer,) = asked.ask([JUDGE])
        asked.close()
    assert answer.value == Verdict(outcome="normal", score=0.5)
    assert stub.calls == 3


def test_the_refusal_of_a_form_is_told_apart() -> None:
    with OpenAIStub([error(400)]) as stub, pytest.raises(OtherFormError):
        complete(stub, JUDGE)


# --- nothing else hears of it ------------------------------------------------------------------------


@pytest.mark.parametrize("traced", [False, True])
def test_langsmith_hears_of_it_only_where_the_user_lets_it(
    stub: OpenAIStub, monkeypatch: pytest.MonkeyPatch, traced: bool
) -> None:
    from langchain_core.callbacks import BaseCallbackHandler
    from langchain_core.runnables import RunnableConfig
    from langchain_core.runnables.config import var_child_runnable_config
    from langchain_core.tracers import context

    seen: list[Any] = []

    class Listener(BaseCallbackHandler):
        def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
            seen.append("graph")

    class Tracer(Listener):
        def __init__(self, **kwargs: Any) -> None:
            pass

        def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
            seen.append("langsmith")

    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    monkeypatch.setattr("langchain_core.callbacks.manager.LangChainTracer", Tracer, raising=False)
    monkeypatch.setattr(context, "LangChainTracer", Tracer, raising=False)
    monkeypatch.setattr("langchain_core.tracers.langchain.LangChainTracer", Tracer)
    token = var_child_runnable_config.set(RunnableConfig(callbacks=[Listener()]))
    try:
        complete(stub, trace_content=traced)
    finally:
        var_child_runnable_config.reset(token)
    assert ("graph" in seen) == traced
    assert ("langsmith" in seen) == traced
