"""From pydantic's errors to sentences a domain expert understands."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence as AnySequence
from dataclasses import dataclass
from typing import Any

from ruler.schemas.rules import ID_PATTERN, NAME_PATTERN
from ruler.schemas.taxonomy import LANGUAGE_PATTERN
from rules_store.yaml_nodes import Mapping, Node, Scalar, Sequence

PATTERN_WORDS: dict[str, str] = {
    NAME_PATTERN: "a name in lower-case letters, digits, `-` and `_`, such as front-door",
    ID_PATTERN: "lower-case names joined by dots, such as front-door.night-stranger",
    LANGUAGE_PATTERN: "a language tag, such as en or pt-BR",
    r"^\d+/\d+$": "supporting/all, such as 7/10",
}
"""What a pattern of our models asks for. A test finds a pattern that is missing here."""

_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Said:
    """All that a sentence may use.

    Attributes:
        subject: What the error is about, in words.
        key: The last key on the way there.
        known: The keys that are allowed where `key` stands.
        schema: The JSON schema of what should stand there.
        node: What does stand there; None where nothing does.
        context: What pydantic gives with the error.
    """

    subject: str
    key: str
    known: tuple[str, ...]
    schema: AnyMapping[str, Any]
    node: Node | None
    context: AnyMapping[str, Any]

    @property
    def given(self) -> str:
        """What stands in the file, short."""
        if isinstance(self.node, Sequence):
            return "a list"
        if isinstance(self.node, Mapping):
            return "a group of keys"
        if self.node is None:
            return "nothing"
        text = " ".join(self.node.text.split())
        text = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
        return text if isinstance(self.node.value, int | float) else f"`{text}`"

    @property
    def choices(self) -> str:
        """The allowed values, or ''."""
        values = self.schema.get("enum") or [self.schema[k] for k in ("const",) if k in self.schema]
        return ", ".join(str(value) for value in values)

    @property
    def span(self) -> str:
        """The allowed range, as "between 0 and 1" or "at least 2"."""
        low, high = self.schema.get("minimum"), self.schema.get("maximum")
        over, under = self.schema.get("exclusiveMinimum"), self.schema.get("exclusiveMaximum")
        if low is not None and high is not None:
            return f"between {low:g} and {high:g}"
        named = (("at least", low), ("at most", high), ("more than", over), ("less than", under))
        return " and ".join(f"{word} {bound:g}" for word, bound in named if bound is not None)


def _missing(said: Said) -> str:
    choices = f" (one of {said.choices})" if said.choices else ""
    return f"{said.subject} is missing{choices}"


_MEANT = {
    "conditions": "when",
    "description": "statement",
    "examples": "tests",
    "keywords": "look_for",
    "name": "title",
    "phrases": "look_for",
    "priority": "level",
    "score": "weight",
    "severity": "level",
    "tags": "category",
    "text": "statement",
    "type": "kind",
}
"""What others call our keys."""


def _unknown_key(said: Said) -> str:
    near = nearest(said.key, said.known)
    hint = f"did you mean `{near}`?" if near else f"known here: {', '.join(said.known)}"
    return f"unknown key `{said.key}`; {hint}"


def nearest(given: str, known: AnySequence[str]) -> str | None:
    """The one of the known words that was meant, or None."""
    shaped = given[:_SHOWN].strip().lower().replace("-", "_").replace(" ", "_")
    if _MEANT.get(shaped) in known:
        return _MEANT[shaped]
    begun = [word for word in known if len(shaped) > 2 and word.startswith(f"{shaped}_")]
    near = begun or difflib.get_close_matches(shaped, known, n=1)
    return near[0] if near else None


def _text(said: Said) -> str:
    node = said.node
    if isinstance(node, Scalar) and not isinstance(node.value, str):
        kind = "yes or no" if isinstance(node.value, bool) else "a number"
        if node.value is None:
            kind = "no value"
        shown = node.text.strip()
        return (
            f'{said.subject} must be text, but {shown} means {kind}: write "{shown}", with quotes'
        )
    colon = ": put quotes around a text that holds a colon" if isinstance(node, Mapping) else ""
    return f"{said.subject} must be text, not {said.given}{colon}"


def _number(said: Said) -> str:
    whole = "a whole number" if said.schema.get("type") == "integer" else "a number"
    hint = ""
    if isinstance(said.node, Scalar) and isinstance(said.node.value, str):
        text = said.node.value.strip()
        if said.node.style and re.fullmatch(r"[-+]?[\d.]+", text):
            hint = "; remove the quotes"
        elif re.fullmatch(r"[-+]?\d*,\d+", text):
            hint = f"; write {text.replace(',', '.')}"
    return f"{said.subject} must be {whole}, not {said.given}{hint}"


def _yes_or_no(said: Said) -> str:
    return f"{said.subject} must be true or false, not {said.given}"


def _out_of_range(said: Said) -> str:
    return f"{said.subject} must be {said.span}, not {said.given}"


def _choice(said: Said) -> str:
    near = (
        nearest(said.node.text, said.choices.split(", ")) if isinstance(said.node, Scalar) else None
    )
    hint = f"; did you mean `{near}`?" if near else ""
    return f"{said.subject} must be one of {said.choices}, not {said.given}{hint}"


def _pattern(said: Said) -> str:
    pattern = str(said.context.get("pattern", ""))
    wanted = PATTERN_WORDS.get(pattern, f"of the form {pattern}")
    return f"{said.subject} must be {wanted}, not {said.given}"


def _date(said: Said) -> str:
    return f"{said.subject} must be a date such as 2027-01-31, not {said.given}"


def _list(said: Said) -> str:
    return f"{said.subject} must be a list, such as [one, two], not {said.given}"


def _group(said: Said) -> str:
    keys = list(said.schema.get("properties", ()))[:3] or ["name"]
    return f"{said.subject} must hold keys ({', '.join(keys)} …), not {said.given}"


def _few(said: Said) -> str:
    least = said.context.get("min_length", 1)
    return f"{said.subject} needs at least {least} entr{'y' if least == 1 else 'ies'}"


def _short(said: Said) -> str:
    least = said.context.get("min_length", 1)
    if least == 1:
        return f"{said.subject} must not be empty"
    return f"{said.subject} must have at least {least} characters"


def _long(said: Said) -> str:
    length = len(said.node.text) if isinstance(said.node, Scalar) else 0
    most = said.context.get("max_length")
    return f"{said.subject} is {length} characters long; at most {most} are allowed"


def _own_words(said: Said) -> str:
    return str(said.context["error"])


SENTENCES: dict[str, Callable[[Said], str]] = {
    "missing": _missing,
    "extra_forbidden": _unknown_key,
    "string_type": _text,
    "string_too_short": _short,
    "string_too_long": _long,
    "string_pattern_mismatch": _pattern,
    "literal_error": _choice,
    "bool_type": _yes_or_no,
    "float_type": _number,
    "int_type": _number,
    "int_from_float": _number,
    "finite_number": _number,
    "greater_than_equal": _out_of_range,
    "greater_than": _out_of_range,
    "less_than_equal": _out_of_range,
    "less_than": _out_of_range,
    "tuple_type": _list,
    "too_short": _few,
    "dict_type": _group,
    "model_type": _group,
    "date_type": _date,
    "date_parsing": _date,
    "date_from_datetime_inexact": _date,
    "value_error": _own_words,
}
"""By pydantic's error type; another type falls back to pydantic's own words after the subject."""
