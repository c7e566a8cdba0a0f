"""A captioner that is helped by processes: the same captions, and what happens when one dies."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ruler.captioners.base import Captioner
from ruler.captioners.helpers import POOL, Helper, HelperLostError
from ruler.captioners.processes import Computing, Helped
from ruler.errors import InputError, RunError
from ruler.registry import resolve
from ruler.schemas.captions import Caption, SceneModel
from ruler.video.frames import FrameWindow
from tests.conformance.captioners import CaptionerConformance
from tests.conformance.clips import MemoryClip, walkers, windows_of

FRAMES = 24

PLUG_IN = '''
"""A captioner that raises at some windows."""
from ruler.captioners.base import Captioned
from ruler.captioners.motion.captioner import MotionCaptioner
from ruler.errors import InputError


class Touchy(MotionCaptioner):
    def caption(self, windows, scene_model):
        for window in windows:
            if window.frame_index == 5:
                raise InputError("mend it.")
            if window.frame_index == 8:
                raise ArithmeticError("too odd")
            yield from super().caption([window], scene_model)


def create(model, options):
    return Touchy()
'''


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    yield
    POOL.close()


@pytest.fixture(scope="module")
def motion() -> Captioner:
    captioner: Captioner = resolve("captioner", "motion")
    return captioner


@pytest.fixture(scope="module")
def scene_model(motion: Captioner) -> SceneModel:
    references = [MemoryClip(f"normal-{seed}", walkers(60, seed=seed)) for seed in (1, 2)]
    model = motion.fit(references, cameras="one", place="any")
    assert model is not None
    return model


@pytest.fixture(scope="module")
def windows(motion: Captioner) -> list[FrameWindow]:
    clip = MemoryClip("walkway", walkers(FRAMES))
    return windows_of(clip, motion.window, range(FRAMES))


class TestHelped(CaptionerConformance):
    @pytest.fixture
    def make(self, motion: Captioner) -> Callable[[], Captioner]:
        return lambda: Helped(motion, "motion", 2, works_here=False)


def test_the_embedded_captioner_says_what_makes_it_anew(motion: Captioner) -> None:
    assert isinstance(motion, Computing)
    assert resolve("captioner", motion.made_as).identity == motion.identity


def test_one_who_asks_alone_needs_no_process(
    motion: Captioner, windows: list[FrameWindow], scene_model: SceneModel
) -> None:
    helped = Helped(motion, "motion", 1)
    expected = list(motion.caption(windows[:3], scene_model))
    assert list(helped.caption(windows[:3], scene_model)) == expected
    assert POOL.pids() == []
    with closing(helped.caption(windows[:3], scene_model)) as here:
        assert next(here) == expected[0]
        assert list(helped.caption(windows[:3], scene_model)) == expected
        assert len(POOL.pids()) == 1
    assert list(helped.caption(windows[:3], scene_model)) == expected


def test_processes_are_started_once_and_no_more_than_there_is_work_for(motion: Captioner) -> None:
    helped = Helped(motion, "motion", 3)
    helped.prepare(1)
    assert POOL.pids() == []
    helped = Helped(motion, "motion", 3)
    helped.prepare(3)
    assert len(POOL.pids()) == 2
    helped.prepare(9)
    Helped(motion, "motion", 2).prepare(9)
    assert len(POOL.pids()) == 2


def test_windows_in_any_order_and_streams_that_are_left(
    motion: Captioner, windows: list[FrameWindow], scene_model: SceneModel
) -> None:
    """Pictures are sent once a stream; one that nobody reads on costs its process."""
    helped = Helped(motion, "motion", 1, works_here=False)
    mixed = [windows[number] for number in (3, 4, 4, 20, 2, 3)]
    expected = list(motion.caption(mixed, scene_model))
    assert list(helped.caption(mixed, scene_model)) == expected
    with closing(helped.caption(mixed, scene_model)) as left:
        assert next(left) == expected[0]
    assert POOL.pids() == []
    assert list(helped.caption(mixed, scene_model)) == expected
    assert list(helped.caption(mixed, None)) == list(motion.caption(mixed, None))
    assert list(helped.caption(mixed, scene_model)) == expected


def test_a_process_that_dies_loses_a_window_and_no_more(
    motion: Captioner, windows: list[FrameWindow], scene_model: SceneModel
) -> None:
    helper = Helper("motion")
    try:
        answers = helper.caption(windows, scene_model)
        assert isinstance(next(answers).answer, Caption)
        os.kill(helper.pid, signal.SIGKILL)
        with pytest.raises(HelperLostError, match="ended before it had an answer"):
            list(answers)
        assert not helper.is_usable
    finally:
        helper.close()


def test_after_some_losses_all_is_done_here(
    motion: Captioner,
    windows: list[FrameWindow],
    scene_model: SceneModel,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ruler.captioners.helpers._CODE", "raise SystemExit")
    helped = Helped(motion, "motion", 1, works_here=False)
    for _ in range(3):
        with pytest.raises(HelperLostError):
            list(helped.caption(windows, scene_model))
    expected = list(motion.caption(windows, scene_model))
    assert list(helped.caption(windows, scene_model)) == expected


def test_what_a_captioner_raises_is_told_here(
    windows: list[FrameWindow],
    scene_model: SceneModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An installed captioner's errors: its process serves on."""
    (tmp_path / "touchy.py").write_text(PLUG_IN)
    facts = tmp_path / "touchy-1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: touchy\nVersion: 1\n")
    (facts / "entry_points.txt").write_text("[ruler.captioners]\ntouchy = touchy:create\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    helper = Helper("touchy")
    try:
        for at, error, said in ((5, InputError, r"^mend it\.$"), (8, RunError, "Arith.*too odd")):
            answered = []
            with pytest.raises(error, match=said):
                answered.extend(helper.caption(windows[at - 2 :], scene_model))
            assert [type(one.answer) for one in answered] == [Caption] * len(answered)
            assert len(answered) == 2
        assert len(list(helper.caption(windows[9:], scene_model))) == FRAMES - 9
        assert helper.is_usable
    finally:
        helper.close()


def test_it_ends_with_its_parent() -> None:
    import subprocess
    import sys

    code = (
        "import os, signal; from ruler.captioners.helpers import Helper; h = Helper('motion');"
        "print(h.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 30
    while Path(f"/proc/{int(done.stdout)}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
