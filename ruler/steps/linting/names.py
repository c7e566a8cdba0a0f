"""Personal names in a text, with few false alarms: a known given name, or a title before a name."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(r"[^\W\d_]+")
_TITLES = frozenset("mr mrs ms miss dr prof herr frau monsieur madame señor señora".split())
_NO_PERSON = frozenset(
    """street road boulevard lane square park station gate hall building bridge hospital church
    school room office tractor truck van straße platz""".split()
)
_QUOTES = '"“”„«»`'


def name_in(text: str, given_names: Iterable[str]) -> str | None:
    """The first personal name in a text, or None.

    What stands in double quotes is a sign that is read, and a street or a make is no person.
    """
    known = given_names if isinstance(given_names, frozenset) else frozenset(given_names)
    words = list(_WORD.finditer(text))
    for at, word in enumerate(words):
        said = word.group()
        following = words[at + 1] if at + 1 < len(words) else None
        after = following.group() if following and _adjoins(text, word, following) else ""
        if not (said[0].isupper() and said[1:].islower()) or _is_quoted(text, word.start()):
            continue
        is_title = said.lower() in _TITLES and after[:1].isupper() and after[1:].islower()
        if is_title and following is not None:
            return text[word.start() : following.end()]
        if said.lower() in known and after.lower() not in _NO_PERSON:
            return said
    return None


def _adjoins(text: str, word: re.Match[str], following: re.Match[str]) -> bool:
    return text[word.end() : following.start()].strip() in ("", ".")


def _is_quoted(text: str, at: int) -> bool:
    return sum(text.count(quote, 0, at) for quote in _QUOTES) % 2 == 1
