"""Finding a phrase in a caption, as a rule's `look_for` means it (DESIGN section 3a)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from ruler.text.analysis import FUNCTION_WORDS, Token, analyse


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase found at [start, stop); `strength` in (0, 1] is the share of its words that stand
    there."""

    phrase: str
    start: int
    stop: int
    strength: float


@lru_cache(maxsize=8192)
def _phrase_lemmas(phrase: str, language: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """(content lemmas that must all be there, all lemmas)."""
    everything = tuple(token.lemma for token in analyse(phrase, language))
    content = frozenset(lemma for lemma in everything if lemma not in FUNCTION_WORDS)
    return content or frozenset(everything), everything


def find_phrase(text: str, phrase: str, language: str = "en") -> Found | None:
    """The best place where all content words of `phrase` stand in one clause of `text`.

    Words are compared by lemma. Negated and speculated words do not count. Function words may be
    missing and lower the strength: "stands by the door" holds 3 of the 4 words of "standing at the
    door".

    Returns:
        The strongest, then shortest, then first place; None where there is none.
    """
    content, everything = _phrase_lemmas(phrase, language)
    if not content:
        return None
    found = [
        candidate
        for lemmas, tokens in _asserted(text, language)
        if content <= lemmas
        and (candidate := _in_clause(tokens, phrase, content, everything)) is not None
    ]
    return min(found, key=_rank, default=None)


@lru_cache(maxsize=8192)
def _asserted(text: str, language: str) -> tuple[tuple[frozenset[str], tuple[Token, ...]], ...]:
    """By clause: what is neither negated nor speculated, as lemmas and as tokens.

    The lemmas rule out most phrases at once; a taxonomy tries hundreds of them on each caption.
    """
    clauses: dict[int, list[Token]] = {}
    for token in analyse(text, language):
        if not (token.is_negated or token.is_speculated):
            clauses.setdefault(token.clause, []).append(token)
    return tuple(
        (frozenset(token.lemma for token in tokens), tuple(tokens)) for tokens in clauses.values()
    )


def _in_clause(
    tokens: tuple[Token, ...], phrase: str, content: frozenset[str], everything: tuple[str, ...]
) -> Found | None:
    """The strongest, then shortest span of the clause that holds all content words."""
    before, after = _outer_words(content, everything)
    candidates: list[Found] = []
    last_seen: dict[str, int] = {}
    for position, token in enumerate(tokens):
        if token.lemma not in content:
            continue
        last_seen[token.lemma] = position
        if len(last_seen) < len(content):
            continue
        first, last = min(last_seen.values()), position
        while first > 0 and tokens[first - 1].lemma in before:
            first -= 1
        while last + 1 < len(tokens) and tokens[last + 1].lemma in after:
            last += 1
        inside = {token.lemma for token in tokens[first : last + 1]}
        strength = sum(lemma in inside for lemma in everything) / len(everything)
        candidates.append(Found(phrase, tokens[first].start, tokens[last].stop, strength))
    return min(candidates, key=_rank, default=None)


def _outer_words(
    content: frozenset[str], everything: tuple[str, ...]
) -> tuple[frozenset[str], frozenset[str]]:
    """Function words before the first and after the last content word ("on fire", "fall down")."""
    places = [place for place, lemma in enumerate(everything) if lemma in content]
    return frozenset(everything[: places[0]]), frozenset(everything[places[-1] + 1 :])


def _rank(found: Found) -> tuple[float, int, int]:
    """Strongest, then shortest, then first."""
    return -found.strength, found.stop - found.start, found.start


def find_any(text: str, phrases: Iterable[str], language: str = "en") -> Found | None:
    """The strongest of several phrases; the first of equals."""
    found = [hit for phrase in phrases if (hit := find_phrase(text, phrase, language)) is not None]
    return max(found, key=lambda hit: hit.strength, default=None)
