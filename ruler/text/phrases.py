"""Finding phrases in a caption, as a rule's `look_for` means it (DESIGN section 3a).

A phrase is found where all its content words stand in one clause, compared by lemma, neither
negated nor speculated. Three signs make a phrase exact: a word with a minus must not be in that
clause ("car -parked" is not found in "a car is parked"), a function word with a plus must stand
where the phrase has it ("+on a bicycle" is not found in "past a bicycle"), and a word with an
equals sign must stand in this very form ("=skateboarding" is not found in "with a skateboard").

What a phrase denies must be denied in the clause: "worker without a helmet" is found in "a worker
who wears no helmet", and not in "a worker with a helmet".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ruler.text.analysis import Sentence, phrase_clause, phrase_lemmas, read, sentences
from ruler.text.languages import Language
from ruler.text.words import Clause


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase found at [start, stop); `strength` in (0, 1] is the share of its words that stand
    there."""

    phrase: str
    start: int
    stop: int
    strength: float

    def moved(self, offset: int) -> Found:
        """The same, counted from `offset` characters before."""
        return Found(self.phrase, self.start + offset, self.stop + offset, self.strength)


@dataclass(frozen=True)
class Wanted:
    """A phrase in a language: the lemmas that must stand in a clause, all of its lemmas in order,
    those that must be denied there, those that must not be there, function words and forms that
    must, and the function words around its content words."""

    phrase: str
    content: frozenset[str]
    everything: tuple[str, ...]
    denied: frozenset[str]
    unwanted: frozenset[str]
    needed: frozenset[str]
    forms: frozenset[str]
    before: frozenset[str]
    after: frozenset[str]


@lru_cache(maxsize=32768)
def wanted(phrase: str, language: Language) -> Wanted:
    """What to look for in captions of a language."""
    words = phrase.split()
    kept = [word.lstrip("+=") for word in words if not is_signed(word, "-")]
    unwanted = [word[1:] for word in words if is_signed(word, "-")]
    needed = [word[1:] for word in words if is_signed(word, "+")]
    clause = phrase_clause(" ".join(kept), language)
    denied = clause.denied - language.function_words
    everything = tuple(
        token.lemma
        for token in clause.tokens
        if not (denied and (token.is_negated or clause.is_cue(token)))
    )
    content = frozenset(lemma for lemma in everything if lemma not in language.function_words)
    content = content or (frozenset() if denied else frozenset(everything))
    places = [place for place, lemma in enumerate(everything) if lemma in content]
    return Wanted(
        phrase=phrase,
        content=content,
        everything=everything if content else (),
        denied=denied,
        unwanted=frozenset(phrase_lemmas(" ".join(unwanted), language)),
        needed=frozenset(phrase_lemmas(" ".join(needed), language)),
        forms=frozenset(word[1:].lower() for word in words if is_signed(word, "=")),
        before=frozenset(everything[: places[0]]) if places else frozenset(),
        after=frozenset(everything[places[-1] + 1 :]) if places else frozenset(),
    )


def is_signed(word: str, sign: str) -> bool:
    """Whether a word of a phrase carries a sign."""
    return len(word) > 1 and word.startswith(sign) and word[1].isalpha()


_Hits = tuple[tuple[int, Found], ...]
"""(group, its strongest phrase), by group."""


class PhraseIndex:
    """Many groups of phrases, tried together on one sentence after another.

    Sentences and clauses are tried once, wherever they stand; phrases are looked up by one of their
    words, so that the cost does not grow with their number. Safe to share by threads: it only
    remembers.
    """

    def __init__(self, groups: Sequence[Iterable[str]]) -> None:
        self._groups = [tuple(group) for group in groups]
        self._by_lemma: dict[str, dict[str, list[tuple[int, Wanted]]]] = {}
        self._known: dict[tuple[str, str], _Hits] = {}
        self._clauses: dict[tuple[str, str], _Hits] = {}

    def find(self, text: str) -> dict[int, Found]:
        """The strongest phrase of each group that is found in `text`; the first of equals."""
        best: dict[int, Found] = {}
        for offset, sentence in sentences(text):
            key = (sentence.text, sentence.language.code)
            hits = self._known.get(key)
            if hits is None:
                if len(self._known) >= _MOST_SENTENCES:
                    self._known.clear()
                hits = self._known[key] = tuple(self._in_sentence(sentence))
            for group, found in hits:
                known = best.get(group)
                if known is None or found.strength > known.strength:
                    best[group] = found.moved(offset)
        return best

    def _in_sentence(self, sentence: Sentence) -> Iterable[tuple[int, Found]]:
        best: dict[int, Found] = {}
        for offset, clause in sentence.clauses:
            key = (clause.text, clause.language.code)
            hits = self._clauses.get(key)
            if hits is None:
                if len(self._clauses) >= _MOST_SENTENCES:
                    self._clauses.clear()
                hits = self._clauses[key] = tuple(self._try(clause))
            for group, found in hits:
                if group not in best or found.strength > best[group].strength:
                    best[group] = found.moved(offset)
        return sorted(best.items())

    def _try(self, clause: Clause) -> Iterable[tuple[int, Found]]:
        index = self._index(clause.language)
        best: dict[int, Found] = {}
        said = clause.lemmas | clause.denied if clause.denied else clause.lemmas
        for lemma in said & index.keys():
            for group, sought in index[lemma]:
                found = in_clause(clause, sought)
                if found and (group not in best or _order(found) < _order(best[group])):
                    best[group] = found
        return sorted(best.items())

    def _index(self, language: Language) -> dict[str, list[tuple[int, Wanted]]]:
        """Phrases by the longest of their content words, which is mostly the rarest."""
        index = self._by_lemma.get(language.code)
        if index is None:
            index = {}
            for group, phrases in enumerate(self._groups):
                for phrase in phrases:
                    sought = wanted(phrase, language)
                    if words := sought.content or sought.denied:
                        rarest = max(words, key=lambda lemma: (len(lemma), lemma))
                        index.setdefault(rarest, []).append((group, sought))
            self._by_lemma[language.code] = index
        return index


_MOST_SENTENCES = 100_000


def find_phrase(text: str, phrase: str) -> Found | None:
    """The best place where all content words of `phrase` stand in one clause of `text`.

    Function words may be missing and lower the strength: "stands by the door" holds 3 of the 4
    words of "standing at the door".

    Returns:
        The strongest, then shortest, then first place; None where there is none.
    """
    return min(_hits(text, phrase), key=_rank, default=None)


def find_any(text: str, phrases: Iterable[str]) -> Found | None:
    """The strongest of several phrases; the first of equals."""
    found = [hit for phrase in phrases if (hit := find_phrase(text, phrase)) is not None]
    return max(found, key=lambda hit: hit.strength, default=None)


def _hits(text: str, phrase: str) -> Iterable[Found]:
    for offset, clause in read(text):
        found = in_clause(clause, wanted(phrase, clause.language))
        if found is not None:
            yield found.moved(offset)


def in_clause(clause: Clause, sought: Wanted) -> Found | None:
    """The strongest, then shortest span of the clause that holds all content words."""
    if not sought.content <= clause.lemmas or not sought.denied <= clause.denied:
        return None
    if sought.unwanted and sought.unwanted & clause.lemmas:
        return None
    if sought.denied:
        return _with_denial(clause, sought)
    return _asserted(clause, sought)


def _with_denial(clause: Clause, sought: Wanted) -> Found | None:
    """What is asserted, together with what is denied and the word that denies it."""
    tokens = clause.tokens
    places = [
        place
        for place, token in enumerate(tokens)
        if token.is_negated and token.lemma in sought.denied
    ]
    first, last = places[0], places[-1]
    while first > 0 and tokens[first - 1].is_negated:
        first -= 1
    first -= first > 0 and clause.is_cue(tokens[first - 1])
    start, stop, strength = tokens[first].start, tokens[last].stop, 1.0
    if sought.content:
        found = _asserted(clause, sought)
        if found is None:
            return None
        start, stop = min(start, found.start), max(stop, found.stop)
        strength = found.strength
    return Found(sought.phrase, start, stop, strength)


def _asserted(clause: Clause, sought: Wanted) -> Found | None:
    """The best span of what is asserted."""
    if not sought.content:
        return None
    tokens = clause.asserted
    candidates: list[Found] = []
    last_seen: dict[str, int] = {}
    for position, token in enumerate(tokens):
        if token.lemma not in sought.content:
            continue
        last_seen[token.lemma] = position
        if len(last_seen) == len(sought.content):
            span = _span(clause, min(last_seen.values()), position, sought)
            if span is not None:
                candidates.append(span)
    return min(candidates, key=_rank, default=None)


def _span(clause: Clause, first: int, last: int, sought: Wanted) -> Found | None:
    """The span of content words first..last, with the phrase's function words around it; None
    where a word that must stand there, or in one form, does not."""
    tokens = clause.asserted
    while first > 0 and tokens[first - 1].lemma in sought.before:
        first -= 1
    while last + 1 < len(tokens) and tokens[last + 1].lemma in sought.after:
        last += 1
    inside = {token.lemma for token in tokens[first : last + 1]}
    if not sought.needed <= inside:
        return None
    if sought.forms and not sought.forms <= {
        clause.text[token.start : token.stop].lower() for token in tokens[first : last + 1]
    }:
        return None
    strength = sum(lemma in inside for lemma in sought.everything) / len(sought.everything)
    return Found(sought.phrase, tokens[first].start, tokens[last].stop, strength)


def _rank(found: Found) -> tuple[float, int, int]:
    """Strongest, then shortest, then first."""
    return -found.strength, found.stop - found.start, found.start


def _order(found: Found) -> tuple[float, int, int, str]:
    """A total order, so that the phrase that stands for its group is always the same."""
    return (*_rank(found), found.phrase)
