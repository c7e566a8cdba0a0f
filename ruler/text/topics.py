"""What a caption speaks of: the things around, and what people do.

AnomalyRuler (ECCV 2024, section 3.1) tells human activities from environmental objects, and so do
the rules that are induced here. A sentence about people gives doings ("walking", "sitting"), any
other sentence gives things: words, and pairs of words that stand side by side ("trash bin").
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from ruler.text.analysis import Sentence
from ruler.text.words import Clause, Token

Topic = tuple[str, ...]
"""One or two lemmas."""


@dataclass
class Topics:
    """By topic, where it stands first: [start, stop) in characters."""

    things: dict[Topic, tuple[int, int]] = field(default_factory=dict)
    doings: dict[Topic, tuple[int, int]] = field(default_factory=dict)

    def add(self, other: Topics, offset: int) -> None:
        """Take in the topics of a part that begins at `offset`."""
        for mine, others in ((self.things, other.things), (self.doings, other.doings)):
            for topic, (start, stop) in others.items():
                mine.setdefault(topic, (start + offset, stop + offset))


class TopicReader:
    """Reads the topics of sentences, each once, wherever it stands. Safe to share by threads.

    Args:
        people: Lemmas that mean people.
        stop_words: Lemmas that carry no news in any scene.
    """

    def __init__(self, people: frozenset[str], stop_words: frozenset[str]) -> None:
        self._people, self._stop_words = people, stop_words
        self._known: dict[tuple[str, str], Topics] = {}

    def topics(self, sentence: Sentence) -> Topics:
        """The topics of one sentence; not to be changed."""
        key = (sentence.text, sentence.language.code)
        topics = self._known.get(key)
        if topics is None:
            if len(self._known) >= _MOST_SENTENCES:
                self._known.clear()
            topics = self._known[key] = topics_of(sentence, self._people, self._stop_words)
        return topics


_MOST_SENTENCES = 65536

# Rule sets of one lexicon share what was read, so that other rules do not read anew.
topic_reader = lru_cache(maxsize=4)(TopicReader)


def topics_of(sentence: Sentence, people: frozenset[str], stop_words: frozenset[str]) -> Topics:
    """The topics of one sentence.

    Args:
        sentence: As `ruler.text.analysis.sentences` gives it.
        people: Lemmas that mean people.
        stop_words: Lemmas that carry no news in any scene.
    """
    ignored = people | stop_words
    placed = [
        (offset, clause, [token for token in clause.content if token.lemma not in ignored])
        for offset, clause in sentence.clauses
    ]
    topics = Topics()
    if any(_is_human(clause, people) for _, clause in sentence.clauses):
        for offset, clause, tokens in placed:
            topics.add(Topics(doings=dict(_doings(tokens, clause))), offset)
        return topics
    words = [
        (token.lemma, token.start + offset, token.stop + offset)
        for offset, _, tokens in placed
        for token in tokens
    ]
    return Topics(things=dict(_things(words)))


def _is_human(clause: Clause, people: frozenset[str]) -> bool:
    """Speaks of people or of what somebody does; "other than people" does not."""
    if clause.text.lower().startswith(clause.language.aside):
        return False
    return any(token.is_activity or token.lemma in people for token in clause.tokens)


def _doings(tokens: list[Token], clause: Clause) -> Iterator[tuple[Topic, tuple[int, int]]]:
    """What is being done; where a language's words do not show it, everything that is said."""
    for token in tokens:
        if token.is_activity or clause.language.activity is None:
            yield (token.lemma,), (token.start, token.stop)


def _things(words: Sequence[tuple[str, int, int]]) -> Iterator[tuple[Topic, tuple[int, int]]]:
    """Words and neighbours, of which a list has some, too: "trees, a bench"."""
    for lemma, start, stop in words:
        yield (lemma,), (start, stop)
    for (first, start, _), (second, _, stop) in itertools.pairwise(words):
        yield (first, second), (start, stop)
