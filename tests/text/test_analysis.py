"""Tokens: lemmas, clauses, and the scopes of negation and speculation."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, example, given

from ruler.text.analysis import analyse, content_tokens, read, sentences
from ruler.text.languages import language_of
from ruler.text.words import lemma_of
from tests.support import SENTENCES, TEXTS
from tests.text.scopes import words


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
        ("He runs, she walks", ["He runs", "she walks"]),
        ("A man, a woman and a dog", ["A man", "a woman and a dog"]),
        ("A man runs, and then the dog runs", ["A man runs", "the dog runs"]),
        ("Trees, cars, and bikes", ["Trees cars and bikes"]),
        ("He runs, fast", ["He runs fast"]),
        ("He runs, area free", ["He runs area free"]),
        ("He runs but she walks", ["He runs", "but she walks"]),
        ("He sits while she walks", ["He sits", "while she walks"]),
        ("A figure moves at 2.3 times the usual speed", None),
        ("It is 12:30 now", None),
        ("Two stand there\n2 run", ["Two stand there", "2 run"]),
        ("It ends at 5. Then 3 leave", ["It ends at 5", "Then 3 leave"]),
        ("It ends.3 leave", ["It ends", "3 leave"]),
        ("However a man runs", None),
        ("", []),
        ("...", []),
        (" , \t, ", []),
    ],
)
def test_clauses(text: str, parts: list[str] | None) -> None:
    found = clauses(text)
    if parts is None:
        assert len(found) == 1
    else:
        assert found == parts


def test_clauses_make_sentences() -> None:
    text = "A man runs, a dog follows. Nobody is there!"
    found = sentences(text)
    assert [text[at : at + len(one.text)] for at, one in found] == [
        "A man runs, a dog follows",
        "Nobody is there",
    ]
    [(first, one), (second, other)] = found[0][1].clauses
    assert (first, one.text) == (0, "A man runs")
    assert (second, other.text) == (len("A man runs, "), "a dog follows")


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
    ("text", "asserted"),
    [
        # A list goes on being denied ...
        ("No people, cars or dogs", ["No"]),
        ("There are no people, cars, or dogs", ["There", "are", "no"]),
        ("Nobody runs, walks or jumps", ["Nobody"]),
        # ... and what is not so is put right after the comma.
        ("A man is not running, walking slowly", ["A", "man", "is", "not", "walking", "slowly"]),
        ("He never runs, walks", ["He", "never", "walks"]),
        # Somebody without a thing goes on doing something.
        ("He goes without a helmet, riding", ["He", "goes", "without", "riding"]),
        ("He goes without a helmet, gloves", ["He", "goes", "without"]),
        # A subject of its own ends the scope, and neither ... nor does not.
        ("with no bag and the dog", ["with", "no", "the", "dog"]),
        ("neither a man nor a dog", ["neither"]),
        ("neither a man or the dog", ["neither"]),
    ],
)
def test_where_a_negation_ends(text: str, asserted: list[str]) -> None:
    assert words(text, is_negated=False) == asserted


@pytest.mark.parametrize(
    ("text", "negated"),
    [
        ("Cars are not visible", ["Cars", "are", "not", "visible"]),
        ("Cars aren't visible", ["Cars", "aren't", "visible"]),
        ("A man is absent", ["A", "man", "is"]),
        ("The man is nowhere to be seen", ["The", "man", "is"]),
        # As far back as the noun phrase reaches, and no farther.
        ("A dog runs and a man is absent", ["a", "man", "is"]),
        ("A dog runs and cars are not visible", ["cars", "are", "not", "visible"]),
        ("A dog runs, a man is absent", ["a", "man", "is"]),
        ("Cars are visible", []),
    ],
)
def test_what_stands_before_may_be_negated(text: str, negated: list[str]) -> None:
    assert words(text, is_negated=True) == negated


@pytest.mark.parametrize("text", ["He is not only running", "She is not just walking, she runs"])
def test_what_looks_like_a_negation(text: str) -> None:
    assert words(text, is_negated=True) == []


@pytest.mark.parametrize(
    ("text", "speculated"),
    [
        ("He may run", ["run"]),
        ("Possibly a thief. A man walks", ["a", "thief"]),
        ("He might run, or walk", ["run", "or", "walk"]),
        ("He might run but she walks", ["run"]),
        ("He may run, the dog sits", ["run"]),
        ("He runs", []),
        ("In mayhem he runs", []),
    ],
)
def test_speculation(text: str, speculated: list[str]) -> None:
    assert words(text, is_speculated=True) == speculated


@pytest.mark.parametrize(
    ("text", "doings"),
    [
        ("A man is walking, another one running", ["walking", "running"]),
        ("They sit in a building in the evening", []),
        ("A king sings in spring", []),
        ("He is WALKING", ["WALKING"]),
        ("Der Mann ist am running", []),
    ],
)
def test_doings_are_told_by_their_form(text: str, doings: list[str]) -> None:
    assert words(text, is_activity=True) == doings


def test_content_says_something() -> None:
    text = "There is no van. The 2 men aren't running, maybe a dog walks on"
    assert [token.lemma for token in content_tokens(text)] == ["man", "dog", "walk"]
    assert [token.lemma for token in content_tokens(text, frozenset({"dog"}))] == ["man", "walk"]


def test_a_quiet_caption_has_no_content() -> None:
    """The cue itself is no news: else "no" would be an unheard word of every quiet scene."""
    assert content_tokens("There is no movement, and nobody is there.") == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The man is no longer running.", "running"),
        ("Flames cannot be seen.", "Flames"),
        ("Fire and smoke are not visible.", "Fire"),
        ("The person riding a bike is not visible.", "riding"),
        ("The image does not show any fights, weapons or fires.", "weapons"),
        ("The scene does not show a car, a truck, or a bus.", "truck"),
        ("Instead of running, the man is walking.", "running"),
        ("There is a lack of people.", "people"),
        ("I did not observe anything unusual, such as fire, robbery or fights.", "robbery"),
        ("There are no dangers, such as a fire, a fight, or theft.", "fight"),
        ("A street without incidents such as shooting, fighting, or theft.", "fighting"),
        ("The man attacks nobody.", "attacks"),
        ("She takes nothing and walks on.", "takes"),
    ],
)
def test_what_is_denied_is_not_asserted(text: str, word: str) -> None:
    assert word in words(text, is_negated=True)


@pytest.mark.parametrize(
    ("form", "lemma"),
    [("crosses", "cross"), ("thieves", "thief"), ("shelves", "shelf"), ("masses", "mass")],
)
def test_forms_lead_to_the_word_that_they_are_of(form: str, lemma: str) -> None:
    assert lemma_of(form) == lemma_of(lemma) == lemma


def test_all_forms_of_a_doing_are_one_word() -> None:
    """A rule that says "playing" means "plays", too."""
    doings = """play smoke drown cross swing feed flood kidnap wrestle beat buy walk run ride throw
    carry chase climb crawl jump fall fight hit kick punch push pull drag drive park steal smash
    break open close enter leave hold sit stand lie bend crouch kneel dance shout sleep eat burn
    crash collide slip trip stumble grab hide loiter linger wander gather wait watch peek knock drop
    pick skate dash flee cut stab shoot spray dig swim bark bite attack follow cross shake clean
    fly leak pour weld roll tip collapse vomit strangle threaten argue tamper hurl catch""".split()
    doubled = set("run hit cut sit drop drag slip trip stab dig swim kidnap grab tip".split())
    for doing in doings:
        last = doing[-1] if doing in doubled else ""
        stem = doing[:-1] if doing.endswith("e") and not doing.endswith("ee") else doing + last
        ing = {"lie": "lying"}.get(doing, stem + "ing")
        stem_y = doing[:-1] + "ie" if doing.endswith("y") and doing[-2] not in "aou" else doing
        third = stem_y + ("es" if doing.endswith(("s", "sh", "ch", "x")) else "s")
        assert {lemma_of(ing), lemma_of(third)} == {lemma_of(doing)}, (doing, ing, third)


def test_looking_back_ends_at_a_comma() -> None:
    """Else what is told first is lost, which is worse than a false alarm."""
    assert "running" in words("A person is running, cars are not visible.", is_negated=False)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("A man without a helmet is riding a bike.", "riding"),
        ("A person with no shirt is running.", "running"),
        ("The man who is not wearing a helmet is running.", "running"),
        ("A man whose face is not visible is running.", "running"),
        ("A man is fighting with someone who is not visible.", "fighting"),
        ("A man without tools, such as a hammer, running away.", "running"),
        ("There is no car, but vehicles such as a bus, a tram or a bike.", "tram"),
    ],
)
def test_what_somebody_does_is_not_denied_by_what_is_said_of_him(text: str, word: str) -> None:
    assert word in words(text, is_negated=False)


@given(TEXTS | SENTENCES)
@example("İ’s ǅ-ß ﬁne ١٢ 门 🚪 a\u0301 \u202e no\x00t n't")
@example("' - ’ --- a-' 'b")
@example("El perro está,,la ;de un")
def test_every_token_slices_back(text: str) -> None:
    stop, clause = 0, 0
    language = language_of(text)
    for token in analyse(text):
        assert stop <= token.start < token.stop <= len(text)
        assert token.clause in (clause, clause + 1)
        assert token.lemma
        assert token.lemma == lemma_of(text[token.start : token.stop], language.code)
        stop, clause = token.stop, token.clause
    assert set(content_tokens(text)) <= set(analyse(text))


@given(TEXTS | SENTENCES)
@example("a ,the dog;; runs:\n, the")
def test_every_word_is_in_one_clause_and_every_clause_in_one_sentence(text: str) -> None:
    """Reading by parts loses nothing and says nothing twice; a clause is verbatim."""
    spans = [(start, start + len(clause.text)) for start, clause in read(text)]
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert all(
        text[a:b] == clause.text for (a, b), (_, clause) in zip(spans, read(text), strict=True)
    )
    letters = [place for place, sign in enumerate(text) if sign.isalnum()]
    covered = {place for token in analyse(text) for place in range(token.start, token.stop)}
    assert set(letters) <= covered


@given(SENTENCES, SENTENCES)
@example("No person", "A dog runs")
@example("He may", "run")
def test_a_sentence_is_read_alike_wherever_it_stands(first: str, second: str) -> None:
    """So a clause may be read once for thousands of captions; no scope leaves its sentence."""
    assume(language_of(f"{first} ! {second}") is language_of(second))
    whole = analyse(f"{first} ! {second}")
    moved = len(first) + 3
    alone = analyse(second)
    tail = whole[len(whole) - len(alone) :]
    told = [(t.lemma, t.start - moved, t.stop - moved, t.is_negated, t.is_speculated) for t in tail]
    assert told == [(t.lemma, t.start, t.stop, t.is_negated, t.is_speculated) for t in alone]
