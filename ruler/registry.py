"""From "provider:model" to the thing itself: lazy, with entry points for other people's packages.

A provider is a factory `(model: str, options: Mapping[str, object]) -> object`. Built-in ones are
named as "module:attribute" and imported when first asked for; a missing optional dependency is one
`MissingExtraError`. Other packages add theirs by the entry-point groups `ruler.captioners` and
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

from ruler.errors import MissingExtraError, UnknownNameError

Kind = Literal["captioner", "reasoner"]
Factory = Callable[[str, Mapping[str, object]], Any]

ENTRY_POINT_GROUPS: dict[Kind, str] = {
    "captioner": "ruler.captioners",
    "reasoner": "ruler.reasoners",
}


@dataclass(frozen=True)
class Builtin:
    """A provider that ships with ruler. `extra` names the optional part it needs, `probe` a module
    of that part. Options are for those that call a model; an embedded one has nothing to set."""

    target: str
    extra: str | None = None
    probe: str | None = None
    takes_options: bool = False


BUILTINS: dict[Kind, dict[str, Builtin]] = {
    "captioner": {
        "motion": Builtin("ruler.captioners.motion:create"),
        "replay": Builtin("ruler.captioners.replay:create"),
        "chat": Builtin(
            "ruler.captioners.chat:create", extra="chat", probe="langchain", takes_options=True
        ),
    },
    "reasoner": {
        "symbolic": Builtin("ruler.reasoners.symbolic:create"),
    },
}


def split_name(name: str) -> tuple[str, str]:
    """`provider:model` -> (provider, model); the model may hold colons and may be empty."""
    provider, _, model = name.partition(":")
    return provider, model


def names(kind: Kind) -> tuple[str, ...]:
    """All providers of a kind, built in and installed, sorted."""
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
    """
    provider, model = split_name(name)
    builtin = BUILTINS[kind].get(provider)
    if builtin is not None:
        given = options if builtin.takes_options else None
        return _load(kind, provider, builtin)(model, given or {})
    factory = _installed(kind, provider)
    if factory is None:
        known = names(kind)
        near = difflib.get_close_matches(provider, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UnknownNameError(
            f"no {kind} is called {provider!r}.{hint} Known: {', '.join(known)}."
        )
    return factory(model, options or {})


def _load(kind: Kind, provider: str, builtin: Builtin) -> Factory:
    if builtin.extra and builtin.probe and importlib.util.find_spec(builtin.probe) is None:
        raise MissingExtraError(f"{kind} {provider!r}", builtin.extra)
    module, _, attribute = builtin.target.partition(":")
    factory: Factory = getattr(importlib.import_module(module), attribute)
    return factory


def _installed(kind: Kind, provider: str) -> Factory | None:
    for point in entry_points(group=ENTRY_POINT_GROUPS[kind], name=provider):
        factory: Factory = point.load()
        return factory
    return None
