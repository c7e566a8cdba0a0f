"""Served chat models by LangChain: one call at a time, with no care beyond its own time limits."""

from __future__ import annotations

import asyncio
import base64
import inspect
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from ruler.errors import InputError
from ruler.llm.clock import Clock, SystemClock
from ruler.llm.dialects import Messages, Request, check_local, dialect_of
from ruler.llm.endpoints import host_of
from ruler.llm.failures import failure, sentence
from ruler.llm.options import ChatOptions
from ruler.llm.providers import build, check_provider
from ruler.llm.questions import BackendError, Completion, Question
from ruler.llm.retrying import OtherFormError
from ruler.llm.wording import with_schema
from ruler.registry import split_name
from ruler.schemas.runs import Usage

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage, AIMessageChunk
    from langchain_core.runnables import RunnableConfig

_NO_SYSTEM = re.compile(r"system (?:role|message|prompt)|roles must alternate", re.IGNORECASE)
"""How chat templates say that they know no system role (vLLM passes it on as a 400)."""


class ChatBackend:
    """A `Backend` over LangChain's `init_chat_model`.

    What it learns of an endpoint it keeps: schemas that are refused are put into words from then
    on, and a model without a system role gets all as the user's words.

    Raises:
        MissingExtraError: LangChain is not installed.
        UnknownNameError: nobody provides models of this name.
        InputError: it cannot be set up, or the scene is local only and the endpoint is not.
    """

    def __init__(self, name: str, options: ChatOptions, clock: Clock | None = None) -> None:
        check_provider(name)
        provider, _ = split_name(name)
        check_local(name, provider, options)
        self.name = name
        self.endpoint = options.endpoint
        self._options = options
        self._clock = clock or SystemClock()
        self._dialect = dialect_of(provider, options)
        self._models: dict[int, BaseChatModel] = {}
        self._accepted: set[type[BaseModel]] = set()
        self._refused: set[type[BaseModel]] = set()
        self._has_system_role = True
        self._check_host(self._model(options.max_tokens))

    async def complete(self, question: Question) -> Completion:
        """Call once.

        Raises:
            BackendError: no answer, or one that is not a chat completion.
        """
        max_tokens = question.max_tokens or self._options.max_tokens
        request, schema = self._request(question, max_tokens)
        try:
            message = await self._invoke(self._model(max_tokens), request)
        except BackendError:
            raise
        except Exception as error:  # vendors raise what they like
            raise self._failure(error, question, schema) from error
        if schema:
            self._accepted.add(schema)
        return _completion(message)

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
            self._models[max_tokens] = build(self.name, self._options, settings)
        return self._models[max_tokens]

    def _check_host(self, model: BaseChatModel) -> None:
        """Two readers of one address can disagree about its host: the client's reading counts."""
        client = getattr(model, "root_async_client", None)
        if self._options.base_url is None or client is None:
            return
        if client.base_url.host.strip("[]").rstrip(".") != host_of(self._options.base_url):
            raise InputError(f"it is not clear which host {self.endpoint} means")

    def _request(
        self, question: Question, max_tokens: int
    ) -> tuple[Request, type[BaseModel] | None]:
        """What to ask, and the schema that the endpoint is to hold the model to, if it can."""
        schema = None if question.schema in self._refused else question.schema
        if schema is not None:
            held = self._dialect.request(self._messages(question), max_tokens, schema)
            if held is not None:
                return held, schema
        plain = self._dialect.request(self._messages(with_schema(question)), max_tokens, None)
        assert plain is not None  # without a schema there is always a way
        return plain, None

    def _messages(self, question: Question) -> Messages:
        """The system part first, so that prefix caches hit; the question's own words last."""
        parts: list[dict[str, Any]] = []
        for jpeg in question.jpegs:
            data = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
            parts.append({"type": "image_url", "image_url": {"url": data}})
        if question.text:
            parts.append({"type": "text", "text": question.text})
        system: Messages = []
        if self._has_system_role and question.system and parts:
            system = [{"role": "system", "content": question.system}]
        elif question.system:
            parts.insert(0, {"type": "text", "text": question.system})
        content = parts[0]["text"] if [part["type"] for part in parts] == ["text"] else parts
        return [*system, {"role": "user", "content": content}]

    async def _invoke(self, model: BaseChatModel, request: Request) -> AIMessage:
        messages, form = request
        with self._untraced() as config:
            if self._options.first_token_seconds is None:
                return await model.ainvoke(messages, config, **form)
            return await self._stream(model.astream(messages, config, **form))

    async def _stream(self, pieces: AsyncIterator[AIMessageChunk]) -> AIMessage:
        whole = None
        try:
            async with asyncio.timeout(self._options.first_token_seconds) as limit:
                async for piece in pieces:
                    whole = piece if whole is None else whole + piece
                    if whole.text:
                        limit.reschedule(None)
        except TimeoutError as error:
            said = f"no first word in time ({self._options.first_token_seconds:g} s)"
            raise BackendError(sentence(self.name, self._options, "timeout", said)) from error
        if whole is None or not _finish(whole):
            said = "the answer broke off"
            raise BackendError(sentence(self.name, self._options, "unreachable", said))
        return whole

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

    def _failure(
        self, error: Exception, question: Question, schema: type[BaseModel] | None
    ) -> BackendError:
        """What went wrong; where another form may please the endpoint, the next call takes it.

        Args:
            error: What was raised.
            question: What was asked.
            schema: The schema, where the endpoint was to hold the model to it.
        """
        failed = failure(self.name, error, self._options, self._clock.today())
        if failed.fault.kind != "bad_request":
            return failed
        if schema and schema not in self._accepted:
            self._refused.add(schema)
            return OtherFormError(failed.fault, usage=failed.usage)
        if self._has_system_role and _NO_SYSTEM.search(str(error)):
            self._has_system_role = False
            return OtherFormError(failed.fault, usage=failed.usage)
        if question.schema and not schema:
            self._refused.discard(question.schema)  # it was not the schema that it minded
        return failed


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
