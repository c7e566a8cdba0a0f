"""Runs of `ruler detect` over damaged clips, and what must hold of them."""

from __future__ import annotations

import collections
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mutants.damage import packets
from mutants.sources import UNSEEING
from mutants.strange import LEADING
from ruler.errors import ClipError
from ruler.video.isolation import open_isolated

LIMIT_SECONDS = 900
REACH_SECONDS = 1.5
"""A caption is made from the frames of so long before it."""

MODES: dict[str, tuple[str, ...]] = {
    "uniform": (),
    "online": ("--online",),
    "killed": (),
    "adaptive": ("--sample", "adaptive"),
    "sparse": ("--every", "1s"),
}
SAME_CAPTIONS = ("uniform", "online", "killed")
"""Where each sampled frame has a caption of its own."""

WHOLE = frozenset({".mp4", ".mov", ".mkv", ".webm", ".avi"})
"""Containers that keep a picture in one piece."""

Row = dict[str, Any]


@dataclass
class Tally:
    """What became of the clips of one kind."""

    counts: collections.Counter[str] = field(default_factory=collections.Counter)
    worst_seconds: float = 0.0
    worst: str = ""


@dataclass
class Findings:
    """What became of all clips by kind, and what went wrong."""

    kinds: dict[str, Tally] = field(default_factory=lambda: collections.defaultdict(Tally))
    wrong: list[str] = field(default_factory=list)

    def complain(self, kind: str, text: str) -> None:
        """Keep what went wrong."""
        self.kinds[kind].counts["complaints"] += 1
        self.wrong.append(text)
        print(text, flush=True)


def command(folder: Path, *words: str) -> list[str]:
    """The command, with a store and runs of its own."""
    code = "from ruler.cli import main; main()"
    places = ["--store", str(folder / "store")]
    places += ["--out", str(folder / "runs")] if words[0] == "detect" else []
    return [sys.executable, "-c", code, *words, *places]


def ruler(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end.

    Raises:
        subprocess.TimeoutExpired: it hangs.
    """
    return subprocess.run(  # noqa: S603 - our own
        command(folder, *words), capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )


def killed_and_resumed(
    folder: Path, run: str, chance: random.Random, *words: str
) -> subprocess.CompletedProcess[str]:
    """Kill a detection without warning twice, and let it go on each time."""
    arguments = [*words]
    for _ in range(2):
        process = subprocess.Popen(  # noqa: S603 - our own
            command(folder, *arguments),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        begun = time.monotonic() + 60
        while not (folder / "runs" / run / "run.json").exists() and process.poll() is None:
            time.sleep(0.05)
            if time.monotonic() > begun:
                break
        time.sleep(chance.random() * 6)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        arguments = ["detect", "--resume", run]
    return ruler(folder, *arguments)


def results_of(folder: Path, run: str) -> dict[str, list[str]]:
    """By clip, the lines of its frames."""
    lines: dict[str, list[str]] = collections.defaultdict(list)
    for line in (folder / "runs" / run / "frames.jsonl").read_text().splitlines():
        lines[json.loads(line)["clip"]].append(line)
    return lines


class Batch:
    """A sound clip and damaged ones of its view, detected in one run.

    Args:
        folder: Where the store and the runs lie.
        sound: The sound clip; the scene is learned from it.
        mode: One of `MODES`.
        findings: Is told.
        of: What the folder is called after, besides.
    """

    def __init__(
        self, folder: Path, sound: Path, mode: str, findings: Findings, of: str = "mutants"
    ) -> None:
        self.sound, self.mode, self.findings = sound, mode, findings
        self.scene = sound.name.replace(".", "-").lower()
        self.folder = folder / f"{self.scene}-{mode}-{of}"
        self.expected: list[str] = []

    def learn(self) -> None:
        """Learn the scene, and how the sound clip fares alone."""
        # By other frames than are judged, so that the sound clip is read beside the others.
        learning = ["induce", str(self.sound), "--scene", self.scene, "--every", "7f"]
        learned = ruler(self.folder, *learning)
        apart = self.folder / "apart"
        shutil.rmtree(apart, ignore_errors=True)
        shutil.copytree(self.folder / "store", apart / "store")
        alone = ruler(apart, *self._detect("alone", self.sound))
        if learned.returncode or alone.returncode not in {0, 3}:
            sys.exit(learned.stderr + alone.stderr)
        self.expected = results_of(apart, "alone")[self.sound.name]

    def _detect(self, run: str, *clips: Path) -> list[str]:
        words = ["detect", *map(str, clips), "--scene", self.scene]
        return [*words, "--run-id", run, *MODES[self.mode]]

    def examine(
        self,
        clips: Sequence[Path],
        kind_of: Callable[[Path], str],
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        """Detect, and see what went wrong."""
        run = f"{self.scene}-{self.mode}"
        began = time.monotonic()
        for clip in clips:
            self._cost(clip, kind_of(clip))
        opened = time.monotonic()
        meanwhile()
        words = self._detect(run, self.sound, *clips, self.sound)
        try:
            if self.mode == "killed":
                chance = random.Random(run)
                done = killed_and_resumed(self.folder, run, chance, *words)
            else:
                done = ruler(self.folder, *words)
        except subprocess.TimeoutExpired:
            self.findings.complain("run", f"HANG: {run}")
            return
        if done.returncode not in {0, 3}:
            said = done.stderr[-600:]
            self.findings.complain("run", f"CRASH: {run}: exit {done.returncode}: {said}")
            return
        self._judge(run, clips, kind_of)
        took = f"{opened - began:.0f} + {time.monotonic() - opened:.0f} s"
        print(f"{run}: {len(clips)} clips, {took}", flush=True)

    def _cost(self, clip: Path, kind: str) -> None:
        """How long it takes to open and read a clip alone."""
        began = time.monotonic()
        try:
            opened = open_isolated(clip)
            for _ in opened.frames(range(min(opened.info.frames, 1000)), width=320, is_grey=True):
                pass
        except ClipError:
            pass
        tally, took = self.findings.kinds[kind], time.monotonic() - began
        if took > tally.worst_seconds:
            tally.worst_seconds, tally.worst = took, clip.name

    def _judge(self, run: str, clips: Sequence[Path], kind_of: Callable[[Path], str]) -> None:
        record = json.loads((self.folder / "runs" / run / "run.json").read_text())
        lines = results_of(self.folder, run)
        called = json.dumps(self.sound.name)
        for name in (self.sound.name, f"{self.sound.name}#2"):  # the first and the last clip
            as_alone = [one.replace(json.dumps(name), called, 1) for one in lines[name]]
            if as_alone != self.expected:
                self.findings.complain("run", f"SPOILED: the sound clip's results differ in {run}")
        for clip, one in zip(clips, record["clips"][1:-1], strict=True):
            kind, error = kind_of(clip), one["error"]
            counts = self.findings.kinds[kind].counts
            partly = "partly" if one["coverage"]["failed"] else "read"
            counts["refused" if error else partly] += 1
            if error and not is_sentence(error):
                self.findings.complain(kind, f"SENTENCE: {error!r}")
            if clip.name in LEADING and not error:
                self.findings.complain(kind, f"FOLLOWED: {clip.name}")
            if kind in {"pictures", "middle", "hollow"} and self.sound.is_file() and not error:
                self._compare(clip, kind, lines[one["clip"]])

    def _compare(self, clip: Path, kind: str, lines: Sequence[str]) -> None:
        """Where pictures alone are damaged: no frame has a time that it had not before, and what
        the damage does not reach is as it was. Some containers have marks of their own inside of
        pictures; there frames may be lost."""
        rows, sound = _by_time(lines), _by_time(self.expected)
        known = open_isolated(self.sound).times
        moved = [at for at in rows if abs(known - at).min() > 2e-3]
        if moved:
            self.findings.complain(kind, f"TIMES: {clip.name}: {len(moved)} of {len(rows)} moved")
        if self.mode not in SAME_CAPTIONS:
            return
        reached, counts = reach(self.sound, clip), self.findings.kinds[kind].counts
        is_whole = self.sound.suffix in WHOLE
        both = [at for at in sound if at in rows]
        apart = [at for at in (sound if is_whole else both) if not reached(at)]
        counts["frames apart from damage"] += len(apart)
        changed = [at for at in both if rows[at]["caption"] != sound[at]["caption"]]
        lost = [at for at in apart if at not in rows or at in changed]
        if lost and is_whole:
            self.findings.complain(kind, f"REACHED: {clip.name}: at {lost} seconds")
        failed = [at for at, row in rows.items() if row["outcome"] == "failed"]
        # A caption after a failure may be made from fewer frames.
        unseen = [
            at
            for at in changed
            if at not in failed and not any(-0.5 < at - one < REACH_SECONDS for one in failed)
        ]
        counts["frames of unnoticed damage"] += len(unseen)
        codec = clip.stem.split("-")[-1]
        # A few flipped bits may make another picture that any decoder takes.
        if unseen and is_whole and kind != "pictures" and not codec.startswith(UNSEEING):
            self.findings.complain(kind, f"UNNOTICED: {clip.name}: at {unseen} seconds")


def _by_time(lines: Sequence[str]) -> dict[float, Row]:
    return {round(row["time_seconds"], 3): row for row in map(json.loads, lines)}


def is_sentence(error: str) -> bool:
    """One line that ends and touches no terminal."""
    return error.endswith(".") and len(error) <= 600 and error.isprintable()


def reach(sound: Path, damaged: Path) -> Callable[[float], bool]:
    """Says of a time whether the damage may be seen there: in its groups of pictures, those shown
    at their edges, and as long after them as a caption looks back."""
    before, after = sound.read_bytes(), damaged.read_bytes()
    changed = [
        place
        for place, (at, size) in enumerate(packets(before))
        if before[at : at + size] != after[at : at + size]
    ]
    clip = open_isolated(sound)
    times, starts = clip.times, sorted(getattr(clip, "_starts", range(len(clip.times))))
    spans: list[tuple[float, float]] = []
    for place in changed:
        key = max((number for number, start in enumerate(starts) if start <= place), default=0)
        # One group to each side: pictures of open groups are coded behind the next key picture.
        first, last = max(key - 1, 0), key + 2
        stop = times[starts[last]] if last < len(starts) else times[-1] + 1
        spans.append((times[starts[first]], stop + REACH_SECONDS))
    return lambda seconds: any(start <= seconds < stop for start, stop in spans)


def disturb(folder: Path) -> threading.Thread:
    """In a moment a file shrinks and another one goes."""

    def run() -> None:
        time.sleep(4)
        for name in ("vanishing.mp4", "shrinking.mp4"):
            if (path := folder / name).exists():
                os.truncate(path, 20_000) if name[0] == "s" else path.unlink()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread
