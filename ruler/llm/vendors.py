"""The way to a model by LangChain: every provider that it has."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pydantic import BaseModel

from ruler.llm.dialects import Messages, dialect_of
from ruler.llm.options import ChatOptions
from ruler.llm.providers import build
from ruler.llm.questions import Completion
from ruler.llm.streaming import collect
from ruler.registry import split_name
from ruler.schemas.runs import Usage

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, AIMessageChunk
    from langchain_core.runnables import RunnableConfig


class Vendor:
    """Asks by `ainvoke`, or by `astream` where the first word has its time.

    Raises:
        InputError: LangChain cannot set it up.
    """

    def __init__(self, name: str, options: ChatOptions) -> None:
        self._name = name
        self._options = options
        self._dialect = dialect_of(split_name(name)[0], options)
        self._models: dict[int, BaseChatModel] = {}
        self._model(options.max_tokens)

    def holds(self, schema: type[BaseModel]) -> bool:
        """Whether the provider can hold the model to this schema."""
        return self._dialect.form(schema) is not None

    async def complete(
        self, messages: Messages, max_tokens: int, schema: type[BaseModel] | None
    ) -> Completion:
        """Ask once; raises what the integration raises."""
        model = self._model(max_tokens)
        form = self._dialect.form(schema) if schema else None
        with self._untraced() as config:
            if self._options.first_token_seconds is None:
                return _completion(await model.ainvoke(messages, config, **(form or {})))
            whole: list[AIMessageChunk] = []

            def add(piece: AIMessageChunk) -> bool:
                whole[:] = [whole[0] + piece] if whole else [piece]
                return bool(whole[0].text)

            pieces = model.astream(messages, config, **(form or {}))
            await collect(pieces, add, self._options.first_token_seconds)
        if not whole or not _finish(whole[0]):
            raise ConnectionError("the answer broke off")
        return _completion(whole[0])

    async def aclose(self) -> None:
        """Close the connections; LangChain has no way of its own to do so."""
        for model in self._models.values():
            own = getattr(model, "root_async_client", None)
            close = getattr(own or getattr(model, "_async_client", None), "close", None)
            closing = close() if close else None
            if inspect.isawaitable(closing):
                await closing

    def _model(self, max_tokens: int) -> BaseChatModel:
        """LangChain sets the length with the model, so there is one for each."""
        if max_tokens not in self._models:
            settings = self._dialect.settings(max_tokens)
            self._models[max_tokens] = build(self._name, self._options, settings)
        return self._models[max_tokens]

    @contextmanager
    def _untraced(self) -> Iterator[RunnableConfig | None]:
        """LangSmith sees what is asked only where the user lets traces hold it: neither its
        environment variables nor a traced graph around this call may send pictures there."""
        if self._options.trace_content and not self._options.local_only:
            yield None
            return
        from langsmith.run_helpers import tracing_context

        with tracing_context(enabled=False):
            yield {"callbacks": []}


def _completion(message: AIMessage) -> Completion:
    tokens = message.usage_metadata
    details = (tokens.get("input_token_details") if tokens else None) or {}
    return Completion(
        text=str(message.text),
        finish=_finish(message),
        refusal=message.additional_kwargs.get("refusal") or None,
        usage=Usage(
            model_calls=1,
            tokens_in=tokens["input_tokens"] if tokens else 0,
            tokens_out=tokens["output_tokens"] if tokens else 0,
            tokens_cached=details.get("cache_read") or 0,
        ),
    )


def _finish(message: AIMessage) -> str:
    """Why the answer ended, in the vendor's word: each puts it elsewhere."""
    told = message.response_metadata
    if told.get("status") == "incomplete":  # OpenAI's Responses
        return str((told.get("incomplete_details") or {}).get("reason") or "").lower()
    names = ("finish_reason", "stop_reason", "done_reason", "stopReason", "status")
    return next((str(told[name]).lower() for name in names if told.get(name)), "")
