"""Our reader over the best bare loop of decord, PyAV and OpenCV on the same clip.

    python benchmarks/decode.py CLIP... [--made]

Dense reads each of the first 500 frames, sparse every fiftieth of the first 2,000. Bare loops
take neither time stamps nor damage into account; each is the best of five, loops in turn. `--made`
adds 1280 x 720 clips with a key picture every 12 and every 500 frames. A ratio below 1 is faster.
The isolated reader is warm: its process has read the clip once.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import decord
import numpy as np

from ruler.video.clips import open_clip
from ruler.video.frames import Clip
from ruler.video.isolation import open_isolated

DENSE, SPARSE, STRIDE, ROUNDS = 500, 2000, 50, 5


def pyav(path: Path, wanted: Sequence[int]) -> None:
    """One sequential pass with threads; wanted pictures become RGB."""
    chosen = frozenset(wanted)
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for number, frame in enumerate(container.decode(video=0)):
            if number in chosen:
                frame.to_ndarray(format="rgb24")
            if number >= wanted[-1]:
                return


def opencv(path: Path, wanted: Sequence[int]) -> None:
    """Grab each, retrieve what is wanted."""
    chosen, video = frozenset(wanted), cv2.VideoCapture(str(path))
    for number in range(wanted[-1] + 1):
        if not video.grab():
            break
        if number in chosen:
            cv2.cvtColor(video.retrieve()[1], cv2.COLOR_BGR2RGB)
    video.release()


def decord_loop(path: Path, wanted: Sequence[int]) -> None:
    """Accurate seeks to what is wanted."""
    reader = decord.VideoReader(str(path))
    for number in wanted:
        reader[number].asnumpy()


def ours(clip: Clip) -> Callable[[Path, Sequence[int]], None]:
    """Our reader on an open clip."""

    def loop(_: Path, wanted: Sequence[int]) -> None:
        for _frame in clip.frames(wanted):
            pass

    return loop


def made(folder: Path, gop: int) -> Path:
    """1280 x 720, 600 frames of moving texture."""
    path = folder / f"720p-gop{gop}.mp4"
    ground = np.random.default_rng(0).integers(0, 255, (45, 80, 3), np.uint8)
    ground = ground.repeat(16, 0).repeat(16, 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        stream.codec_context.gop_size = gop
        stream.codec_context.options = {"preset": "ultrafast", "bf": "2", "sc_threshold": "0"}
        for number in range(600):
            picture = np.roll(ground, 2 * number, axis=1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def measure(path: Path) -> None:
    """Print one line a sampling."""
    direct, isolated = open_clip(path), open_isolated(path)
    bare = {"pyav": pyav, "opencv": opencv, "decord": decord_loop}
    loops = {**bare, "direct": ours(direct), "isolated": ours(isolated)}
    count = direct.info.frames
    for name, wanted in (
        ("dense", range(min(DENSE, count))),
        ("sparse", range(0, min(SPARSE, count), STRIDE)),
    ):
        best = dict.fromkeys(loops, float("inf"))
        for _ in range(ROUNDS):
            for each, loop in loops.items():
                began = time.perf_counter()
                loop(path, wanted)
                best[each] = min(best[each], time.perf_counter() - began)
        least = min(bare, key=lambda each: best[each])
        print(
            f"{path.name:34} {name:6} best bare {least:6} {best[least]:.3f}s  "
            f"direct {best['direct'] / best[least]:.2f}  "
            f"isolated {best['isolated'] / best[least]:.2f}",
            flush=True,
        )


def main() -> None:
    """Measure the clips named, and those made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--made", action="store_true")
    options = parser.parse_args()
    decord.logging.set_level(decord.logging.QUIET)
    with tempfile.TemporaryDirectory() as folder:
        for path in options.clips:
            measure(path)
        for gop in (12, 500) if options.made else ():
            measure(made(Path(folder), gop))


if __name__ == "__main__":
    main()
