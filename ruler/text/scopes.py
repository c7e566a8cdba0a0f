"""How far a denial and a guess reach in one clause: "no", "without", "does not show", "maybe".

The rules were written for recorded captions and first answers of models; the words they go by are
data of each language (`ruler/text/languages.py`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from ruler.text.languages import Language
from ruler.text.words import WORD, Clause, Token, is_negated_verb, lemma_of

_OR = frozenset({"or", "nor", "oder", "ou", "o"})
_BEING = frozenset({"be", "been", "being", "to"})
_PREPOSITIONS = frozenset("of with on in at near by behind".split())
_EXCEPT = frozenset({"except", "besides", "sauf", "außer", "excepto"})
# "not running, walking" turns at the comma, "no people, cars or dogs" does not, and "without a
# helmet, riding" does where somebody goes on doing something.
_COMMA_ENDS = frozenset("not never cannot nicht nie niemals pas jamais nunca".split())
_COMMA_ENDS_BEFORE_DOINGS = frozenset("without lacking ohne sans sin".split())


@lru_cache(maxsize=65536)
def read_clause(text: str, language: Language) -> Clause:
    """One clause, with the scopes of negation and speculation in it."""
    tokens: list[Token] = []
    negating: str | None = None
    is_attribute = speculated = False
    last = 0
    found = list(WORD.finditer(text))
    words = [word.group().lower() for word in found]
    for place, word in enumerate(words):
        start, stop = found[place].span()
        gap, lemma = text[last:start], lemma_of(word, language.code)
        is_activity = _is_activity(word, lemma, language)
        if negating and _ends_negation(words, place, negating, "," in gap, is_activity, language):
            negating = None
        if negating and is_attribute and word in language.auxiliaries:
            negating = None
        if negating and _lists_examples(words, place, language):
            negating, is_attribute = "no", False
        tokens.append(Token(lemma, start, stop, 0, negating is not None, speculated, is_activity))
        if cue := _cue(words, place, language):
            negating, is_attribute = cue, _is_attribute(words, place, cue, language)
        speculated = speculated or word in language.speculation
        last = stop
    return Clause(text, language, tuple(_looking_back(text, tokens, words, language)))


def _lists_examples(words: Sequence[str], place: int, language: Language) -> bool:
    """Whether examples of what is denied begin here and go on to an "or", past commas."""
    following = words[place + 1] if place + 1 < len(words) else ""
    is_list = _begins_examples(words[place], following, language)
    return is_list and not _OR.isdisjoint(words[place:])


def _is_activity(word: str, lemma: str, language: Language) -> bool:
    """A form of a verb that says what is being done: "walking", and not "building"."""
    form = language.activity
    is_content = lemma != word and lemma not in language.function_words
    return form is not None and is_content and form.fullmatch(word) is not None


def _cue(words: Sequence[str], place: int, language: Language) -> str | None:
    """The cue that words[place] is, or None; it says how far its scope reaches."""
    word = words[place]
    following = words[place + 1] if place + 1 < len(words) else ""
    if place and f"{words[place - 1]} {word}" in language.denying:
        return "not"
    negates = is_negated_verb(word)
    if not negates and word not in language.negation:
        return None
    if f"{word} {following}" in language.pseudo:
        return None
    if following and lemma_of(following, language.code) in language.showing:
        return "no"
    return "not" if negates else word


def _is_attribute(words: Sequence[str], place: int, cue: str, language: Language) -> bool:
    """Whether what is denied belongs to a noun alone: "a man without a helmet is riding", "the man
    who is not wearing a helmet is running"."""
    before = words[place - 1] if place else ""
    is_relative = any(word in language.relatives for word in words[1:place])
    return cue in _COMMA_ENDS_BEFORE_DOINGS or before in _PREPOSITIONS or is_relative


def _ends_negation(
    words: Sequence[str],
    place: int,
    cue: str,
    after_comma: bool,
    is_activity: bool,
    language: Language,
) -> bool:
    """Whether the scope of `cue` ends right before words[place]."""
    if words[place] in _EXCEPT:
        return True
    if after_comma and cue in _COMMA_ENDS:
        # "not running, walking or jumping" is one list.
        return not (is_activity and _OR.intersection(words[place:]))
    if after_comma and cue in _COMMA_ENDS_BEFORE_DOINGS and is_activity:
        return True
    # "with no bag and the next person walks": a subject of its own.
    joined = place > 0 and words[place - 1] in language.joiners
    return joined and words[place] in language.articles and cue not in ("neither", "nor")


def _looking_back(
    text: str, tokens: Sequence[Token], words: Sequence[str], language: Language
) -> Iterator[Token]:
    """Negate what stands before "absent" or "not visible", back to where its noun phrase begins,
    and the verb before "nobody"."""
    negated: set[int] = set()
    for place, word in enumerate(words):
        if place and word in language.nobody and _is_inflected(tokens[place - 1], words, language):
            negated.add(place - 1)
        if word in language.absent or (
            word in language.seen and _is_denied(words, place, language)
        ):
            for back in range(place - 1, -1, -1):
                negated.add(back)
                if _begins_subject(text, tokens, words, back, language):
                    break
    for place, token in enumerate(tokens):
        yield replace(token, is_negated=True) if place in negated else token


def _is_inflected(token: Token, words: Sequence[str], language: Language) -> bool:
    """May be a verb: "attacks", not "and" and no cue."""
    return token.lemma not in words and token.lemma not in language.negation


def _is_denied(words: Sequence[str], place: int, language: Language) -> bool:
    """Whether words[place] is denied: "not visible", "cannot be seen"."""
    before = place - 1
    while before >= 0 and words[before] in _BEING:
        before -= 1
    return before >= 0 and (words[before] in language.negation or is_negated_verb(words[before]))


def _begins_subject(
    text: str, tokens: Sequence[Token], words: Sequence[str], place: int, language: Language
) -> bool:
    """Whether the noun phrase that is denied begins with words[place]."""
    if place == 0 or "," in text[tokens[place - 1].stop : tokens[place].start]:
        return True
    if words[place] in language.relatives:
        return True
    before = place - 1
    if words[place] in language.articles:
        # "the person riding a bike", "the door of the shop": the phrase began before.
        return not (tokens[before].is_activity or words[before] in _PREPOSITIONS)
    # "a man walks and cars are not visible", but "fire and smoke are not visible".
    return words[before] in language.joiners and before > 1


def denied_list(lower: str, language: Language) -> int | None:
    """Where a list begins that is denied as a whole: "does not show a car, a truck, or a bus", "no
    danger, such as a fire, a fight, or theft"."""
    words = list(WORD.finditer(lower))
    is_denied = False
    for cue, verb in itertools.pairwise(words):
        is_not = cue.group() in _COMMA_ENDS or is_negated_verb(cue.group())
        if is_not and lemma_of(verb.group(), language.code) in language.showing:
            return verb.end()
        is_denied = is_denied or is_not or cue.group() in language.negation
        if cue.group() in language.turns:
            is_denied = False
        if is_denied and _begins_examples(cue.group(), verb.group(), language):
            return cue.start()
    return None


def _begins_examples(word: str, following: str, language: Language) -> bool:
    return word in language.examples or f"{word} {following}" in language.examples
