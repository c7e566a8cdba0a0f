"""Tokens: lemmas, clauses, and the scopes of negation and speculation."""

from __future__ import annotations

import pytest
from hypothesis import example, given

from ruler.text.analysis import analyse, content_tokens, lemma_of
from tests.support import SENTENCES, TEXTS


def words(text: str, **scope: bool) -> list[str]:
    """The words of a text whose tokens have these scopes."""
    return [
        text[token.start : token.stop]
        for token in analyse(text)
        if all(getattr(token, name) == value for name, value in scope.items())
    ]


def clauses(text: str) -> list[str]:
    """The words of each clause."""
    numbers = {token.clause for token in analyse(text)}
    return [
        " ".join(text[t.start : t.stop] for t in analyse(text) if t.clause == number)
        for number in sorted(numbers)
    ]


@pytest.mark.parametrize(
    ("word", "lemma"),
    [
        ("standing", "stand"),
        ("stands", "stand"),
        ("stood", "stand"),
        ("People", "people"),
        ("bicycles", "bicycle"),
        ("RIDING", "ride"),
        ("men", "man"),
    ],
)
def test_lemmas(word: str, lemma: str) -> None:
    assert lemma_of(word) == lemma


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("He runs. She walks", ["He runs", "She walks"]),
        ("He runs; she walks: fast! why? so", ["He runs", "she walks", "fast", "why", "so"]),
        ("He runs\nshe walks", ["He runs", "she walks"]),
        ("He runs, she walks", ["He runs she walks"]),
        ("He runs but she walks", ["He runs", "but she walks"]),
        ("A figure moves at 2.3 times the usual speed", None),
        ("It is 12:30 now", None),
        ("Two stand there\n2 run", ["Two stand there", "2 run"]),
        ("It ends at 5. Then 3 leave", ["It ends at 5", "Then 3 leave"]),
        ("It ends.3 leave", ["It ends", "3 leave"]),
        ("However a man runs", None),
        ("", []),
        ("...", []),
    ],
)
def test_clauses(text: str, parts: list[str] | None) -> None:
    found = clauses(text)
    if parts is None:
        assert len(found) == 1
    else:
        assert found == parts


@pytest.mark.parametrize(
    ("text", "negated"),
    [
        ("No person is here", ["person", "is", "here"]),
        ("A man is not running", ["running"]),
        ("A man isn't running", ["running"]),
        ("A man isn’t running", ["running"]),
        ("Nobody runs. A dog runs", ["runs"]),
        ("No person, a dog runs", ["person"]),
        ("No person but a dog runs", ["person"]),
        ("No person except a dog", ["person"]),
        ("A man runs without a shirt", ["a", "shirt"]),
        ("A man runs", []),
        ("A notable man runs", []),
    ],
)
def test_negation(text: str, negated: list[str]) -> None:
    assert words(text, is_negated=True) == negated


@pytest.mark.parametrize(
    ("text", "speculated"),
    [
        ("He may run", ["run"]),
        ("Possibly a thief. A man walks", ["a", "thief"]),
        ("He might run, or walk", ["run", "or", "walk"]),
        ("He might run but she walks", ["run"]),
        ("He runs", []),
        ("In mayhem he runs", []),
    ],
)
def test_speculation(text: str, speculated: list[str]) -> None:
    assert words(text, is_speculated=True) == speculated


def test_content_says_something() -> None:
    text = "There is no van. The 2 men aren't running, maybe a dog walks on"
    assert [token.lemma for token in content_tokens(text)] == ["man", "dog", "walk"]
    assert [token.lemma for token in content_tokens(text, frozenset({"dog"}))] == ["man", "walk"]


def test_a_quiet_caption_has_no_content() -> None:
    """The cue itself is no news: else "no" would be an unheard word of every quiet scene."""
    assert content_tokens("There is no movement, and nobody is there.") == []


@given(TEXTS | SENTENCES)
@example("İ’s ǅ-ß ﬁne ١٢ 门 🚪 a\u0301 \u202e no\x00t n't")
@example("' - ’ --- a-' 'b")
def test_every_token_slices_back(text: str) -> None:
    stop, clause = 0, 0
    for token in analyse(text):
        assert stop <= token.start < token.stop <= len(text)
        assert token.clause in (clause, clause + 1)
        assert token.lemma
        assert token.lemma == lemma_of(text[token.start : token.stop])
        stop, clause = token.stop, token.clause
    assert set(content_tokens(text)) <= set(analyse(text))
