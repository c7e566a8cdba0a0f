"""The base of all values, and the canonical bytes that hashes are taken over."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

UnitInterval = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
"""A score, strength or weight: a finite number in [0, 1]."""

Finite = Annotated[float, Field(allow_inf_nan=False)]
"""A finite number."""


class Value(BaseModel):
    """An immutable value: frozen, and an unknown key is an error rather than silently lost."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy, with some fields changed; hashes cached on the original do not come along."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied

    @classmethod
    def unchecked(cls, values: dict[str, Any]) -> Self:
        """The value of these very fields, all of them given, each of its own type. Nothing is
        checked: for what was checked when it was stored, where thousands are read.

        It is what pydantic's `model_construct` does, which looks for defaults and aliases first.
        """
        made = cls.__new__(cls)
        put = object.__setattr__
        put(made, "__dict__", values)
        put(made, "__pydantic_fields_set__", set(values))
        put(made, "__pydantic_extra__", None)
        put(made, "__pydantic_private__", None)
        return made


def canonical_json(value: object) -> bytes:
    """Bytes that depend on the content alone: sorted keys, no white space, UTF-8, no NaN.

    Raises:
        ValueError: `value` holds a NaN or an infinity.
        TypeError: `value` holds something JSON has no word for.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def content_hash(value: object) -> str:
    """SHA-256 of `canonical_json(value)`, as 64 hex digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def bytes_hash(data: bytes) -> str:
    """SHA-256 of bytes, as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def rounded(facts: Mapping[str, float], digits: int = 4) -> dict[str, float]:
    """Facts rounded to `digits`, so that stored text and stored numbers agree on every platform.

    Negative zero becomes zero: the two are equal but print, and therefore hash, differently.
    """
    return {name: round(float(value), digits) + 0.0 for name, value in facts.items()}
