"""Fitting what a model wrote to the form that was asked for: case, percent signs, wrappers, lists.

Only the form is mended. A number out of its range, a word that is none of the choices and a field
that is missing stay what they are: a misfit, with a sentence that can be put to the model.
"""

from __future__ import annotations

import math
import re
import reprlib
import types
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel, ValidationError
from pydantic.fields import FieldInfo

from ruler.llm.questions import FaultKind

TWICE = "\0twice"
"""The key under which an object tells which of its keys stands twice with different values."""

_Model = TypeVar("_Model", bound=BaseModel)

_PERCENT = re.compile(r"\s*([+-]?\d{1,6}(?:\.\d{1,9})?)\s*%\s*")
_HALF = re.compile(r"[\ud800-\udfff]")
_SAID = {"yes": 1, "true": 1, "no": 0, "false": 0}
_UNIONS = (Union, types.UnionType)
_LISTS = (list, tuple, set, frozenset)
_MOST_ERRORS = 3
_DEEPEST = 8


class MisfitError(Exception):
    """An answer that does not fit, as the fault it makes."""

    def __init__(self, kind: FaultKind, said: str) -> None:
        super().__init__(said)
        self.kind = kind


class Form(Generic[_Model]):
    """A schema as answers are held against it."""

    def __init__(self, schema: type[_Model]) -> None:
        self.schema = schema
        self.fields: dict[str, FieldInfo] = {
            key: field
            for name, field in schema.model_fields.items()
            for key in _keys_of(name, field)
        }
        self.plain = {_plain(key): key for key in self.fields}
        self._joined = {plain.replace("_", ""): key for plain, key in self.plain.items()}

    @cached_property
    def list_key(self) -> str | None:
        """The key of the only field that must be given, if that is a list: such a list may stand
        alone."""
        given = self.schema.model_fields.items()
        needed = [pair for pair in given if pair[1].is_required()] or list(given)
        if len(needed) != 1 or get_origin(needed[0][1].annotation) not in _LISTS:
            return None
        return _keys_of(*needed[0])[0]

    @cached_property
    def _items(self) -> Form[BaseModel] | None:
        """The form of what is listed, where a list may stand alone and lists objects."""
        if self.list_key is None:
            return None
        for inner in get_args(self.fields[self.list_key].annotation)[:1]:
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                return form_of(inner)
        return None

    @cached_property
    def mentions(self) -> re.Pattern[str]:
        """Finds a key of the schema (or of its listed items), followed by a colon."""
        either = _either([*self.plain, *(self._items.plain if self._items else ())])
        return re.compile(rf"(?<!\w){either}[\"'“”’*`]{{0,4}}\s{{0,9}}:", re.IGNORECASE)

    @cached_property
    def labels(self) -> re.Pattern[str]:
        """Finds `key:` at the start of a line, with the marks that models set around it."""
        key = rf"(?P<key>{_either(self.plain)})[*_]{{0,3}}"
        return re.compile(
            rf"^[ \t>#*\-]{{0,9}}{key}[ \t]{{0,9}}:[ \t]?\*{{0,3}}", re.IGNORECASE | re.MULTILINE
        )

    def labelled(self, said: str) -> dict[str, str]:
        """By key, what stands behind its label; the last of several counts. A field that is no
        plain text has one line."""
        labels = list(self.labels.finditer(said))
        stops = [*(label.start() for label in labels), len(said)][1:]
        values: dict[str, str] = {}
        for label, stop in zip(labels, stops, strict=True):
            key = self.key_of(label["key"])
            value = said[label.end() : stop].strip()
            if not _is_text(self.fields[key].annotation):
                value = value.partition("\n")[0].strip(" \t*_`\"'.,;")
            values[key] = value
        return values

    def key_of(self, said: str) -> str:
        """The key of the schema that is meant by one that a model wrote; else that one itself."""
        plain = _plain(said)
        return self.plain.get(plain) or self._joined.get(plain.replace("_", ""), said)

    def missing(self, values: Mapping[str, object]) -> list[str]:
        """Fields that must be given and are not."""
        return [
            name
            for name, field in self.schema.model_fields.items()
            if field.is_required() and values.keys().isdisjoint(_keys_of(name, field))
        ]

    def speaks(self, value: object) -> bool:
        """True where a value has a key of the schema, or is the one list that it asks for."""
        if isinstance(value, dict):
            return any(self.key_of(key) in self.fields for key in value)
        if isinstance(value, list) and value and self.list_key:
            items = self._items
            return all(items.speaks(one) if items else isinstance(one, str) for one in value)
        return False

    def inside(self, value: object, deepest: int = _DEEPEST) -> object | None:
        """The first value that speaks, at or inside `value`; None where there is none."""
        if self.speaks(value):
            return value
        if deepest > 0 and isinstance(value, dict):
            found = (self.inside(inner, deepest - 1) for inner in value.values())
            return next((one for one in found if one is not None), None)
        return None

    def fit(self, value: object) -> _Model:
        """The answer that `value` is.

        Raises:
            MisfitError: says which fields are wrong, and how.
        """
        try:
            if isinstance(value, list) and self.list_key:
                value = {self.list_key: value}
            answer = self.schema.model_validate(_eased_object(value, self.schema, _DEEPEST))
            _check_values(answer.model_dump())
        except ValidationError as error:
            raise MisfitError("invalid", _explain(error)) from None
        except RecursionError:
            raise MisfitError("invalid", "the answer is nested too deeply") from None
        return answer


@cache
def form_of(schema: type[_Model]) -> Form[_Model]:
    """The form of a schema, made once."""
    return Form(schema)


def _keys_of(name: str, field: FieldInfo) -> list[str]:
    """The keys that a field is given under."""
    alias = field.validation_alias or name
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    return [choice for choice in choices if isinstance(choice, str)]


def _is_text(kind: Any) -> bool:
    return kind is str or (get_origin(kind) in _UNIONS and str in get_args(kind))


def _either(keys: Iterable[str]) -> str:
    """A pattern for any of the keys, with any sign between their words."""
    said = "|".join(re.escape(key).replace("_", "[ _-]?") for key in sorted(set(keys)))
    return f"(?:{said})" if said else "(?!)"


def _plain(key: str) -> str:
    return re.sub(r"[\s_-]+", "_", key.strip(" \t\n*`\"'“”").lower())


def _eased_object(value: object, schema: type[BaseModel], deepest: int) -> object:
    """An object with the schema's keys, and with its values eased."""
    if not isinstance(value, dict) or deepest <= 0:
        return value
    if TWICE in value:
        key = reprlib.repr(value[TWICE])
        raise MisfitError("invalid", f"the key {key} stands twice, with different values")
    form = form_of(schema)
    eased: dict[str, object] = {}
    for said, inner in value.items():
        key = said if said in form.fields else form.key_of(said)
        field = form.fields.get(key)
        if field is None:
            eased[said] = inner
        elif said == key or key not in value:
            eased[key] = _eased(inner, field.annotation, field.metadata, deepest)
    return eased


def _eased(value: object, kind: Any, limits: Iterable[object], deepest: int) -> object:
    """`value` in the form that a field of this kind takes, or as it is."""
    origin, inner = get_origin(kind), get_args(kind)
    eased = value
    if origin is Annotated:
        eased = _eased(value, inner[0], [*limits, *inner[1:]], deepest)
    elif origin is Literal:
        eased = _chosen(value, inner)
    elif origin in _UNIONS:
        tries = (_eased(value, one, limits, deepest) for one in inner)
        eased = next((one for one in tries if one is not value), value)
    elif origin in _LISTS and isinstance(value, list) and inner:
        eased = [_eased(one, inner[0], (), deepest) for one in value]
    elif isinstance(kind, type) and issubclass(kind, BaseModel):
        eased = _eased_object(value, kind, deepest - 1)
    elif kind in (float, int) and isinstance(value, str) and (found := _PERCENT.fullmatch(value)):
        eased = _of_percent(float(found[1]), kind, limits)
    return eased


def _chosen(value: object, choices: tuple[object, ...]) -> object:
    """The choice that is meant: case, blanks and a full stop do not matter, "1" is 1."""
    if any(value == choice and type(value) is type(choice) for choice in choices):
        return value
    said = _plain(str(value).strip(" \t\n.,;!")) if isinstance(value, str | int | float) else None
    for choice in choices:
        if said == _plain(str(choice)) or (value == choice and isinstance(value, int | float)):
            return choice
    if set(choices) == {0, 1} and said in _SAID:
        return next(choice for choice in choices if choice == _SAID[said])
    return value


def _of_percent(number: float, kind: type[int | float], limits: Iterable[object]) -> float:
    """85 % as 0.85; as 85 where the field counts whole numbers or reaches a hundred."""
    highest = [_highest(limit) for limit in limits]
    if kind is int or any(most is not None and most >= 100 for most in highest):
        return number
    return number / 100


def _highest(limit: object) -> float | None:
    if isinstance(limit, FieldInfo):
        return next((_highest(one) for one in limit.metadata if _highest(one) is not None), None)
    most = getattr(limit, "le", None)
    return float(most) if isinstance(most, int | float) else None


def _check_values(value: object) -> None:
    """Refuse what could not be written down again.

    Raises:
        MisfitError: a number is not finite, or a text holds half a character.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise MisfitError("invalid", f"the answer holds {value}, which is no finite number")
    if isinstance(value, str) and _HALF.search(value):
        raise MisfitError("invalid", "the answer holds half a character (a lone surrogate)")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            _check_values(one)


def _explain(error: ValidationError) -> str:
    """The first few things that are wrong, each with its place and what stands there."""
    problems = error.errors(include_url=False, include_context=False)
    said = []
    for problem in problems[:_MOST_ERRORS]:
        place = ".".join(str(part) for part in problem["loc"]) or "the answer"
        given = "" if problem["type"] == "missing" else f", not {reprlib.repr(problem['input'])}"
        said.append(f"`{place}`: {problem['msg']}{given}")
    more = len(problems) - len(said)
    return "; ".join(said) + (f"; and {more} more" if more else "")
