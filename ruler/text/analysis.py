"""From a text to clauses of tokens, each with lemma, scope and its place in the text.

Captions repeat themselves: the same clause stands in thousands of them. A clause is therefore read
once, wherever it stands, and a text is a row of clauses with their offsets. A scope never crosses
the end of a clause, which is what makes this sound.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from ruler.text.languages import Language, language_of
from ruler.text.scopes import denied_list, read_clause
from ruler.text.words import Clause, Token

_LONGEST_SENTENCE = 2_000
"""Characters; the longest of 90,000 recorded sentences has 1,671."""

_STOP = re.compile(r"[.:;!?\n]+")


@dataclass(frozen=True)
class Sentence:
    """A sentence by itself: its clauses with their offsets in it."""

    text: str
    language: Language
    clauses: tuple[tuple[int, Clause], ...]


@lru_cache(maxsize=32768)
def sentences(text: str, language: Language | None = None) -> tuple[tuple[int, Sentence], ...]:
    """The sentences of a text with their offsets; its language is found by its words if not
    given."""
    language = language or language_of(text)
    ends = (found.span() for found in _STOP.finditer(text) if not _in_number(text, found))
    parts = _parts(text, _not_too_far(text, ends))
    placed = ((at, _read_sentence(part, language)) for at, part in parts)
    return tuple((at, sentence) for at, sentence in placed if sentence.clauses)


def _not_too_far(text: str, ends: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The ends, and where none comes for long, one at a blank: reading a sentence takes time that
    grows with the square of its length."""
    start = 0
    for stop, after in itertools.chain(ends, [(len(text), len(text))]):
        while stop - start > _LONGEST_SENTENCE:
            cut = text.rfind(" ", start + 1, start + _LONGEST_SENTENCE)
            start = cut if cut > start else start + _LONGEST_SENTENCE
            yield start, start
        if stop < len(text):
            yield stop, after
        start = after


def _in_number(text: str, stop: re.Match[str]) -> bool:
    """The point of "2.3" and the colon of "12:30" stand between two digits and end nothing."""
    before, after = text[: stop.start()][-1:], text[stop.end() : stop.end() + 1]
    return stop.group() in ".:" and before.isdigit() and after.isdigit()


def read(text: str, language: Language | None = None) -> Iterator[tuple[int, Clause]]:
    """The clauses of a text with their offsets."""
    for start, sentence in sentences(text, language):
        for offset, clause in sentence.clauses:
            yield start + offset, clause


@lru_cache(maxsize=65536)
def _read_sentence(text: str, language: Language) -> Sentence:
    ends = sorted(_clause_ends(text, language))
    placed = ((at, read_clause(part, language)) for at, part in _parts(text, ends))
    return Sentence(text, language, tuple((at, clause) for at, clause in placed if clause.tokens))


def _clause_ends(text: str, language: Language) -> Iterator[tuple[int, int]]:
    lower = text.lower()
    denial = denied_list(lower, language)
    for found in language.commas.finditer(text):
        if denial is None or found.start() < denial:
            yield found.span()
    # The look-ahead is tried at every character, so only where such a word may be.
    if any(turn in lower for turn in language.turns):
        for found in language.turning.finditer(text):
            yield found.span()


def _parts(text: str, ends: Iterable[tuple[int, int]]) -> Iterator[tuple[int, str]]:
    """What stands between the ends, without blanks around it, with its offset."""
    start = 0
    for stop, after in itertools.chain(ends, [(len(text), len(text))]):
        part = text[start:stop]
        stripped = part.strip(" \t,")
        if stripped:
            yield start + part.index(stripped), stripped
        start = after


def phrase_clause(phrase: str, language: Language) -> Clause:
    """A phrase as one clause; its punctuation ends nothing."""
    return read_clause(phrase, language)


def phrase_lemmas(phrase: str, language: Language) -> tuple[str, ...]:
    """The lemmas of a phrase in order."""
    return tuple(token.lemma for token in phrase_clause(phrase, language).tokens)


def analyse(text: str, language: Language | None = None) -> tuple[Token, ...]:
    """All words of `text` in order, their places counted from its start."""
    return tuple(
        replace(token, start=token.start + offset, stop=token.stop + offset, clause=number)
        for number, (offset, clause) in enumerate(read(text, language))
        for token in clause.tokens
    )


def content_tokens(text: str, stop_words: frozenset[str] = frozenset()) -> list[Token]:
    """Tokens that say something (see `Clause.content`) and are no stop word."""
    return [
        replace(token, start=token.start + offset, stop=token.stop + offset, clause=number)
        for number, (offset, clause) in enumerate(read(text))
        for token in clause.content
        if token.lemma not in stop_words
    ]
