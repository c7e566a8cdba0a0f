"""What can be told of a phrase before any caption is seen: that it can never be found, or that it
says another one."""

from __future__ import annotations

from ruler.text.analysis import phrase_clause
from ruler.text.languages import ENGLISH, Language
from ruler.text.phrases import in_clause, is_signed, wanted
from ruler.text.words import Clause

_SIGNS = ("-", "+", "=")


def why_never_found(phrase: str, language: Language = ENGLISH) -> str | None:
    """Why no caption can hold a phrase, as a clause; None where one can."""
    words = phrase.split()
    if lonely := next((word for word in words if word in _SIGNS), None):
        return f"`{lonely}` stands alone; a sign goes right before its word, as in `{lonely}word`"
    if words and all(is_signed(word, "-") for word in words):
        return "all its words are forbidden by `-`; name one that must be there"
    sought, clause = wanted(phrase, language), _said(phrase, language)
    if not clause.tokens:
        return "there is no word in it"
    if both := sought.unwanted & (clause.lemmas | clause.denied):
        return f"`{min(both)}` must stand there and must not"
    if any(token.is_speculated for token in clause.tokens):
        return "it says what only might be; write what is seen, without the doubt"
    if in_clause(clause, sought) is None:
        return "its words deny one another; say it in other words"
    return None


def says(phrase: str, other: str, language: Language = ENGLISH) -> bool:
    """Whether whatever caption holds `phrase` holds `other` too, as far as its own words tell."""
    return in_clause(_said(phrase, language), wanted(other, language)) is not None


def _said(phrase: str, language: Language) -> Clause:
    """What a phrase asks for, read as a caption."""
    kept = (word.lstrip("+=") for word in phrase.split() if not is_signed(word, "-"))
    return phrase_clause(" ".join(kept), language)
