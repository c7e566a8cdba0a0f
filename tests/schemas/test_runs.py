"""Sampling, smoothing, coverage, run specs and taxonomies."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ruler.schemas.rules import RuleTests
from ruler.schemas.runs import ClipInfo, Coverage, Every, RunSpec, Smoothing
from ruler.schemas.taxonomy import Concept, Lexicon, Taxonomy
from tests.support import REVISION


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("0.5s", Every(seconds=0.5)),
        ("2s", Every(seconds=2)),
        ("10f", Every(frames=10)),
        ("all", Every(frames=1)),
        ("1f", Every(frames=1)),
    ],
)
def test_every_is_read(text: str, every: Every) -> None:
    assert Every.parse(text) == every
    assert Every.parse(str(every)) == every


@pytest.mark.parametrize(
    "text",
    ["", "s", "0s", "0.0s", "0f", "1.5f", "-1s", "1", "1 s", "1e3s", "nans", "ALL", "0.5s\n", "1m"],
)
def test_what_every_is_not(text: str) -> None:
    with pytest.raises(ValueError, match=r"--every takes 0\.5s, 10f or all"):
        Every.parse(text)


@given(st.integers(1, 10**9), st.decimals("0.0001", "100000", places=4))
def test_every_comes_back_from_its_words(frames: int, seconds: Any) -> None:
    for every in (Every(frames=frames), Every(seconds=float(seconds))):
        assert Every.parse(str(every)) == every


@pytest.mark.parametrize(
    "given_",
    [{}, {"seconds": 1, "frames": 1}, {"seconds": 0}, {"frames": 0}, {"seconds": math.inf}],
)
def test_every_is_one_of_two(given_: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Every.model_validate(given_)


def test_a_gaussian_looks_ahead() -> None:
    with pytest.raises(ValidationError, match="looks ahead"):
        Smoothing(method="gaussian", is_causal=True)
    assert Smoothing(method="ema", is_causal=True).is_causal
    for seconds in (0, -1, math.nan, math.inf):
        with pytest.raises(ValidationError):
            Smoothing(seconds=seconds)


def test_smoothing_supports() -> None:
    supports = {
        method: Smoothing.model_validate({"method": method, "seconds": 2}).support_seconds
        for method in ("none", "ema", "gaussian", "majority")
    }
    assert supports == {"none": 0, "ema": 6, "gaussian": 6, "majority": 2}


def test_coverage_counts_what_was_decided() -> None:
    coverage = Coverage(normal=5, anomaly=1, undetermined=3, failed=1)
    assert coverage.total == 10
    assert coverage.share == pytest.approx(0.6)
    assert Coverage().share == 0
    assert Coverage(failed=3).share == 0


SPEC: dict[str, Any] = {
    "id": "run",
    "scene": "gate",
    "revision": REVISION,
    "clips": ["a.mp4"],
    "captioner": "motion",
    "reasoner": "symbolic",
    "taxonomy": "general",
    "as_of": dt.date(2026, 3, 1),
    "store": "/store",
}


def test_a_run_spec_comes_back() -> None:
    spec = RunSpec.model_validate(SPEC | {"every": {"seconds": 0.5}})
    assert RunSpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize(
    "wrong",
    [
        {"clips": []},
        {"chunk": 0},
        {"frame_rate": 0},
        {"scene": "No Scene"},
        {"place": "moon"},
        {"as_of": None},
        {"extra": 1},
    ],
)
def test_what_a_run_spec_may_not_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RunSpec.model_validate(SPEC | wrong)


def test_a_clip_has_frames_and_a_rate() -> None:
    clip = {
        "name": "a",
        "path": "a.mp4",
        "sha256": "0" * 64,
        "frames": 10,
        "fps": 25,
        "duration_seconds": 0.4,
        "width": 10,
        "height": 10,
        "reader": "pyav",
    }
    assert ClipInfo.model_validate(clip).frames == 10
    for wrong in ({"frames": 0}, {"fps": 0}, {"width": 0}, {"reader": "vlc"}):
        with pytest.raises(ValidationError):
            ClipInfo.model_validate(clip | wrong)


def item(item_id: str) -> dict[str, str]:
    return {"id": item_id, "kind": "abnormal", "title": "t", "statement": "s"}


def test_taxonomy_items_stand_in_their_category() -> None:
    categories = {"motion": {"title": "Motion", "items": [item("motion.fast")]}}
    taxonomy = Taxonomy.model_validate({"id": "test", "categories": categories})
    assert taxonomy.item("motion.fast") == taxonomy.items[0]
    assert taxonomy.item("motion.slow") is None
    for items in ([item("motion.fast")] * 2, [item("other.fast")], [item("motionfast.x")]):
        wrong = {"id": "test", "categories": {"motion": {"title": "Motion", "items": items}}}
        with pytest.raises(ValidationError):
            Taxonomy.model_validate(wrong)


def test_a_concept_has_phrases_and_a_prior() -> None:
    concept = {"title": "t", "category": "motion.fast", "prior": 0.5, "phrases": ["run"]}
    assert Concept.model_validate(concept).phrases == ("run",)
    for wrong in ({"phrases": []}, {"prior": 1.5}, {"category": "motion"}, {"phrases": [""]}):
        with pytest.raises(ValidationError):
            Concept.model_validate(concept | wrong)
    with pytest.raises(ValidationError):
        Lexicon.model_validate({"id": "test", "concepts": {"Not A Key": concept}})


def test_a_concept_may_bring_tests_for_its_rule() -> None:
    concept = {"title": "t", "category": "motion.fast", "prior": 0.5, "phrases": ["run"]}
    assert Concept.model_validate(concept).tests == RuleTests()
    tests = {"fire": ["A man runs."], "quiet": ["Nobody runs."]}
    tested = Concept.model_validate(concept | {"tests": tests})
    assert tested.tests.fire == ("A man runs.",)
    with pytest.raises(ValidationError):
        Concept.model_validate(concept | {"tests": {"loud": ["A man runs."]}})


def test_a_lexicon_has_a_version_and_words_for_people() -> None:
    plain = Lexicon(id="test", concepts={})
    assert (plain.version, plain.people, plain.stop_words) == (1, (), ())
    assert Lexicon(id="test", version=3, concepts={}, people=("man",)).version == 3
    for wrong in ({"version": 0}, {"people": "man"}, {"id": "No Name"}):
        with pytest.raises(ValidationError):
            Lexicon.model_validate({"id": "test", "concepts": {}} | wrong)
