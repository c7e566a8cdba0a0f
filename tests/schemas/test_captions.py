"""What a caption may hold, and what its hashes depend on."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from pydantic import ValidationError

from ruler.schemas.base import canonical_json, content_hash, rounded
from ruler.schemas.captions import (
    Box,
    Caption,
    CaptionFailure,
    Figure,
    SceneModel,
    caption_key,
)
from ruler.schemas.facts import FACTS
from ruler.schemas.observations import FigureLink, Observation
from tests.support import boxes, captions, make_box, make_caption, make_figure, observe

FULL = make_caption("A man runs.", [make_figure(speed_ratio=2.0)], novelty=0.5)


def test_values_are_frozen_and_refuse_unknown_keys() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        FULL.text = "other"
    with pytest.raises(ValidationError, match="Extra inputs"):
        Caption.model_validate(FULL.model_dump() | {"mood": "calm"})


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_no_number_is_nan_or_infinite(number: float) -> None:
    with pytest.raises(ValidationError):
        make_figure(speed_ratio=number)
    with pytest.raises(ValidationError):
        make_caption(novelty=number)
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical_json({"a": number})


@pytest.mark.parametrize(
    "sides",
    [
        {"left": 0.5, "right": 0.5},
        {"left": 0.6, "right": 0.5},
        {"top": 0.5, "bottom": 0.5},
        {"top": 0.9, "bottom": 0.5},
        {"left": -0.1},
        {"right": 1.1},
        {"top": math.nan},
    ],
)
def test_a_box_has_area_inside_the_picture(sides: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Box.model_validate({"left": 0.1, "top": 0.1, "right": 0.8, "bottom": 0.8} | sides)


@given(boxes(), boxes())
def test_overlap_is_a_share(first: Box, second: Box) -> None:
    assert first.overlap(first) == pytest.approx(1)
    assert 0 <= first.overlap(second) <= 1 + 1e-9
    assert first.overlap(second) == pytest.approx(second.overlap(first))


def test_overlap_of_known_boxes() -> None:
    left, right = make_box(0.0, 0.0, 0.4, 0.4), make_box(0.2, 0.0, 0.4, 0.4)
    assert left.overlap(right) == pytest.approx(1 / 3)
    assert left.overlap(make_box(0.4, 0.0, 0.4, 0.4)) == 0


def test_facts_are_those_of_the_table() -> None:
    with pytest.raises(ValidationError, match=r"unknown fact 'pace'; known: .*speed_ratio"):
        make_figure(pace=1.0)
    with pytest.raises(ValidationError, match="said of a frame, not of a figure"):
        make_figure(novelty=1.0)
    with pytest.raises(ValidationError, match="said of a figure, not of a frame"):
        make_caption(speed_ratio=1.0)
    for facts in ({"direction_degrees": 361.0}, {"speed_ratio": -0.1}, {"motion_disorder": 1.01}):
        with pytest.raises(ValidationError, match="lies outside"):
            make_figure(**facts)


def test_facts_must_be_measured() -> None:
    with pytest.raises(ValidationError, match=r"\['novelty'\] are not listed"):
        make_caption(novelty=1.0, measured=["speed_ratio"])
    with pytest.raises(ValidationError, match=r"\['speed_ratio'\] are not listed"):
        make_caption(figures=[make_figure(speed_ratio=1.0)], measured=[])


def test_every_fact_can_be_said() -> None:
    assert {spec.scope for spec in FACTS.values()} == {"figure", "frame"}
    assert [name for name, spec in FACTS.items() if spec.source == "link"] == [
        "dwell_seconds",
        "left_seconds",
        "taken_seconds",
        "fallen",
        "disturbed_seconds",
    ]
    for name, spec in FACTS.items():
        assert spec.name == name
        assert "0.12" in spec.say(0.1234)
        assert "123" in spec.say(123.4)


CHANGES: dict[str, Any] = {
    "key": "other",
    "captioner": "other",
    "text": "A man runs",
    "facts": {"novelty": 0.51},
    "figures": (),
    "measured": ("novelty", "speed_ratio"),
}


@pytest.mark.parametrize("field", sorted(Caption.model_fields))
def test_the_hash_depends_on_all_that_is_said_and_not_on_who_says_it(field: str) -> None:
    changed = Caption.model_validate(FULL.model_dump() | {field: CHANGES[field]})
    assert (changed.sha256 == FULL.sha256) == (field in ("key", "captioner"))
    assert FULL.model_copy(update={field: CHANGES[field]}).sha256 == changed.sha256


@pytest.mark.parametrize(
    "figure",
    [make_figure(speed_ratio=2.1), make_figure(make_box(0.21), speed_ratio=2.0), make_figure()],
)
def test_the_hash_depends_on_every_figure(figure: Figure) -> None:
    changed = make_caption(FULL.text, [figure], novelty=0.5)
    assert changed.sha256 != FULL.sha256
    twice = make_caption(FULL.text, FULL.figures * 2, novelty=0.5)
    assert twice.sha256 != FULL.sha256


@given(captions())
def test_captions_come_back_from_json(caption: Caption) -> None:
    again = Caption.model_validate_json(caption.model_dump_json())
    assert again == caption
    assert again.sha256 == caption.sha256


INGREDIENTS: dict[str, Any] = {
    "window_sha256": "w",
    "scene_model_sha256": None,
    "captioner": "motion",
    "version": "1",
    "prompt_sha256": None,
    "parameters": {"width": 320, "steps": 3},
}


@pytest.mark.parametrize(
    "change",
    [
        {"window_sha256": "x"},
        {"scene_model_sha256": "w"},
        {"captioner": "replay"},
        {"version": "2"},
        {"prompt_sha256": "p"},
        {"parameters": {"width": 320, "steps": 4}},
        {"parameters": {"width": 320}},
        {"parameters": {}},
    ],
)
def test_the_key_depends_on_every_ingredient(change: dict[str, Any]) -> None:
    assert caption_key(**INGREDIENTS | change) != caption_key(**INGREDIENTS)


def test_the_key_does_not_depend_on_order() -> None:
    turned = {"parameters": {"steps": 3, "width": 320}}
    assert caption_key(**INGREDIENTS | turned) == caption_key(**INGREDIENTS)


def test_scene_models_are_known_by_what_they_learned() -> None:
    model = SceneModel(captioner="motion", version="1", payload=b"a", info={"height": 3})
    assert model.model_copy(update={"info": {}}).sha256 == model.sha256
    for change in ({"captioner": "x"}, {"version": "2"}, {"payload": b"b"}):
        assert model.model_copy(update=change).sha256 != model.sha256


def test_observations_have_a_caption_or_a_reason() -> None:
    where = {"frame_index": 0, "until_frame": 1, "time_seconds": 0.0}
    for said in ({}, {"caption": FULL, "failure": "both"}, {"failure": ""}):
        with pytest.raises(ValidationError):
            Observation.model_validate(where | said)
    with pytest.raises(ValidationError):
        CaptionFailure(reason="")


def test_links_pair_up_with_figures() -> None:
    link = FigureLink(track=1, dwell_seconds=4.5)
    fields = observe(FULL).model_dump()
    linked = Observation.model_validate(fields | {"links": [link]})
    assert linked.figure_facts(0) == {
        "speed_ratio": 2.0,
        "dwell_seconds": 4.5,
        "fallen": 0.0,
        "left_seconds": 0.0,
        "taken_seconds": 0.0,
    }
    with pytest.raises(ValidationError, match="pair up"):
        Observation.model_validate(fields | {"links": [link, link]})


def test_facts_of_a_figure_are_handed_out_as_a_copy() -> None:
    seen = observe(make_caption("A man runs.", [make_figure(speed_ratio=2.0)]))
    seen.figure_facts(0)["speed_ratio"] = 9.0
    assert seen.figure_facts(0) == {"speed_ratio": 2.0}


def test_stored_numbers_are_rounded_alike() -> None:
    assert rounded({"a": 1.00004, "b": -0.00001}) == {"a": 1.0, "b": 0.0}
    assert content_hash(rounded({"b": -0.00001})) == content_hash({"b": 0.0})
