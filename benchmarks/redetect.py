"""How long detecting an hour anew takes after a rule was edited.

    python benchmarks/redetect.py [--clip CLIP] [--samples 3600] [--runs 3] [--stores FOLDER]

Makes a clip of an hour (640 x 360, a frame a second; or takes one), puts a caption of measured
figures for each of its samples into a store, detects once, edits a rule, and measures the whole
command `ruler detect` over the known captions: wall time, and the CPU seconds of all its processes,
beside those of a bare interpreter. Nothing is captioned, so no second of this is spent on vision;
no model is asked. `events` says how much there is to explain: key frames are decoded for them.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from ruler.captioners.motion.captioner import MotionCaptioner
from ruler.jobs.rules import Import, import_file
from ruler.schemas.base import bytes_hash
from ruler.schemas.captions import Box, Caption, Figure
from ruler.schemas.runs import Every
from ruler.steps.viewing import View
from ruler.video.clips import open_clip
from ruler.video.sampling import sample_indices
from rules_store.store import Store

SCENE = "yard"
RULES = """\
schema: ruler/rules/v1
scene: yard
threshold: 0.5
rules:
  - id: yard.fast
    title: Somebody runs
    kind: anomaly
    level: medium
    statement: A figure moves fast.
    measures: [{{fact: speed_ratio, above: {fast}}}]
    weight: 0.8
  - id: yard.large
    title: Something large
    kind: anomaly
    level: low
    statement: A figure is large.
    measures: [{{fact: fill_ratio, above: 9}}]
  - id: yard.lingering
    title: Somebody stays
    kind: anomaly
    level: low
    statement: A figure stays in one place.
    measures: [{{fact: dwell_seconds, above: 60}}]
"""
RULER = [sys.executable, "-c", "from ruler.cli import main; main()"]


def write_clip(path: Path, frames: int) -> None:
    """A grey picture with a square that moves, a frame a second."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=1, options={"preset": "ultrafast", "g": "12"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        picture = np.full((360, 640, 3), 90, np.uint8)
        for number in range(frames):
            shown = picture.copy()
            shown[100:160, number % 580 : number % 580 + 60] = 200
            frame = av.VideoFrame.from_ndarray(shown, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))


def caption(number: int, key: str, captioner: MotionCaptioner, rng: random.Random) -> Caption:
    """What might be said of a second: two to nine people; every five minutes one runs for six."""
    figures = []
    for place in range(rng.randint(2, 9)):
        left, top = rng.uniform(0, 0.9), rng.uniform(0, 0.7)
        box = Box(left=left, top=top, right=left + 0.08, bottom=top + 0.25)
        is_running = place == 0 and number % 300 < 6
        speed = rng.uniform(5, 7) if is_running else rng.uniform(0.2, 1.6)
        facts = {"speed_ratio": speed, "fill_ratio": rng.uniform(0.5, 2), "low_area": 0.01}
        figures.append(Figure(box=box, facts={n: round(v, 6) for n, v in facts.items()}))
    return Caption(
        key=key,
        captioner=captioner.identity.name,
        text=f"There are {len(figures)} figures. They walk at the usual speed.",
        facts={"figures": float(len(figures))},
        figures=tuple(figures),
        measured=tuple(captioner.measured),
    )


def fill(store: Store, clip: Path, rules: Path, every: Every) -> int:
    """Rules, and a caption for each sample of the clip; how many samples there are."""
    rules.write_text(RULES.format(fast=5), encoding="utf-8")
    import_file(store, Import(rules, "kim"))
    opened, captioner = open_clip(clip), MotionCaptioner()
    frames = sample_indices(opened.times, every)
    rng, address = random.Random(0), View(captioner, None).sha256(opened.info.name, frames)
    keys = {int(frame): bytes_hash(f"redetect {frame}".encode()) for frame in frames}
    store.captions.put(
        caption(number, key, captioner, rng) for number, key in enumerate(keys.values())
    )
    store.captions.put_samples(opened.info.sha256, address, keys)
    return len(frames)


@dataclass(frozen=True)
class Cost:
    """What a command took: wall seconds, and CPU seconds of all its processes."""

    wall: float
    cpu: float
    output: str = ""


def measured(line: list[str], environment: dict[str, str]) -> Cost:
    """Run a command to its end."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(line, env=environment, check=True, capture_output=True, text=True)  # noqa: S603
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu, done.stdout)


def measure(folder: Path, clip: Path | None, samples: int, runs: int) -> None:
    """Fill, detect, edit, detect anew; print what it took."""
    every = Every(seconds=1)
    if clip is None:
        clip = folder / "hour.mp4"
        if not clip.exists():
            write_clip(clip, samples)
            time.sleep(3)  # what was just written is not taken for known
    rules, place = folder / "rules.yaml", folder / "store"
    environment = {**os.environ, "RULER_STORE": str(place), "RULER_RUNS": str(folder / "runs")}
    # As where it is installed: modules are compiled once, not at each start.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    with Store(place) as store:
        count = fill(store, clip, rules, every)
    detect = [*RULER, "detect", str(clip), "--scene", SCENE, "--every", str(every), "--json"]
    first = measured(detect, environment)
    rules.write_text(RULES.format(fast=4), encoding="utf-8")
    with Store(place) as store:
        import_file(store, Import(rules, "kim"))
    found = [measured(detect, environment) for _ in range(runs)]
    bare = min(measured([sys.executable, "-c", "pass"], environment).cpu for _ in range(5))
    record = json.loads(found[-1].output)
    usage, outcome = record["usage"], record["clips"][0]
    assert usage["captions_cached"] == count, usage
    assert not usage["captions_computed"], usage
    assert not usage["model_calls"], usage
    print(f"{count} samples, {outcome['events']} events, {usage['model_calls']} model calls")
    print(f"{'':<24}{'wall s':>8}{'CPU s':>8}{'bare starts':>13}")
    best = min(found, key=lambda cost: cost.cpu)
    for what, cost in (("first over known ones", first), ("after an edit, best", best)):
        print(f"{what:<24}{cost.wall:>8.2f}{cost.cpu:>8.2f}{cost.cpu / bare:>13.0f}")


def main() -> None:
    """Measure in a folder of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clip", type=Path, help="a clip of your own, sampled once a second")
    parser.add_argument("--samples", type=int, default=3600)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--stores", type=Path, help="keep clip, store and runs in this folder")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.stores or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        measure(folder, args.clip, args.samples, args.runs)


if __name__ == "__main__":
    main()
