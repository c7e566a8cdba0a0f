"""Words and the clauses they stand in: what reading a text gives."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources

from ruler.text.languages import ENGLISH, LEMMAS, Language

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
"""A word, with what hyphens and apostrophes join to it."""

FUNCTION_WORDS = ENGLISH.function_words
"""English words that carry no content of their own: a phrase may miss them and still be found."""

_NEGATED_SUFFIX = ("n't", "n’t")


@dataclass(frozen=True, slots=True)
class Token:
    """A word: [start, stop) in characters, its lemma, the number of its clause, its scopes."""

    lemma: str
    start: int
    stop: int
    clause: int = 0
    is_negated: bool = False
    is_speculated: bool = False
    is_activity: bool = False


@dataclass(frozen=True)
class Clause:
    """A clause by itself: its tokens' places count from its own first character."""

    text: str
    language: Language
    tokens: tuple[Token, ...]

    @cached_property
    def asserted(self) -> tuple[Token, ...]:
        """What is said to be so: neither negated nor speculated."""
        return tuple(t for t in self.tokens if not (t.is_negated or t.is_speculated))

    @cached_property
    def lemmas(self) -> frozenset[str]:
        """Lemmas of what is asserted."""
        return frozenset(token.lemma for token in self.asserted)

    @cached_property
    def denied(self) -> frozenset[str]:
        """Lemmas of what is said not to be so."""
        return frozenset(token.lemma for token in self.tokens if token.is_negated)

    def is_cue(self, token: Token) -> bool:
        """A word that denies what follows: "no", "without", "isn't"."""
        word = self.text[token.start : token.stop].lower()
        return word in self.language.negation or is_negated_verb(word)

    @cached_property
    def content(self) -> tuple[Token, ...]:
        """Tokens that say something: no function word, number or cue, and nothing negated. What is
        speculated counts: a guess at running is news, though no proof of it."""
        return tuple(token for token in self.tokens if self._has_content(token))

    def _has_content(self, token: Token) -> bool:
        words, lemma = self.language, token.lemma
        return not (
            token.is_negated
            or lemma in words.function_words
            or lemma in words.negation
            or lemma in words.speculation
            or lemma[0].isdigit()
            or is_negated_verb(self.text[token.start : token.stop].lower())
        )


def is_negated_verb(word: str) -> bool:
    """A verb in lower case that denies by itself: "isn't"."""
    return word.endswith(_NEGATED_SUFFIX)


@lru_cache(maxsize=65536)
def lemma_of(word: str, language: str = "en") -> str:
    """The dictionary form of a word, in lower case."""
    if known := LEMMAS.get(language, {}).get(word.lower()):
        return known
    plain = word.lower().replace("’", "'")
    if known := _common(language).get(plain):
        return known
    if plain.isascii() and plain.isdigit():  # as simplemma has it
        return plain
    import simplemma  # not before: its rules and words take a fifth of a second

    return simplemma.lemmatize(plain, lang=language).lower()


@lru_cache(maxsize=8)
def _common(language: str) -> Mapping[str, str]:
    """The lemmas of the words that ruler's own captions and rules are made of, as simplemma gives
    them (`tools/common_lemmas.py`); empty for most languages."""
    if language != ENGLISH.code:
        return {}
    table = resources.files("ruler.text") / "data" / "lemmas.en.txt"
    pairs = (line.split() for line in table.read_text(encoding="utf-8").splitlines())
    return {pair[0]: pair[-1] for pair in pairs}
