"""The way to a server that speaks OpenAI's chat completions: the request as it is to arrive.

LangChain sets up the client, with its key, limits and errors; the question itself is posted by that
client without LangChain. Turning messages into objects and answers into messages takes more than
half of the CPU of a call (`tests/llm/test_load.py` tells how much), and it renames `max_tokens` to
`max_completion_tokens`, which Ollama and llama.cpp do not read (ollama/ollama#7125).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from pydantic import BaseModel

from ruler.errors import InputError
from ruler.llm.dialects import Messages, compatible_settings, response_format
from ruler.llm.endpoints import host_of
from ruler.llm.failures import first_line, sentence
from ruler.llm.options import ChatOptions
from ruler.llm.providers import build
from ruler.llm.questions import BackendError, Completion
from ruler.llm.streaming import collect
from ruler.llm.usages import told_by
from ruler.registry import split_name
from ruler.schemas.runs import Usage

_PATH = "/chat/completions"
_CALL = Usage(model_calls=1)


class Posting:
    """Asks by a post, or by a stream of events where the first word has its time.

    Raises:
        InputError: the client cannot be set up, or reads the address in another way than we do.
    """

    def __init__(self, name: str, options: ChatOptions) -> None:
        self._name = name
        self._options = options
        model: Any = build(name, options, compatible_settings(options))
        self._client = model.root_async_client
        host = self._client.base_url.host.strip("[]").rstrip(".")
        if host != host_of(options.base_url or ""):
            raise InputError(f"it is not clear which host {options.endpoint} means")

    def holds(self, schema: type[BaseModel]) -> bool:
        """Whether such servers can hold a model to this schema."""
        return response_format(schema) is not None

    async def complete(
        self, messages: Messages, max_tokens: int, schema: type[BaseModel] | None
    ) -> Completion:
        """Ask once; raises what the client raises.

        Raises:
            BackendError: the answer is not a chat completion.
        """
        body: dict[str, Any] = {
            "model": split_name(self._name)[1],
            "messages": messages,
            "temperature": self._options.temperature,
            "max_tokens": max_tokens,
        }
        if schema is not None:
            body["response_format"] = response_format(schema)
        if self._options.first_token_seconds is None:
            return self._read(await self._client.post(_PATH, body=body, cast_to=object))
        return await self._stream(body)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    def _read(self, document: object) -> Completion:
        try:
            choice = document["choices"][0]  # type: ignore[index]
            message = choice["message"]
            text = _text(message.get("content"))
            refusal = message.get("refusal")
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise self._no_completion(document) from error
        return Completion(
            text=text,
            finish=str(choice.get("finish_reason") or "stop").lower(),
            refusal=str(refusal) if refusal else None,
            usage=_CALL + told_by(document),
        )

    async def _stream(self, body: dict[str, Any]) -> Completion:
        whole = _Whole()
        asked = body | {"stream": True, "stream_options": {"include_usage": True}}
        await collect(self._pieces(asked), whole.add, self._options.first_token_seconds)
        if not whole.finish:
            raise ConnectionError("the answer broke off")
        return Completion(whole.text, whole.finish, whole.refusal or None, whole.usage)

    async def _pieces(self, body: dict[str, Any]) -> AsyncIterator[object]:
        import openai

        kind = openai.AsyncStream[object]
        pieces = await self._client.post(
            _PATH, body=body, cast_to=object, stream=True, stream_cls=kind
        )
        async for piece in pieces:
            yield piece

    def _no_completion(self, document: object) -> BackendError:
        shown = first_line(ValueError(str(document)), self._options)
        said = f"the answer is not a chat completion ({shown})"
        fault = sentence(self._name, self._options, "not_a_completion", said)
        usage = _CALL + told_by(document) + Usage(failed_calls=1)
        return BackendError(fault, usage=usage)


class _Whole:
    """A streamed answer as far as it has come."""

    def __init__(self) -> None:
        self.text = self.finish = self.refusal = ""
        self.usage = _CALL

    def add(self, piece: Any) -> bool:
        """Add a piece of it; whether it has begun."""
        for choice in piece.get("choices") or ():
            delta = choice.get("delta") or {}
            self.text += _text(delta.get("content"))
            self.refusal += delta.get("refusal") or ""
            self.finish = str(choice.get("finish_reason") or self.finish).lower()
        if piece.get("usage"):
            self.usage = _CALL + told_by(piece)
        return bool(self.text)


def _text(content: object) -> str:
    """The words of a message: a text, parts of one, or nothing."""
    if isinstance(content, list):
        return "".join(str(part.get("text") or "") for part in content)
    return "" if content is None else str(content)
