"""How each LangChain integration wants to be set up: our options in its words.

Three things hold for all of them: the vendor's own retries are off, so that ours are the only ones;
the time limits are ours; and a key from the environment goes to its vendor and to nobody else.
Proxies and redirects are in our hands only where we hand in the HTTP client or its settings:
`openai` (every OpenAI-compatible server) and `ollama`. So only those may serve a scene that is
local only.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

from pydantic import BaseModel

from ruler.errors import InputError
from ruler.llm.endpoints import host_of, is_local, is_loopback
from ruler.llm.options import ChatOptions

Settings = dict[str, Any]
Messages = list[dict[str, Any]]
"""Messages in OpenAI's words, which LangChain takes for every provider."""

OLLAMA = "http://127.0.0.1:11434"
"""Where Ollama listens, unless `base_url` says otherwise. Its variable OLLAMA_HOST is not read."""


class Dialect(Protocol):
    """One integration's words."""

    def settings(self, max_tokens: int, /) -> Settings:
        """What `init_chat_model` is given."""

    def form(self, schema: type[BaseModel], /) -> Settings | None:
        """What a call is given to hold the model to this schema; None where it cannot be."""


_serial = itertools.count(1)


class Plain:
    """What LangChain's standard parameters cover; a schema stands in the prompt.

    Integrations keep HTTP clients in a cache by address and time limit, and share them; but a
    client belongs to one event loop, as an engine does. A limit that differs by microseconds gives
    each engine its own.
    """

    def __init__(self, options: ChatOptions) -> None:
        self._options = options
        self._timeout = options.timeout_seconds + next(_serial) * 1e-6

    def settings(self, max_tokens: int, /) -> Settings:
        """The standard parameters."""
        url = self._options.base_url
        if url and not self._options.api_key:
            raise InputError(
                "with base_url this provider needs api_key, too: "
                "the key in the environment is not sent to another server"
            )
        place = {"base_url": url} if url else {}
        own = {"timeout": self._timeout, "max_tokens": max_tokens}
        return place | _key(self._options) | _common(self._options) | own

    def form(self, _schema: type[BaseModel], /) -> Settings | None:
        """None."""
        return None


class OpenAI:
    """OpenAI itself.

    The form of an answer goes in as `extra_body`: as a parameter, LangChain would turn it into
    another method of the vendor's library, which throws cut answers away.
    """

    def __init__(self, options: ChatOptions) -> None:
        self._options = options
        self._client: Settings = {}

    def settings(self, max_tokens: int, /) -> Settings:
        """The standard parameters, and one HTTP client for all of them."""
        self._client = self._client or _openai_client(self._options)
        return (
            _common(self._options)
            | _key(self._options)
            | self._client
            | {"max_tokens": max_tokens, "stream_usage": True}
        )

    def form(self, schema: type[BaseModel], /) -> Settings | None:
        """A JSON schema, held to strictly."""
        form = response_format(schema)
        return None if form is None else {"extra_body": {"response_format": form}}


class Ollama:
    """Ollama by its own interface."""

    def __init__(self, options: ChatOptions) -> None:
        self._options = options

    def settings(self, max_tokens: int, /) -> Settings:
        """Its words for the standard parameters."""
        options, total = self._options, self._options.timeout_seconds
        key = options.api_key.get_secret_value() if options.api_key else "none"
        client = {
            "timeout": (options.connect_seconds, total, total, total),
            "follow_redirects": False,
            "trust_env": not is_direct(options),
            "headers": {"Authorization": f"Bearer {key}"},
        }
        return {
            "base_url": options.base_url,
            "client_kwargs": client,
            "temperature": options.temperature,
            "num_predict": max_tokens,
        }

    def form(self, schema: type[BaseModel], /) -> Settings | None:
        """The schema, as it is."""
        return {"format": schema.model_json_schema()}


def dialect_of(provider: str, options: ChatOptions) -> Dialect:
    """The words for LangChain's integration of that name."""
    if provider == "openai":
        return OpenAI(options)
    return Ollama(options) if provider == "ollama" else Plain(options)


def compatible_settings(options: ChatOptions) -> Settings:
    """What `init_chat_model` is given for the client of an OpenAI-compatible server: its address,
    and its key or none."""
    place = {"base_url": options.base_url, "use_responses_api": False}
    return {"api_key": "none"} | _key(options) | _common(options) | _openai_client(options) | place


def _openai_client(options: ChatOptions) -> Settings:
    """An HTTP client with our limits that follows no redirect."""
    import openai

    limits = openai.Timeout(options.timeout_seconds, connect=options.connect_seconds)
    client = openai.DefaultAsyncHttpxClient(
        timeout=limits, follow_redirects=False, trust_env=not is_direct(options)
    )
    return {"timeout": limits, "http_async_client": client, "openai_proxy": None}


def is_direct(options: ChatOptions) -> bool:
    """Whether the environment's proxy is passed by: what is local must not leave the machine."""
    return options.local_only or is_loopback(host_of(options.base_url or ""))


def check_local(name: str, provider: str, options: ChatOptions) -> None:
    """Refuse what a scene that is local only must not be shown to.

    Raises:
        InputError: names the endpoint.
    """
    if not options.local_only:
        return
    if options.base_url is None:
        raise InputError(
            f"this scene is local only, and model {name!r} is served by its vendor; "
            "give base_url of a server on this machine"
        )
    if not is_local(options.base_url, options.allowed_hosts):
        raise InputError(
            f"this scene is local only, and model {name!r} is served at {options.endpoint}; "
            "give a server on this machine, or name its host in allowed_hosts"
        )
    if provider not in ("openai", "ollama"):
        raise InputError(
            f"this scene is local only, and what {provider!r} sends where is out of ruler's hands; "
            "ask the server as openai:MODEL or ollama:MODEL"
        )


def is_strict(schema: object) -> bool:
    """Whether a JSON schema survives OpenAI's strict mode, which allows no further properties: an
    object with free keys would be forced to be empty."""
    if isinstance(schema, Mapping):
        return not schema.get("additionalProperties") and all(map(is_strict, schema.values()))
    if isinstance(schema, list):
        return all(map(is_strict, schema))
    return True


@lru_cache(maxsize=64)
def response_format(schema: type[BaseModel]) -> Settings | None:
    """How a chat completion is held to a schema strictly; None where that would lose something."""
    if not is_strict(schema.model_json_schema()):
        return None
    from langchain_core.utils.function_calling import convert_to_openai_function

    function = convert_to_openai_function(schema, strict=True)
    form = {"name": function["name"], "schema": function["parameters"], "strict": True}
    return {"type": "json_schema", "json_schema": form}


def _common(options: ChatOptions) -> Settings:
    return {"max_retries": 0, "temperature": options.temperature}


def _key(options: ChatOptions) -> Settings:
    return {"api_key": options.api_key.get_secret_value()} if options.api_key else {}
