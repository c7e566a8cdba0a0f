"""Captions as the store keeps them, read without checking again what was checked when they were
written: a clip of an hour has thousands, each with a dozen rectangles and facts."""

from __future__ import annotations

from typing import Any, Final

from pydantic_core import from_json

from ruler.schemas.captions import Box, Caption, Figure
from ruler.schemas.facts import FACTS
from rules_store.stored import stored

_CAPTION: Final = Caption.model_fields.keys()
_FIGURE: Final = Figure.model_fields.keys()
_BOX: Final = Box.model_fields.keys()
_SENSELESS: Final = (ValueError, TypeError, AttributeError, KeyError, RecursionError)


def caption_of(body: str, sha256: str) -> Caption:
    """The caption of a row.

    Args:
        body: As `model_dump_json` wrote it.
        sha256: Its hash, which was taken when it was stored.

    Raises:
        StoreError: somebody else wrote the row, and it is no caption.
    """
    try:
        caption = _caption(from_json(body))
    except _SENSELESS:
        caption = None
    if caption is None:  # an older ruler wrote it, or somebody else
        return stored(Caption, body)
    caption.__dict__["sha256"] = sha256  # where the cached property looks first
    return caption


def _caption(values: dict[str, Any]) -> Caption | None:
    """The caption of these values, None where any is missing or of another type."""
    figures = tuple(_figure(figure) for figure in values["figures"])
    measured = tuple(values["measured"])
    texts = (values["text"], values["key"], values["captioner"], *measured)
    is_sound = values.keys() == _CAPTION and all(type(text) is str for text in texts)
    if not is_sound or not _are_facts(values["facts"]) or None in figures:
        return None
    return Caption.unchecked({**values, "figures": figures, "measured": measured})


def _figure(values: dict[str, Any]) -> Figure | None:
    box = values["box"]
    is_inside = (
        0.0 <= box["left"] < box["right"] <= 1.0 and 0.0 <= box["top"] < box["bottom"] <= 1.0
    )
    if not is_inside or values.keys() != _FIGURE or box.keys() != _BOX:
        return None
    if not _are_facts(values["facts"]):
        return None
    return Figure.unchecked({**values, "box": Box.unchecked(box)})


def _are_facts(facts: dict[str, Any]) -> bool:
    return facts.keys() <= FACTS.keys() and all(type(value) is float for value in facts.values())
