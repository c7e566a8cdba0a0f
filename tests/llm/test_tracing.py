"""Spans by the GenAI conventions, where OpenTelemetry is installed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from ruler.llm import tracing
from ruler.llm.engine import Engine
from ruler.llm.options import ChatOptions
from ruler.llm.questions import Question
from tests.llm.fakes import BatchOf, FakeClock, ScriptedBackend, Verdict, fails, says


class Span:
    """As much of a span as is used."""

    def __init__(self, name: str, **given: Any) -> None:
        self.name, self.given = name, given
        self.attributes: dict[str, Any] = dict(given["attributes"])
        self.status: object = None
        self.has_ended = False

    def set_attribute(self, name: str, value: object) -> None:
        self.attributes[name] = value

    def set_status(self, status: object) -> None:
        self.status = status


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> list[Span]:
    """What is traced by an OpenTelemetry that only keeps spans."""
    made: list[Span] = []

    class Tracer:
        @contextmanager
        def start_as_current_span(self, name: str, **given: Any) -> Iterator[Span]:
            made.append(Span(name, **given))
            yield made[-1]
            made[-1].has_ended = True

    module: Any = ModuleType("opentelemetry.trace")
    module.get_tracer = lambda name: Tracer()
    module.SpanKind = SimpleNamespace(CLIENT="client")
    module.StatusCode = SimpleNamespace(ERROR="error")
    monkeypatch.setitem(sys.modules, "opentelemetry", ModuleType("opentelemetry"))
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", module)
    monkeypatch.setattr(tracing, "_is_installed", lambda: True)
    return made


def ask(question: Question, *script: Any, **options: object) -> None:
    chosen = ChatOptions.of({"base_url": "http://me:pw@127.0.0.1:8000/v1", **options})
    with Engine(ScriptedBackend(script), chosen, clock=FakeClock()) as engine:
        list(engine.ask([question]))


def test_a_question_is_one_span_over_all_its_calls(spans: list[Span]) -> None:
    ask(Question("Describe.", "now", (b"x",)), fails("server"), says("A man walks."))
    (span,) = spans
    assert span.name == "chat model"
    assert span.given["kind"] == "client"
    assert span.has_ended
    assert span.status is None
    assert span.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "stub",
        "gen_ai.request.model": "model",
        "gen_ai.request.temperature": 0.0,
        "gen_ai.request.max_tokens": 400,
        "gen_ai.output.type": "text",
        "server.address": "127.0.0.1",
        "server.port": 8000,
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 7,
        "gen_ai.usage.cache_read.input_tokens": 0,
    }


def test_a_fault_is_the_spans_error(spans: list[Span]) -> None:
    ask(Question("Judge.", schema=Verdict), says("no idea"), says("no idea"))
    (span,) = spans
    assert span.attributes["error.type"] == "unreadable"
    assert span.attributes["gen_ai.output.type"] == "json"
    assert span.attributes["gen_ai.usage.input_tokens"] == 200
    assert span.status == "error"


def test_content_is_traced_only_where_the_user_says_so(spans: list[Span]) -> None:
    question = Question("Describe.", "the porch", (b"private",))
    ask(question, says("A man walks."))
    ask(question, says("A man walks."), trace_content=True)
    silent, telling = spans
    for word in ("Describe", "porch", "man walks", "private", "pw"):
        assert word not in str(silent.attributes)
    assert json.loads(telling.attributes["gen_ai.system_instructions"]) == [
        {"type": "text", "content": "Describe."}
    ]
    (message,) = json.loads(telling.attributes["gen_ai.input.messages"])
    picture, text = message["parts"]
    assert (message["role"], text["content"]) == ("user", "the porch")
    assert (picture["type"], len(picture["sha256"])) == ("picture", 64)
    (said,) = json.loads(telling.attributes["gen_ai.output.messages"])
    assert said == {"role": "assistant", "parts": [{"type": "text", "content": "A man walks."}]}


def test_a_batchs_questions_have_spans_that_begin_with_it(spans: list[Span]) -> None:
    with Engine(BatchOf(4, lambda question: says("fine"))) as engine:
        list(engine.ask([Question("a"), Question("b")]))
    assert len(spans) == 2
    assert spans[0].given["start_time"] == spans[1].given["start_time"] > 1.7e18


def test_nothing_happens_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "_is_installed", lambda: False)
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    ask(Question("Describe."), says("fine"))


def test_words_differ_from_langchains_only_where_the_conventions_say() -> None:
    named = tracing.Tracing("google_genai:gemini", ChatOptions())
    assert named._asked(Question("x"))["gen_ai.provider.name"] == "gcp.gemini"
    assert "server.address" not in named._asked(Question("x"))


def test_spans_suit_the_real_library() -> None:
    """Runs where the extra `otel` is installed."""
    pytest.importorskip("opentelemetry.sdk")
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
    from opentelemetry.trace import StatusCode, get_tracer_provider, set_tracer_provider

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    set_tracer_provider(provider)
    assert get_tracer_provider() is provider
    ask(Question("Describe."), says(""), trace_content=True)
    (span,) = exporter.get_finished_spans()
    assert span.name == "chat model"
    assert span.status.status_code == StatusCode.ERROR
    assert span.attributes is not None
    assert span.attributes["error.type"] == "empty"
