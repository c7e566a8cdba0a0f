"""Rule files, taxonomies, lexicons and manifests: whatever stands in them, the law holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.errors import FileProblems
from rules_store.anomalyruler_files import parse_anomalyruler
from rules_store.manifest_files import load_manifest
from rules_store.packs import load_pack, renamed
from rules_store.rule_files import parse_rules
from rules_store.taxonomy_files import load_lexicon, load_taxonomy, starter_taxonomy
from rules_store.yamlio import read_source
from tests.fuzz.hostile import as_json, fuzz, lawful, mutated, twisted

RULES = {
    "schema": "ruler/rules/v1",
    "scene": "yard",
    "place": "home",
    "local_only": True,
    "threshold": 0.5,
    "rules": [
        {
            "id": "yard.stranger",
            "title": "Someone lingers",
            "kind": "anomaly",
            "level": "high",
            "status": "experimental",
            "category": "security.loitering",
            "subject": "human_activity",
            "statement": "A person stays near the door.",
            "look_for": ["trying the handle -key", "=lurking"],
            "measures": [{"fact": "dwell_seconds", "above": 8, "softness": 1.5}],
            "weight": 0.8,
            "when": {"hours": "23:00-05:00", "weekdays": ["sat"]},
            "exceptions": [{"name": "courier", "unless": "parcel", "until": "2027-01-31"}],
            "overrides": [],
            "tests": {"fire": ["A man tries the handle."], "quiet": ["at=23:30 Nobody."]},
            "origin": {"by": "induced", "votes": "7/10", "references": ["clip01#120"]},
        }
    ],
}
TAXONOMY = {
    "schema": "ruler/taxonomy/v1",
    "id": "bakery",
    "categories": {
        "fire": {
            "title": "Fire",
            "items": [
                {
                    "id": "fire.smoke",
                    "kind": "abnormal",
                    "title": "Smoke",
                    "level": "high",
                    "statement": "Smoke rises.",
                    "look_for": ["smoke"],
                    "unless": ["steam"],
                    "tests": {"fire": ["Smoke rises."], "quiet": ["Steam rises."]},
                }
            ],
        }
    },
    "maps": {"general": {"fire.smoke": "hazard.fire"}},
}
LEXICON = {
    "schema": "ruler/lexicon/v1",
    "id": "mine",
    "version": 2,
    "concepts": {
        "running": {
            "title": "Running",
            "category": "motion.fast",
            "level": "medium",
            "prior": 0.7,
            "phrases": ["running -track", "+in a hurry"],
            "tests": {"fire": ["A man runs."], "quiet": ["Nobody is running."]},
        }
    },
}
HEAD = {"schema": "ruler/dataset/v1", "name": "mine"}
MANIFESTS = [
    HEAD
    | {"kind": "clips", "cameras": "one", "place": "any", "fps": 10, "reference": ["a"]}
    | {"test": [{"clip": "b"}, {"clip": "c", "label": 1}], "labels": "labels.json"},
    HEAD
    | {"kind": "captions", "captions": "c.jsonl.gz", "fps": 25, "intervals": None}
    | {"protocol": {"folds": 2, "shots": 50, "seed": 0}},
    HEAD
    | {"kind": "answers", "answers": "a.jsonl", "filter": {"mode": "cot"}, "truth": "t.jsonl"}
    | {"taxonomy": "smart-home", "report_without": ["Wildlife"]},
    HEAD | {"kind": "understanding", "items": "i.jsonl", "taxonomy": "vau"},
]


def read_rules(path: Path) -> object:
    return parse_rules(read_source(path), file=str(path))


def read_pack(path: Path) -> object:
    return renamed(read_source(path), "yard")


Read = Callable[[Path], object]
KINDS: dict[str, tuple[Read, list[dict[str, Any]]]] = {
    "rules": (read_rules, [RULES]),
    "taxonomy": (lambda path: load_taxonomy(str(path)), [TAXONOMY]),
    "lexicon": (lambda path: load_lexicon(str(path)), [LEXICON]),
    "manifest": (load_manifest, MANIFESTS),
}
each_kind = pytest.mark.parametrize("kind", KINDS)


@each_kind
def test_the_seeds_can_be_read(kind: str, tmp_path: Path) -> None:
    read, seeds = KINDS[kind]
    for seed in seeds:
        (tmp_path / "good.yaml").write_bytes(as_json(seed))
        assert read(tmp_path / "good.yaml") is not None


@each_kind
@given(data=st.data())
@fuzz(60)
def test_twisted_documents(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    read, seeds = KINDS[kind]
    path = tmp_path / "twisted.yaml"
    path.write_bytes(as_json(data.draw(twisted(data.draw(st.sampled_from(seeds))))))
    lawful(lambda: read(path), place=str(path))


SOURCES = [
    starter_taxonomy("bakery").encode(),
    load_pack("walkway").source[:3000].encode(),
    as_json(RULES),
    as_json(TAXONOMY),
    as_json(LEXICON),
    *map(as_json, MANIFESTS),
]


@each_kind
@given(data=st.data())
@fuzz(40)
def test_mutated_bytes(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    read, _ = KINDS[kind]
    path = tmp_path / "mutated.yaml"
    path.write_bytes(data.draw(mutated(data.draw(st.sampled_from(SOURCES)))))
    lawful(lambda: read(path), place=str(path))


BOMBS = {
    "aliases": "a: &a [x, x]\n"
    + "".join(f"b{n}: &b{n} [*{'a' if n == 0 else f'b{n - 1}'}, *a]\n" for n in range(40)),
    "merges": "base: &b {a: 1}\n" + "".join(f"k{n}: {{<<: *b}}\n" for n in range(2000)),
    "brackets": "rules: " + "[" * 50_000,
    "braces": "rules: " + "{a: " * 50_000,
    "dashes": "rules:\n" + "- " * 20_000,
    "indents": "".join(" " * depth + f"k{depth}:\n" for depth in range(400)),
    "keys": "".join(f"k{n}: {n}\n" for n in range(8_000)),
    "one long line": "scene: " + "x" * 500_000,
    "quotes": "scene: " + "'" * 40_001,
    "one number": "threshold: " + "9" * 100_000,
    "an exponent": "threshold: 1e999999999",
    "tags": "rules: " + "!!python/object/apply:os.system [true]\n",
    "documents": "---\n" * 50_000,
    "comments": "#\n" * 200_000,
    "tabs": "\t" * 100_000,
    "nulls": "\x00" * 100_000,
    "returns": "a: 1\r" * 5_000,
    "colons": ":" * 50_000,
    "escapes": '"' + "\\x41" * 50_000 + '"',
    "folded": "scene: >\n" + "  word\n\n" * 20_000,
    "questions": "? " * 20_000,
    "anchors": "".join(f"- &a{n} x\n" for n in range(3_000)),
    "far too much": "a: b\n" * 2_000_000,
}


@pytest.mark.parametrize("kind", ["rules", "manifest"])
@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs(kind: str, bomb: str, tmp_path: Path) -> None:
    read, _ = KINDS[kind]
    path = tmp_path / "bomb.yaml"
    path.write_text(BOMBS[bomb], encoding="utf-8", newline="")
    error = lawful(lambda: read(path), place=str(path))
    assert isinstance(error, FileProblems)


@given(data=st.data())
@fuzz(15)
def test_packs_under_another_name(data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "pack.yaml"
    path.write_bytes(data.draw(mutated(load_pack("walkway").source[:3000].encode())))
    lawful(lambda: read_pack(path))


@given(data=st.data())
@fuzz(40)
def test_rules_of_the_anomalyruler_release(data: st.DataObject) -> None:
    lexicon = load_lexicon()
    seed = b"1. People walk.\n**Rules for Anomaly Environmental Objects:**\n1. A car drives by.\n"
    text = data.draw(mutated(seed)).decode("utf-8", "replace")
    lawful(lambda: parse_anomalyruler(text, scene="yard", lexicon=lexicon, file="r.txt"))


def test_a_key_with_a_line_end_is_told_on_one_line(tmp_path: Path) -> None:
    path = tmp_path / "key.yaml"
    path.write_bytes(as_json(MANIFESTS[0] | {"a\r\nb": 1}))
    assert lawful(lambda: load_manifest(path), place=str(path)) is not None
