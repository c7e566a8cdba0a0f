"""Captions as the store keeps them, read without checking again what was checked when they were
written: a clip of an hour has thousands, each with a dozen rectangles and facts.

The types are checked, and that nothing is missing or too much; what `Caption` works out in Python
(rounding, ranges of facts) was worked out when the row was written.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import CoreSchema, SchemaValidator, core_schema

from ruler.schemas.base import Value
from ruler.schemas.captions import Box, Caption, Figure
from ruler.schemas.facts import FACTS
from rules_store.stored import stored


def _model(model: type[Value], **fields: CoreSchema) -> CoreSchema:
    """Exactly these fields, into a value of that type."""
    wanted = {name: core_schema.model_field(field) for name, field in fields.items()}
    return core_schema.model_schema(
        model, core_schema.model_fields_schema(wanted, extra_behavior="forbid")
    )


def _of_caption() -> CoreSchema:
    text = core_schema.str_schema(strict=True)
    number = core_schema.float_schema(strict=True, allow_inf_nan=False)
    unit = core_schema.float_schema(strict=True, allow_inf_nan=False, ge=0.0, le=1.0)
    facts = core_schema.dict_schema(core_schema.literal_schema(list(FACTS)), number)
    box = _model(Box, left=unit, top=unit, right=unit, bottom=unit)
    figures = core_schema.tuple_variable_schema(_model(Figure, box=box, facts=facts))
    fields: dict[str, Any] = {
        "key": text,
        "captioner": text,
        "text": text,
        "facts": facts,
        "figures": figures,
        "measured": core_schema.tuple_variable_schema(text),
    }
    return _model(Caption, **fields)


_CAPTION: Final = SchemaValidator(_of_caption())


def caption_of(body: str, sha256: str) -> Caption:
    """The caption of a row.

    Args:
        body: As `model_dump_json` wrote it.
        sha256: Its hash, which was taken when it was stored.

    Raises:
        StoreError: somebody else wrote the row, and it is no caption.
    """
    try:
        caption: Caption = _CAPTION.validate_json(body)
    except (ValidationError, TypeError):  # an older ruler wrote it, or somebody else
        return stored(Caption, body)
    if not all(_has_area(figure.box) for figure in caption.figures):
        return stored(Caption, body)
    caption.__dict__["sha256"] = sha256  # where the cached property looks first
    return caption


def _has_area(box: Box) -> bool:
    return box.left < box.right and box.top < box.bottom
