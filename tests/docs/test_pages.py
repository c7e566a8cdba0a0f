"""Every page that shows commands or files is played from top to bottom, on tiny clips."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.conformance.clips import walkers
from tests.docs.blocks import ROOT, page, pages
from tests.docs.playing import Player
from tests.stubs.openai_server import OpenAIStub
from tests.stubs.witness import Witness
from tests.video.clips import Image, numbered, write_clip

FPS = 10.0
SERVED = "http://127.0.0.1:8000/v1"
"""Where pages say that a model is served."""


def film(folder: Path, **clips: list[Image]) -> None:
    """Clips by their names."""
    for name, pictures in clips.items():
        write_clip(folder / f"{name}.mp4", pictures, fps=FPS)


def scene_with_a_runner(player: Player) -> None:
    """Three normal clips of two walkers, and two clips in which they run for a while."""
    normal = {
        name: list(walkers(60, seed=seed))
        for seed, name in enumerate(("monday", "tuesday", "wednesday"))
    }
    for seed, name in ((5, "today"), (7, "yesterday")):
        calm, hasty = walkers(80, seed=seed), walkers(80, seed=seed + 1, speed=9.0)
        normal[name] = list(np.concatenate([calm[:30], hasty[30:60], calm[60:]]))
    film(player.folder, **normal)


def recorded_friday(player: Player) -> None:
    """A clip of six seconds, for pages that bring its captions."""
    film(player.folder, friday=numbered(60))


def footage_of_the_demo(player: Player) -> None:
    """Stand-ins for clips that `ruler demo` renders, whose captions are recorded."""
    (player.folder / "examples").symlink_to(ROOT / "examples")
    lengths = {"references": (("reference1", 150), ("reference2", 150))}
    lengths["clips"] = (("cyclist", 200), ("loiterer", 240))
    for kind, clips in lengths.items():
        folder = player.folder / "demo" / "footage" / kind
        folder.mkdir(parents=True)
        for name, count in clips:
            film(folder, **{name: numbered(count, width=64, height=48)})


def clips_for_a_model(player: Player) -> None:
    """Short clips; on the last somebody runs, says the model that a page asks."""
    film(player.folder, monday=numbered(20), tuesday=numbered(20), today=numbered(24))


STAGES: dict[str, Callable[[Player], object]] = {
    "README.md": lambda player: (scene_with_a_runner(player), footage_of_the_demo(player)),
    "docs/backtest.md": recorded_friday,
    "docs/captioners.md": lambda player: None,
    "docs/long-runs.md": scene_with_a_runner,
    "docs/models.md": clips_for_a_model,
    "docs/privacy.md": scene_with_a_runner,
    "docs/tutorial-clip.md": scene_with_a_runner,
    "docs/tutorial-table.md": lambda player: None,
    "docs/tutorial-taxonomy.md": footage_of_the_demo,
}
PLAYED = ("bash", "console", "python")
ELSEWHERE = {"docs/rules.md", "docs/taxonomies.md"}
"""Pages with a test of their own, which looks closer."""


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a model that sees and reads."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with OpenAIStub(default=Witness(range(8, 14))) as stub:
        yield stub.url


@pytest.mark.parametrize("name", STAGES)
def test_a_page_does_what_it_says(name: str, player: Player, served: str) -> None:
    STAGES[name](player)
    player.replaced = {SERVED: served}
    assert player.play(page(name)) > 0


def test_every_page_with_something_to_run_is_played() -> None:
    shown = {
        one.name
        for one in pages()
        if not one.name.startswith("docs/reference/")  # its examples are the commands' own
        if any(block.kind in PLAYED and block.is_run for block in one.blocks)
    }
    assert shown <= STAGES.keys() | ELSEWHERE
