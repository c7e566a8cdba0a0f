"""From `provider:model` to a LangChain model, with a helpful error for each way that this fails."""

from __future__ import annotations

import difflib
import importlib.util
import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from ruler.errors import InputError, MissingExtraError, UnknownNameError
from ruler.llm.failures import first_line
from ruler.llm.options import ChatOptions
from ruler.registry import split_name

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

OURS = ("replay", "transformers", "vllm")
"""Providers that LangChain has no part in."""

_PACKAGE = re.compile(r"pip install ['\"`]?([\w\-\[\]]+)")


def check_provider(name: str) -> None:
    """See that somebody provides models of this name.

    Raises:
        MissingExtraError: LangChain is not installed.
        UnknownNameError: nobody does; names the nearest.
    """
    if importlib.util.find_spec("langchain") is None:
        raise MissingExtraError(f"model {name!r}", "chat")
    known = sorted({*OURS, *_langchain_providers()})
    provider, model = split_name(name)
    if provider in known and model:
        return
    near = difflib.get_close_matches(provider, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near and near[0] != provider else ""
    raise UnknownNameError(
        f"model {name!r} must look like openai:gpt-4o-mini, the provider first.{hint} "
        f"Known providers: {', '.join(known)}."
    )


def build(name: str, options: ChatOptions, settings: Mapping[str, Any]) -> BaseChatModel:
    """Set up a model by LangChain's `init_chat_model`.

    Raises:
        InputError: the provider's package is not installed (says which), a key is missing, or the
            settings do not suit it.
    """
    from langchain.chat_models import init_chat_model

    provider, model = split_name(name)
    try:
        built: BaseChatModel = init_chat_model(model, model_provider=provider, **settings)
    except ImportError as error:
        package = _PACKAGE.search(str(error))
        line = f"pip install {package[1]}" if package else first_line(error, options)
        raise InputError(f"model {name!r} needs a package of its own: {line}") from error
    except Exception as error:  # each integration raises what it likes
        reason = first_line(error, options)
        raise InputError(f"model {name!r} cannot be set up: {reason}") from error
    return built


def _langchain_providers() -> Collection[str]:
    """LangChain keeps its table private, and says so only in the text of an error."""
    from langchain.chat_models import base

    return frozenset(getattr(base, "_BUILTIN_PROVIDERS", {}))
