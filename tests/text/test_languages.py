"""Languages: known by their words, and read by their own cues and lemmas."""

from __future__ import annotations

import pytest

from ruler.text.analysis import analyse, content_tokens
from ruler.text.languages import ENGLISH, LANGUAGES, language_of
from ruler.text.words import FUNCTION_WORDS
from tests.text.scopes import words


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The man is walking on the path with a dog.", "en"),
        ("Der Mann geht mit dem Hund auf die Straße.", "de"),
        ("Un homme marche dans la rue avec une valise.", "fr"),
        ("El hombre camina en la calle con una maleta.", "es"),
        ("", "en"),
        ("13:45 ... 门 🚪", "en"),
        ("Running", "en"),
    ],
)
def test_a_language_is_known_by_its_words(text: str, code: str) -> None:
    assert language_of(text).code == code


@pytest.mark.parametrize(
    ("text", "asserted"),
    [
        ("Kein Mann läuft auf der Straße", ["Kein"]),
        ("Autos sind nicht sichtbar", []),
        ("Der Mann ist nicht nur müde", ["Der", "Mann", "ist", "nicht", "nur", "müde"]),
        ("Vielleicht läuft der Mann, die Frau sitzt", ["Vielleicht", "die", "Frau", "sitzt"]),
        ("Aucune personne dans la rue", ["Aucune"]),
        ("Un homme est dans la rue sans valise", ["Un", "homme", "est", "dans", "la", "rue"]),
        ("No hay coches en la calle", ["No"]),
        ("El hombre corre, la mujer quizás camina", "El hombre corre la mujer quizás".split()),
    ],
)
def test_scopes_in_other_languages(text: str, asserted: list[str]) -> None:
    found = [w for w in words(text, is_negated=False, is_speculated=False) if w != "sans"]
    assert found == asserted


def test_lemmas_are_those_of_the_language() -> None:
    [*_, last] = analyse("Der Mann ist auf der Straße, die Frauen laufen")
    assert last.lemma == "laufen"
    assert "frau" in {token.lemma for token in analyse("Die Frauen sind auf der Straße")}


def test_closed_classes_are_in_lower_case_and_do_not_contradict() -> None:
    assert ENGLISH.function_words == FUNCTION_WORDS
    assert len({language.code for language in LANGUAGES}) == len(LANGUAGES)
    for language in LANGUAGES:
        cues = language.negation | language.speculation
        everything = cues | language.articles | language.function_words | language.markers
        assert all(word == word.lower() and word.strip() for word in everything), language.code
        assert not language.negation & language.speculation, language.code
        assert not cues & language.function_words, language.code
        assert all(len(pair.split()) == 2 for pair in language.pseudo), language.code
        assert all(pair.split()[0] in language.negation for pair in language.pseudo), language.code


@pytest.mark.parametrize("text", ["No cars. Runners everywhere.", "No fire can be seen."])
def test_a_short_denial_is_english(text: str) -> None:
    assert language_of(text) is ENGLISH


@pytest.mark.parametrize(
    ("text", "code"), [("Eine Person geht ohne Helm", "de"), ("Il n'y a pas de voiture", "fr")]
)
def test_a_short_text_is_in_its_own_language(text: str, code: str) -> None:
    assert language_of(text).code == code


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("Der Mann ist auf der Straße", {"mann", "straße"}),
        ("Un homme est dans la rue", {"homme", "rue"}),
        ("La mujer está en la calle", {"mujer", "calle"}),
    ],
)
def test_forms_of_being_are_no_content(text: str, content: set[str]) -> None:
    assert {token.lemma for token in content_tokens(text)} == content
