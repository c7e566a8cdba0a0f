"""Reading a structured answer from what a model wrote: tolerant in form, strict in content.

Models wrap JSON in prose, fences and thinking, quote it like Python, forget commas, leave control
characters in strings (vLLM with `maxLength` does), write labelled lines instead, or are cut off in
the middle. All of that is read. What is not there is never made up: a value that was cut off counts
as missing, and an answer is judged by the last thing it says, not by what it said while thinking.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import BaseModel

from ruler.llm.fitting import TWICE, Form, MisfitError, form_of
from ruler.llm.questions import Fault

_Model = TypeVar("_Model", bound=BaseModel)

_LONGEST = 2_000_000
_MOST_TRIES = 2000
_LONGEST_REPAIR = 60_000
_DEEPEST_REPAIR = 40
_MOST_REPAIRS = 16

_THINKING = "think|thinking|thought|thoughts|reasoning|scratchpad"
_MARK = re.compile(
    rf"(?P<open><(?:{_THINKING})>|◁think▷)|(?P<close></(?:{_THINKING})>|◁/think▷)|[{{\[]",
    re.IGNORECASE,
)
_CLOSE = re.compile(rf"</(?:{_THINKING})>|◁/think▷", re.IGNORECASE)
_FENCED = re.compile(r"```[\w-]*\s*\n(.*)\n\s*```", re.DOTALL)
_LIMIT = re.compile(rf"\n\s*```|</(?:{_THINKING})>", re.IGNORECASE)
_JSON_START = re.compile(r'[{\[]\s*(?:["{}\[\]\d]|-\d|true|false|null)')
_STRING_OR_BRACKET = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[{}\[\]]', re.DOTALL)
_BRACKET = re.compile(r"[{}\[\]]")

_CUT, _CUT_MARK = "zzqcutqz", "qcutqz"
"""Put where a text breaks off before it is repaired: whatever comes out with it is incomplete."""

_PAIR = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)
"""A character as two escapes, which json-repair takes for two characters."""

_GONE = object()


@dataclass(frozen=True)
class _Candidate:
    """A value that may be the answer.

    Attributes:
        value: What was read.
        stop: Where it ends in the text.
        is_cut: The text ended before it did.
        is_guess: Its end was guessed: another value may begin inside.
    """

    value: object
    stop: int
    is_cut: bool = False
    is_guess: bool = False


def parse(text: str, schema: type[_Model]) -> _Model | Fault:
    """Read the answer that stands in `text`; the time it takes is bounded.

    The last object that speaks of the schema's fields is the answer, so that an example given while
    thinking is not; it must fit. Where no object does, lines of the form `field: value` are read.

    Returns:
        The answer, or a fault "unreadable" or "invalid" whose sentence can be put to the model.
    """
    if len(text) > _LONGEST:
        return Fault("unreadable", f"the answer has {len(text)} characters, more than are read")
    form: Form[_Model] = form_of(schema)
    try:
        candidate = _whole(text, form) or _last(text, form)
        if candidate is None:
            return form.fit(_labelled(text, form))
        return _judge(candidate, form)
    except MisfitError as misfit:
        return Fault(misfit.kind, str(misfit))


def _judge(candidate: _Candidate, form: Form[_Model]) -> _Model:
    try:
        return form.fit(candidate.value)
    except MisfitError as misfit:
        if candidate.is_cut:
            raise MisfitError("unreadable", f"the answer breaks off early: {misfit}") from None
        raise


def _whole(text: str, form: Form[Any]) -> _Candidate | None:
    """The text itself, or what its one fence holds, where that is JSON and nothing else."""
    inner = text.strip()
    if fenced := _FENCED.fullmatch(inner):
        inner = fenced[1].strip()
    if inner[:1] not in ("{", "["):
        return None
    found = _strict(inner, 0)
    if found is None or found.stop != len(inner):
        return None
    speaking = form.inside(found.value)
    return _Candidate(found.value if speaking is None else speaking, found.stop)


def _last(text: str, form: Form[Any]) -> _Candidate | None:
    """The last object that speaks, outside of thinking.

    Raises:
        MisfitError: there are more brackets than are tried, so the last is not known.
    """
    mentions = [found.start() for found in form.mentions.finditer(text)]
    last: _Candidate | None = None
    place, repairs = 0, 0
    for _ in range(_MOST_TRIES):
        mark = _MARK.search(text, place)
        if mark is None:
            return last
        if mark["open"]:
            closed = _CLOSE.search(text, mark.end())
            if closed is None:
                return last
            place = closed.end()
            continue
        place = mark.end()
        if mark["close"]:
            last = None
            continue
        found = _strict(text, mark.start())
        if found is None and repairs < _MOST_REPAIRS and _any_from(mentions, mark.start()):
            repairs += 1
            found = _repaired(text, mark.start())
        if found is not None:
            speaking = form.inside(found.value)
            if speaking is not None:
                last = replace(found, value=speaking)
            if not found.is_guess:
                place = found.stop
            elif speaking is not None:
                # A brace in prose looks like this, too: only sound JSON further on says otherwise.
                repairs = _MOST_REPAIRS
    raise MisfitError("unreadable", "the answer holds too many brackets that begin no object")


def _any_from(places: list[int], start: int) -> bool:
    return bool(places) and places[-1] > start


def _strict(text: str, start: int) -> _Candidate | None:
    """The JSON value that begins at `start`; control characters in strings are let through."""
    if not _JSON_START.match(text, start):
        return None
    try:
        value, stop = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return _Candidate(value, stop)


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; one that says two different things under one key is marked, for nobody knows which
    of them is meant."""
    value = dict(pairs)
    if len(value) < len(pairs):
        for key, one in pairs:
            if one != value[key]:
                value[TWICE] = key
                break
    return value


_DECODER = json.JSONDecoder(strict=False, object_pairs_hook=_without_twins)


def _repaired(text: str, start: int) -> _Candidate | None:
    """What begins at `start`, with its form mended; None where it is too long or too deep."""
    window = text[start : start + _LONGEST_REPAIR]
    stop = sure = _balanced(window, _STRING_OR_BRACKET)
    stop = stop or _balanced(window, _BRACKET)
    if stop is None and start + len(window) < len(text):
        return None
    if is_cut := stop is None:
        limit = _LIMIT.search(window)
        stop = limit.start() if limit else len(window)
    region = window[:stop] + (_CUT if is_cut else "")
    if _depth(region) > _DEEPEST_REPAIR:
        return None
    region = _PAIR.sub(_of_pair, region)
    import json_repair  # few answers need it

    try:
        value = json_repair.repair_json(region, return_objects=True, skip_json_loads=True)
    except (ValueError, RecursionError, IndexError, KeyError, TypeError, AttributeError):
        return None
    if is_cut:
        value = _complete(_without_open_list(value, region))
    return None if value is _GONE else _Candidate(value, start + stop, is_cut, sure is None)


def _of_pair(pair: re.Match[str]) -> str:
    return (bytes.fromhex(pair[1]) + bytes.fromhex(pair[2])).decode("utf-16-be")


def _balanced(text: str, token: re.Pattern[str]) -> int | None:
    """Where the bracket that `text` begins with is closed, or None."""
    depth = 0
    for found in token.finditer(text):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(found[0], 0)
        if depth == 0:
            return found.end()
    return None


def _depth(text: str) -> int:
    depth, deepest = 0, 0
    for found in _BRACKET.finditer(text):
        depth = depth + 1 if found[0] in "{[" else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest


def _without_open_list(value: Any, region: str) -> Any:
    """`value` without its last member, where a list in that has no end: it would read as a shorter
    one."""
    still_open: list[str] = []
    for found in _STRING_OR_BRACKET.finditer(region):
        if found[0] in "{[":
            still_open.append(found[0])
        elif found[0] in "}]" and still_open:
            still_open.pop()
    if "[" not in still_open or not value:
        return value
    return dict(list(value.items())[:-1]) if isinstance(value, dict) else _GONE


def _complete(value: Any) -> Any:
    """`value` without what the cut took part of."""
    if isinstance(value, str):
        return _GONE if _CUT_MARK in value else value
    if isinstance(value, list):
        return value if all(_is_complete(one) for one in value) else _GONE
    if isinstance(value, dict):
        kept = {key: _complete(one) for key, one in value.items() if _CUT_MARK not in str(key)}
        return {key: one for key, one in kept.items() if one is not _GONE}
    return value


def _is_complete(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_is_complete(key) and _is_complete(one) for key, one in value.items())
    if isinstance(value, list):
        return all(map(_is_complete, value))
    return not (isinstance(value, str) and _CUT_MARK in value)


def _labelled(text: str, form: Form[Any]) -> dict[str, str]:
    """What stands behind `field:` at the start of lines, outside of thinking.

    Raises:
        MisfitError: not every field that must be given has such a line.
    """
    values = form.labelled(text[_end_of_thinking(text) :])
    if missing := form.missing(values):
        is_begun = values or form.mentions.search(text)
        found = "the answer is incomplete" if is_begun else "no JSON object stands in the answer"
        listed = ", ".join(f"`{name}`" for name in missing)
        raise MisfitError("unreadable", f"{found}: it does not give {listed}")
    return values


def _end_of_thinking(text: str) -> int:
    end = 0
    for mark in _MARK.finditer(text):
        if mark["close"]:
            end = mark.end()
        elif mark["open"] and not _CLOSE.search(text, mark.end()):
            return len(text)
    return end
