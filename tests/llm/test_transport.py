"""The one file that knows vendor errors knows all of them."""

from __future__ import annotations

import inspect

import pytest
from langchain_core import exceptions

from ruler.errors import InputError, ModelError
from ruler.llm.transport import FAILURES, ChatModel, ChatOptions
from tests.stubs.openai_server import OpenAIStub, completion, error


def test_every_model_error_of_langchain_is_mapped() -> None:
    grown = {
        name
        for name, kind in inspect.getmembers(exceptions, inspect.isclass)
        if issubclass(kind, exceptions.ModelError) and kind is not exceptions.ModelError
    }
    assert grown == set(FAILURES)


def test_asks_with_text_alone() -> None:
    with OpenAIStub([completion(" Yes. ", tokens=2)]) as stub:
        model = ChatModel("openai:stub", ChatOptions(base_url=stub.url))
        reply = model.ask("Is it on?")
    assert (reply.text, reply.problem) == ("Yes.", None)
    assert (reply.usage.model_calls, reply.usage.tokens_in, reply.usage.tokens_out) == (1, 100, 2)


def test_retries_as_often_as_it_is_told() -> None:
    with OpenAIStub([error(500)]) as stub:
        model = ChatModel("openai:stub", ChatOptions(base_url=stub.url, retries=1))
        assert model.ask("Is it on?").problem is None
        assert stub.calls == 2


def test_an_error_is_one_short_sentence() -> None:
    with OpenAIStub([error(500, "long " * 1000 + "\nsecond line")]) as stub:
        model = ChatModel("openai:stub", ChatOptions(base_url=stub.url, retries=0))
        with pytest.raises(ModelError) as caught:
            model.ask("Is it on?")
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)


def test_options_ignore_what_is_not_theirs() -> None:
    assert ChatOptions.of({"folder": "x", "timeout_seconds": None}) == ChatOptions()
    with pytest.raises(InputError, match="option 'retries'"):
        ChatOptions.of({"retries": "many"})


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1"),
        ("https://me:secret@models.example/v1?key=secret", "https://models.example/v1"),
    ],
)
def test_an_endpoint_holds_no_secret(url: str, endpoint: str) -> None:
    assert ChatOptions(base_url=url).endpoint == endpoint


def test_a_key_is_not_shown() -> None:
    assert "sk-secret" not in repr(ChatOptions.of({"api_key": "sk-secret"}))
