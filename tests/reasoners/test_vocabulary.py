"""Topics of references become rules by how usual they are, and what they do not know is news."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.reasoners.symbolic.vocabulary import (
    News,
    Vocabulary,
    learn_topics,
    vocabulary_rules,
)
from ruler.schemas.induction import Consensus, Topic
from ruler.schemas.rules import Rule, Subject
from tests.support import SENTENCES, TEXTS, lexicon, make_brief, make_rule

LEXICON = lexicon("image", "show", people=["person", "man", "people"])
BRIEF = make_brief(LEXICON)


def learned(*texts: str) -> dict[tuple[Subject, str], Topic]:
    return {(topic.subject, " ".join(topic.key)): topic for topic in learn_topics(texts, LEXICON)}


def topic(phrase: str, captions: int, votes: int = 2, subject: Subject = "environment") -> Topic:
    return Topic(
        subject=subject, key=tuple(phrase.split()), phrase=phrase, captions=captions, votes=votes
    )


def consensus(*topics: Topic, captions: int = 100, batches: int = 4) -> Consensus:
    return Consensus(batches=batches, clips=batches, captions=captions, topics=topics)


def written(*topics: Topic, captions: int = 100, batches: int = 4) -> dict[str, Rule]:
    agreed = consensus(*topics, captions=captions, batches=batches)
    return {rule.id: rule for rule in vocabulary_rules(agreed, BRIEF)}


def test_captions_are_counted_by_topic() -> None:
    found = learned(
        "The image shows a red wall. A wall.",
        "There is a wall. A man is walking, another person is walking.",
        "People are walking. There are no benches.",
    )
    assert found["environment", "wall"].captions == 2
    assert found["environment", "red wall"].phrase == "red wall"
    assert found["human_activity", "walk"].captions == 2
    assert {subject for subject, _ in found} == {"environment", "human_activity"}
    assert ("environment", "bench") not in found
    assert all(topic.votes == 1 for topic in found.values())


def test_a_topic_is_said_as_it_was_said_first() -> None:
    found = learned("TWO\n  Trash  BINS.", "A trash bin.")
    assert found["environment", "trash bin"].phrase == "trash bins"
    assert found["environment", "trash bin"].captions == 2


def test_nothing_is_learned_from_nothing() -> None:
    assert learned() == {}
    assert learned("", "There is nothing.", "13:45") == {}


def test_an_endless_word_is_cut() -> None:
    assert all(len(t.phrase) <= 60 for t in learned("A w" + "o" * 500 + "w wall.").values())


def test_what_a_tenth_speaks_of_is_usual_and_the_rest_is_seldom() -> None:
    rules = written(topic("wall", 60), topic("bench", 10), topic("car", 9), topic("kite", 1))
    usual, seldom = rules["gate.usual-things"], rules["gate.seldom-things"]
    assert usual.look_for == ("wall", "bench")
    assert seldom.look_for == ("car", "kite")
    assert (usual.weight, seldom.weight) == (1.0, 0.5)
    assert set(rules) == {"gate.usual-things", "gate.seldom-things"}
    for rule in rules.values():
        assert (rule.kind, rule.subject, rule.level) == ("normal", "environment", "info")
        assert rule.origin.by == "induced"
        assert rule.origin.votes == "2/4"


def test_things_and_doings_are_apart() -> None:
    rules = written(topic("wall", 60), topic("walking", 60, subject="human_activity"))
    assert rules["gate.usual-doings"].look_for == ("walking",)
    assert rules["gate.usual-doings"].subject == "human_activity"
    assert rules["gate.usual-things"].look_for == ("wall",)


def test_one_batch_alone_makes_nothing_usual() -> None:
    rules = written(topic("wall", 50, votes=1), topic("bench", 50, votes=2))
    assert rules["gate.usual-things"].look_for == ("bench",)
    assert rules["gate.seldom-things"].look_for == ("wall",)
    alone = written(topic("wall", 50, votes=1), batches=1)
    assert alone["gate.usual-things"].look_for == ("wall",)


def test_a_rule_stays_readable() -> None:
    many = [topic(f"thing{number}", 200 - number) for number in range(150)]
    rules = written(*many, captions=200)
    kept = [phrase for rule in rules.values() for phrase in rule.look_for]
    assert kept == [topic.phrase for topic in many[: len(kept)]]
    assert len(kept) < 150


def vocabulary(*rules: Rule) -> Vocabulary:
    return Vocabulary(rules, LEXICON.people, LEXICON.stop_words)


USUAL = make_rule(
    "usual", kind="normal", subject="environment", look_for=["wall", "trash bin", "red"]
)
SELDOM = make_rule(
    "seldom", kind="normal", subject="environment", look_for=["bench", "wall"], weight=0.5
)


def news(text: str, *rules: Rule, subject: Subject = "environment") -> tuple[float, list[str]]:
    """(share, what is quoted)."""
    found = vocabulary(*(rules or (USUAL, SELDOM))).news(text)[subject]
    return found.share, [text[start:stop] for start, stop in found.spans]


@pytest.mark.parametrize(
    ("text", "share", "quotes"),
    [
        ("There is a wall.", 0, []),
        ("There is a bench.", 0.5, ["bench"]),
        ("There is a kite.", 1, ["kite"]),
        ("There is a wall. There is a kite.", 0.5, ["kite"]),
        # A pair is news of its own, where its words are none; a known pair makes its words known.
        ("There is a red wall.", 1 / 3, ["red wall"]),
        ("There is a red kite.", 2 / 3, ["red kite"]),
        ("There is a trash bin.", 0, []),
        ("There is a bin.", 0, []),
        # What counts most is quoted, once.
        ("There is a bench. There is a kite.", 0.75, ["kite", "bench"]),
        ("", 0, []),
        ("There is no kite.", 0, []),
    ],
)
def test_news_is_what_the_rules_do_not_know(text: str, share: float, quotes: list[str]) -> None:
    found, quoted = news(text)
    assert found == pytest.approx(share)
    assert quoted == quotes


def test_the_more_usual_rule_counts() -> None:
    assert news("There is a wall.", SELDOM)[0] == 0.5
    assert news("There is a wall.", SELDOM, USUAL)[0] == 0
    assert news("There is a wall.", USUAL, SELDOM)[0] == 0


def test_doings_are_known_apart_from_things() -> None:
    doing = make_rule("doing", kind="normal", subject="human_activity", look_for=["walking"])
    found = vocabulary(USUAL, doing)
    assert found.knows("environment")
    assert found.knows("human_activity")
    assert not vocabulary(USUAL).knows("human_activity")
    assert not vocabulary(make_rule("bare", kind="normal")).knows("human_activity")
    said = found.news("A man is walking. A man is running by a kite.")
    assert said["human_activity"].share == pytest.approx(0.5)
    assert said["environment"] == News(0.0, ())


def test_no_more_is_quoted_than_one_can_read() -> None:
    text = ". ".join(f"There is a {letter * 5}" for letter in "bcdfghjklm")
    share, quotes = news(text)
    assert share == 1
    assert 1 <= len(quotes) <= 6


@given(st.lists(TEXTS | SENTENCES, max_size=4), TEXTS | SENTENCES)
def test_news_is_a_share_with_quotes_that_do_not_overlap(texts: list[str], text: str) -> None:
    topics = learn_topics(texts, LEXICON)
    rules = list(vocabulary_rules(consensus(*topics, captions=len(texts)), BRIEF))
    found = vocabulary(*rules).news(text)
    for said in found.values():
        assert 0 <= said.share <= 1
        assert bool(said.spans) == (said.share > 0)
        assert all(0 <= start < stop <= len(text) for start, stop in said.spans)
        assert all(a[1] <= b[0] for a, b in pairwise(sorted(said.spans)))


@given(st.lists(SENTENCES, max_size=4), SENTENCES)
def test_what_was_read_before_changes_nothing(before: list[str], text: str) -> None:
    known = vocabulary(USUAL, SELDOM)
    for other in before:
        known.news(other)
    assert known.news(text) == vocabulary(USUAL, SELDOM).news(text)


PLAIN = st.sampled_from(
    "a wall tree bench the red bins of is but and , . ; it's walking running people".split()
)


@given(st.lists(st.lists(PLAIN, max_size=10).map(" ".join), min_size=1, max_size=4))
def test_what_was_learned_is_no_news(texts: list[str]) -> None:
    """A lemma may have a lemma of its own, and a pair may have words between: they are known."""
    topics = learn_topics(texts, LEXICON)
    known = vocabulary(*vocabulary_rules(consensus(*topics, captions=len(texts), batches=1), BRIEF))
    for text in texts:
        assert {said.share for said in known.news(text).values()} == {0}


@pytest.mark.parametrize(
    "text",
    [
        "The wall in the image has trees.",
        "There is a wall with 2 trees.",
        "A wall, maybe a tree.",
        "A wall, no bench, a tree.",
    ],
)
def test_a_pair_over_words_that_do_not_count_is_no_news(text: str) -> None:
    topics = learn_topics([text], LEXICON)
    known = vocabulary(*vocabulary_rules(consensus(*topics, captions=1, batches=1), BRIEF))
    assert known.news(text)["environment"].share == 0
