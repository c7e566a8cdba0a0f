"""A scene that is local only is shown to nobody else, whatever address or environment says."""

from __future__ import annotations

import pytest

from ruler.errors import InputError
from ruler.llm.engine import Engine
from ruler.llm.models import open_model
from ruler.llm.questions import Question
from tests.stubs.openai_server import Answer, OpenAIStub, completion

PICTURE = Question("Describe.", jpegs=(b"private",))


def fault_of(stub: OpenAIStub, **options: object) -> str | None:
    asker = open_model("openai:m", {"base_url": stub.url, "local_only": True, **options})
    assert isinstance(asker, Engine)
    (answer,) = asker.ask([PICTURE])
    asker.close()
    return answer.fault.said if answer.fault else None


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("openai:gpt-4o", {"api_key": "sk"}, "'openai:gpt-4o' is served by its vendor"),
        ("anthropic:claude", {"api_key": "sk"}, "served by its vendor"),
        (
            "openai:m",
            {"base_url": "http://localhost@evil.example:9/v1"},
            "served at http://evil.example:9/v1",
        ),
        ("openai:m", {"base_url": "http://127.0.0.1.evil.example/"}, "127.0.0.1.evil.example"),
        ("openai:m", {"base_url": "http://0.0.0.0:8000/v1"}, "served at http://0.0.0.0:8000/v1"),
        ("openai:m", {"base_url": "http://2130706433/v1"}, "served at http://2130706433/v1"),
        (
            "ollama:m",
            {"base_url": "http://192.168.0.2:11434"},
            "served at http://192.168.0.2:11434",
        ),
        (
            "openai:m",
            {"base_url": "http://me:pw@gpu.lan/v1", "allowed_hosts": ("cpu.lan",)},
            "served at http://gpu.lan/v1",
        ),
        (
            "anthropic:m",
            {"base_url": "http://127.0.0.1:1/", "api_key": "sk"},
            "what 'anthropic' sends where is out of ruler's hands",
        ),
    ],
)
def test_an_endpoint_elsewhere_is_refused_before_anything_is_sent(
    name: str, options: dict[str, object], said: str
) -> None:
    with pytest.raises(InputError, match="local only") as caught:
        open_model(name, {"local_only": True, **options})
    assert said in str(caught.value)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "http://127.0.0.1:1/v1"},
        {"base_url": "http://[::1]:1/v1"},
        {"base_url": "HTTP://LOCALHOST:1/v1"},
        {"base_url": "http://gpu.lan/v1", "allowed_hosts": ("GPU.lan",)},
    ],
)
def test_an_endpoint_here_or_allowed_can_be_used(options: dict[str, object]) -> None:
    asker = open_model("openai:m", {"local_only": True, **options})
    assert isinstance(asker, Engine)
    asker.close()


def test_a_replay_sends_nothing_and_may_be_used(tmp_path: object) -> None:
    with pytest.raises(InputError, match="holds no recording"):
        open_model(f"replay:{tmp_path}", {"local_only": True})


def test_where_the_client_reads_another_host_than_we_do_nothing_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ruler.llm.posting.host_of", lambda url: "localhost")
    with pytest.raises(InputError, match="not clear which host http://127"):
        open_model("openai:m", {"local_only": True, "base_url": "http://127.0.0.1:1/v1"})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with OpenAIStub() as elsewhere:
        away = Answer(b"", status, {"location": f"{elsewhere.url}/chat/completions"})
        with OpenAIStub([away]) as stub, pytest.raises(InputError, match="redirects"):
            fault_of(stub)
    assert (stub.calls, elsewhere.calls) == (1, 0)


@pytest.mark.parametrize(("local_only", "kind"), [(True, "forbidden"), (False, "not_a_completion")])
def test_a_redirect_that_comes_later_is_a_fault(local_only: bool, kind: str) -> None:
    away = Answer(b"", 307, {"location": "http://evil.example/v1"})
    with OpenAIStub([completion("fine"), away]) as stub:
        options = {"base_url": stub.url, "local_only": local_only, "concurrency": 1}
        asker = open_model("openai:m", options)
        assert isinstance(asker, Engine)
        first, second = asker.ask([PICTURE] * 2)
        asker.close()
    assert first.fault is None
    assert second.fault is not None
    assert second.fault.kind == kind


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "OPENAI_PROXY"])
def test_what_is_local_passes_no_proxy(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with OpenAIStub() as proxy, OpenAIStub() as stub:
        monkeypatch.setenv(variable, proxy.url.removesuffix("/v1"))
        monkeypatch.delenv("NO_PROXY", raising=False)
        assert fault_of(stub) is None
        assert fault_of(stub, local_only=False) is None
    assert (stub.calls, proxy.calls) == (2, 0)


@pytest.mark.parametrize("variable", ["OPENAI_BASE_URL", "OPENAI_API_BASE", "LANGSMITH_GATEWAY"])
def test_the_environment_moves_no_address(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with OpenAIStub() as elsewhere, OpenAIStub() as stub:
        monkeypatch.setenv(variable, elsewhere.url)
        assert fault_of(stub) is None
    assert (stub.calls, elsewhere.calls) == (1, 0)
