"""From a name to something that can be asked, and every way that this fails."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from ruler.errors import InputError, MissingExtraError, NotFoundError, UnknownNameError
from ruler.llm.budget import Budget
from ruler.llm.engine import Engine
from ruler.llm.models import LOCAL, open_model
from ruler.llm.questions import Asker, Question
from ruler.llm.recording import Recording, Replay
from tests.llm.fakes import BatchOf, MemoryCache, Meter, numbered, says
from tests.stubs.openai_server import OpenAIStub, completion


def closed(asker: Asker) -> Engine:
    assert isinstance(asker, Engine)
    asker.close()
    return asker


def test_a_served_model_answers_with_all_care() -> None:
    cache, meter, budget = MemoryCache(), Meter(), Budget(max_calls=5)
    with OpenAIStub() as stub:
        options = {"base_url": stub.url, "cache": cache, "on_usage": meter, "budget": budget}
        asker = open_model("openai:stub-vision", {**options, "folder": "not ours"})
        answers = list(asker.ask([Question("Describe.", jpegs=(b"x",))] * 2))
        closed(asker)
    assert (asker.name, asker.endpoint) == ("openai:stub-vision", stub.url)
    assert answers[0].text.startswith("One person.")
    assert len(cache.texts) == 1
    assert meter.total.model_calls == budget.spent.model_calls == stub.calls
    assert (meter.total.cost_usd, meter.total.unpriced_calls) == (0, 0)


def test_what_was_recorded_can_be_replayed(tmp_path: Path) -> None:
    script = [completion("one"), completion(""), completion("three")]
    with OpenAIStub(script) as stub:
        options = {"base_url": stub.url, "recorder": Recording(tmp_path), "concurrency": 1}
        asker = open_model("openai:large", options)
        first = [answer.text for answer in asker.ask(numbered(3))]
        closed(asker)
    replay = open_model(f"replay:{tmp_path}", {"temperature": 0.7})
    assert isinstance(replay, Replay)
    again = list(replay.ask(numbered(3)))
    assert [answer.text for answer in again] == first == ["one", "", "three"]
    assert [answer.fault.kind if answer.fault else None for answer in again] == [
        None,
        "missing",
        None,
    ]


@pytest.mark.parametrize("provider", sorted(LOCAL))
def test_a_model_in_this_process_is_made_by_its_own_module(
    provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[object] = []

    def create(model: str, options: object) -> BatchOf:
        made.append((model, options))
        return BatchOf(4, lambda question: says(f"about {question.text}"))

    module = ModuleType(LOCAL[provider])
    module.create = create  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, LOCAL[provider], module)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: True)
    options = {"local_only": True, "batch": 4}
    asker = open_model(f"{provider}:Qwen/Qwen2.5-VL", options)
    assert [answer.text for answer in asker.ask(numbered(2))] == ["about 0", "about 1"]
    assert made == [("Qwen/Qwen2.5-VL", options)]
    assert closed(asker).endpoint is None


@pytest.mark.parametrize(
    ("name", "extra"),
    [("vllm:m", "vllm"), ("transformers:m", "transformers"), ("openai:m", "chat")],
)
def test_a_missing_part_is_named(name: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as caught:
        open_model(name, {})
    assert caught.value.extra == extra
    assert name in str(caught.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("opnai:gpt-4o", "Did you mean 'openai'"),
        ("transfomers:x", "Did you mean 'transformers'"),
        ("gpt-4o-mini", "must look like openai:gpt-4o-mini"),
        ("nosuch:model", "Known providers: .*anthropic.*google_genai.*ollama.*openai.*vllm"),
        ("openai:", "must look like"),
        ("", "must look like"),
    ],
)
def test_an_unknown_provider_is_named_with_the_nearest(name: str, said: str) -> None:
    with pytest.raises(UnknownNameError, match=said):
        open_model(name, {})


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("openai:gpt-4o-mini", {}, "'openai:gpt-4o-mini' cannot be set up: .*credentials"),
        ("cohere:command-a", {}, "needs a package of its own: pip install langchain-cohere"),
        ("openai:m", {"base_url": "localhost:8000"}, "'base_url'.*must look like"),
        ("cohere:m", {"base_url": "http://127.0.0.1/v1"}, "needs api_key, too"),
        ("replay:", {}, "replay needs a folder"),
        ("vllm:", {}, "vllm needs a model"),
    ],
)
def test_what_cannot_be_built_says_why(name: str, options: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        open_model(name, options)


def test_a_folder_that_is_no_recording_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        open_model(f"replay:{tmp_path}", {})


def test_nothing_heavy_is_imported_before_a_model_is_opened() -> None:
    heavy = (
        "langchain langchain_core langsmith openai httpx httpx2 genai_prices torch opentelemetry"
    )
    code = f"import sys, ruler.llm.models; print(*(set({heavy.split()!r}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == ""
