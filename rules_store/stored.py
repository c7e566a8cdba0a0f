"""Values that the store keeps as JSON, read again; what no ruler wrote is a `StoreError`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel

from ruler.errors import StoreError

_Model = TypeVar("_Model", bound=BaseModel)

_SENSELESS = (ValueError, TypeError, AttributeError, KeyError, RecursionError)


def stored(model: type[_Model], body: str) -> _Model:
    """A value from its JSON.

    Raises:
        StoreError: it is none; the store is damaged, or somebody else wrote into it.
    """
    try:
        return model.model_validate_json(body)
    except _SENSELESS as error:
        _refuse(model.__name__.lower(), error)


def stored_json(body: str, what: str) -> Any:
    """As `stored`, for plain JSON."""
    try:
        return json.loads(body)
    except _SENSELESS as error:
        _refuse(what, error)


@contextmanager
def making(what: str) -> Iterator[None]:
    """Around values that are made of a row's columns.

    Raises:
        StoreError: as `stored`.
    """
    try:
        yield
    except _SENSELESS as error:
        _refuse(what, error)


def _refuse(what: str, error: Exception) -> NoReturn:
    raise StoreError(
        f"the store holds a {what} that cannot be read: it is damaged, or ruler did not write it. "
        "`ruler doctor` checks it; take it from a copy."
    ) from error
