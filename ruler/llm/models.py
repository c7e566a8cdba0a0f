"""From `provider:model` to something that can be asked: the door to this package."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruler.errors import InputError, MissingExtraError
from ruler.llm.chat import ChatBackend
from ruler.llm.dialects import OLLAMA
from ruler.llm.engine import Engine
from ruler.llm.options import ChatOptions
from ruler.llm.pricing import tariff_of
from ruler.llm.providers import check_provider
from ruler.llm.questions import Asker, BatchBackend
from ruler.llm.recording import Replay
from ruler.registry import split_name

LOCAL: Mapping[str, str] = {
    "transformers": "ruler.llm.local.transformers_backend",
    "vllm": "ruler.llm.local.vllm_backend",
}
"""Providers that run the model in this process; each name is its extra's and its library's, too."""

CARE = ("budget", "cache", "recorder", "on_usage", "clock")
"""Options that are objects: they go to the `Engine` as they are."""


def open_model(name: str, options: Mapping[str, object]) -> Asker:
    """Set up a model; nothing is sent before it is asked.

    - `openai:gpt-4o-mini`, `anthropic:...`, `google_genai:...`, `ollama:...`: LangChain's
      providers; with `base_url`, `openai:NAME` is any OpenAI-compatible server.
    - `transformers:PATH`, `vllm:PATH`: a model in this process.
    - `replay:DIR`: what was recorded in a folder.

    Args:
        name: `provider:model`.
        options: Those of `ChatOptions`, of a local back-end, and the objects of an `Engine`
            (`budget`, `cache`, `recorder`, `on_usage`). Others are ignored.

    Raises:
        MissingExtraError: an optional part of ruler is needed.
        UnknownNameError: nobody provides models of this name.
        InputError: an option is wrong, a package or a key is missing, or the scene is local only
            and the endpoint is not.
    """
    provider, model = split_name(name)
    if provider == "replay":
        if not model:
            raise InputError("replay needs a folder, like replay:recordings/monday")
        return Replay(Path(model))
    chat = ChatOptions.of(options)
    care: dict[str, Any] = {key: options[key] for key in CARE if options.get(key) is not None}
    if provider in LOCAL:
        return Engine(_local(provider, model, options), chat, **care)
    if provider == "ollama" and chat.base_url is None:
        chat = chat.model_copy(update={"base_url": OLLAMA})
    check_provider(name)
    backend = ChatBackend(name, chat, care.get("clock"))
    return Engine(backend, chat, tariff=tariff_of(provider, model, chat.base_url), **care)


def _local(provider: str, model: str, options: Mapping[str, object]) -> BatchBackend:
    if not model:
        raise InputError(f"{provider} needs a model, like {provider}:Qwen/Qwen2.5-VL-3B-Instruct")
    if importlib.util.find_spec(provider) is None:
        raise MissingExtraError(f"model '{provider}:{model}'", provider)
    backend: BatchBackend = importlib.import_module(LOCAL[provider]).create(model, options)
    return backend
