"""Topics: what people do, and the things around."""

from __future__ import annotations

import pytest
from hypothesis import example, given

from ruler.text.analysis import sentences
from ruler.text.topics import Topics, topics_of
from tests.support import SENTENCES, TEXTS

PEOPLE = frozenset({"person", "man", "people"})
STOP_WORDS = frozenset({"image", "show"})


def topics(text: str) -> Topics:
    """The topics of all sentences, counted from the start of the text."""
    everything = Topics()
    for at, sentence in sentences(text):
        everything.add(topics_of(sentence, PEOPLE, STOP_WORDS), at)
    return everything


def things(text: str) -> set[str]:
    return {" ".join(topic) for topic in topics(text).things}


def doings(text: str) -> set[str]:
    return {" ".join(topic) for topic in topics(text).doings}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("There is a trash bin.", {"trash", "bin", "trash bin"}),
        (
            "The image shows a red wall and 2 trees.",
            {"red", "wall", "tree", "red wall", "wall tree"},
        ),
        ("There are no cars.", set()),
        ("Maybe a car.", {"car"}),
        ("A building in the evening.", {"building", "evening", "building evening"}),
        # A list has neighbours, too; two sentences have not.
        ("A wall, the tree.", {"wall", "tree", "wall tree"}),
        ("A wall. The tree.", {"wall", "tree"}),
        ("", set()),
    ],
)
def test_things(text: str, found: set[str]) -> None:
    assert things(text) == found
    assert doings(text) == set()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A man is walking past a red wall.", {"walk"}),
        ("Two people are sitting, the third person is reading.", {"sit", "read"}),
        ("Somebody is running.", {"run"}),
        ("The person is not running, standing still.", {"stand"}),
        ("A person wears a hat.", set()),
        # One clause on people makes the sentence one on people.
        ("A man is there, the wall is red.", set()),
    ],
)
def test_doings(text: str, found: set[str]) -> None:
    assert doings(text) == found
    assert things(text) == set()


def test_a_remark_on_what_is_not_meant_is_about_things() -> None:
    assert things("Other than people, the image shows a wall.") >= {"wall"}
    assert doings("Other than people, the image shows a wall.") == set()
    assert doings("Other than people, a man is running.") == {"run"}


def test_every_sentence_for_itself() -> None:
    found = topics("A man is running. There is a wall.")
    assert set(found.doings) == {("run",)}
    assert set(found.things) == {("wall",)}


def test_where_words_do_not_show_it_everything_is_a_doing() -> None:
    """German has no form of a word for what is being done."""
    people = frozenset({"mann"})
    [(_, sentence)] = sentences("Der Mann läuft auf der Straße")
    found = topics_of(sentence, people, STOP_WORDS)
    assert {topic for (topic,) in found.doings} == {"laufen", "straße"}
    [(_, sentence)] = sentences("Auf der Straße ist ein Hund")
    found = topics_of(sentence, people, STOP_WORDS)
    assert {("straße",), ("hund",)} <= set(found.things)
    assert found.doings == {}


def test_a_topic_stands_where_it_is_said_first() -> None:
    text = "There is a wall. Walls and trash bins, another wall."
    found = topics(text).things
    assert found["wall",] == (11, 15)
    assert text[slice(*found["trash", "bin"])] == "trash bins"


@given(TEXTS | SENTENCES)
@example("a wall, the wall; İ runs ١٢ wall")
def test_topics_are_quoted(text: str) -> None:
    found = topics(text)
    for places in (found.things, found.doings):
        for topic, (start, stop) in places.items():
            assert 1 <= len(topic) <= 2
            assert 0 <= start < stop <= len(text)
            assert not set(topic) & (PEOPLE | STOP_WORDS)
    assert all(len(topic) == 1 for topic in found.doings)
    for pair in (topic for topic in found.things if len(topic) == 2):
        assert all((lemma,) in found.things for lemma in pair)
