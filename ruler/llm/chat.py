"""Served chat models: one call at a time, with no care beyond its own time limits."""

from __future__ import annotations

import base64
import re
from typing import Any, Protocol

from pydantic import BaseModel

from ruler.llm.clock import Clock, SystemClock
from ruler.llm.dialects import Messages, check_local
from ruler.llm.failures import failure
from ruler.llm.options import ChatOptions
from ruler.llm.posting import Posting
from ruler.llm.providers import check_provider
from ruler.llm.questions import BackendError, Completion, Question
from ruler.llm.retrying import OtherFormError
from ruler.llm.vendors import Vendor
from ruler.llm.wording import with_schema
from ruler.registry import split_name

_NO_SYSTEM = re.compile(r"system (?:role|message|prompt)|roles must alternate", re.IGNORECASE)
"""How chat templates say that they know no system role (vLLM passes it on as a 400)."""


class Way(Protocol):
    """A way to a model; what it raises is its own."""

    def holds(self, schema: type[BaseModel]) -> bool:
        """Whether the endpoint can be asked to hold the model to this schema."""

    async def complete(
        self, messages: Messages, max_tokens: int, schema: type[BaseModel] | None
    ) -> Completion:
        """Ask once."""

    async def aclose(self) -> None:
        """Close the connections."""


class ChatBackend:
    """A `Backend` over LangChain's providers and OpenAI-compatible servers.

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
        is_compatible = provider == "openai" and options.base_url is not None
        self._way: Way = Posting(name, options) if is_compatible else Vendor(name, options)
        self._accepted: set[type[BaseModel]] = set()
        self._refused: set[type[BaseModel]] = set()
        self._has_system_role = True

    async def complete(self, question: Question) -> Completion:
        """Call once.

        Raises:
            BackendError: no answer, or one that is not a chat completion.
        """
        schema = None if question.schema in self._refused else question.schema
        if schema is not None and not self._way.holds(schema):
            schema = None
        messages = self._messages(question if schema else with_schema(question))
        max_tokens = question.max_tokens or self._options.max_tokens
        try:
            completion = await self._way.complete(messages, max_tokens, schema)
        except BackendError:
            raise
        except Exception as error:  # vendors raise what they like
            raise self._failure(error, question, schema) from error
        if schema is not None:
            self._accepted.add(schema)
        return completion

    async def aclose(self) -> None:
        """Close the connections."""
        await self._way.aclose()

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
        if schema is not None and schema not in self._accepted:
            self._refused.add(schema)
            return OtherFormError(failed.fault, usage=failed.usage)
        if self._has_system_role and _NO_SYSTEM.search(str(error)):
            self._has_system_role = False
            return OtherFormError(failed.fault, usage=failed.usage)
        if question.schema is not None and schema is None:
            self._refused.discard(question.schema)  # it was not the schema that it minded
        return failed
