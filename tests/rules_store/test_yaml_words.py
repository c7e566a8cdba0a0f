"""Every error that our models can raise has a sentence of its own."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from ruler.errors import FileProblems, Problem
from ruler.schemas.datasets import Manifest
from ruler.schemas.rules import RuleSet
from ruler.schemas.taxonomy import Lexicon, Taxonomy
from rules_store.manifest_files import parse_manifest
from rules_store.rule_files import parse_rules
from rules_store.taxonomy_files import parse_lexicon, parse_taxonomy
from rules_store.yaml_words import PATTERN_WORDS, SENTENCES

MANIFESTS: tuple[type[BaseModel], ...] = get_args(get_args(Manifest)[0])
MODELS: tuple[type[BaseModel], ...] = (RuleSet, Taxonomy, Lexicon, *MANIFESTS)

RAISES: dict[str, set[str]] = {
    "str": {"string_type"},
    "float": {"float_type", "finite_number"},
    "bool": {"bool_type"},
    "int": {"int_type", "int_from_float"},
    "date": {"date_type", "date_parsing", "date_from_datetime_inexact"},
    "literal": {"literal_error"},
    "tuple": {"tuple_type"},
    "dict": {"dict_type"},
    "model": {"model_type"},
    "model-fields": {"missing", "extra_forbidden"},
    **{key: {"value_error"} for key in ("function-after", "function-before")},
    **{key: set() for key in ("nullable", "default", "any", "definitions", "definition-ref")},
    **{key: set() for key in ("model-field", "no-info")},
}
"""What each part of a pydantic-core schema can raise. A part that is not listed fails the test."""

CONSTRAINTS = {
    "min_length": {"str": "string_too_short", "tuple": "too_short"},
    "max_length": {"str": "string_too_long"},
    "pattern": {"str": "string_pattern_mismatch"},
    **{
        sign: dict.fromkeys(("float", "int"), name)
        for sign, name in (
            ("ge", "greater_than_equal"),
            ("gt", "greater_than"),
            ("le", "less_than_equal"),
            ("lt", "less_than"),
        )
    },
}


def parts(schema: object) -> Iterator[dict[str, Any]]:
    """All typed parts of a core schema."""
    if isinstance(schema, dict):
        if isinstance(schema.get("type"), str) and schema.get("kind") != "metadata":
            yield schema
        for key, value in schema.items():
            if key not in ("metadata", "serialization", "expected", "default"):
                yield from parts(value)
    elif isinstance(schema, list | tuple):
        for value in schema:
            yield from parts(value)


def core_parts(model: type[BaseModel]) -> list[dict[str, Any]]:
    return list(parts(TypeAdapter(model).core_schema))


@pytest.mark.parametrize("model", MODELS)
def test_every_error_type_has_its_sentence(model: type[BaseModel]) -> None:
    found = core_parts(model)
    assert {part["type"] for part in found} - RAISES.keys() == set()
    raised = set().union(*(RAISES[part["type"]] for part in found))
    for part in found:
        for name, by_type in CONSTRAINTS.items():
            if part.get(name) is not None:
                raised.add(by_type[part["type"]])
    assert raised - SENTENCES.keys() == set()


@pytest.mark.parametrize("model", MODELS)
def test_every_pattern_has_its_words(model: type[BaseModel]) -> None:
    patterns = {part["pattern"] for part in core_parts(model) if part.get("pattern")}
    assert patterns - PATTERN_WORDS.keys() == set()


FULL: dict[str, dict[str, Any]] = {
    "rules": {
        "schema": "ruler/rules/v1",
        "scene": "hall",
        "threshold": 0.5,
        "rules": [
            {
                "id": "hall.a",
                "title": "t",
                "kind": "normal",
                "level": "low",
                "status": "draft",
                "category": "a.b",
                "subject": "environment",
                "statement": "s",
                "look_for": ["p"],
                "measures": [{"fact": "novelty", "above": 1, "below": 2, "softness": 0.1}],
                "weight": 1,
                "when": {"hours": "01:00-02:00", "weekdays": ["mon"], "zones": ["z"]},
                "exceptions": [{"name": "n", "unless": "u", "until": "2027-01-31"}],
                "overrides": ["hall.b"],
                "tests": {"fire": ["f"], "quiet": ["q"], "todo": ["t"]},
                "origin": {"by": "person", "votes": "1/2", "references": ["r"], "note": "n"},
            }
        ],
    },
    "taxonomy": {
        "schema": "ruler/taxonomy/v1",
        "id": "mine",
        "title": "t",
        "version": 2,
        "description": "d",
        "language": "de",
        "source": "s",
        "categories": {
            "a": {
                "title": "t",
                "aliases": ["A"],
                "items": [
                    {
                        "id": "a.b",
                        "kind": "normal",
                        "title": "t",
                        "aliases": ["B"],
                        "level": "low",
                        "subject": "environment",
                        "statement": "s",
                        "look_for": ["p"],
                        "unless": ["q"],
                        "only_if": ["r"],
                        "tests": {"fire": ["f"], "quiet": ["q"], "todo": ["t"]},
                    }
                ],
            }
        },
        "maps": {"a.b": "c.d", "e": {"a.b": "e.f"}},
    },
    "lexicon": {
        "schema": "ruler/lexicon/v1",
        "id": "mine",
        "concepts": {
            "run": {"title": "t", "category": "a.b", "level": "low", "prior": 1, "phrases": ["p"]}
        },
        "stop_words": ["w"],
    },
    "clips": {
        "schema": "ruler/dataset/v1",
        "kind": "clips",
        "name": "n",
        "cameras": "one",
        "place": "any",
        "fps": 10,
        "reference": ["a"],
        "test": [{"clip": "b", "label": 1}],
        "labels": "l",
    },
    "captions": {
        "schema": "ruler/dataset/v1",
        "kind": "captions",
        "name": "n",
        "captions": "c",
        "fps": 25,
        "intervals": None,
        "protocol": {"folds": 2, "shots": 1, "seed": 0},
    },
}
PARSERS = {"rules": parse_rules, "taxonomy": parse_taxonomy, "lexicon": parse_lexicon}
JUNK: tuple[object, ...] = (
    *(None, True, -1, 0, 1.5, float("nan"), 1e999, "", "x", "no such thing", "86400", "y" * 3000),
    *([], {}, [[]], [None], {"what": 1}, ["x", 3], "2027-13-01", "2027-01-31T10:00:00"),
)


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of everything below a value."""
    pairs = value.items() if isinstance(value, dict) else ()
    pairs = enumerate(value) if isinstance(value, list) else pairs
    for key, inner in pairs:
        yield (*path, key)
        yield from places(inner, (*path, key))


def with_junk(document: dict[str, Any], path: tuple[str | int, ...], junk: object) -> Any:
    spoilt = copy.deepcopy(document)
    target: Any = spoilt
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = junk
    return spoilt


def problems_of(parse: Callable[[str], object], text: str) -> tuple[Problem, ...]:
    try:
        parse(text)
    except FileProblems as exc:
        return exc.problems
    return ()


@pytest.mark.parametrize("kind", FULL)
def test_junk_anywhere_is_told_in_plain_words(kind: str) -> None:
    """JSON is YAML, so a spoilt document can be written as JSON."""
    parse = PARSERS.get(kind, parse_manifest)
    parse(json.dumps(FULL[kind]))
    jargon = ("Input should", "validation error", "pydantic", "Invalid JSON")
    for number, path in enumerate(places(FULL[kind])):
        for junk in JUNK[number % 6 :: 6]:  # a few for each place, others for the next
            text = json.dumps(with_junk(FULL[kind], path, junk), indent=1)
            text = text.replace("NaN", ".nan").replace("Infinity", ".inf")
            problems = problems_of(parse, text)
            assert not [one for one in problems if any(word in one.message for word in jargon)]
            assert not [one for one in problems if not one.line]


def test_real_errors_are_of_known_types() -> None:
    """The table above is honest: what junk really raises is in it."""
    seen: set[str] = set()
    for path in places(FULL["rules"]):
        for junk in JUNK:
            data = with_junk(FULL["rules"], path, junk)
            data.pop("schema", None)
            try:
                RuleSet.model_validate_json(json.dumps(data), strict=True)
            except ValidationError as exc:
                seen |= {error["type"] for error in exc.errors()}
    assert seen
    assert seen - SENTENCES.keys() == set()


def test_an_unknown_error_type_is_still_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(SENTENCES, "literal_error")
    rule = "{id: a.b, kind: x, title: t, statement: s}"
    with pytest.raises(FileProblems, match="1:60: `kind`: Input should be 'anomaly' or 'normal'"):
        parse_rules(f"{{schema: ruler/rules/v1, scene: a, rules: [{rule}]}}")
