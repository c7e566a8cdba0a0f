"""OpenTelemetry spans by the GenAI semantic conventions, where OpenTelemetry is installed.

One span a question, over all its calls ("the corresponding span SHOULD cover the duration of the
logical operation with all retries"). Without the extra `otel` nothing happens and nothing is
imported.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from ruler.llm.options import ChatOptions
from ruler.llm.questions import Answer, Question
from ruler.registry import split_name
from ruler.schemas.base import bytes_hash

Attributes = dict[str, str | int | float]

_PROVIDERS: Mapping[str, str] = {
    "azure_ai": "azure.ai.inference",
    "azure_openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "bedrock_converse": "aws.bedrock",
    "google_genai": "gcp.gemini",
    "google_vertexai": "gcp.vertex_ai",
    "ibm": "ibm.watsonx.ai",
    "mistralai": "mistral_ai",
    "xai": "x_ai",
}
"""Where the conventions have another word for a provider than LangChain."""


class Tracing:
    """Makes the spans of one model.

    Args:
        name: `provider:model`.
        options: For the settings and the address; `trace_content` lets spans hold what was asked
            and said, pictures by their hashes alone.
    """

    def __init__(self, name: str, options: ChatOptions) -> None:
        self._provider, self._model = split_name(name)
        self._options = options

    @contextmanager
    def span(
        self, question: Question, since: int | None = None
    ) -> Iterator[Callable[[Answer], None]]:
        """A span around a question; call what is given with the answer.

        Args:
            question: What is asked.
            since: When that began, in nanoseconds since 1970; now where None.
        """
        if not _is_installed():
            yield lambda _: None
            return
        trace: Any = importlib.import_module("opentelemetry.trace")
        with trace.get_tracer("ruler").start_as_current_span(
            f"chat {self._model}",
            kind=trace.SpanKind.CLIENT,
            attributes=self._asked(question),
            start_time=since,
        ) as span:
            yield lambda answer: self._said(span, answer)

    def _asked(self, question: Question) -> Attributes:
        known: Attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": _PROVIDERS.get(self._provider, self._provider),
            "gen_ai.request.model": self._model,
            "gen_ai.request.temperature": self._options.temperature,
            "gen_ai.request.max_tokens": question.max_tokens or self._options.max_tokens,
            "gen_ai.output.type": "text" if question.schema is None else "json",
        }
        place = urlsplit(self._options.endpoint or "")
        if place.hostname:
            known["server.address"] = place.hostname
            known["server.port"] = place.port or (443 if place.scheme == "https" else 80)
        if self._options.trace_content:
            known["gen_ai.system_instructions"] = json.dumps([_text(question.system)])
            shown = [{"type": "picture", "sha256": bytes_hash(jpeg)} for jpeg in question.jpegs]
            known["gen_ai.input.messages"] = _messages("user", [*shown, _text(question.text)])
        return known

    def _said(self, span: Any, answer: Answer) -> None:
        span.set_attribute("gen_ai.usage.input_tokens", answer.usage.tokens_in)
        span.set_attribute("gen_ai.usage.output_tokens", answer.usage.tokens_out)
        span.set_attribute("gen_ai.usage.cache_read.input_tokens", answer.usage.tokens_cached)
        if self._options.trace_content:
            said = _messages("assistant", [_text(answer.text)])
            span.set_attribute("gen_ai.output.messages", said)
        if answer.fault:
            span.set_attribute("error.type", answer.fault.kind)
            trace: Any = importlib.import_module("opentelemetry.trace")
            span.set_status(trace.StatusCode.ERROR)


@cache
def _is_installed() -> bool:
    return importlib.util.find_spec("opentelemetry") is not None


def _text(content: str) -> dict[str, str]:
    return {"type": "text", "content": content}


def _messages(role: str, parts: list[dict[str, str]]) -> str:
    return json.dumps([{"role": role, "parts": parts}])
