"""What a check of the linter is given, and what it gives."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from ruler.schemas.rules import Rule

Severity = Literal["info", "warning", "error"]
SEVERITIES: tuple[Severity, ...] = ("info", "warning", "error")

KeyPath = tuple[str | int, ...]
"""The way to a value of a rule file, such as ("rules", 3, "look_for", 1)."""


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of finding. Its code is stable; `advice` is a sentence that says how to mend it."""

    code: str
    level: Severity
    title: str
    advice: str


@dataclass(frozen=True, slots=True)
class Note:
    """A finding in a rule set: its code, where, and what is wrong there."""

    code: str
    path: KeyPath
    message: str


@dataclass(frozen=True)
class LintContext:
    """What checks may know beside the rules.

    Attributes:
        as_of: The day, for exceptions that expire.
        categories: Item ids of the taxonomies in use; None where none is known.
        scenes: Names of the store's scenes; None where no store is at hand.
        people: Lemmas that mean people.
        stop_words: Lemmas that carry no news in any scene.
        given_names: Personal names, in lower case.
        novelty_ids: Slugs of the rules that fire on what nothing covers.
    """

    as_of: dt.date
    categories: frozenset[str] | None = None
    scenes: frozenset[str] | None = None
    people: frozenset[str] = frozenset()
    stop_words: frozenset[str] = frozenset()
    given_names: frozenset[str] = frozenset()
    novelty_ids: frozenset[str] = field(default=frozenset({"uncovered", "uncovered-doings"}))


def texts_of(rule: Rule, *, tests: bool) -> Iterator[tuple[KeyPath, str]]:
    """(way within the rule, text) of what is written for people and models; `tests` too if asked
    for."""
    yield ("title",), rule.title
    yield ("statement",), rule.statement
    for place, phrase in enumerate(rule.look_for):
        yield ("look_for", place), phrase
    for place, exception in enumerate(rule.exceptions):
        yield ("exceptions", place, "name"), exception.name
        yield ("exceptions", place, "unless"), exception.unless
    if rule.origin.note is not None:
        yield ("origin", "note"), rule.origin.note
    if tests:
        for kind in ("fire", "quiet", "todo"):
            for place, text in enumerate(getattr(rule.tests, kind)):
                yield ("tests", kind, place), text
