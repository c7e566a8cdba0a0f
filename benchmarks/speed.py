"""How fast footage is learned from and looked at: by stage, on one and on two workers, by the hour.

    PYTHONPATH=. python benchmarks/speed.py SHARED [--hour CLIP] [--every 1s]

On the folder `ped2` of SHARED (360x240, 10 frames a second): `fit` on two references; what each
stage of captioning takes; and whole detections, with decoding, store and report. With `--hour`, how
many times faster than real time `ruler detect --every 1s CLIP` is, by a scene that was learned from
the clip's first minute. CPU seconds are of this process and of its decoders; they tell more than
the wall clock where other work runs beside. Frames a second by CPU is what one core would do.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from ruler.captioners.helpers import POOL as CAPTIONERS
from ruler.captioners.motion import vision
from ruler.captioners.motion.captioner import MotionCaptioner
from ruler.captioners.motion.flow import FlowMemo
from ruler.jobs.detect import DetectRequest, detect
from ruler.jobs.induce import InduceRequest, induce
from ruler.jobs.tools import Machine
from ruler.schemas.captions import SceneModel
from ruler.schemas.runs import Every
from ruler.steps.viewing import View
from ruler.video.clips import open_clip
from ruler.video.frames import Clip, FrameWindow
from ruler.video.pool import POOL as DECODERS
from ruler.video.sampling import read_windows, sample_indices
from rules_store.store import Store

FPS = 10.0
SCENE = "speed"


def cpu_seconds() -> float:
    """Of this process and of those it had; ends them, since only the ended are counted."""
    DECODERS.close()
    CAPTIONERS.close()
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


class Watch:
    """Seconds of CPU by stage, each without the stages inside of it."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._inside: list[str] = []
        self._since = 0.0

    @contextmanager
    def on(self, stage: str) -> Iterator[None]:
        """Whatever happens meanwhile is this stage's."""
        self._book()
        self._inside.append(stage)
        try:
            yield
        finally:
            self._book()
            self._inside.pop()

    def around(self, owner: object, name: str, stage: str) -> Any:
        """A patch that watches a function."""
        plain: Callable[..., Any] = getattr(owner, name)

        def watched(*arguments: Any, **named: Any) -> Any:
            with self.on(stage):
                return plain(*arguments, **named)

        return mock.patch.object(owner, name, watched)

    def _book(self) -> None:
        now = time.process_time()
        if self._inside:
            self.seconds[self._inside[-1]] += now - self._since
        self._since = now


def fitting(references: Sequence[Clip], captioner: MotionCaptioner) -> SceneModel:
    """Learn the scene; says how long it took."""
    wall, cpu = time.monotonic(), time.process_time()
    model = captioner.fit(references, cameras="one", place="walkway")
    frames = sum(clip.info.frames for clip in references)
    print(
        f"fit on {len(references)} references, {frames} frames: "
        f"{time.process_time() - cpu:.1f} s of CPU, {time.monotonic() - wall:.1f} s"
    )
    return model


def by_stage(clips: Sequence[Clip], captioner: MotionCaptioner, model: SceneModel) -> None:
    """Milliseconds of CPU a frame of reading and captioning, in one thread of this process."""
    watch, frames = Watch(), 0
    view = View(captioner, model)
    patches = (
        watch.around(FlowMemo, "backward", "flow"),
        watch.around(vision, "observe", "foreground and windows"),
        watch.around(vision, "find_figures", "figures"),
    )
    with patches[0], patches[1], patches[2]:
        for clip in clips:
            samples = sample_indices(clip.times, captioner.default_every).tolist()
            with watch.on("decode"):
                read = list(read_windows(clip, samples, captioner.window))
            windows = [window for window in read if isinstance(window, FrameWindow)]
            with watch.on("addresses"):
                for window in windows:
                    captioner.identity.key_of(window, model)
            with watch.on("words and camera"):
                frames += sum(1 for _ in captioner.caption(windows, view.model_for(clip)))
    for stage, seconds in sorted(watch.seconds.items(), key=lambda item: -item[1]):
        print(f"  {stage:24s} {1000 * seconds / frames:6.2f} ms a frame")
    print(f"  {'together':24s} {1000 * sum(watch.seconds.values()) / frames:6.2f} ms a frame")


def whole(clips: Sequence[str], store: Path, runs: Path, workers: int) -> None:
    """A detection of all clips, from file to report; captions are made anew."""
    began, wall = cpu_seconds(), time.monotonic()
    with Store(store) as opened:
        request = DetectRequest(clips=clips, scene=SCENE, frame_rate=FPS)
        done = detect(request, Machine(store=opened, runs=runs, workers=workers))
        frames = done.record.coverage.total
    wall, cpu = time.monotonic() - wall, cpu_seconds() - began
    print(
        f"detect, {workers} workers: {frames / wall:.0f} frames a second by the clock, "
        f"{frames / cpu:.0f} by CPU ({1000 * cpu / frames:.1f} ms a frame)"
    )


def hour(path: Path, every: Every, workers: int) -> None:
    """How many times faster than real time a long clip is looked at."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "store") as store:
        start = first_minute(path, Path(folder) / "reference")
        induce(InduceRequest([str(start)], SCENE, frame_rate=FPS, activate=True), store)
        began, wall = cpu_seconds(), time.monotonic()
        request = DetectRequest(clips=[str(path)], scene=SCENE, every=every)
        done = detect(request, Machine(store=store, runs=Path(folder) / "runs", workers=workers))
        wall, cpu = time.monotonic() - wall, cpu_seconds() - began
    [clip] = done.record.clips
    samples, usage = clip.coverage.total, done.record.usage
    length = open_clip(path).info.duration_seconds
    print(
        f"{path.name}, {length:.0f} s, {samples} samples, {workers} workers: "
        f"{length / wall:.0f} times faster than real time by the clock ({wall:.1f} s), "
        f"{workers * length / cpu:.0f} if {workers} cores had nothing else to do "
        f"({cpu:.1f} s of CPU); {usage.captions_computed} captions made, "
        f"{usage.captions_cached} known"
    )


def first_minute(path: Path, folder: Path) -> Path:
    """The clip's first minute as pictures, to learn from."""
    import cv2

    from ruler.video.frames import Frame

    folder.mkdir()
    clip = open_clip(path)
    samples = sample_indices(clip.times, Every(seconds=1 / FPS))
    for number, frame in enumerate(clip.frames(samples[: int(60 * FPS)].tolist())):
        if isinstance(frame, Frame):
            picture = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR)
            cv2.imwrite(str(folder / f"{number:04d}.png"), picture)
    return folder


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--hour", type=Path)
    parser.add_argument("--every", default="1s")
    parser.add_argument("--only-hour", action="store_true")
    options = parser.parse_args()
    if not options.only_hour:
        short(options.shared / "ped2")
    if options.hour:
        hour(options.hour, Every.parse(options.every), workers=2)


def short(folder: Path) -> None:
    """The figures of short clips."""
    references = sorted(str(path) for path in (folder / "training").iterdir())
    clips = sorted(str(path) for path in (folder / "testing").iterdir())
    captioner = MotionCaptioner()
    model = fitting([open_clip(path, frame_rate=FPS) for path in references[:2]], captioner)
    by_stage([open_clip(path, frame_rate=FPS) for path in clips], captioner, model)
    with tempfile.TemporaryDirectory() as made:
        for workers in (1, 2):
            store = Path(made) / f"store{workers}"
            with Store(store) as opened:
                request = InduceRequest(references[:2], SCENE, frame_rate=FPS, activate=True)
                induce(request, opened)
            whole(clips, store, Path(made) / f"runs{workers}", workers)


if __name__ == "__main__":
    main()
