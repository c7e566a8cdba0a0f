"""Markdown tables, and the words of a JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

_TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "mapping",
    "null": "nothing",
}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """The lines of a table."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell(text) for text in row) + " |"


def cell(text: str) -> str:
    """Text that stays in its cell."""
    return " ".join(text.split()).replace("|", "\\|")


def kind_of(schema: dict[str, Any]) -> str:
    """What a property takes, in words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            takes = dict.fromkeys(kind_of(one) for one in schema[several])
            if schema.get("default", ...) is None:  # it may be left out, that is all
                takes.pop("nothing", None)
            return " or ".join(takes)
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"mapping to {kind_of(schema['additionalProperties'])}"
    return _TYPES.get(str(schema.get("type")), "anything") + _limits(schema)


def _limits(schema: dict[str, Any]) -> str:
    if schema.get("format") == "date":
        return " (date)"
    if schema.get("format") == "date-time":
        return " (time)"
    low, high = schema.get("minimum"), schema.get("maximum")
    above = schema.get("exclusiveMinimum")
    if low is not None and high is not None:
        return f" from {low:g} to {high:g}"
    if low is not None:
        return f", at least {low:g}"
    return f" above {above:g}" if above is not None else ""


def value_of(schema: dict[str, Any], *, required: bool) -> str:
    """What holds where a property is left out."""
    if required:
        return "*needed*"
    default = schema.get("default")
    if default is None or isinstance(default, dict | list):
        return ""
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"
