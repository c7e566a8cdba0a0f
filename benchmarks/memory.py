"""Whether memory grows with the length of a clip: `ruler detect` on two lengths of one footage.

    PYTHONPATH=. python benchmarks/memory.py CLIP --minutes 10 360 [--every 1s]

The clip is looped, packets as they are, to each length. Memory is that of `ruler` and of all its
decoders together, looked at ten times a second: each page counts for the share of it that a process
has (PSS), so that what they share counts once. Linux only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av

from ruler.jobs.induce import InduceRequest, induce
from ruler.schemas.runs import Every
from rules_store.store import Store

_LOOK_SECONDS = 0.1
SCENE = "memory"


def looped(source: Path, target: Path, seconds: float) -> None:
    """Repeat a clip's packets until it lasts so long."""
    with av.open(str(source)) as file:
        stream = file.streams.video[0]
        packets = [
            (bytes(packet), packet.pts, packet.dts, packet.is_keyframe)
            for packet in file.demux(stream)
            if packet.pts is not None and packet.dts is not None
        ]
        base = stream.time_base
        assert base is not None
        stamps = sorted(pts for _, pts, _, _ in packets)
        length = stamps[-1] - stamps[0] + (stamps[-1] - stamps[0]) // (len(stamps) - 1)
        with av.open(str(target), "w", format="matroska") as made:
            into = made.add_stream_from_template(stream)
            for turn in range(int(-(-seconds // float(length * base)))):
                for data, pts, dts, is_key in packets:
                    packet = av.Packet(data)
                    packet.stream, packet.time_base, packet.is_keyframe = into, base, is_key
                    packet.pts, packet.dts = pts + turn * length, dts + turn * length
                    made.mux(packet)


def tree(root: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(folder.name))
    found = [root]
    for process in found:
        found.extend(children.get(process, []))
    return found


def held(process: int) -> int:
    """Its proportional share of memory, kilobytes; 0 for one that has gone."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def peak(clip: Path, store: Path, every: str, workers: int) -> tuple[list[float], float]:
    """Megabytes of `ruler` and of each decoder when they held most together, and the seconds that
    detecting on a clip took."""
    command = [sys.executable, "-c", "from ruler.cli import main; main()", "detect", str(clip)]
    command += ["--scene", SCENE, "--every", every, "--workers", str(workers)]
    command += ["--out", str(store.parent / "runs")]
    began, most = time.monotonic(), [0]
    environment = {**os.environ, "RULER_STORE": str(store)}
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603
    while running.poll() is None:
        most = max(most, [held(process) for process in tree(running.pid)], key=sum)
        time.sleep(_LOOK_SECONDS)
    if running.returncode:
        raise SystemExit(f"ruler ended with {running.returncode}")
    return [kilobytes / 1024 for kilobytes in most], time.monotonic() - began


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--minutes", type=float, nargs="+", default=[10, 360])
    parser.add_argument("--every", default="1s")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    Every.parse(options.every)
    with tempfile.TemporaryDirectory() as folder:
        for minutes in options.minutes:
            store, clip = Path(folder) / f"store{minutes:g}", Path(folder) / f"{minutes:g}.mkv"
            with Store(store) as opened:
                induce(InduceRequest([str(options.clip)], SCENE, activate=True), opened)
            looped(options.clip, clip, 60 * minutes)
            parts, seconds = peak(clip, store, options.every, options.workers)
            shown = " + ".join(f"{part:.0f}" for part in parts)
            print(f"{minutes:6.0f} min: {sum(parts):4.0f} MB at most ({shown}), {seconds:.0f} s")
            clip.unlink()


if __name__ == "__main__":
    main()
