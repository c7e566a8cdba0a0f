"""The served back-end against a scripted endpoint: what goes out, and what comes back."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import Iterator

import pytest

from ruler.llm.chat import ChatBackend
from ruler.llm.options import ChatOptions
from ruler.llm.questions import BackendError, FaultKind, Question
from ruler.schemas.runs import Usage
from tests.llm.asking import NAME, PICTURES, complete, engine
from tests.llm.fakes import Verdict
from tests.stubs.openai_server import Answer, OpenAIStub, completion, error

JUDGE = Question("You judge.", "Caption 7.", schema=Verdict)
GOOD = '{"outcome": "normal", "score": 0.5}'


@pytest.fixture
def stub() -> Iterator[OpenAIStub]:
    with OpenAIStub() as server:
        yield server


def failing(answer: Answer, **others: object) -> BackendError:
    with OpenAIStub([answer]) as stub, pytest.raises(BackendError) as caught:
        complete(stub, **others)
    assert stub.calls == 1  # the vendor's own retries are off
    return caught.value


# --- what goes out --------------------------------------------------------------------------------


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


# --- what comes back ------------------------------------------------------------------------------


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
                ChatBackend(NAME, ChatOptions(base_url=url, connect_seconds=0.1)).complete(PICTURES)
            )
        for client in clients:
            client.close()
    assert caught.value.fault.kind == "timeout"
    assert caught.value.usage == Usage()


def test_what_servers_leave_out_or_put_otherwise_is_read() -> None:
    parts = [{"type": "text", "text": "A man "}, {"type": "text", "text": "walks."}]
    message = {"role": "assistant", "content": parts}
    odd = {"choices": [{"message": message, "finish_reason": None}], "usage": {"prompt_tokens": 5}}
    with OpenAIStub([Answer(json.dumps(odd).encode())]) as stub:
        found = complete(stub)
    assert (found.text, found.finish) == ("A man walks.", "stop")
    assert found.usage == Usage(model_calls=1, tokens_in=5)


def test_tokens_of_an_answer_that_is_none_are_counted() -> None:
    odd = {"choices": [], "usage": {"prompt_tokens": 90, "completion_tokens": 3}}
    found = failing(Answer(json.dumps(odd).encode()))
    assert found.fault.kind == "not_a_completion"
    assert found.usage == Usage(model_calls=1, failed_calls=1, tokens_in=90, tokens_out=3)


# --- time limits ----------------------------------------------------------------------------------


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
        (found,) = asked.ask([PICTURES])
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
    assert [request.get("stream") for request in stub.requests] == [None, True]
    assert streamed.text.replace(" ", "") == whole.text.replace(" ", "")
    assert (streamed.finish, streamed.usage) == (whole.finish, whole.usage)


def test_a_stream_that_breaks_off_is_no_answer() -> None:
    body = json.loads(completion("A man").body)
    body["choices"][0]["finish_reason"] = None
    answer = Answer(json.dumps(body).encode())
    with OpenAIStub([answer]) as stub, pytest.raises(BackendError) as caught:
        complete(stub, first_token_seconds=5)
    assert caught.value.fault.kind == "unreachable"
