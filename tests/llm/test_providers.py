"""Other providers than OpenAI's, each where its package is installed: our options in its words."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from ruler.llm.chat import ChatBackend
from ruler.llm.dialects import dialect_of
from ruler.llm.options import ChatOptions
from ruler.llm.questions import BackendError, Completion, Question
from ruler.schemas.runs import Usage
from tests.llm.fakes import Verdict
from tests.stubs.loopback import LoopbackServer, Wire

PICTURE = Question("You describe.", "Frame 7.", (b"\xff\xd8\xff\xe0",), max_tokens=77)


class Endpoint:
    """Answers one document, and keeps what was asked."""

    def __init__(self) -> None:
        self.status, self.document, self.kind = 200, {}, "application/json"
        self.asked: list[tuple[str, Mapping[str, str], dict[str, Any]]] = []

    async def serve(self, path: str, headers: Mapping[str, str], body: bytes, wire: Wire) -> None:
        self.asked.append((path, headers, json.loads(body)))
        data = json.dumps(self.document).encode() + b"\n"
        await wire.send(wire.head(self.status, {"content-type": self.kind}, len(data)) + data)


@pytest.fixture
def endpoint() -> Iterator[tuple[Endpoint, str]]:
    endpoint = Endpoint()
    with LoopbackServer(endpoint.serve) as server:
        yield endpoint, f"http://127.0.0.1:{server.port}"


def complete(name: str, question: Question, **options: object) -> Completion:
    async def run() -> Completion:
        backend = ChatBackend(name, ChatOptions.of(options))
        try:
            return await backend.complete(question)
        finally:
            await backend.aclose()

    return asyncio.run(run())


def test_anthropic_is_asked_in_its_words(
    endpoint: tuple[Endpoint, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("langchain_anthropic")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-vendor")
    served, url = endpoint
    served.document = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [{"type": "text", "text": "A man walks."}],
        "stop_reason": "max_tokens",
        "usage": {"input_tokens": 50, "output_tokens": 6, "cache_read_input_tokens": 40},
    }
    for _ in range(3):  # each on a loop of its own
        found = complete("anthropic:claude-x", PICTURE, base_url=url, api_key="sk-given")
        assert (found.text, found.finish) == ("A man walks.", "max_tokens")
        assert found.usage == Usage(model_calls=1, tokens_in=90, tokens_out=6, tokens_cached=40)
    _, headers, request = served.asked[0]
    assert "sk-given" in str(headers)
    assert "sk-vendor" not in str(headers)
    assert (request["system"], request["max_tokens"]) == ("You describe.", 77)
    assert [part["type"] for part in request["messages"][0]["content"]] == ["image", "text"]


@pytest.mark.parametrize("status", [429, 500, 529])
def test_anthropics_own_retries_are_off(endpoint: tuple[Endpoint, str], status: int) -> None:
    pytest.importorskip("langchain_anthropic")
    served, url = endpoint
    served.status = status
    with pytest.raises(BackendError):
        complete("anthropic:claude-x", PICTURE, base_url=url, api_key="sk")
    assert len(served.asked) == 1


def test_ollama_is_asked_in_its_words(
    endpoint: tuple[Endpoint, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("langchain_ollama")
    monkeypatch.setenv("OLLAMA_API_KEY", "sk-vendor")
    served, url = endpoint
    served.kind = "application/x-ndjson"
    served.document = {
        "model": "m",
        "message": {"role": "assistant", "content": "{}"},
        "done": True,
        "done_reason": "length",
        "prompt_eval_count": 50,
        "eval_count": 6,
    }
    question = Question("You judge.", "Caption 7.", schema=Verdict, max_tokens=77)
    found = complete("ollama:llava", question, base_url=url, local_only=True)
    assert (found.text, found.finish) == ("{}", "length")
    assert found.usage == Usage(model_calls=1, tokens_in=50, tokens_out=6)
    _, headers, request = served.asked[0]
    assert headers["authorization"] == "Bearer none"
    assert request["options"] == {"num_predict": 77, "temperature": 0.0}
    assert request["format"] == Verdict.model_json_schema()


def test_ollama_follows_no_redirect_and_no_proxy_where_it_is_local() -> None:
    settings = dialect_of("ollama", ChatOptions(base_url="http://127.0.0.1:1")).settings(7)
    assert settings["client_kwargs"]["follow_redirects"] is False
    assert settings["client_kwargs"]["trust_env"] is False
    assert settings["num_predict"] == 7


def test_each_engine_has_a_client_of_its_own() -> None:
    options = ChatOptions(api_key="sk")  # type: ignore[arg-type]
    limits = [dialect_of("anthropic", options).settings(7)["timeout"] for _ in range(3)]
    assert len(set(limits)) == 3
    assert all(limit == pytest.approx(options.timeout_seconds, abs=0.1) for limit in limits)
