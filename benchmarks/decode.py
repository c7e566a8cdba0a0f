"""Our reader over the best bare loop of decord, PyAV and OpenCV on the same clip, in one run.

    python benchmarks/decode.py [CLIP...] [--made] [--frames 500] [--rounds 5]

Each line is one way of sampling: every frame, ten or one a second, one in ten seconds, and windows
as the motion captioner takes them (nine frames a tenth of a second apart, once a second). Bare
loops take neither time stamps nor damage into account, and have as many decoding threads as ours;
ours includes the decoder process and the way out of it. All loops run in turn, and the least of
each counts, of wall time and of CPU time over all processes; on a machine that does other things,
the second says more. Ours never goes on where its round before ended. A ratio below 1 is faster
than the best bare loop.

The last columns hold the rule that chooses between a seek and a pass against the better of always
seeking and never seeking, here in this process: what it chose, and how far it lies from the best.

`--made` adds 1280 x 720 clips: H.264 with a key picture every 12 and every 500 frames, HEVC, VP9,
MPEG-4 and Motion JPEG in AVI.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import decord
import numpy as np

from ruler.schemas.runs import Every
from ruler.video import complaints
from ruler.video.containers import DECODER_THREADS
from ruler.video.decoding import NO_SEEK_WITHIN, Decoder
from ruler.video.frames import Clip, WindowSpec
from ruler.video.isolation import open_isolated
from ruler.video.pool import POOL
from ruler.video.probe import probe
from ruler.video.sampling import WindowPlan, sample_indices

Loop = Callable[[Path, Sequence[int]], None]

MADE = {
    "h264-gop12.mp4": ("libx264", 12, {"preset": "ultrafast", "bf": "2", "sc_threshold": "0"}),
    "h264-gop500.mp4": ("libx264", 500, {"preset": "ultrafast", "bf": "2", "sc_threshold": "0"}),
    "hevc.mp4": ("libx265", 250, {"preset": "ultrafast", "x265-params": "log-level=none"}),
    "vp9.webm": ("libvpx-vp9", 128, {"deadline": "realtime", "cpu-used": "8"}),
    "mpeg4.avi": ("mpeg4", 50, {}),
    "mjpeg.avi": ("mjpeg", 1, {}),
}


def pyav(path: Path, wanted: Sequence[int]) -> None:
    """One sequential pass with threads; wanted pictures become RGB."""
    chosen = frozenset(wanted)
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        context.thread_type, context.thread_count = "AUTO", DECODER_THREADS
        for number, frame in enumerate(container.decode(video=0)):
            if number in chosen:
                frame.to_ndarray(format="rgb24")
            if number >= wanted[-1]:
                return


def opencv(path: Path, wanted: Sequence[int]) -> None:
    """Grab each, retrieve what is wanted."""
    chosen = frozenset(wanted)
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, DECODER_THREADS])
    for number in range(wanted[-1] + 1):
        if not video.grab():
            break
        if number in chosen:
            cv2.cvtColor(video.retrieve()[1], cv2.COLOR_BGR2RGB)
    video.release()


def decord_loop(path: Path, wanted: Sequence[int]) -> None:
    """Accurate seeks to what is wanted."""
    reader = decord.VideoReader(str(path), num_threads=DECODER_THREADS)
    for number in wanted:
        reader[number].asnumpy()


class Isolated:
    """Our reader on an open clip.

    Args:
        clip: The clip.
        other: Another; between two rounds a decoder looks at it, and forgets the clip's pictures.
    """

    def __init__(self, clip: Clip, other: Clip) -> None:
        self._clip, self._other = clip, other

    def forget(self) -> None:
        """Let the decoder hold nothing of the clip."""
        for _frame in self._other.frames([0]):
            pass

    def __call__(self, _: Path, wanted: Sequence[int]) -> None:
        """Read."""
        for _frame in self._clip.frames(wanted):
            pass


def within(path: Path, reach: int) -> Loop:
    """Our decoder in this process, which goes on over so many pictures rather than seek."""
    facts, index = probe(path)

    def loop(_: Path, wanted: Sequence[int]) -> None:
        with Decoder(path, facts, index, width=None, reach=reach) as decoder:
            for _picture in decoder.read(wanted):
                pass

    return loop


def made(folder: Path, name: str, frames: int) -> Path:
    """1280 x 720, 25 a second: moving texture."""
    codec, gop, options = MADE[name]
    path = folder / name
    ground = np.random.default_rng(0).integers(0, 255, (45, 80, 3), np.uint8)
    ground = ground.repeat(16, 0).repeat(16, 1)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(25))
        stream.width, stream.height = 1280, 720
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.gop_size = gop
        stream.codec_context.options = options
        for number in range(frames):
            picture = np.roll(ground, 2 * number, axis=1)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def samplings(clip: Clip, frames: int) -> dict[str, list[int]]:
    """Frames by the name of a way to sample; dense ones stop early, sparse ones go on further."""
    times = clip.times
    few = times[:frames]
    windows = WindowPlan(few, WindowSpec(steps=8, step_seconds=0.1, min_steps=5))
    seconds = sample_indices(few, Every(seconds=1.0)).tolist()
    return {
        "dense": list(range(len(few))),
        "10 Hz": sample_indices(few, Every(seconds=0.1)).tolist(),
        "1 fps": sample_indices(times[: 4 * frames], Every(seconds=1.0)).tolist(),
        "0.1 fps": sample_indices(times, Every(seconds=10.0)).tolist(),
        "windows": sorted({frame for at in seconds for frame in windows.window(at)}),
    }


def spent() -> float:
    """CPU seconds of this process and of decoders."""
    here = resource.getrusage(resource.RUSAGE_SELF)
    total = here.ru_utime + here.ru_stime
    for pid in POOL.pids():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += (int(fields[11]) + int(fields[12])) / 100
    return total


def least(
    loops: dict[str, Loop], path: Path, wanted: Sequence[int], rounds: int
) -> dict[str, tuple[float, float]]:
    """By loop, the least wall and CPU seconds."""
    best = dict.fromkeys(loops, (float("inf"), float("inf")))
    for _ in range(rounds):
        for name, loop in loops.items():
            if isinstance(loop, Isolated):
                loop.forget()
            began, cpu = time.perf_counter(), spent()
            try:
                loop(path, wanted)
            except decord.DECORDError:  # AV1, broken time stamps
                continue
            took = time.perf_counter() - began, spent() - cpu
            best[name] = min(best[name][0], took[0]), min(best[name][1], took[1])
    return best


def measure(path: Path, frames: int, rounds: int) -> None:
    """Print one line a sampling."""
    clip = open_isolated(path)
    bare: dict[str, Loop] = {"pyav": pyav, "opencv": opencv, "decord": decord_loop}
    ways = {"rule": NO_SEEK_WITHIN, "seek": 1, "pass": 1 << 40}
    loops = {name: within(path, reach) for name, reach in ways.items()}
    for name, wanted in samplings(clip, frames).items():
        best = least(
            {**bare, **loops, "ours": Isolated(clip, open_isolated(path))}, path, wanted, rounds
        )
        said = [f"{path.name:18} {name:8} {len(wanted):4} frames"]
        for number, unit in enumerate(("wall", "CPU")):
            first = min(bare, key=lambda each: best[each][number])
            ratio = best["ours"][number] / max(best[first][number], 1e-9)
            said.append(f"{unit} {best[first][number]:.3f}s {first:6} ours x{ratio:.2f}")
        other = min("seek", "pass", key=lambda way: best[way][1])
        far = best["rule"][1] / max(best[other][1], 1e-9)
        near = min("seek", "pass", key=lambda way: abs(best[way][1] - best["rule"][1]))
        said.append(f"rule: {near}, best {other}, x{far:.2f}")
        print("  ".join(said), flush=True)


def main() -> None:
    """Measure the clips named, and those made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--made", action="store_true")
    parser.add_argument("--frames", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    decord.logging.set_level(decord.logging.QUIET)
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as log:
        complaints.listen(log.fileno())  # so that the decoder here does as that in its own process
        for path in options.clips:
            measure(path, options.frames, options.rounds)
        for name in MADE if options.made else ():
            measure(made(Path(folder), name, 600), options.frames, options.rounds)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
