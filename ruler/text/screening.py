"""Telling in microseconds that none of a few phrases can be in a text, without reading its clauses.

A phrase is found where all its lemmas stand in one clause, so a text that lacks one of them
anywhere need not be read. What passes may still hold none: that is for `phrases` to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ruler.text.languages import Language, language_of
from ruler.text.phrases import wanted
from ruler.text.words import lemma_of

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_PART = re.compile(r"[^\W_]+")


class Screen:
    """A sieve for some phrases; it remembers the words that it has met."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._phrases = tuple(phrases)
        self._by_language: dict[str, _Words] = {}

    def may_hold(self, text: str) -> bool:
        """False where certainly none of the phrases is in `text`."""
        language = language_of(text)
        words = self._by_language.get(language.code)
        if words is None:
            words = self._by_language[language.code] = _Words(self._phrases, language)
        return words.may_hold(text)


class _Words:
    """The words of one language that are met, and the lemmas of those that some phrase needs."""

    def __init__(self, phrases: Iterable[str], language: Language) -> None:
        self._language = language
        sought = (wanted(phrase, language) for phrase in phrases)
        self._needs = [need for each in sought if (need := each.content | each.denied)]
        self._lemmas = frozenset().union(*self._needs)
        self._met: set[str] = set()
        self._telling: dict[str, frozenset[str]] = {}

    def may_hold(self, text: str) -> bool:
        words = set(_WORD.findall(text))
        for word in words - self._met:
            self._meet(word)
        found = self._telling.keys() & words
        if not found:
            return False
        lemmas = frozenset().union(*(self._telling[word] for word in found))
        return any(need <= lemmas for need in self._needs)

    def _meet(self, word: str) -> None:
        # The end of a clause may stand inside of a compound, so its parts count as well.
        parts = {word, *_PART.findall(word)}
        lemmas = self._lemmas & {lemma_of(part.lower(), self._language.code) for part in parts}
        if lemmas:
            self._telling[word] = lemmas
        self._met.add(word)
