"""What `ruler detect` imports for a clip whose captions are known: none of what takes long."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import typer.main

from ruler.captioners.motion.captioner import MotionCaptioner
from ruler.cli.tree import COMMANDS, tree_for
from ruler.jobs.detect import DetectRequest, detect
from ruler.jobs.rules import Import, import_file
from ruler.jobs.tools import Machine
from ruler.schemas.base import bytes_hash
from ruler.schemas.captions import Box, Caption, Figure
from ruler.schemas.runs import Every
from ruler.steps.captioning import View
from ruler.video import known
from ruler.video.clips import open_clip
from ruler.video.sampling import sample_indices
from rules_store.store import Store
from tests.scenes import write_pictures

HEAVY = (
    "alembic av cv2 decord jsonschema langchain_core langgraph multiprocessing pandas plotly "
    "rich.progress ruamel scipy simplemma sklearn sqlalchemy.orm sqlmodel torch"
).split()
RULES = """\
schema: ruler/rules/v1
scene: yard
rules:
  - id: yard.fast
    title: Somebody runs
    kind: anomaly
    level: medium
    statement: A figure moves fast.
    measures: [{fact: speed_ratio, above: 5}]
  - id: yard.lingering
    title: Somebody stays
    kind: anomaly
    level: low
    statement: A figure stays in one place.
    measures: [{fact: dwell_seconds, above: 60}]
"""
DETECT = """\
import sys
from ruler.cli import main
sys.argv = ["ruler", "detect", sys.argv[1], "--scene", "yard", "--every", "1s"]
try:
    main()
except SystemExit as end:
    assert not end.code
print("loaded", *(name for name in {heavy!r} if name in sys.modules))
"""


def caption(key: str, captioner: MotionCaptioner) -> Caption:
    """Somebody walks."""
    figure = Figure(box=Box(left=0.2, top=0.2, right=0.3, bottom=0.5), facts={"speed_ratio": 1.0})
    return Caption(
        key=key,
        captioner=captioner.identity.name,
        text="There is 1 figure. It walks at the usual speed.",
        facts={"figures": 1.0},
        figures=(figure,),
        measured=captioner.measured,
    )


def test_detecting_known_captions_anew_imports_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_pictures(tmp_path / "clip", [100] * 50)
    (tmp_path / "yard.yaml").write_text(RULES, encoding="utf-8")
    monkeypatch.setattr(known, "SETTLED_SECONDS", -1e9)
    with Store(tmp_path / "store") as store:
        import_file(store, Import(tmp_path / "yard.yaml", "kim"))
        opened, captioner = open_clip(clip), MotionCaptioner()
        frames = sample_indices(opened.times, Every(seconds=1))
        address = View(captioner, None).sha256(opened.info.name, frames)
        keys = {int(frame): bytes_hash(f"{frame}".encode()) for frame in frames}
        store.captions.put(caption(key, captioner) for key in keys.values())
        store.captions.put_samples(opened.info.sha256, address, keys)
        request = DetectRequest(clips=[clip], scene="yard", every=Every(seconds=1))
        detect(request, Machine(store=store, runs=tmp_path / "runs"))
    places = {"RULER_STORE": str(tmp_path / "store"), "RULER_RUNS": str(tmp_path / "runs")}
    done = subprocess.run(
        [sys.executable, "-c", DETECT.format(heavy=HEAVY), clip],
        env={**os.environ, **places},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "0 events in 1 clip; 2 frames scored" in done.stdout
    assert done.stdout.splitlines()[-1].strip() == "loaded"


@pytest.mark.parametrize("line", [["--help"], [], ["detct"], ["--version"], ["-h", "detect"]])
def test_a_line_that_names_no_command_sees_all(line: list[str]) -> None:
    assert set(commands_of(tree_for(line))) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_line_that_names_a_command_builds_that_one(name: str) -> None:
    assert commands_of(tree_for([name, "--help"])) == [name]


def commands_of(app: typer.Typer) -> list[str]:
    """The names of its commands."""
    group = typer.main.get_command(app)
    return list(group.commands)  # type: ignore[attr-defined]


def test_the_end_of_a_command_is_not_spent_on_looking_for_garbage() -> None:
    code = (
        "import atexit, gc, sys\n"
        "atexit.register(lambda: print('frozen', gc.get_freeze_count() > 1000))\n"
        "from ruler.cli import main\n"
        "sys.argv = ['ruler', '--version']\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "frozen True"
