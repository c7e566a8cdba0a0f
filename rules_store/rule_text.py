"""Values as YAML lines: the layout of a rule file, the same bytes for the same values.

Written by hand rather than by a YAML library, so that the bytes do not depend on its version. What
could be misread, by YAML 1.1 too (`no`, `1.10`, `2027-01-31`, `12:30`), is put in double quotes.
"""

from __future__ import annotations

import datetime as dt
import re
import textwrap
from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence as AnySequence

from ruler.schemas.base import Value
from ruler.schemas.rules import RULES_SCHEMA, RuleSet


class Quoted(str):
    """Text that gets its quotes in any case, as captions and clock times do."""

    __slots__ = ()


Data = str | float | dt.date | AnySequence["Data"] | AnyMapping[str, "Data"]
Group = dict[str, Data]

_MANY, _SHORT = 6, 50
WIDTH = 100
_RULE_INDENT = 2
_BIG = 1e15

_ALWAYS = frozenset({"id", "title", "kind", "level", "status", "statement", "fact", "by"})
_OPENED = frozenset({"tests"})
_QUOTED = frozenset({"hours", "fire", "quiet", "todo"})

_MISREAD = frozenset("y n yes no on off true false null".split())
_PLAIN = re.compile(r"[A-Za-z\u00c0-\u024f][^\x00-\x1f\x7f-\xa0:#\"\\`]*(?<! )")
_FLOW_SIGNS = re.compile(r"[,\[\]{}]")
_VOTES = re.compile(r"[0-9]+/[0-9]+")
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufffe\uffff]"
)
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def write_rules(rule_set: RuleSet) -> str:
    """A whole rule file."""
    return "".join(f"{line}\n" for line in rules_lines(rules_data(rule_set)))


def rules_lines(data: AnyMapping[str, Data]) -> list[str]:
    """The lines of a rule file, an empty one between two rules."""
    lines: list[str] = []
    for key, value in data.items():
        lines += entry_lines(key, value, 0)
    return lines


def rules_data(rule_set: RuleSet) -> Group:
    """The contents of a rule file in their order; what is at its default is left out."""
    return {
        "schema": RULES_SCHEMA,
        "scene": rule_set.scene,
        **({} if rule_set.place == "any" else {"place": rule_set.place}),
        **({} if rule_set.cameras == "one" else {"cameras": rule_set.cameras}),
        **({"local_only": True} if rule_set.local_only else {}),
        "threshold": rule_set.threshold,
        "rules": [_value_data(rule) for rule in rule_set.rules],
    }


def _value_data(value: Value) -> Group:
    """The fields of a value that are not at their defaults, in the order of its class."""
    data: Group = {}
    for name, spec in type(value).model_fields.items():
        given = getattr(value, name)
        if name in _ALWAYS or given != spec.get_default(call_default_factory=True):
            data[name] = _data(given, is_quoted=name in _QUOTED)
    return data


def _data(given: object, *, is_quoted: bool) -> Data:
    if isinstance(given, Value):
        return _value_data(given)
    if isinstance(given, tuple):
        return [_data(item, is_quoted=is_quoted) for item in given]
    if isinstance(given, str):
        return Quoted(given) if is_quoted else given
    assert isinstance(given, float | dt.date), given
    return given


def entry_lines(key: str, value: Data, indent: int) -> list[str]:
    """`key: value` at an indentation: on one line where it fits, over several where not."""
    lead = f"{' ' * indent}{key}:"
    if isinstance(value, str | float | int | dt.date):
        return _text_lines(lead, value, indent)
    if key == "rules" and value:
        return [lead, *_rule_lines(value, indent + _RULE_INDENT)]
    line = f"{lead} {flow(value)}"
    if len(line) <= WIDTH and not (key in _OPENED and value):
        return [line]
    lines = [lead]
    if isinstance(value, AnyMapping):
        for name, part in value.items():
            lines += entry_lines(name, part, indent + 2)
    elif len(value) >= _MANY and all(_is_short(part) for part in value):
        return _wrapped(lead, [flow(part) for part in value], indent + 2)
    else:
        for part in value:
            lines += item_lines(part, indent + 2)
    return lines


def _is_short(part: Data) -> bool:
    return isinstance(part, str) and len(part) <= _SHORT and "\n" not in part


def _wrapped(lead: str, parts: AnySequence[str], indent: int) -> list[str]:
    """A long list of short phrases, many on a line: as a vocabulary reads best."""
    lines = [f"{lead} [{parts[0]}"]
    for part in parts[1:]:
        if len(lines[-1]) + len(part) + 3 <= WIDTH:
            lines[-1] += f", {part}"
        else:
            lines[-1] += ","
            lines.append(" " * indent + part)
    lines[-1] += "]"
    return lines


def _rule_lines(rules: Data, indent: int) -> list[str]:
    assert isinstance(rules, AnySequence)
    lines: list[str] = []
    for rule in rules:
        lines += [*([""] if lines else []), *item_lines(rule, indent, is_open=True)]
    return lines


def item_lines(value: Data, indent: int, *, is_open: bool = False) -> list[str]:
    """`- value` at an indentation; a group on one line where it fits and is not to stand open."""
    lead = f"{' ' * indent}- "
    if not isinstance(value, AnyMapping):
        return [lead + flow(value)]
    line = lead + flow(value)
    if len(line) <= WIDTH and not is_open:
        return [line]
    lines: list[str] = []
    for name, part in value.items():
        lines += entry_lines(name, part, indent + 2)
    return [lead + lines[0].lstrip(" "), *lines[1:]]


def flow(value: Data) -> str:
    """A value on one line, as it stands inside brackets."""
    if isinstance(value, AnyMapping):
        return "{" + ", ".join(f"{key}: {flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, str | float | int | dt.date):
        return scalar(value, is_flow=True)
    return "[" + ", ".join(flow(part) for part in value) + "]"


def scalar(value: str | float | dt.date, *, is_flow: bool = False) -> str:
    """A text, number, date or yes-no on one line; a text in quotes where it needs them."""
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | int):
        return _number(float(value))
    is_safe = _VOTES.fullmatch(value) or (
        _PLAIN.fullmatch(value)
        and value.lower() not in _MISREAD
        and not _INVISIBLE.search(value)
        and not (is_flow and _FLOW_SIGNS.search(value))
    )
    return value if is_safe and not isinstance(value, Quoted) else _quoted(value)


def _quoted(text: str) -> str:
    escaped = re.sub(r'[\\"\n\t\r]', lambda found: _ESCAPES[found.group()], text)
    return f'"{_INVISIBLE.sub(_code, escaped)}"'


def _code(found: re.Match[str]) -> str:
    number = ord(found.group())
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"


def _number(value: float) -> str:
    if value.is_integer() and abs(value) < _BIG:
        return str(int(value))
    mantissa, sign, exponent = repr(value).partition("e")
    return mantissa + ("" if "." in mantissa or not sign else ".0") + sign + exponent


def _text_lines(lead: str, value: str | float | dt.date, indent: int) -> list[str]:
    """A scalar entry: long prose is folded, lines of prose stay lines, the rest is one line."""
    line = f"{lead} {scalar(value)}"
    if not isinstance(value, str) or isinstance(value, Quoted):
        return [line]
    inner = " " * (indent + 2)
    parts = value.split("\n")
    is_prose = all(part == part.strip() and not _INVISIBLE.search(part) for part in parts)
    if is_prose and len(parts) > 1 and parts[0] and parts[-1]:
        return [f"{lead} |-", *(inner + part if part else "" for part in parts)]
    if is_prose and len(line) > WIDTH and "  " not in value:
        folded = textwrap.wrap(
            value, WIDTH - len(inner), break_long_words=False, break_on_hyphens=False
        )
        return [f"{lead} >-", *(inner + part for part in folded)]
    return [line]
