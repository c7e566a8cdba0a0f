"""From a text to tokens with lemma, clause and scope; every token keeps its place in the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import simplemma

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
# The point of "2.3" and the colon of "12:30" stand between two digits and end nothing.
_CLAUSE_END = re.compile(r"[;!?\n]|[.:](?!\d)|(?<!\d)[.:]")

# Scopes after NegEx (Chapman et al., 2001): a cue opens a scope that runs to the end of the clause
# or to a word that turns it.
_NEGATION = frozenset("no not never without nobody none neither nor cannot nothing".split())
_SPECULATION = frozenset(
    "may might could possibly perhaps maybe probably likely whether if potentially".split()
)
_SCOPE_END = frozenset("but however although though except while whereas".split())
_TURNS = frozenset("but however although though while whereas".split())
_NEGATED_SUFFIX = ("n't", "n’t")

FUNCTION_WORDS = frozenset(
    """a an the this that these those of in on at by to from with into onto near over under up down
    and or as is are was were be been being has have had do does did it its his her their they he
    she who which there here some any each other another one than then so very""".split()
)
"""English words that carry no content of their own: a phrase may miss them and still be found."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text: [start, stop) in characters, its lemma, its clause and what scopes it."""

    lemma: str
    start: int
    stop: int
    clause: int
    is_negated: bool
    is_speculated: bool


@lru_cache(maxsize=65536)
def lemma_of(word: str, language: str = "en") -> str:
    """The dictionary form of a word, in lower case."""
    return simplemma.lemmatize(word.lower().replace("’", "'"), lang=language).lower()


@lru_cache(maxsize=8192)
def analyse(text: str, language: str = "en") -> tuple[Token, ...]:
    """All words of `text` in order, with lemma, clause and scopes."""
    tokens: list[Token] = []
    clause, negated, speculated, last = 0, False, False, 0
    for found in _WORD.finditer(text):
        word = found.group().lower()
        gap = text[last : found.start()]
        # One character more than the gap, so that the pattern sees what follows a point.
        if _CLAUSE_END.search(text, last, found.start() + 1) or (word in _TURNS and tokens):
            clause, negated, speculated = clause + 1, False, False
        elif word in _SCOPE_END or "," in gap:
            negated = False
        tokens.append(
            Token(
                lemma=lemma_of(word, language),
                start=found.start(),
                stop=found.end(),
                clause=clause,
                is_negated=negated,
                is_speculated=speculated,
            )
        )
        negated = negated or word in _NEGATION or word.endswith(_NEGATED_SUFFIX)
        speculated = speculated or word in _SPECULATION
        last = found.end()
    return tuple(tokens)


def content_tokens(
    text: str, stop_words: frozenset[str] = frozenset(), language: str = "en"
) -> list[Token]:
    """Tokens that say something: no function word, number or given stop word, no cue of negation
    or speculation ("no", "maybe"), nothing negated."""
    return [
        token
        for token in analyse(text, language)
        if token.lemma not in FUNCTION_WORDS
        and token.lemma not in stop_words
        and token.lemma not in _NEGATION
        and token.lemma not in _SPECULATION
        and not text[token.start : token.stop].lower().endswith(_NEGATED_SUFFIX)
        and not token.lemma[0].isdigit()
        and not token.is_negated
    ]
