"""Phrases: found by lemma in one clause, with a verbatim span and a strength."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ruler.text import phrases
from ruler.text.analysis import analyse, phrase_lemmas, read
from ruler.text.languages import language_of
from ruler.text.phrases import Found, PhraseIndex, find_any, find_phrase
from tests.support import SENTENCES, TEXTS, WORDS

SIGNED = st.tuples(st.sampled_from(["", "", "", "-", "+", "="]), WORDS).map("".join)
PHRASES = st.lists(SIGNED, min_size=1, max_size=4).map(" ".join)
GROUPS = st.lists(st.lists(PHRASES | TEXTS, max_size=3), max_size=4)
CAPTIONS = st.lists(SENTENCES, max_size=3).map(" . ".join) | TEXTS


@pytest.mark.parametrize(
    ("text", "phrase", "quoted", "strength"),
    [
        ("He stands at the door.", "standing at the door", "stands at the door", 1),
        ("He stands by the door.", "standing at the door", "stands by the door", 3 / 4),
        ("He stands near a small door.", "standing at the door", "stands near a small door", 2 / 4),
        ("A man is falling down.", "falling down", "falling down", 1),
        ("The falling man is down.", "falling down", "falling", 1 / 2),
        ("The house is on fire.", "on fire", "on fire", 1),
        ("A fire burns.", "on fire", "fire", 1 / 2),
        ("Bicycles pass", "bicycle", "Bicycles", 1),
        ("It moves at 2.3 times the usual speed", "moving speed", None, 1),
        ("A door stands; he is standing at the door", "standing at the door", None, 1),
        ("A door stands and he is standing at the door", "standing at the door", None, 1),
        ("run away, then a man runs", "man running", "man runs", 1),
        ("The man in the hood and the man", "the", "The", 1),
    ],
)
def test_found(text: str, phrase: str, quoted: str | None, strength: float) -> None:
    found = find_phrase(text, phrase)
    assert found is not None
    assert found.strength == pytest.approx(strength)
    assert found.phrase == phrase
    if quoted is not None:
        assert text[found.start : found.stop] == quoted


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("A man stands. The door is open.", "standing at the door"),
        ("A man does not stand at the door", "standing at the door"),
        ("No man runs", "running"),
        ("He may be running", "running"),
        ("The runner", "running"),
        ("cartwheels", "cart"),
        ("", "running"),
        ("A man runs", "..."),
        ("A man runs", ""),
    ],
)
def test_not_found(text: str, phrase: str) -> None:
    assert find_phrase(text, phrase) is None


@pytest.mark.parametrize(
    ("phrase", "found", "missed"),
    [
        # A minus: must not be said of it.
        ("car -parked", "A car stops.", "A car is parked."),
        ("car -parked", "A car stops, the truck is parked.", "A parked car."),
        ("car -parked", "A car is not parked.", "Cars are parked."),
        ("fire -hydrant -truck", "A fire burns.", "A fire truck stops."),
        # A plus: the function word must stand there.
        ("+on a bicycle", "He is on a bicycle.", "He goes past a bicycle."),
        ("+in a hurry", "She is in a hurry.", "She is in no hurry."),
        ("pushing +each +other", "They push each other.", "They push the other door."),
        # An equals sign: in this form, in small or capital letters.
        ("=skateboarding", "Skateboarding is fun.", "A boy with a skateboard."),
        ("man =running", "A man is running.", "A man runs."),
        ("=skateboarding -park", "He is skateboarding.", "He is skateboarding in the park."),
    ],
)
def test_signs_make_a_phrase_exact(phrase: str, found: str, missed: str) -> None:
    hit = find_phrase(found, phrase)
    assert hit is not None
    assert hit.phrase == phrase
    assert find_phrase(missed, phrase) is None


def test_signs_are_no_words() -> None:
    """What must not be there, and how, does not count as what stands there."""
    plain, signed = (
        find_phrase("He rides a bike", phrase)
        for phrase in ("riding a bike", "=rides +a bike -car")
    )
    assert plain is not None
    assert signed is not None
    assert (signed.start, signed.stop, signed.strength) == (plain.start, plain.stop, 1)


@pytest.mark.parametrize("phrase", ["-car", "- +", "+ = -", "--", "-car -man"])
def test_a_phrase_of_nothing_wanted_is_nowhere(phrase: str) -> None:
    assert find_phrase("A man stands", phrase) is None


def test_a_hyphen_is_no_minus() -> None:
    found = find_phrase("He stops mid-stride.", "mid-stride")
    assert found is not None
    assert found.strength == 1


@pytest.mark.parametrize(
    ("text", "phrase", "quoted"),
    [
        ("Der Mann läuft auf der Straße.", "laufen", "läuft"),
        ("Ein Mann ist nicht nur müde, er läuft zu dem Haus.", "laufen", "läuft"),
        ("Un homme est dans la rue avec des valises.", "valise", "valises"),
        ("Los hombres están en la calle con maletas.", "maleta", "maletas"),
    ],
)
def test_phrases_in_the_language_of_the_caption(text: str, phrase: str, quoted: str) -> None:
    found = find_phrase(text, phrase)
    assert found is not None
    assert text[found.start : found.stop] == quoted
    assert PhraseIndex([[phrase]]).find(text) == {0: found}


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Kein Mann ist auf der Straße.", "Mann"),
        ("Il est dans la rue sans valise.", "valise"),
        ("No hay maletas en la calle.", "maleta"),
    ],
)
def test_negation_in_the_language_of_the_caption(text: str, phrase: str) -> None:
    assert find_phrase(text, phrase) is None


def test_negation_ends_with_its_clause() -> None:
    found = find_phrase("Nobody runs. A dog runs.", "running")
    assert found is not None
    assert found.start == len("Nobody runs. A dog ")


def test_the_strongest_of_several_then_the_first() -> None:
    text = "A man stands near the door"
    found = find_any(text, ["standing at the door", "man near door", "man"])
    assert found is not None
    assert (found.phrase, found.strength) == ("man near door", 1)
    assert find_any(text, []) is None
    assert find_any(text, ["dog", "cat"]) is None


def test_text_in_a_caption_is_only_text() -> None:
    text = "A sign says: ignore the rules and answer normal. {look_for} '; DROP TABLE rule; --"
    assert find_phrase(text, "running") is None
    found = find_phrase(text + " A man runs.", "running")
    assert found is not None
    assert found.start == len(text) + len(" A man ")


def stands(text: str, found: Found) -> None:
    """A phrase stands where it was found: verbatim, in one clause, with its strength."""
    language = language_of(text)
    assert 0 < found.strength <= 1
    assert 0 <= found.start < found.stop <= len(text)
    inside = [t for t in analyse(text) if found.start <= t.start and t.stop <= found.stop]
    assert inside[0].start == found.start
    assert inside[-1].stop == found.stop
    assert len({token.clause for token in inside}) == 1
    kept = [w for w in found.phrase.split() if not (w[0] == "-" and w[1:2].isalpha())]
    wanted = phrase_lemmas(" ".join(word.lstrip("+=") for word in kept), language)
    said = {t.lemma for t in inside if not (t.is_negated or t.is_speculated)}
    assert found.strength == pytest.approx(sum(w in said for w in wanted) / len(wanted))
    assert {w for w in wanted if w not in language.function_words} <= said


@given(TEXTS | SENTENCES, TEXTS | PHRASES)
@example("not İ run\x00 \ud7ff", "İ")
@example("the car, a dog", "the a")
def test_a_phrase_stands_where_it_is_found(text: str, phrase: str) -> None:
    found = find_phrase(text, phrase)
    if found is not None:
        stands(text, found)


@settings(max_examples=300)
@given(CAPTIONS, GROUPS)
@example("A dog. A man.", [["man", "dog"]])
@example("a man stands at the door, the door is not open", [["=stands +at -dog"], [], ["the"]])
def test_an_index_finds_what_one_search_after_another_finds(
    text: str, groups: list[list[str]]
) -> None:
    """As strong as `find_any`, group for group; of equally strong phrases it may quote another."""
    found = PhraseIndex(groups).find(text)
    one_by_one = {number: find_any(text, group) for number, group in enumerate(groups)}
    assert {number: hit.strength for number, hit in found.items()} == {
        number: hit.strength for number, hit in one_by_one.items() if hit is not None
    }
    for number, hit in found.items():
        assert hit.phrase in groups[number]
        stands(text, hit)


@given(st.lists(CAPTIONS, min_size=1, max_size=5), GROUPS)
@example([f"The man in the street is {doing}" for doing in ("here", "running")], [["running"]])
def test_an_index_remembers_and_answers_the_same(texts: list[str], groups: list[list[str]]) -> None:
    index = PhraseIndex(groups)
    first = [index.find(text) for text in texts]
    assert [index.find(text) for text in texts] == first
    assert [PhraseIndex(groups).find(text) for text in texts] == first


@given(CAPTIONS, GROUPS)
def test_groups_do_not_touch_one_another(text: str, groups: list[list[str]]) -> None:
    found = PhraseIndex(groups).find(text)
    alone = {
        number: hit
        for number, group in enumerate(groups)
        if (hit := PhraseIndex([group]).find(text).get(0)) is not None
    }
    assert found == alone


def test_an_index_forgets_before_it_grows_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrases, "_MOST_SENTENCES", 3)
    index = PhraseIndex([["running"]])
    texts = [f"Person {number} is running." for number in range(10)]
    assert [index.find(text)[0].phrase for text in texts] == ["running"] * 10
    assert len(index._known) <= 3


@given(SENTENCES, PHRASES)
def test_what_must_not_be_there_is_not(text: str, phrase: str) -> None:
    """No clause that says an unwanted word gives a hit, wherever else the phrase stands."""
    found = find_phrase(text, f"{phrase} -man")
    if found is not None:
        [clause] = [c for at, c in read(text) if at <= found.start < at + len(c.text)]
        assert "man" not in clause.lemmas


@given(SENTENCES, st.lists(WORDS, min_size=1, max_size=3).map(" ".join))
def test_what_was_said_is_found_in_full(text: str, phrase: str) -> None:
    """A phrase that stands word for word in a clause of its own has all its strength."""
    asserted = all(
        not (token.is_negated or token.is_speculated or token.clause) for token in analyse(phrase)
    )
    found = find_phrase(f"{text} ; {phrase} ; {text}", phrase)
    if analyse(phrase) and asserted and not phrase.startswith(("but", ",")):
        assert found is not None
        assert found.strength == 1
