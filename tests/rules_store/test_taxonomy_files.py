"""Taxonomies and lexicons: the files, and those that ship."""

from __future__ import annotations

from pathlib import Path

import pytest

from ruler.errors import FileProblems, NotFoundError, UnknownNameError
from ruler.reasoners.matching import FIRES
from ruler.schemas.taxonomy import ANYWHERE, Concept
from ruler.text.phrases import find_any, find_phrase
from ruler.text.words import lemma_of
from rules_store.shipped import shipped_names
from rules_store.taxonomy_files import (
    builtin_taxonomies,
    load_lexicon,
    load_taxonomy,
    parse_lexicon,
    parse_taxonomy,
)

GENERAL = load_lexicon()

MINE = """\
schema: ruler/taxonomy/v1
id: mine
categories:
  yard:
    title: The yard
    items:
      - {id: yard.cat, kind: normal, title: Cat, statement: A cat walks by., look_for: [cat]}
      - {id: yard.fox, kind: abnormal, title: Fox, statement: A fox comes.}
maps: {yard.fox: presence.large}
"""


def test_a_taxonomy_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE, encoding="utf-8")
    taxonomy = load_taxonomy(str(path))
    assert [item.id for item in taxonomy.items] == ["yard.cat", "yard.fox"]
    assert taxonomy.maps == {ANYWHERE: {"yard.fox": "presence.large"}}


def test_maps_are_grouped_by_taxonomy() -> None:
    source = MINE.replace("{yard.fox: presence.large}", "{general: {yard.fox: presence.large}}")
    assert parse_taxonomy(source).maps == {"general": {"yard.fox": "presence.large"}}
    with pytest.raises(FileProblems, match=r"9:18: `maps` names `yard.dog`, which is no item here"):
        parse_taxonomy(source.replace("{yard.fox: p", "{yard.dog: p"))
    with pytest.raises(FileProblems, match=r"9:18: `maps` leads to an item of another taxonomy"):
        parse_taxonomy(MINE.replace("presence.large", "[presence.large]"))


def test_what_others_call_it() -> None:
    source = MINE.replace("title: Fox,", "title: Fox on the Loose, aliases: [Wild_Animal],")
    taxonomy = parse_taxonomy(source.replace("The yard", "The yard\n    aliases: [Back-Yard]"))
    for name in ("yard.fox", "fox on the loose", "Wild animal", "wild-animal "):
        assert taxonomy.item_called(name) == taxonomy.item("yard.fox"), name
    assert taxonomy.item_called("wolf") is None
    assert [taxonomy.category_called(name) for name in ("yard", "BACK YARD", "x")] == [
        "yard",
        "yard",
        None,
    ]


HEAD = "schema: ruler/taxonomy/v1\nid: mine\n"
ITEM = "categories:\n  a:\n    title: A\n    items:\n      - id: a.b\n        kind: abnormal\n"
ITEM += "        title: T\n        statement: S.\n"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("categories: {}", "3:1: there is no category here"),
        ("categories: {a: {title: A}}", "3:17: category `a` has no items: give it some"),
        ("categories: {a: {title: A, items: []}}", "3:28: category `a` has no items"),
        ("categories: {a: {title: A, items: null}}", "3:28: category `a` has no items"),
        (
            f"{ITEM}        look_for: [x, might fall]",
            "11:23: no caption can ever hold `might fall`: it says what only might be",
        ),
        (
            f"{ITEM}        only_if: [-car]",
            "11:19: no caption can ever hold `-car`: all its words are forbidden",
        ),
        (
            f"{ITEM}        look_for: [fast runner, running fast]\n        unless: [runs]",
            "12:18: `unless` holds `runs`, which stands in `running fast` of `look_for` itself",
        ),
    ],
)
def test_what_a_taxonomy_says_in_vain(body: str, said: str) -> None:
    with pytest.raises(FileProblems) as caught:
        parse_taxonomy(f"{HEAD}{body}\n", file="t.yaml")
    assert str(caught.value).startswith(f"t.yaml:{said}")
    assert len(caught.value.problems) == 1


def test_a_broken_taxonomy() -> None:
    broken = MINE.replace("yard.fox, kind: abnormal", "yard.cat, kind: anomalous")
    broken = broken.replace("  yard:\n", "  Yard:\n")
    with pytest.raises(FileProblems) as caught:
        parse_taxonomy(broken, file="t.yaml")
    assert str(caught.value).split("\n") == [
        (
            "t.yaml:4:3: the key must be a name in lower-case letters, digits, `-` and `_`, "
            "such as front-door, not `Yard`"
        ),
        "t.yaml:7:14: item id `yard.cat` must begin with its category: `Yard.`",
        "t.yaml:8:14: item id `yard.cat` stands twice (first on line 7)",
        (
            "t.yaml:8:30: `kind` must be one of normal, abnormal, not `anomalous`"
            "; did you mean `abnormal`?"
        ),
        "t.yaml:9:8: `maps` names `yard.fox`, which is no item here",
    ]


def test_a_broken_lexicon() -> None:
    source = (
        "schema: ruler/lexicon/v1\nid: mine\nconcepts:\n"
        "  run: {title: Run, category: motion, prior: 60, phrases: []}\n  walk: walking\n"
    )
    with pytest.raises(FileProblems) as caught:
        parse_lexicon(source)
    assert str(caught.value).split("\n") == [
        (
            "lexicon.yaml:4:31: `category` must be lower-case names joined by dots, such as "
            "front-door.night-stranger, not `motion`"
        ),
        "lexicon.yaml:4:46: `prior` must be between 0 and 1, not 60",
        "lexicon.yaml:4:59: `phrases` needs at least 1 entry",
        "lexicon.yaml:5:9: `walk` must hold keys (title, category, level …), not `walking`",
    ]


def test_a_lexicon_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(
        "schema: ruler/lexicon/v1\nid: mine\nversion: 7\nconcepts:\n"
        "  run:\n    {title: Run, category: motion.fast, prior: 0.6, phrases: [running -water],\n"
        "     tests: {fire: [A man runs.], quiet: [Nobody runs.]}}\n"
        "people: [man]\nstop_words: [image]\n",
        encoding="utf-8",
    )
    lexicon = load_lexicon(str(path))
    assert (lexicon.version, lexicon.people, lexicon.stop_words) == (7, ("man",), ("image",))
    assert lexicon.concepts["run"].tests.fire == ("A man runs.",)
    assert lexicon.concepts["run"].phrases == ("running -water",)


@pytest.mark.parametrize("name", ["genral", "no-such", "", "..", "General"])
def test_unknown_names_name_the_known(name: str) -> None:
    with pytest.raises(UnknownNameError, match="general"):
        load_taxonomy(name)
    with pytest.raises(UnknownNameError, match="general"):
        load_lexicon(name)


@pytest.mark.parametrize("path", ["./none.yaml", "none.yml", "../general", "a/../general"])
def test_paths_are_never_names(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotFoundError, match="there is no such file"):
        load_taxonomy(path)


def test_all_that_ships_is_valid() -> None:
    assert "general" in builtin_taxonomies()
    lexicons = shipped_names("lexicons")
    assert "general" in lexicons
    for name in builtin_taxonomies():
        assert load_taxonomy(name).id == name
    for name in lexicons:
        assert load_lexicon(name).id == name


def test_the_general_lexicon_leads_to_the_general_taxonomy() -> None:
    taxonomy, lexicon = load_taxonomy("general"), load_lexicon()
    assert lexicon == GENERAL
    for concept in lexicon.concepts.values():
        item = taxonomy.item(concept.category)
        assert item is not None, concept
        assert item.kind == "abnormal"
        assert item.level == concept.level
    assert lexicon.version >= 2


@pytest.mark.parametrize(
    "words", [GENERAL.stop_words, GENERAL.people], ids=["stop words", "people"]
)
def test_words_of_the_general_lexicon_are_lemmas_in_order(words: tuple[str, ...]) -> None:
    assert words
    assert list(words) == sorted(set(words))
    assert [word for word in words if lemma_of(word) != word] == []


def test_words_for_people_are_no_stop_words() -> None:
    assert not set(GENERAL.people) & set(GENERAL.stop_words)


TESTED = [
    pytest.param(concept, fires, text, id=f"{key}-{'fire' if fires else 'quiet'}-{number}")
    for key, concept in GENERAL.concepts.items()
    for fires, texts in ((True, concept.tests.fire), (False, concept.tests.quiet))
    for number, text in enumerate(texts)
]


def test_every_concept_is_tested_both_ways() -> None:
    untested = [
        key
        for key, concept in GENERAL.concepts.items()
        if not (concept.tests.fire and concept.tests.quiet)
    ]
    assert untested == []


@pytest.mark.parametrize(("concept", "fires", "text"), TESTED)
def test_concepts_fire_on_what_they_name_and_on_nothing_else(
    concept: Concept, fires: bool, text: str
) -> None:
    found = find_any(text, concept.phrases)
    assert (found is not None and found.strength >= FIRES) == fires


@pytest.mark.parametrize("key", GENERAL.concepts)
def test_a_concept_alone_fires_on_each_of_its_phrases(key: str) -> None:
    """A phrase that is not found in its own words would be dead weight."""
    for phrase in GENERAL.concepts[key].phrases:
        words = [word for word in phrase.split() if not word.startswith("-")]
        said = " ".join(word.lstrip("+=") for word in words)
        found = find_phrase(f"There: {said}.", phrase)
        assert found is not None, phrase
        assert found.strength == 1, phrase


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("A person is pushing a stroller.", "pushing"),
        ("A person on a bike path is walking.", "cycling"),
        ("A person is walking on the bike path.", "wheels"),
        ("A running track surrounds the field.", "running"),
    ],
)
def test_innocent_captions_fire_no_concept(text: str, key: str) -> None:
    found = find_any(text, GENERAL.concepts[key].phrases)
    assert found is None or found.strength < FIRES


def test_no_concept_says_a_phrase_twice() -> None:
    for key, concept in GENERAL.concepts.items():
        assert len(set(concept.phrases)) == len(concept.phrases), key


def test_phrases_of_the_general_taxonomy_do_not_repeat() -> None:
    everything = [phrase for item in load_taxonomy("general").items for phrase in item.look_for]
    assert len(everything) == len(set(everything))
    for item in load_taxonomy("general").items:
        assert not [phrase for phrase in item.look_for if find_any(phrase, item.unless)], item.id


SPOKEN = [
    ("A man runs across the square.", "motion.fast"),
    ("A cyclist rides his bike past the pedestrians.", "motion.wheels"),
    ("A white van is driving on the sidewalk.", "motion.vehicle"),
    ("Two boys are chasing a woman.", "motion.chase"),
    ("A person walks slowly along the path.", "motion.walking"),
    ("One large figure or group, centre, moves slowly right.", "presence.large"),
    ("One figure, lower left, moves fast right at 2.3 times the usual speed.", "motion.fast"),
    ("One figure, centre, stands still.", "presence.talking"),
    ("The man has stayed in place near the gate.", "presence.lingering"),
    ("An elderly woman fell to the ground.", "posture.fall"),
    ("A man is lying on the floor of the kitchen.", "posture.lying"),
    ("A girl sits on a bench.", "posture.sitting"),
    ("A teenager climbs over the fence.", "posture.climbing"),
    ("Two men fight outside the shop.", "conflict.fight"),
    ("They shake hands and part.", "conflict.greeting"),
    ("A man pushes another person against the wall.", "conflict.pushing"),
    ("A boy throws stones at the window.", "conflict.throwing"),
    ("A woman carries a bag.", "objects.carrying"),
    ("A suitcase was left behind at the platform.", "objects.left-behind"),
    ("Flames come out of the roof.", "hazard.fire"),
    ("Thick smoke fills the corridor.", "hazard.smoke"),
    ("The basement is flooded.", "hazard.water"),
    ("Someone tries the handle of the door.", "access.forcing"),
    ("She unlocks the door.", "access.door"),
]
UNSPOKEN = [
    ("A man lies on the sofa on the floor above.", "posture.lying"),
    ("Nobody is running.", "motion.fast"),
    ("A parked car stands by the road.", "motion.vehicle"),
    ("Rain falls on the street.", "posture.fall"),
    ("A girl throws a ball to her friend.", "conflict.throwing"),
    ("A boy climbs the stairs over there.", "posture.climbing"),
]


@pytest.mark.parametrize(("text", "item_id"), SPOKEN)
def test_everyday_sentences_are_understood(text: str, item_id: str) -> None:
    item = load_taxonomy("general").item(item_id)
    assert item is not None
    assert find_any(text, item.look_for) is not None
    assert find_any(text, item.unless) is None


@pytest.mark.parametrize(("text", "item_id"), UNSPOKEN)
def test_innocent_sentences_stay_innocent(text: str, item_id: str) -> None:
    item = load_taxonomy("general").item(item_id)
    assert item is not None
    assert find_any(text, item.look_for) is None or find_any(text, item.unless) is not None


def test_words_of_the_motion_captioner_name_nothing_grave() -> None:
    text = (
        "One large figure or group, centre, moves fast right at 2.3 times the usual speed here and "
        "drops at 1.2 figure heights per second and moves chaotically, 1.1 of the usual height. "
        "Of 2 more, 1 moves at up to 1.3 times the usual speed and 1 stands still."
    )
    for item in load_taxonomy("general").items:
        if item.level in ("high", "critical"):
            assert all(find_phrase(text, phrase) is None for phrase in item.look_for), item.id
