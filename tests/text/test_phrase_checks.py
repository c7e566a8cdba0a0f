"""What can be told of a phrase before any caption is seen."""

from __future__ import annotations

import pytest
from hypothesis import given

from ruler.text.languages import GERMAN
from ruler.text.phrase_checks import says, why_never_found
from ruler.text.phrases import PhraseIndex, find_phrase
from tests.text.test_phrases import CAPTIONS, PHRASES


@pytest.mark.parametrize(
    ("phrase", "why"),
    [
        ("car - parked", "`-` stands alone"),
        ("+ on a bicycle", "`+` stands alone"),
        ("-parked -car", "all its words are forbidden"),
        ("parked car -cars", "`car` must stand there and must not"),
        ("without a helmet -helmet", "`helmet` must stand there and must not"),
        ("might fall", "what only might be"),
        ("!!!", "no word in it"),
    ],
)
def test_phrases_in_vain(phrase: str, why: str) -> None:
    assert why in (why_never_found(phrase) or "")


@pytest.mark.parametrize(
    "phrase",
    [
        "running -track",
        "+on a bicycle -path -lane",
        "=skateboarding",
        "no helmet",
        "nobody",
        "on the",
    ],
)
def test_phrases_that_can_be_found(phrase: str) -> None:
    assert why_never_found(phrase) is None


@given(PHRASES, CAPTIONS)
def test_what_is_in_vain_is_never_found(phrase: str, caption: str) -> None:
    if why_never_found(phrase) is not None and find_phrase(caption, phrase) is not None:
        # Only a sign that stands alone is read over, for the sake of captions that hold dashes.
        assert "stands alone" in str(why_never_found(phrase))


@pytest.mark.parametrize(
    ("phrase", "other", "holds"),
    [
        ("running fast", "runs", True),
        ("running", "running track", False),
        ("child without an adult", "adult", False),
        ("child without an adult", "no adult", True),
        ("car -parked", "parked car", False),
    ],
)
def test_one_phrase_says_another(phrase: str, other: str, holds: bool) -> None:
    assert says(phrase, other) is holds


@pytest.mark.parametrize(
    ("text", "phrase", "quote"),
    [
        (
            "A worker who wears no helmet walks by.",
            "worker without a helmet",
            "worker who wears no helmet",
        ),
        ("A worker is not wearing a hard hat.", "not wearing a hard hat", "not wearing a hard hat"),
        (
            "A worker isn't wearing gloves.",
            "worker not wearing gloves",
            "worker isn't wearing gloves",
        ),
        ("The child plays, no adult is visible.", "no adult", "no adult"),
        ("A worker wears a helmet.", "worker without a helmet", None),
        (
            "A worker without gloves wears a helmet, and nobody else is there.",
            "no gloves",
            "without gloves",
        ),
        ("No one is there. A helmet lies on the floor.", "no helmet", None),
        (
            "Ein Arbeiter geht ohne Helm durch die Halle.",
            "Arbeiter ohne Helm",
            "Arbeiter geht ohne Helm",
        ),
    ],
)
def test_what_a_phrase_denies_must_be_denied(text: str, phrase: str, quote: str | None) -> None:
    found = find_phrase(text, phrase)
    assert (text[found.start : found.stop] if found else None) == quote
    assert PhraseIndex([[phrase]]).find(text) == ({0: found} if found else {})


def test_denials_are_read_in_the_language_of_the_phrase() -> None:
    assert why_never_found("ohne Helm", GERMAN) is None
    assert says("Arbeiter ohne Helm", "kein Helm", GERMAN)
