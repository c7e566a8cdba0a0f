"""Damage clips in many ways and see whether `ruler detect` stands it.

    python benchmarks/mutations.py [CLIP...] [--real DATA] [--count 300] [--seed 0] [--keep FOLDER]

Clips are made with PyAV, taken from those named, and cut from real footage: one second of a few
files of each container under DATA, and some pictures of each folder of pictures there. Each copy is
damaged: flipped bytes, cut-off tails and heads, headers, lengths, zeroed and repeated stretches,
wrong names, enormous dimensions. Beside them go things that are no clips, or seem to have no end:
pipes, devices, sparse files, archives in archives, texts, loops. All go through `ruler detect` in
batches beside a good clip. Printed are hangs, crashes, sentences that are none, results of the good
clip that changed, and frames of clips with damaged pictures that have other times than before.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from ruler.errors import ClipError
from ruler.video.clips import open_clip

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
        stream.pix_fmt = {"mjpeg": "yuvj420p", "gif": "rgb8"}.get(codec, "yuv420p")

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
    """What may be a dimension becomes an enormous one, wherever it is written in the header."""
    head, tail = bytes(data[:4096]), bytes(data[4096:])
    for size in (320, 180, 360, 480, 640, 768, 432, 240):
        for order in ("big", "little"):
            large = chance.choice((30_000, 0x7FFF, 0xFFFF, 16_000))
            head = head.replace(size.to_bytes(2, order), large.to_bytes(2, order))
    data[:] = head + tail


def lengths(data: bytearray, chance: random.Random) -> None:
    """Four bytes become a length that is much too large or none."""
    for _ in range(chance.choice((1, 3))):
        at = chance.randrange(max(1, len(data) - 4))
        data[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"))


def pictures(data: bytearray, chance: random.Random) -> None:
    """Bytes inside of the coded pictures alone: the container stays whole, and so do the times."""
    try:
        with av.open(io.BytesIO(data)) as container:
            places = [(p.pos, p.size) for p in container.demux(video=0) if p.pos is not None]
    except av.FFmpegError:
        return
    for at, size in chance.sample(places, min(len(places), chance.choice((1, 2, 5)))):
        for _ in range(4):
            # Behind the first bytes, where some containers keep marks of their own.
            data[at + chance.randrange(size // 3, max(size // 3 + 1, size))] ^= 0x5A


DAMAGE: Sequence[Callable[[bytearray, random.Random], None]] = (
    flipped,
    header,
    cut,
    beheaded,
    zeroed,
    repeated,
    huge,
    lengths,
    pictures,
)


def mutants(sources: Sequence[Path], folder: Path, count: int, seed: int) -> Iterator[Path]:
    """Damaged copies; the same for the same seed and sources."""
    for number in range(count):
        chance = random.Random(f"{seed}/{number}")
        source = sources[number % len(sources)]
        damage = DAMAGE[number // len(sources) % len(DAMAGE)]
        if source.is_dir():
            yield with_holes(source, folder / f"{number:04}-{damage.__name__}-folder", chance)
            continue
        data = bytearray(source.read_bytes())
        damage(data, chance)
        other = chance.choice((".mp4", ".avi", ".mkv", ".ts", ".mpg", ".flv", ".txt", ".jpg"))
        is_renamed = damage is not pictures and chance.random() < 0.15
        suffix = other if is_renamed else source.suffix
        path = folder / f"{number:04}-{damage.__name__}-{source.stem}{suffix}"
        path.write_bytes(data)
        yield path


def with_holes(source: Path, folder: Path, chance: random.Random) -> Path:
    """A folder of pictures of which some are gone, empty, cut, garbage or of another kind."""
    shutil.copytree(source, folder)
    for picture in chance.sample(sorted(folder.iterdir()), 6):
        picture.chmod(0o644)
        data = picture.read_bytes()
        match chance.randrange(5):
            case 0:
                picture.unlink()
            case 1:
                picture.write_bytes(b"")
            case 2:
                picture.write_bytes(data[: len(data) // 2])
            case 3:
                picture.write_bytes(chance.randbytes(500))
            case _:
                picture.rename(picture.with_suffix(".png"))
    return folder


def cuts(data: Path, folder: Path) -> Iterator[Path]:
    """The first second or so of real footage: a few files a container, and folders of pictures."""
    seen: collections.Counter[str] = collections.Counter()
    for path in sorted(path for path in data.rglob("*") if path.suffix in {".mp4", ".avi"}):
        place = f"{path.parent.relative_to(data)}{path.suffix}"
        seen[place] += 1
        if seen[place] <= 2:
            yield copied(path, folder / f"real-{len(seen)}-{seen[place]}{path.suffix}")
    for number, path in enumerate(sorted(data.glob("*/testing/*/"))[:2]):
        target = folder / f"pictures-{number}"
        target.mkdir(exist_ok=True)
        for picture in sorted(path.iterdir())[:20]:
            shutil.copyfile(picture, target / picture.name)
        yield target


def copied(source: Path, target: Path, packets: int = 30) -> Path:
    """The first packets of a video, not coded anew."""
    with av.open(str(source)) as read, av.open(str(target), "w") as written:
        stream = read.streams.video[0]
        copy = written.add_stream_from_template(stream)
        for number, packet in enumerate(read.demux(stream)):
            if number == packets or packet.dts is None:
                break
            packet.stream = copy
            written.mux(packet)
    return target


def no_clips(folder: Path, good: Path) -> list[Path]:
    """What is no clip, or seems to have no end."""
    data = good.read_bytes()
    inner, outer = io.BytesIO(), io.BytesIO()
    for held, name, content in ((inner, "a.mp4", data), (outer, "in.zip", b"")):
        with zipfile.ZipFile(held, "w") as archive:
            archive.writestr(name, content or inner.getvalue())
    contents = {
        "zero.mp4": b"",
        "text.mp4": b"This is no film.\n" * 500,
        "archive.mp4": outer.getvalue(),
        "archive.mkv": inner.getvalue(),
        "playlist.mp4": b"#EXTM3U\n#EXTINF:1,\ngood.mp4\n" * 3,
        "concat.mp4": b"ffconcat version 1.0\nfile good.mp4\n",
        "binary-playlist.mp4": b"#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:1,\n\0good.mp4\n",
        "picture.mp4": b"\x89PNG\r\n\x1a\n" + bytes(200),
        "endless.mkv": data[:48] + b"\x1a\x45\xdf\xa3" + b"\x01" + b"\xff" * 7 + bytes(5000),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    os.mkfifo(folder / "pipe.mp4")
    (folder / "device.mp4").symlink_to("/dev/zero")
    (folder / "noise.mp4").symlink_to("/dev/urandom")
    (folder / "circle.mp4").symlink_to(folder / "circle.mp4")
    (folder / "folder.mp4").mkdir()
    for suffix, start in ((".mp4", data), (".ts", b"G" + bytes(187)), (".mpg", b"\0\0\1\xba")):
        with (folder / f"sparse{suffix}").open("wb") as file:
            file.write(start)
            file.truncate(2 << 30)
    extra = [make(folder / "loop.gif", "gif", 20), make(folder / "long.mkv", "libx264", 30)]
    film = bytearray(extra[1].read_bytes())
    if (at := film.find(b"\x44\x89\x88")) > 0:  # Matroska's duration becomes infinite
        film[at + 3 : at + 11] = b"\x7f\xf0" + bytes(6)
    extra[1].write_bytes(film)
    names = [*contents, "pipe.mp4", "device.mp4", "noise.mp4", "circle.mp4", "folder.mp4"]
    return [folder / name for name in names] + sorted(folder.glob("sparse.*")) + extra


def ruler(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, with a store and runs of its own."""
    code = "from ruler.cli import main; main()"
    command = [sys.executable, "-c", code, *words, "--store", str(folder / "store")]
    return subprocess.run(  # noqa: S603 - our own
        command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )


def results_of(folder: Path, run: str) -> dict[str, list[str]]:
    """By clip, the lines of its frames."""
    lines: dict[str, list[str]] = collections.defaultdict(list)
    for line in (folder / "runs" / run / "frames.jsonl").read_text().splitlines():
        lines[json.loads(line)["clip"]].append(line)
    return lines


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
    lines = results_of(folder, run)
    tally: collections.Counter[str] = collections.Counter()
    for clip in record["clips"]:
        error, counts = clip["error"], clip["coverage"]
        tally["refused" if error else "partly read" if counts["failed"] else "read"] += 1
        if error and ("\n" in error or not error.endswith(".") or len(error) > 600):
            wrong.append(f"SENTENCE: {error}")
        if "-pictures-" in clip["clip"] and not error:
            wrong += mistimed(Path(clip["path"]), folder, lines[clip["clip"]])
    if lines[good.name] != expected:
        wrong.append(f"SPOILED: the good clip's results differ beside batch of {run}")
    print(f"{run}: {dict(tally)}, {time.monotonic() - began:.1f}s", flush=True)
    return wrong


def mistimed(path: Path, folder: Path, lines: Sequence[str]) -> list[str]:
    """Complaints where damaged pictures have changed the times of frames."""
    source = next(folder.glob(f"{path.stem.split('-', 2)[2]}.*"), None)
    if source is None or source.is_dir():
        return []
    with contextlib.suppress(ClipError):
        times = open_clip(source).times
        rows = [json.loads(line) for line in lines]
        moved = [row for row in rows if abs(times[row["frame_index"]] - row["time_seconds"]) > 2e-3]
        if moved:
            return [f"TIMES: {path.name}: {len(moved)} of {len(rows)} frames moved"]
    return []


def main() -> None:
    """Make, damage, detect, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--real", type=Path, help="Folder of real footage.")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="ruler-mutants-"))
    (folder / "mutants").mkdir(parents=True, exist_ok=True)
    sources = [make(folder / f"{codec}.{form}", codec) for codec, form in KINDS] + options.clips
    if options.real:
        sources += cuts(options.real, folder)
    good = make(folder / "good.mp4", "libx264", 60)
    runs = ("--out", str(folder / "runs"))
    learned = ruler(folder, "induce", str(good), "--scene", "mutants")
    alone = ruler(folder, "detect", str(good), "--scene", "mutants", "--run-id", "alone", *runs)
    if learned.returncode or alone.returncode:
        sys.exit(learned.stderr + alone.stderr)
    expected = results_of(folder, "alone")[good.name]
    made = no_clips(folder / "mutants", good)
    made += mutants(sources, folder / "mutants", options.count - len(made), options.seed)
    began, wrong = time.monotonic(), []
    for start in range(0, len(made), BATCH):
        wrong += examine(folder, good, made[start : start + BATCH], expected)
    print(*wrong, sep="\n")
    took = time.monotonic() - began
    print(f"{len(made)} clips of {len(sources)} sources in {took:.0f}s, {len(wrong)} complaints")
    if not options.keep:
        shutil.rmtree(folder)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
