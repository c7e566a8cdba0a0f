"""Dataset manifests: the four kinds, and what is wrong with a manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

from ruler.errors import FileProblems, InputError, NotFoundError
from ruler.schemas.datasets import (
    AnswersManifest,
    CaptionsManifest,
    ClipsManifest,
    UnderstandingManifest,
)
from rules_store.manifest_files import load_manifest, parse_manifest

SHARED = Path(__file__).resolve().parents[3] / "shared"
MANIFESTS = sorted([*SHARED.glob("data/*/dataset.yaml"), *SHARED.glob("data/captions/*.yaml")])

HEAD = "schema: ruler/dataset/v1\nname: mine\nkind: "


def test_the_four_kinds() -> None:
    clips = parse_manifest(
        f"{HEAD}clips\nreference: [a, b]\ntest: [{{clip: c}}, {{clip: d, label: 1}}]\n"
    )
    assert isinstance(clips, ClipsManifest)
    assert clips.test[1].label == 1
    captions = parse_manifest(f"{HEAD}captions\ncaptions: c.jsonl.gz\nfps: 25\nintervals: null\n")
    assert isinstance(captions, CaptionsManifest)
    assert captions.protocol.shots == 50
    answers = parse_manifest(
        f"{HEAD}answers\nanswers: a\nfilter: {{mode: cot}}\ntruth: t\ntaxonomy: general\n"
    )
    assert isinstance(answers, AnswersManifest)
    assert answers.filter == {"mode": "cot"}
    understanding = parse_manifest(f"{HEAD}understanding\nitems: i\ntaxonomy: ./mine.yaml\n")
    assert isinstance(understanding, UnderstandingManifest)


def told(source: str) -> list[str]:
    with pytest.raises(FileProblems) as caught:
        parse_manifest(source, file="d.yaml")
    return str(caught.value).split("\n")


def test_problems_of_a_manifest() -> None:
    assert told(
        f"{HEAD}clips\nfps: 0\ncamera: one\nplace: garden\nreference: []\n"
        "test:\n  - {clip: a, label: 2}\n  - b\n  - {label: 1}\n"
    ) == [
        "d.yaml:4:6: `fps` must be more than 0, not 0",
        "d.yaml:5:1: unknown key `camera`; did you mean `cameras`?",
        "d.yaml:6:8: `place` must be one of walkway, home, street, indoor, any, not `garden`",
        "d.yaml:7:12: `reference` needs at least 1 entry",
        "d.yaml:9:22: `label` must be one of 0, 1, not 2",
        "d.yaml:10:5: entry 2 of `test` must hold keys (clip, label …), not `b`",
        "d.yaml:11:5: `clip` is missing",
    ]
    assert told(f"{HEAD}captions\ncaptions: c\nfps: 25\nprotocol: {{folds: 1, shots: 2.5}}\n") == [
        "d.yaml:6:19: `folds` must be at least 2, not 1",
        "d.yaml:6:29: `shots` must be a whole number, not 2.5",
    ]


def test_the_kind_decides_what_else_is_read() -> None:
    kinds = "clips, captions, answers, understanding"
    assert told("schema: ruler/dataset/v1\nname: n\n") == [
        f"d.yaml:1:1: `kind` is missing (one of {kinds})"
    ]
    assert told("name: n\nkind: clip\n") == [
        "d.yaml:1:1: the line `schema: ruler/dataset/v1` is missing",
        f"d.yaml:2:7: `kind` must be one of {kinds}, not `clip`",
    ]
    assert told("kind: 1\nschema: ruler/rules/v1\n") == [
        "d.yaml:2:9: this is a `ruler/rules/v1` file; a `ruler/dataset/v1` file is expected"
    ]


def test_files(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        load_manifest(tmp_path / "none.yaml")
    with pytest.raises(InputError, match="is a folder"):
        load_manifest(tmp_path)
    path = tmp_path / "dataset.yaml"
    path.write_text("a: [", encoding="utf-8")
    with pytest.raises(FileProblems, match=r"dataset.yaml:1:5: the file ends too early"):
        load_manifest(path)


@pytest.mark.footage
def test_real_manifests() -> None:
    if not MANIFESTS:
        pytest.skip(f"needs the data sets in {SHARED}")
    kinds = {load_manifest(path).kind for path in MANIFESTS}
    assert kinds == {"clips", "captions", "answers", "understanding"}
