"""Every example works as its comments say."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from ruler.captioners.base import Captioner
from ruler.errors import InputError
from ruler.jobs.taxonomies import known_taxonomies, review
from ruler.reasoners.base import MatchContext
from ruler.reasoners.matching import match_rule
from ruler.registry import names, resolve
from ruler.schemas.captions import Caption
from ruler.schemas.observations import Observation
from ruler.schemas.rules import Rule, RuleSet, When
from ruler.schemas.taxonomy import Lexicon
from ruler.text.phrases import find_any
from ruler.video.frames import Frame, FrameWindow
from rules_store.manifest_files import load_manifest
from rules_store.rule_files import parse_rules
from rules_store.taxonomy_files import load_taxonomy, parse_taxonomy
from tests.conformance.captioners import CaptionerConformance
from tests.conformance.clips import walkers

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
RULES = EXAMPLES / "rules" / "front-door.yaml"
TAXONOMY = EXAMPLES / "taxonomies" / "care-home.yaml"


@pytest.fixture(scope="module")
def rule_set() -> RuleSet:
    return parse_rules(RULES.read_text(), file=str(RULES))


def fires(rule: Rule, text: str) -> bool:
    """Whether the rule's words and exceptions fire on a caption, gates and measures aside."""
    rule = rule.model_copy(update={"when": When(), "measures": ()})
    caption = Caption(key="key", captioner="test", text=text)
    observation = Observation(frame_index=0, until_frame=1, time_seconds=0.0, caption=caption)
    context = MatchContext(
        rule_set=RuleSet(scene="front-door"),
        lexicon=Lexicon(id="none", concepts={}),
        clip_start=None,
        as_of=dt.date(2030, 1, 1),
    )
    return match_rule(rule, observation, context) is not None


def test_rule_file_reads(rule_set: RuleSet) -> None:
    assert rule_set.scene == "front-door"
    assert len(rule_set.live) == len(rule_set.rules) == 5
    (normal,) = (rule for rule in rule_set.rules if rule.kind == "normal")
    assert all(rule_set.rule(rule_id) for rule_id in normal.overrides)
    assert any(rule.when.hours for rule in rule_set.rules)
    assert any(rule.exceptions for rule in rule_set.rules)


def test_rule_file_passes_its_own_tests(rule_set: RuleSet) -> None:
    wrong = [
        (rule.id, text)
        for rule in rule_set.rules
        for expected, texts in ((True, rule.tests.fire), (False, rule.tests.quiet))
        for text in texts
        if fires(rule, text) is not expected
    ]
    assert wrong == []
    assert sum(len(rule.tests.fire) + len(rule.tests.quiet) for rule in rule_set.rules) >= 15


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("A woman is lying on the floor near a chair.", {"falls.on-the-floor"}),
        ("Four people exercise on the floor.", {"falls.floor-exercise"}),
        ("A man pushes another man.", {"conflict.violence"}),
        ("A carer is pushing a wheelchair.", {"care.wheelchair"}),
        ("An old man walks with a carer.", {"wandering.accompanied"}),
        ("Nobody is lying on the floor.", set()),
    ],
)
def test_taxonomy_reads_and_finds(text: str, items: set[str]) -> None:
    taxonomy = parse_taxonomy(TAXONOMY.read_text(), file=str(TAXONOMY))
    assert {item.kind for item in taxonomy.items} == {"normal", "abnormal"}
    found = {
        item.id
        for item in taxonomy.items
        if find_any(text, item.look_for) and not find_any(text, item.unless)
    }
    assert found == items


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip has installed the example packages."""
    target = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    pip += ["--no-index", "--no-deps", "--no-build-isolation", "--target", str(target)]
    packages = [str(EXAMPLES / name) for name in ("custom-captioner", "custom-taxonomy")]
    subprocess.run([*pip, *packages], check=True)
    return target


class TestCustomCaptioner(CaptionerConformance):
    @pytest.fixture(autouse=True)
    def on_path(self, installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(str(installed))
        importlib.invalidate_caches()

    @pytest.fixture
    def make(self) -> Callable[[], Captioner]:
        return lambda: resolve("captioner", "brightness:5")

    @pytest.fixture
    def bad_window(self) -> FrameWindow:
        frame = Frame(0, 0.0, np.zeros((0, 4, 3), np.uint8))
        return FrameWindow("walkway", 0, 0.0, (frame,))

    def test_is_found_by_its_entry_point(self) -> None:
        assert "brightness" in names("captioner")
        with pytest.raises(InputError, match="takes a number"):
            resolve("captioner", "brightness:much")

    def test_tells_light_and_change(self) -> None:
        dark, light = (
            Frame(index, index / 2, np.full((4, 4, 3), value, np.uint8))
            for index, value in enumerate((10, 200))
        )
        windows = [
            FrameWindow("a", 0, 0.0, (dark,)),
            FrameWindow("a", 1, 0.5, (dark, light)),
        ]
        captioner: Captioner = resolve("captioner", "brightness")
        texts = [
            one.answer.text
            for one in captioner.caption(windows, None)
            if isinstance(one.answer, Caption)
        ]
        assert texts == [
            "The picture is dark. It is still.",
            "The picture is bright. It is changing.",
        ]


def test_a_taxonomy_of_a_package(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(installed))
    importlib.invalidate_caches()
    taxonomy = load_taxonomy("playground")
    assert taxonomy.title == "Playground"
    assert review(taxonomy) == ()
    (known,) = (one for one in known_taxonomies() if one.name == "playground")
    assert (known.origin, known.problem) == ("package ruler-playground-taxonomy 0.1.0", None)


def test_use_as_library(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clips = {f"normal-{seed}": walkers(40, seed=seed) for seed in range(3)}
    clips["odd"] = walkers(40, seed=5, speed=9.0)
    for name, video in clips.items():
        (tmp_path / name).mkdir()
        for index, image in enumerate(video):
            cv2.imwrite(str(tmp_path / name / f"{index:03d}.png"), image)
    normal = [str(tmp_path / name) for name in clips if name != "odd"]
    main = runpy.run_path(str(EXAMPLES / "use_as_library.py"))["main"]
    arguments = ["--scene", "hall", "--frame-rate", "10", "--clip", str(tmp_path / "odd")]
    assert main([*arguments, "--normal", *normal]) == 0
    said = capsys.readouterr().out
    assert "hall@1: " in said
    assert "[hall.fast]" in said
    report = Path(said.rpartition("report: ")[2].strip())
    assert report.is_file()


class TestUcsdPed2:
    """examples/ucsd_ped2.py, on a folder laid out like the data set."""

    @pytest.fixture
    def data(self, tmp_path: Path) -> Path:
        folder = tmp_path / "UCSDped2"
        for part, clips in (
            ("Train", ("Train001",)),
            ("Test", ("Test001", "Test002", "Test001_gt")),
        ):
            for name in clips:
                (folder / part / name).mkdir(parents=True)
                for number in range(1, 6):
                    (folder / part / name / f"{number:03d}.tif").touch()
        (folder / "Test" / "UCSDped2.m").write_text(
            "TestVideoFile = {};\nTestVideoFile{end+1}.gt_frame = [2:4];\n"
            "TestVideoFile{end+1}.gt_frame = [1:2, 5:5];\n"
        )
        return folder

    def main(self, *arguments: str) -> None:
        runpy.run_path(str(EXAMPLES / "ucsd_ped2.py"))["main"](arguments)

    def test_writes_a_manifest_that_ruler_reads(
        self, data: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.main(str(data))
        manifest = load_manifest(data / "dataset.yaml")
        assert manifest.kind == "clips"
        assert manifest.reference == ("Train/Train001",)
        assert [one.clip for one in manifest.test] == ["Test/Test001", "Test/Test002"]
        assert json.loads((data / "frame_labels.json").read_text()) == {
            "Test/Test001": [0, 1, 1, 1, 0],
            "Test/Test002": [1, 1, 0, 0, 1],
        }
        assert "ruler eval" in capsys.readouterr().out

    def test_a_truth_that_does_not_fit_is_refused(self, data: Path) -> None:
        (data / "Test" / "UCSDped2.m").write_text("gt_frame = [2:4];\n")
        with pytest.raises(SystemExit, match="2 test clips, but 1 lines of truth"):
            self.main(str(data))
