"""From "provider:model" to the thing itself: lazy, with entry points for other people's packages.

Embedded providers (`motion`, `symbolic`, `replay` ...) are factories
`(model: str, options: Mapping[str, object]) -> object`, named as "module:attribute" and imported
when first asked for. Providers of models (`vllm`, `transformers`, and all that LangChain's
`init_chat_model` knows) go to the one captioner or reasoner that asks any model, which is given the
full name. Other packages add theirs by the entry-point groups `ruler.captioners` and
`ruler.reasoners`.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Literal

from ruler.errors import InputError, MissingExtraError, UnknownNameError

Kind = Literal["captioner", "reasoner"]
Factory = Callable[[str, Mapping[str, object]], Any]

ENTRY_POINT_GROUPS: dict[Kind, str] = {
    "captioner": "ruler.captioners",
    "reasoner": "ruler.reasoners",
}


@dataclass(frozen=True)
class Builtin:
    """What ships with ruler. `extra` names the optional part it needs, `probe` a module of it."""

    target: str
    extra: str | None = None
    probe: str | None = None


BUILTINS: dict[Kind, dict[str, Builtin]] = {
    "captioner": {
        "motion": Builtin("ruler.captioners.motion:create"),
        "replay": Builtin("ruler.captioners.replay:create"),
    },
    "reasoner": {
        "symbolic": Builtin("ruler.reasoners.symbolic:create"),
    },
}
"""The embedded ones; options are for models, and these have nothing to set."""

ASKING: dict[Kind, Builtin] = {
    "captioner": Builtin("ruler.captioners.model:create", extra="chat", probe="langchain"),
    "reasoner": Builtin("ruler.reasoners.llm:create", extra="chat", probe="langchain"),
}
"""Who asks a model, whatever serves it: a factory that is given the full name `provider:model`. The
extra is for LangChain's providers; `ruler.llm` says what else one of them needs."""

LOCAL_PROVIDERS = ("replay", "transformers", "vllm")
"""Models in this process, and answers that were recorded before. (For captions, `replay` is a
captioner of its own, which knows clips and frames.)"""

CHAT_PROVIDERS = (
    *("anthropic", "anthropic_bedrock", "azure_ai", "azure_openai", "baseten", "bedrock"),
    *("bedrock_converse", "bedrock_mantle_anthropic", "bedrock_mantle_openai", "cohere"),
    *("deepseek", "fireworks", "google_anthropic_vertex", "google_genai", "google_vertexai"),
    *("groq", "huggingface", "ibm", "langsmith", "litellm", "meta", "mistralai", "nvidia"),
    *("ollama", "openai", "openrouter", "perplexity", "together", "upstage", "xai"),
)
"""LangChain's providers of chat models. LangChain is an extra and slow to import, so its list
stands here; a test compares the two."""

ANY_CHAT = "chat"
"""`chat:NAME` hands NAME to LangChain as it is: the older form, and a way to a provider that a
newer LangChain knows and this table does not."""


def split_name(name: str) -> tuple[str, str]:
    """`provider:model` -> (provider, model); the model may hold colons and may be empty."""
    provider, _, model = name.partition(":")
    return provider, model


def names(kind: Kind) -> tuple[str, ...]:
    """The providers of a kind that are no models, built in and installed, sorted."""
    installed = {point.name for point in entry_points(group=ENTRY_POINT_GROUPS[kind])}
    return tuple(sorted(installed | set(BUILTINS[kind])))


def resolve(kind: Kind, name: str, options: Mapping[str, object] | None = None) -> Any:
    """Build the captioner or reasoner of that name.

    Args:
        kind: What to look among.
        name: `provider` or `provider:model`.
        options: Passed to the factory (`base_url`, `folder` ...).

    Raises:
        UnknownNameError: nobody registered the provider; names the nearest.
        MissingExtraError: its optional dependency is not installed.
        InputError: a provider of models is named without a model.
    """
    provider, model = split_name(name)
    builtin = BUILTINS[kind].get(provider)
    if builtin is not None:
        return _load(kind, provider, builtin)(model, {})
    if provider in (*LOCAL_PROVIDERS, *CHAT_PROVIDERS, ANY_CHAT):
        full = model if provider == ANY_CHAT else name
        return _asking(kind, full)(full, options or {})
    factory = _installed(kind, provider)
    if factory is None:
        raise _unknown(kind, provider)
    return factory(model, options or {})


def _asking(kind: Kind, name: str) -> Factory:
    """What asks the model of that name; sees first, importing nothing, that it can be called."""
    provider, model = split_name(name)
    if not model:
        known = provider in (*LOCAL_PROVIDERS, *CHAT_PROVIDERS)
        example = provider if known else "openai"
        raise InputError(f"{kind} {name!r} names no model: write it like {example}:MODEL.")
    if provider in LOCAL_PROVIDERS:
        return _imported(ASKING[kind].target)
    return _load(kind, provider, ASKING[kind])


def _unknown(kind: Kind, provider: str) -> UnknownNameError:
    known = names(kind)
    near = difflib.get_close_matches(provider, (*known, *LOCAL_PROVIDERS, *CHAT_PROVIDERS), n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return UnknownNameError(
        f"no {kind} is called {provider!r}.{hint} Known: {', '.join(known)}, and models as "
        "PROVIDER:MODEL (vllm, transformers, openai, anthropic, google_genai, ollama and others)."
    )


def _load(kind: Kind, provider: str, builtin: Builtin) -> Factory:
    if builtin.extra and builtin.probe and importlib.util.find_spec(builtin.probe) is None:
        raise MissingExtraError(f"{kind} {provider!r}", builtin.extra)
    return _imported(builtin.target)


def _imported(target: str) -> Factory:
    module, _, attribute = target.partition(":")
    factory: Factory = getattr(importlib.import_module(module), attribute)
    return factory


def _installed(kind: Kind, provider: str) -> Factory | None:
    for point in entry_points(group=ENTRY_POINT_GROUPS[kind], name=provider):
        factory: Factory = point.load()
        return factory
    return None
