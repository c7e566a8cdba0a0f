"""From a text to clauses of tokens, each with lemma, scope and its place in the text.

Captions repeat themselves: the same clause stands in thousands of them. A clause is therefore read
once, wherever it stands, and a text is a row of clauses with their offsets. A scope never crosses
the end of a clause, which is what makes this sound.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from importlib import resources

from ruler.text.languages import ENGLISH, LEMMAS, Language, language_of

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_LONGEST_SENTENCE = 2_000
"""Characters; the longest of 90,000 recorded sentences has 1,671."""

_STOP = re.compile(r"[.:;!?\n]+")
_NEGATED_SUFFIX = ("n't", "n’t")
_OR = frozenset({"or", "nor", "oder", "ou", "o"})
_BEING = frozenset({"be", "been", "being", "to"})
_PREPOSITIONS = frozenset("of with on in at near by behind".split())
_EXCEPT = frozenset({"except", "besides", "sauf", "außer", "excepto"})
# "not running, walking" turns at the comma, "no people, cars or dogs" does not, and "without a
# helmet, riding" does where somebody goes on doing something.
_COMMA_ENDS = frozenset("not never cannot nicht nie niemals pas jamais nunca".split())
_COMMA_ENDS_BEFORE_DOINGS = frozenset("without lacking ohne sans sin".split())

FUNCTION_WORDS = ENGLISH.function_words
"""English words that carry no content of their own: a phrase may miss them and still be found."""


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
        return word in self.language.negation or word.endswith(_NEGATED_SUFFIX)

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
            or self.text[token.start : token.stop].lower().endswith(_NEGATED_SUFFIX)
        )


@dataclass(frozen=True)
class Sentence:
    """A sentence by itself: its clauses with their offsets in it."""

    text: str
    language: Language
    clauses: tuple[tuple[int, Clause], ...]


@lru_cache(maxsize=65536)
def lemma_of(word: str, language: str = "en") -> str:
    """The dictionary form of a word, in lower case."""
    if known := LEMMAS.get(language, {}).get(word.lower()):
        return known
    plain = word.lower().replace("’", "'")
    if known := _common(language).get(plain):
        return known
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
    placed = ((at, _read_clause(part, language)) for at, part in _parts(text, ends))
    return Sentence(text, language, tuple((at, clause) for at, clause in placed if clause.tokens))


def _clause_ends(text: str, language: Language) -> Iterator[tuple[int, int]]:
    lower = text.lower()
    denial = _denied_list(lower, language)
    for found in language.commas.finditer(text):
        if denial is None or found.start() < denial:
            yield found.span()
    # The look-ahead is tried at every character, so only where such a word may be.
    if any(turn in lower for turn in language.turns):
        for found in language.turning.finditer(text):
            yield found.span()


def _denied_list(lower: str, language: Language) -> int | None:
    """Where a list begins that is denied as a whole: "does not show a car, a truck, or a bus", "no
    danger, such as a fire, a fight, or theft"."""
    words = list(_WORD.finditer(lower))
    is_denied = False
    for cue, verb in itertools.pairwise(words):
        is_not = cue.group() in _COMMA_ENDS or cue.group().endswith(_NEGATED_SUFFIX)
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


def _parts(text: str, ends: Iterable[tuple[int, int]]) -> Iterator[tuple[int, str]]:
    """What stands between the ends, without blanks around it, with its offset."""
    start = 0
    for stop, after in itertools.chain(ends, [(len(text), len(text))]):
        part = text[start:stop]
        stripped = part.strip(" \t,")
        if stripped:
            yield start + part.index(stripped), stripped
        start = after


@lru_cache(maxsize=65536)
def _read_clause(text: str, language: Language) -> Clause:
    """One clause, with the scopes of negation and speculation in it."""
    tokens: list[Token] = []
    negating: str | None = None
    is_attribute = speculated = False
    last = 0
    found = list(_WORD.finditer(text))
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
    is_negated_verb = word.endswith(_NEGATED_SUFFIX)
    if not is_negated_verb and word not in language.negation:
        return None
    if f"{word} {following}" in language.pseudo:
        return None
    if following and lemma_of(following, language.code) in language.showing:
        return "no"
    return "not" if is_negated_verb else word


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
    return before >= 0 and (
        words[before] in language.negation or words[before].endswith(_NEGATED_SUFFIX)
    )


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


def phrase_clause(phrase: str, language: Language) -> Clause:
    """A phrase as one clause; its punctuation ends nothing."""
    return _read_clause(phrase, language)


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
