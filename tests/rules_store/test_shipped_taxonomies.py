"""The taxonomies that ship: weak places, tests of items, class names, and where their maps lead."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from ruler.jobs.taxonomies import review
from ruler.schemas.taxonomy import Taxonomy, TaxonomyItem
from ruler.text.phrases import find_any, find_phrase
from rules_store.taxonomy_files import builtin_taxonomies, load_taxonomy

SHIPPED = builtin_taxonomies()
SPECIAL = [name for name in SHIPPED if name != "general"]
"""Those of one domain; `general` also holds what no words tell."""
CLASSES = {
    "msad": [
        *("Assault", "Explosion", "Fighting", "Fire", "Object falling", "People falling"),
        *("Robbery", "Shooting", "Traffic accident", "Vandalism", "Water incident"),
    ],
    "senior-care": [
        *("Fall", "Lying on the floor", "Wandering at night", "No movement for long"),
        *("Left the bed", "Bathroom stay", "Leaving the stove on", "Not eating"),
        *("Missed medication", "Door open at night", "Stranger"),
    ],
    "ucf-crime": (
        "Abuse Arrest Arson Assault Burglary Explosion Fighting RoadAccidents Robbery Shooting "
        "Shoplifting Stealing Vandalism"
    ).split(),
    "vau": [
        *("Agriculture", "Arrest", "Arson", "Assault", "Explosion", "Fighting", "Fire"),
        *("Food Safety", "Medical Abnormality", "Natural Hazard", "Object_falling"),
        *("People_falling", "Robbery", "Shooting", "Stealing", "Traffic_accident", "Vandalism"),
        "Water_incident",
    ],
}
NAMED = [pytest.param(name, called) for name, classes in CLASSES.items() for called in classes]
FEWEST_PHRASES = 5
TO_OTHERS = {
    "msad": {"general", "smart-home", "vau"},
    "senior-care": {"general", "smart-home"},
    "ucf-crime": {"general", "smart-home", "vau"},
    "vau": {"general", "smart-home"},
}
IN_CARE = ["Walking with a walker", "Sitting", "Resting on a sofa", "Carer helping", "Eating"]


def test_the_usual_taxonomy_passes_its_own_tests() -> None:
    """What nobody foresaw has no words, and no opposite."""
    remarks = review(load_taxonomy("general"))
    assert {remark.where.partition(".")[0] for remark in remarks} == {"novelty"}
    items = [item for item in load_taxonomy("general").items if item.look_for]
    assert all(len(i.tests.fire) >= 2 and len(i.tests.quiet) >= 2 for i in items)


@pytest.mark.parametrize("name", SPECIAL)
def test_nothing_is_weak_and_all_item_tests_pass(name: str) -> None:
    assert review(load_taxonomy(name)) == ()


@pytest.mark.parametrize("name", SPECIAL)
def test_every_item_has_vocabulary_and_every_category_a_counterweight(name: str) -> None:
    taxonomy = load_taxonomy(name)
    for key, category in taxonomy.categories.items():
        assert {item.kind for item in category.items} == {"normal", "abnormal"}, key
    for item in taxonomy.items:
        assert len(item.look_for) * max(len(item.only_if), 1) >= FEWEST_PHRASES, item.id
        assert len(set(item.look_for)) == len(item.look_for), item.id
        assert len(item.tests.fire) >= 2 and len(item.tests.quiet) >= 2, item.id
        assert (item.level == "info") == (item.kind == "normal"), item.id


@pytest.mark.parametrize("name", SPECIAL)
def test_no_excuse_of_an_item_silences_its_own_phrases(name: str) -> None:
    """Each phrase is found in its own words, and no `unless` is found there."""
    for item in load_taxonomy(name).items:
        for phrase in item.look_for:
            words = [word for word in phrase.split() if not word.startswith("-")]
            said = f"There: {' '.join(word.lstrip('+=') for word in words)}."
            assert find_phrase(said, phrase), (item.id, phrase)
            assert not find_any(said, item.unless), (item.id, phrase)


@pytest.mark.parametrize(("name", "called"), NAMED)
def test_every_class_is_an_abnormal_item(name: str, called: str) -> None:
    item = load_taxonomy(name).item_called(called)
    assert item is not None
    assert item.kind == "abnormal"


@pytest.mark.parametrize("called", [*IN_CARE, "Visitor"])
def test_ordinary_days_of_older_people_are_normal_items(called: str) -> None:
    assert _item(load_taxonomy("senior-care"), called).kind == "normal"


@pytest.mark.parametrize(
    ("name", "called", "text"),
    [
        ("general", "posture.fall", "A man falls to the ground in the rain."),
        ("general", "hazard.fire", "A candle fell over. The curtain is on fire."),
        ("general", "conflict.throwing", "Someone is throwing stones. Children are playing."),
        ("senior-care", "Fall", "A woman falls in the snow at night."),
        ("senior-care", "Fall", "An old man leaves the room and falls."),
        ("senior-care", "Lying on the floor", "A man lies on the floor. His dog barks."),
        ("msad", "People falling", "A man falls in the rain."),
        ("msad", "Water incident", "The flood washes the car away and covers the plants."),
        ("vau", "Fighting", "Two men fight in the street. A fire burns behind them."),
        ("ucf-crime", "Assault", "A man attacks somebody in a wheelchair."),
    ],
)
def test_an_excuse_is_no_wider_than_it_means(name: str, called: str, text: str) -> None:
    """Words of an excuse that stand near by chance silence nothing."""
    item = _item(load_taxonomy(name), called)
    assert find_any(text, item.look_for)
    assert not find_any(text, item.unless)


@pytest.mark.parametrize(
    ("name", "called", "text"),
    [
        ("vau", "Fighting", "A black car is hitting two parked cars."),
        ("vau", "Traffic accident", "The car moves at a normal speed."),
        ("vau", "Vandalism", "The collision causes damage to both."),
        ("msad", "People falling", "Snow is falling on the roof."),
        ("senior-care", "No movement for long", "There are no unusual movements."),
        ("senior-care", "Door open at night", "Nobody is there. The door is open."),
    ],
)
def test_vocabulary_is_no_wider_than_it_means(name: str, called: str, text: str) -> None:
    """Sentences of ordinary descriptions that earlier vocabulary took for an anomaly."""
    item = _item(load_taxonomy(name), called)
    spoken_of = find_any(text, item.look_for) and (not item.only_if or find_any(text, item.only_if))
    assert not spoken_of


@pytest.mark.parametrize("name", CLASSES)
def test_no_two_classes_are_one_item(name: str) -> None:
    taxonomy = load_taxonomy(name)
    called = [_item(taxonomy, one).id for one in CLASSES[name]]
    assert len(set(called)) == len(called)


def test_every_class_of_the_data_is_known(shared: Path) -> None:
    """-1 marks rows of the data that nobody annotated."""
    taxonomy = load_taxonomy("vau")
    with gzip.open(shared / "data" / "vau" / "vau.jsonl.gz", "rt", encoding="utf-8") as lines:
        classes = {json.loads(line)["category"] for line in lines} - {"-1"}
    assert classes
    assert {_item(taxonomy, one).kind for one in classes - {"Normal"}} == {"abnormal"}
    assert _item(taxonomy, "Normal").kind == "normal"


@pytest.mark.parametrize("name", SHIPPED)
def test_maps_lead_to_items_of_the_same_kind(name: str) -> None:
    taxonomy = load_taxonomy(name)
    for other, pairs in taxonomy.maps.items():
        there = load_taxonomy(other)
        for source, target in pairs.items():
            assert _at(taxonomy, source).kind == _at(there, target).kind, (other, source)


@pytest.mark.parametrize("name", TO_OTHERS)
def test_maps_lead_to_each_taxonomy_that_they_should(name: str) -> None:
    taxonomy = load_taxonomy(name)
    assert TO_OTHERS[name] <= set(taxonomy.maps)


def _item(taxonomy: Taxonomy, called: str) -> TaxonomyItem:
    item = taxonomy.item_called(called)
    assert item is not None, called
    return item


def _at(taxonomy: Taxonomy, item_id: str) -> TaxonomyItem:
    item = taxonomy.item(item_id)
    assert item is not None, (taxonomy.id, item_id)
    return item
