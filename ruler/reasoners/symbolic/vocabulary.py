"""What captions of a scene usually speak of: learned from references, written as rules, and held
against new captions.

Novelty against a few normal captions is weak alone and useful on top of prior knowledge (measured
on real captions; docs/benchmarks.md). It is weighted by how typical a topic is: what a tenth of the
references speak of is no news at all, what they speak of now and then is half the news.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ruler.schemas.induction import Brief, Consensus, Topic
from ruler.schemas.rules import Origin, Rule, Subject
from ruler.schemas.taxonomy import Lexicon
from ruler.text.analysis import Sentence, phrase_lemmas, sentences
from ruler.text.languages import Language, language_of
from ruler.text.topics import TopicReader, Topics, topic_reader

USUAL, SELDOM = "usual", "seldom"
_OFTEN = 0.1
_HALF_KNOWN = 0.5
_MOST_TOPICS = 60
_LONGEST = 60
_MOST_SPANS = 3
_MOST_SENTENCES = 100_000

_NOUN: dict[Subject, str] = {"environment": "things", "human_activity": "doings"}
_TITLES: dict[tuple[str, Subject], str] = {
    (USUAL, "environment"): "Things that are usually here",
    (SELDOM, "environment"): "Things that are here now and then",
    (USUAL, "human_activity"): "What people usually do here",
    (SELDOM, "human_activity"): "What people do here now and then",
}
_STATEMENTS: dict[tuple[str, Subject], str] = {
    (USUAL, "environment"): "The references speak of these things.",
    (SELDOM, "environment"): "A few references speak of these things.",
    (USUAL, "human_activity"): "In the references, people do this.",
    (SELDOM, "human_activity"): "In a few references, people do this.",
}

Span = tuple[int, int]


def learn_topics(texts: Iterable[str], lexicon: Lexicon) -> tuple[Topic, ...]:
    """What the captions of one batch speak of, in the order in which they first do."""
    reader = topic_reader(frozenset(lexicon.people), frozenset(lexicon.stop_words))
    counts: Counter[tuple[Subject, tuple[str, ...]]] = Counter()
    said: dict[tuple[Subject, tuple[str, ...]], str] = {}
    for text in texts:
        found = _topics(text, reader)
        for subject, places in (("environment", found.things), ("human_activity", found.doings)):
            for key, (start, stop) in places.items():
                topic: tuple[Subject, tuple[str, ...]] = (subject, key)  # type: ignore[assignment]
                counts[topic] += 1
                said.setdefault(topic, _said(text[start:stop], key))
    return tuple(
        Topic(subject=subject, key=key, phrase=said[subject, key][:_LONGEST], captions=count)
        for (subject, key), count in counts.items()
    )


def _said(span: str, key: tuple[str, ...]) -> str:
    """How a topic reads in a rule: as it was said, or as its words alone where others that count
    stand between them."""
    words = span.lower().split()
    language = language_of(span)
    content = [w for w in phrase_lemmas(span, language) if w not in language.function_words]
    if len(key) > 1 and tuple(content) != key:
        words = [words[0].strip(",.;"), words[-1].strip(",.;")]
    return " ".join(words)


def _topics(text: str, reader: TopicReader) -> Topics:
    everything = Topics()
    for offset, sentence in sentences(text):
        everything.add(reader.topics(sentence), offset)
    return everything


def vocabulary_rules(consensus: Consensus, brief: Brief) -> Iterator[Rule]:
    """Normal rules that name what is usually spoken of: by subject, what is frequent and what is
    seldom."""
    for subject, noun in _NOUN.items():
        kept = [topic for topic in consensus.topics if topic.subject == subject][:_MOST_TOPICS]
        often = [topic for topic in kept if _is_usual(topic, consensus)]
        for how, topics in ((USUAL, often), (SELDOM, [t for t in kept if t not in often])):
            if topics:
                votes = max(topic.votes for topic in topics)
                yield Rule(
                    id=f"{brief.scene}.{how}-{noun}",
                    title=_TITLES[how, subject],
                    kind="normal",
                    level="info",
                    subject=subject,
                    statement=_STATEMENTS[how, subject],
                    look_for=tuple(topic.phrase for topic in topics),
                    weight=1.0 if how == USUAL else _HALF_KNOWN,
                    origin=Origin(
                        by="induced", votes=f"{votes}/{consensus.batches}", model="symbolic"
                    ),
                )


def _is_usual(topic: Topic, consensus: Consensus) -> bool:
    """Enough captions speak of it, and not those of one batch alone."""
    return topic.captions >= _OFTEN * consensus.captions and topic.votes >= min(
        2, consensus.batches
    )


@dataclass(frozen=True)
class News:
    """How much of what a caption speaks of is news, in [0, 1], and where it says so."""

    share: float
    spans: tuple[Span, ...]


NO_NEWS = News(0.0, ())


@dataclass(frozen=True)
class _Heard:
    """Topics with how much of each is news, and where it stands: {topic: (news, start, stop)}."""

    topics: Mapping[tuple[str, ...], tuple[float, int, int]]

    @cached_property
    def alone(self) -> tuple[float, tuple[Span, ...]]:
        """The mean of the news, and the heaviest spans."""
        said = self.topics.values()
        spans = sorted((-news, start, stop) for news, start, stop in said if news > 0)
        return sum(news for news, _, _ in said) / len(said), _apart(spans)


class Vocabulary:
    """What the normal rules of a rule set know: by subject and topic, how typical it is."""

    def __init__(
        self, normal: Iterable[Rule], people: Iterable[str], stop_words: Iterable[str]
    ) -> None:
        self._phrases: dict[str, float] = {}
        self._subjects: set[Subject] = set()
        for rule in normal:
            for phrase in rule.look_for:
                self._phrases[phrase] = max(self._phrases.get(phrase, 0.0), rule.weight)
                self._subjects.add(rule.subject)
        self._reader = topic_reader(frozenset(people), frozenset(stop_words))
        self._known: dict[str, dict[tuple[str, ...], float]] = {}
        self._sentences: dict[tuple[str, str], dict[Subject, _Heard]] = {}

    def knows(self, subject: Subject) -> bool:
        """True where a normal rule has words on the subject; elsewhere everything would be news."""
        return subject in self._subjects

    def news(self, text: str) -> dict[Subject, News]:
        """By subject, the mean news of the topics a caption speaks of; heaviest spans first."""
        placed = [(offset, self._heard(sentence)) for offset, sentence in sentences(text)]
        return {
            subject: _news([(offset, heard[subject]) for offset, heard in placed])
            for subject in _NOUN
        }

    def _heard(self, sentence: Sentence) -> dict[Subject, _Heard]:
        key = (sentence.text, sentence.language.code)
        heard = self._sentences.get(key)
        if heard is None:
            if len(self._sentences) >= _MOST_SENTENCES:
                self._sentences.clear()
            topics = self._reader.topics(sentence)
            typical = self._typical(sentence.language)
            heard = self._sentences[key] = {
                "environment": _weighed(topics.things, typical),
                "human_activity": _weighed(topics.doings, typical),
            }
        return heard

    def _typical(self, language: Language) -> Mapping[tuple[str, ...], float]:
        """How typical a topic is, by its lemmas in a language.

        A phrase makes its single words known, too. A word that a rule file holds as a lemma may
        have another lemma (saws, saw, see): it counts as it is written as well.
        """
        known = self._known.get(language.code)
        if known is None:
            known = {}
            for phrase, weight in self._phrases.items():
                content = tuple(
                    lemma
                    for lemma in phrase_lemmas(phrase, language)
                    if lemma not in language.function_words
                )
                words = tuple(phrase.lower().split())
                for key in (content, words, *((word,) for word in content + words)):
                    known[key] = max(known.get(key, 0.0), weight)
            self._known[language.code] = known
        return known


def _weighed(
    heard: Mapping[tuple[str, ...], Span], typical: Mapping[tuple[str, ...], float]
) -> _Heard:
    """A pair counts beside its words, so that "blue wall" is news where "blue" and "wall" are
    not."""
    return _Heard({topic: (1.0 - typical.get(topic, 0.0), *at) for topic, at in heard.items()})


def _news(placed: Sequence[tuple[int, _Heard]]) -> News:
    """The mean over all topics of a caption, each counted where it stands first."""
    speaking = [(offset, heard) for offset, heard in placed if heard.topics]
    if not speaking:
        return NO_NEWS
    if len(speaking) == 1:
        [(offset, heard)] = speaking
        share, spans = heard.alone
    else:
        offset, together = 0, {}
        for at, heard in speaking:
            for topic, (news, start, stop) in heard.topics.items():
                if topic not in together:
                    together[topic] = (news, start + at, stop + at)
        share, spans = _Heard(together).alone
    return News(share, tuple((start + offset, stop + offset) for start, stop in spans))


def _apart(spans: Sequence[tuple[float, int, int]]) -> tuple[Span, ...]:
    """The first few spans that do not overlap: evidence is quoted once."""
    kept: list[Span] = []
    for _, start, stop in spans:
        if all(stop <= other[0] or start >= other[1] for other in kept):
            kept.append((start, stop))
            if len(kept) == _MOST_SPANS:
                break
    return tuple(kept)
