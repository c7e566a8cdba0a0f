"""The data files that ship with ruler, by kind and name."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Literal

from ruler.errors import UnknownNameError

ShippedKind = Literal["taxonomies", "lexicons", "packs"]
_SINGULAR: dict[ShippedKind, str] = {
    "taxonomies": "taxonomy",
    "lexicons": "lexicon",
    "packs": "pack",
}


def shipped_names(kind: ShippedKind) -> tuple[str, ...]:
    """The names of the files of a kind that ship, sorted."""
    names = (entry.name for entry in _folder(kind).iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml")))


def shipped_source(kind: ShippedKind, name: str) -> tuple[str, str]:
    """(text, name for problems) of a file that ships.

    Raises:
        UnknownNameError: No file of that name ships; names those that do.
    """
    known = shipped_names(kind)
    if name not in known:
        raise unknown_name(kind, name, known)
    entry = _folder(kind) / f"{name}.yaml"
    return entry.read_text(encoding="utf-8"), f"{kind}/{name}.yaml"


def unknown_name(kind: ShippedKind, name: str, known: Sequence[str]) -> UnknownNameError:
    """What to say of a name that nothing of a kind has: the nearest of those known, or all."""
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join(known)}."
    what = _SINGULAR[kind]
    own, file = ("rule file", "rules") if kind == "packs" else (what, what)
    return UnknownNameError(
        f"no {what} is called `{name}`; {hint} "
        f"A {own} of your own is given as a path, such as ./{file}.yaml."
    )


def _folder(kind: ShippedKind) -> Traversable:
    return resources.files("rules_store") / "data" / kind
