"""docs/taxonomies.md is true: its files are written, its commands run, and what they say stands."""

from __future__ import annotations

import json

import pytest

from ruler.schemas.taxonomy import Taxonomy, TaxonomyCategory, TaxonomyItem
from rules_store.taxonomy_files import parse_taxonomy
from tests.docs.blocks import page
from tests.docs.playing import Player
from tests.video.clips import numbered, write_clip

PAGE = page("docs/taxonomies.md")


def test_the_commands_do_what_the_page_says(player: Player) -> None:
    for name, count in (("monday", 51), ("friday", 60)):
        write_clip(player.folder / f"{name}.mp4", numbered(count), fps=10.0)
    assert player.play(PAGE) >= 13
    figures = json.loads((player.folder / "figures.json").read_text())["results"][0]
    assert figures["metrics"]["accuracy"] == 1.0
    assert figures["baselines"]["first_answer_accuracy"] == pytest.approx(1 / 3, abs=1e-3)


def test_every_key_is_explained() -> None:
    for model in (Taxonomy, TaxonomyCategory, TaxonomyItem):
        for key in model.model_fields:
            assert f"`{key}`" in PAGE.text, key


PHRASES = [
    ("running", "A boy ran.", True),
    ("child in the deep water", "A child waits. The deep water is calm.", False),
    ("running", "Nobody is running.", False),
    ("running", "He may be running.", False),
    ("canister without gloves", "He carries a canister and wears no gloves.", True),
    ("canister without gloves", "He carries a canister with gloves.", False),
    ("dog -guide", "A dog sleeps.", True),
    ("dog -guide", "A guide dog sleeps.", False),
    ("+on a bicycle", "A man walks past a bicycle.", False),
    ("+on a bicycle", "A man on a bicycle.", True),
    ("=skateboarding", "He holds a skateboard.", False),
    ("climbing rack", "Someone climbs a rack.", True),
]


@pytest.mark.parametrize(("phrase", "caption", "is_found"), PHRASES)
def test_phrases_mean_what_the_page_says(phrase: str, caption: str, is_found: bool) -> None:
    from ruler.text.phrases import find_phrase

    assert (find_phrase(caption, phrase) is not None) is is_found


def test_the_page_shows_every_kind_of_item() -> None:
    items = parse_taxonomy(PAGE.files["pool.yaml"]).items
    assert {item.kind for item in items} == {"normal", "abnormal"}
    assert any(item.unless for item in items) and any(item.only_if for item in items)
    assert any(item.subject == "environment" for item in items)
