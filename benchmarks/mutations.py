"""Damage clips in many ways and see whether `ruler detect` stands it.

    python benchmarks/mutations.py [CLIP...] [--count 300] [--seed 0] [--keep FOLDER]

Clips are made with PyAV (and taken from those named). Each copy is damaged: flipped bytes, cut-off
tails, headers, wrong extensions, huge dimensions, repeated and zeroed stretches. All go through one
`ruler detect` in batches beside a good clip. Printed are hangs, crashes, sentences that are
none, and whether the good clip's results were left alone.
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

BATCH = 50
LIMIT_SECONDS = 900
KINDS = (
    ("libx264", "mp4"),
    ("mpeg4", "avi"),
    ("libvpx", "webm"),
    ("mjpeg", "avi"),
    ("libx265", "mkv"),
    ("libvpx-vp9", "webm"),
    ("libx264", "ts"),
    ("libx264", "mov"),
)


def make(path: Path, codec: str, frames: int = 40) -> Path:
    """A block that moves over a textured ground."""
    ground = np.random.default_rng(1).integers(0, 255, (18, 32, 3), np.uint8).repeat(10, 0)
    ground = ground.repeat(10, 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(25))
        stream.width, stream.height = 320, 180
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.gop_size = 12
        for number in range(frames):
            picture = ground.copy()
            picture[60:120, 4 * number : 4 * number + 30] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def flipped(data: bytearray, chance: random.Random) -> None:
    """A few bytes anywhere."""
    for _ in range(chance.choice((1, 8, 64, 512))):
        data[chance.randrange(len(data))] ^= chance.randrange(1, 256)


def header(data: bytearray, chance: random.Random) -> None:
    """A few bytes of the first or last two kilobytes, where containers keep their tables."""
    span = min(len(data), 2048)
    start = chance.choice((0, len(data) - span))
    for _ in range(chance.choice((1, 4, 32))):
        data[start + chance.randrange(span)] = chance.choice((0, 0xFF, chance.randrange(256)))


def cut(data: bytearray, chance: random.Random) -> None:
    """The tail is gone."""
    del data[chance.randrange(len(data)) :]


def beheaded(data: bytearray, chance: random.Random) -> None:
    """The head is gone."""
    del data[: chance.randrange(1, len(data))]


def zeroed(data: bytearray, chance: random.Random) -> None:
    """A stretch of zeros, as of a hole on a disk."""
    start = chance.randrange(len(data))
    stop = min(len(data), start + chance.randrange(1, 8192))
    data[start:stop] = bytes(stop - start)


def repeated(data: bytearray, chance: random.Random) -> None:
    """A stretch comes again, many times."""
    start = chance.randrange(len(data))
    data[start:start] = bytes(data[start : start + 4096]) * chance.randrange(1, 200)


def huge(data: bytearray, chance: random.Random) -> None:
    """Dimensions of 320 x 180 become enormous wherever they are written."""
    for size in (320, 180):
        for order in ("big", "little"):
            large = chance.choice((0x7FFF, 0xFFFF, 16000))
            data[:] = data.replace(size.to_bytes(2, order), large.to_bytes(2, order))


def lengths(data: bytearray, chance: random.Random) -> None:
    """Four bytes become a length that is much too large or none."""
    for _ in range(chance.choice((1, 3))):
        at = chance.randrange(max(1, len(data) - 4))
        data[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"))


DAMAGE: Sequence[Callable[[bytearray, random.Random], None]] = (
    flipped,
    header,
    cut,
    beheaded,
    zeroed,
    repeated,
    huge,
    lengths,
)


def mutants(sources: Sequence[Path], folder: Path, count: int, seed: int) -> Iterator[Path]:
    """Damaged copies; the same for the same seed and sources."""
    for number in range(count):
        chance = random.Random(f"{seed}/{number}")
        source = sources[number % len(sources)]
        damage = DAMAGE[number // len(sources) % len(DAMAGE)]
        data = bytearray(source.read_bytes())
        damage(data, chance)
        other = chance.choice((".mp4", ".avi", ".mkv", ".ts", ".mpg", ".flv", ".txt", ".jpg"))
        suffix = other if chance.random() < 0.15 else source.suffix
        path = folder / f"{number:04}-{damage.__name__}-{source.stem}{suffix}"
        path.write_bytes(data)
        yield path


def ruler(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, with a store and runs of its own."""
    code = "from ruler.cli import main; main()"
    command = [sys.executable, "-c", code, *words, "--store", str(folder / "store")]
    return subprocess.run(  # noqa: S603 - our own
        command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )


def results_of(folder: Path, run: str, clip: str) -> list[str]:
    """The lines of a clip's frames."""
    lines = (folder / "runs" / run / "frames.jsonl").read_text().splitlines()
    return [line for line in lines if json.loads(line)["clip"] == clip]


def examine(folder: Path, good: Path, batch: Sequence[Path], expected: list[str]) -> list[str]:
    """What went wrong with a batch, and a tally on standard output."""
    run = batch[0].stem
    detect = ["detect", str(good), *map(str, batch), "--scene", "mutants", "--run-id", run]
    began = time.monotonic()
    try:
        done = ruler(folder, *detect, "--out", str(folder / "runs"))
    except subprocess.TimeoutExpired:
        return [f"HANG: batch of {run}"]
    if done.returncode not in {0, 3}:
        return [f"CRASH: batch of {run}: exit {done.returncode}: {done.stderr[-600:]}"]
    wrong: list[str] = []
    record = json.loads((folder / "runs" / run / "run.json").read_text())
    tally: collections.Counter[str] = collections.Counter()
    for clip in record["clips"]:
        error, counts = clip["error"], clip["coverage"]
        tally["refused" if error else "partly read" if counts["failed"] else "read"] += 1
        if error and ("\n" in error or not error.endswith(".") or len(error) > 600):
            wrong.append(f"SENTENCE: {error}")
    if results_of(folder, run, good.name) != expected:
        wrong.append(f"SPOILED: the good clip's results differ beside batch of {run}")
    print(f"{run}: {dict(tally)}, {time.monotonic() - began:.1f}s", flush=True)
    return wrong


def main() -> None:
    """Make, damage, detect, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="ruler-mutants-"))
    (folder / "mutants").mkdir(parents=True, exist_ok=True)
    sources = [make(folder / f"{codec}.{form}", codec) for codec, form in KINDS] + options.clips
    good = make(folder / "good.mp4", "libx264", 60)
    learned = ruler(folder, "induce", str(good), "--scene", "mutants")
    if learned.returncode:
        sys.exit(learned.stderr)
    alone = ruler(
        folder,
        "detect",
        str(good),
        "--scene",
        "mutants",
        "--run-id",
        "alone",
        "--out",
        str(folder / "runs"),
    )
    if alone.returncode:
        sys.exit(alone.stderr)
    expected = results_of(folder, "alone", good.name)
    made = list(mutants(sources, folder / "mutants", options.count, options.seed))
    wrong: list[str] = []
    for start in range(0, len(made), BATCH):
        wrong += examine(folder, good, made[start : start + BATCH], expected)
    print("\n".join(wrong) or f"{len(made)} damaged clips: no hang, no crash, one sentence each.")
    if not options.keep:
        shutil.rmtree(folder)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
