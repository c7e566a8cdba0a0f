"""Why a phrase is not found in a caption: what comes nearest, and what keeps it from counting."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ruler.text.analysis import read
from ruler.text.phrases import Wanted, find_phrase, wanted
from ruler.text.words import Clause, Token


@dataclass(frozen=True)
class Near:
    """A phrase that is nearly there: the spans [start, stop) of its words, the share of them that
    stands there, in (0, 1], and why it is not found."""

    phrase: str
    spans: tuple[tuple[int, int], ...]
    why: str
    share: float = 1.0


def nearest(text: str, phrases: Iterable[str]) -> Near | None:
    """The phrase of which most words stand in `text` while it is not found; the first of equals.

    None where no word of any phrase is there, or where a phrase is found.
    """
    best: tuple[float, Near] | None = None
    for phrase in phrases:
        if find_phrase(text, phrase) is not None:
            return None
        for offset, clause in read(text):
            tried = _tried(clause, wanted(phrase, clause.language), offset)
            if tried is not None and (best is None or tried[0] > best[0]):
                best = tried
    return best[1] if best else None


def _tried(clause: Clause, sought: Wanted, offset: int) -> tuple[float, Near] | None:
    tokens = [token for token in clause.tokens if token.lemma in sought.content]
    if not tokens:
        return None
    share = len({token.lemma for token in tokens}) / len(sought.content)
    spans = tuple((token.start + offset, token.stop + offset) for token in tokens)
    return share, Near(sought.phrase, spans, _why(clause, sought, tokens), share)


def _why(clause: Clause, sought: Wanted, tokens: list[Token]) -> str:
    there = {token.lemma for token in tokens}
    if missing := [lemma for lemma in sought.everything if lemma in sought.content - there]:
        return f"{_quoted(missing)} {_is(missing)} missing from the clause"
    asserted = clause.lemmas
    if unsaid := sought.content - asserted:
        denied = any(token.is_negated for token in tokens if token.lemma in unsaid)
        how = "negated" if denied else "only guessed at"
        return f"{_quoted(sorted(unsaid))} {_is(unsaid)} {how}"
    if barred := sought.unwanted & asserted:
        return f"{_quoted(sorted(barred))} stands in the clause, which `-` forbids"
    if undenied := sought.denied - clause.denied:
        return f"{_quoted(sorted(undenied))} {_is(undenied)} not denied there"
    if sought.forms:
        return f"{_quoted(sorted(sought.forms))} must stand in this very form"
    return f"{_quoted(sorted(sought.needed))} must stand beside it"


def _quoted(words: Iterable[str]) -> str:
    return " and ".join(f'"{word}"' for word in dict.fromkeys(words))


def _is(words: Collection[str]) -> str:
    return "is" if len(words) == 1 else "are"
