"""Runs that are killed, and gone on with: the same results, and nothing done twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ruler.errors import InputError
from tests.scenes import FPS, SCENE, Brightness, Workplace, results, wavy

ROOT = Path(__file__).resolve().parents[2]
FRAMES = 160


class Killed:
    """A `ruler` of its own, to be killed; what it captions goes into a log."""

    def __init__(self, yard: Workplace, clip: str) -> None:
        self.yard = yard
        self.clip = clip
        self.log = yard.folder / "captions.log"
        self.log.touch()

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        settings = {
            "RULER_STORE": str(self.yard.folder / "store"),
            "RULER_RUNS": str(self.yard.folder / "runs"),
            "TEST_LOG": str(self.log),
            "TEST_DELAY": "0.004",
        }
        command = [sys.executable, "-m", "tests.scenes", "detect", "--workers", "2", *arguments]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **settings, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def detect(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        place = ["--scene", SCENE, "--fps", str(FPS), "--chunk", "8", "--run-id", "cut"]
        return self.start(self.clip, *place, *arguments, **environment)

    def logged(self) -> list[str]:
        return self.log.read_text().split()

    def kill_when(self, process: subprocess.Popen[bytes], is_time: Callable[[], bool]) -> None:
        """Kill without warning at the moment; the run must still be in work then."""
        deadline = time.monotonic() + 60
        while not is_time():
            assert process.poll() is None, "it ended before it was killed"
            assert time.monotonic() < deadline
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait(timeout=20) == -signal.SIGKILL

    def stored(self, keys: list[str]) -> set[str]:
        return set(self.yard.store.captions.get(keys))


@pytest.fixture
def clip(yard: Workplace) -> str:
    return yard.clip("one", wavy(FRAMES, seed=31, loud=[(40, 70), (100, 104)]))


@pytest.fixture
def run(yard: Workplace, clip: str) -> Killed:
    return Killed(yard, clip)


def test_killed_again_and_again_while_captioning(
    yard: Workplace, clip: str, run: Killed, captioner: Brightness
) -> None:
    folder = yard.folder / "runs" / "cut"
    process = run.detect()
    # Before the first chunk: there is a run, and not one caption.
    run.kill_when(process, (folder / "run.json").exists)
    moments = random.Random(2026)
    known: set[str] = set()
    for _ in range(4):
        before = len(run.logged())
        process = run.start("--resume", "cut")
        more = moments.randint(1, 38)
        wait = moments.random() * 0.01
        run.kill_when(process, lambda b=before, m=more: len(run.logged()) >= b + m)  # type: ignore[misc]
        time.sleep(wait)
        fresh = run.logged()[before:]
        assert known.isdisjoint(fresh), "a stored caption was computed again"
        known = run.stored(run.logged())
    assert not (folder / "frames.jsonl").exists()
    captioner.log = run.log
    before = len(run.logged())
    found = yard.resume("cut", workers=2)
    assert known.isdisjoint(run.logged()[before:])
    assert found.record.attempts >= 5
    assert found.record.state == "done"
    logged = run.logged()
    assert len(set(logged)) == FRAMES
    # Not stored at the kill, so in flight: at most the two chunks in work at each of five kills.
    assert len(logged) - FRAMES <= 5 * 2 * 8
    captioner.log = None
    whole = yard.detect([clip])
    assert results(found) == results(whole)
    assert found.record.coverage == whole.record.coverage
    assert not list(folder.glob("checkpoint*")) and not list(folder.glob(".*"))


@pytest.mark.parametrize("most", ["0", "4096"])
def test_killed_again_and_again_while_sifting(
    yard: Workplace, clip: str, run: Killed, captioner: Brightness, most: str
) -> None:
    """Which frames an adaptive run looks at does not depend on where it was cut off."""
    process = run.detect("--sample", "adaptive", TEST_MOST_SAMPLES=most)
    run.kill_when(process, (yard.folder / "runs" / "cut" / "run.json").exists)
    moments = random.Random(2027)
    for _ in range(3):
        before, more = len(run.logged()), moments.randint(1, 20)
        process = run.start("--resume", "cut", TEST_MOST_SAMPLES=most)
        run.kill_when(process, lambda b=before, m=more: len(run.logged()) >= b + m)  # type: ignore[misc]
    found = yard.resume("cut", workers=2)
    assert (found.record.attempts, found.record.state) == (5, "done")
    whole = yard.detect([clip], sample="adaptive", runs="others")
    assert results(found) == results(whole)
    assert found.record.coverage == whole.record.coverage
    captioner.asked.clear()
    assert results(yard.detect([clip], sample="adaptive", runs="again")) == results(whole)
    assert captioner.asked == []


@pytest.mark.parametrize(
    ("place", "most"),
    [
        ("graphs.stages:link_clip", "0"),
        ("graphs.stages:reflect_clip", "0"),
        ("graphs.stages:find_events", "0"),
        ("graphs.stages:judge_at_once", "4096"),
        ("ruler.jobs.results:write_report", "4096"),
    ],
)
def test_killed_during_the_reduce(
    yard: Workplace, clip: str, run: Killed, captioner: Brightness, place: str, most: str
) -> None:
    """After a stage's work, before anybody heard of it, page by page and in memory; the last one
    while results are written."""
    marker = yard.folder / "marker"
    process = run.detect(TEST_STALL=f"{place}:{marker}", TEST_MOST_SAMPLES=most)
    run.kill_when(process, marker.exists)
    assert len(run.logged()) == FRAMES
    found = yard.resume("cut")
    assert captioner.asked == []
    assert results(found) == results(yard.detect([clip]))
    assert (found.record.attempts, found.record.state) == (2, "done")


def test_interrupted_by_the_keyboard(yard: Workplace, run: Killed) -> None:
    """Ctrl-C ends with a sentence that says how to go on, and no traceback."""
    arguments = ["detect", run.clip, "--scene", SCENE, "--fps", str(FPS)]
    arguments += ["--run-id", "cut", "--workers", "1", "--chunk", "4"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.scenes", *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "RULER_STORE": str(yard.folder / "store"),
            "RULER_RUNS": str(yard.folder / "runs"),
            "TEST_LOG": str(run.log),
            "TEST_DELAY": "0.02",
        },
        stderr=subprocess.PIPE,
        text=True,
        # A gate in the background of a shell has its interrupts ignored, and so its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    while len(run.logged()) < 10:
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert said == "ruler: interrupted. A detection goes on with: ruler detect --resume RUN\n"
    assert yard.resume("cut").record.coverage.total == FRAMES


TAXONOMY = """\
schema: ruler/taxonomy/v1
id: street
categories:
  light:
    title: Light
    items:
      - {id: light.glare, kind: abnormal, title: Glare, level: high, statement: It glares.}
"""


def test_a_taxonomy_that_changed_meanwhile_is_noticed(yard: Workplace) -> None:
    """What it said when the run began is part of the run; how its file is written is not."""
    clip = yard.clip("two", wavy(40, seed=12))
    path = yard.folder / "street.yaml"
    path.write_text(TAXONOMY)
    found = yard.detect([clip], taxonomy=str(path), run_id="mine")
    path.write_text("# Written by hand\n" + TAXONOMY)
    assert results(yard.resume("mine")) == results(found)
    path.write_text(TAXONOMY.replace("level: high", "level: low"))
    with pytest.raises(InputError, match=r"street.yaml has changed since run 'mine' began"):
        yard.resume("mine")
