"""A small scene for tests: folders of tiny pictures, and a captioner that measures brightness.

The captioner says how bright the sampled picture is as `speed_ratio` (brightness / 100) of one
figure, so that a bright picture is a fast figure. It is registered for this process by `register`
and for subprocesses by `python -m tests.scenes` (a `ruler` that knows it).
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ruler import registry
from ruler.captioners.base import Captioned, CaptionerIdentity
from ruler.jobs.detect import DetectRequest, DetectResult, detect, resume
from ruler.jobs.induce import InduceRequest, InduceResult, induce
from ruler.jobs.tools import Machine
from ruler.schemas.captions import Box, Caption, CaptionFailure, Figure, SceneModel
from ruler.schemas.rules import Cameras, Place
from ruler.schemas.runs import Every, Usage
from ruler.video.frames import Clip, FrameWindow, WindowSpec
from rules_store.store import Store

FPS = 10.0
SCENE = "yard"
QUIET, LOUD = 100, 220
"""Brightness of a normal picture, and of one that is out of the ordinary."""


def write_pictures(folder: Path, levels: Sequence[int]) -> str:
    """A folder of 16 x 12 pictures, one a level.

    Each carries its number and its folder's name, so that no two are alike.
    """
    folder.mkdir(parents=True)
    mark = zlib.crc32(folder.name.encode()).to_bytes(4, "big")
    for number, level in enumerate(levels):
        picture = np.full((12, 16, 3), level, np.uint8)
        picture[0, 0] = (7, number // 256, number % 256)  # blue, green, red
        picture[0, 1] = tuple(mark[:3])
        assert cv2.imwrite(str(folder / f"{number:05}.png"), picture)
    return str(folder)


def wavy(count: int, *, seed: int = 0, loud: Sequence[tuple[int, int]] = ()) -> list[int]:
    """Brightness of `count` pictures around QUIET; in the half-open spans `loud`, around LOUD."""
    noise = np.random.default_rng(seed).integers(-6, 7, count)
    levels = QUIET + noise
    for start, stop in loud:
        levels[start:stop] = LOUD + noise[start:stop]
    return [int(level) for level in levels]


class Brightness:
    """The test captioner. `refused` frames are failures, `broken` ones raise."""

    window = WindowSpec(steps=0)
    measured = ("figures", "speed_ratio")

    def __init__(self) -> None:
        self.identity = CaptionerIdentity(name="lightmeter", version="1")
        self.default_every = Every(frames=1)
        self.asked: list[int] = []
        self.refused: set[int] = set()
        self.broken: set[int] = set()
        self.log: Path | None = None
        self.delay_seconds = 0.0

    def fit(self, references: Sequence[Clip], *, cameras: Cameras, place: Place) -> SceneModel:
        return SceneModel(captioner="lightmeter", version="1", payload=b"nothing")

    def caption(
        self, windows: Iterable[FrameWindow], scene_model: SceneModel | None
    ) -> Iterator[Captioned]:
        for window in windows:
            self.asked.append(window.frame_index)
            if window.frame_index in self.broken:
                raise ZeroDivisionError("a bug of the plug-in")
            if window.frame_index in self.refused:
                yield Captioned(CaptionFailure(reason="too tired"))
                continue
            yield Captioned(self._describe(window, scene_model), Usage(model_calls=1))

    def _describe(self, window: FrameWindow, scene_model: SceneModel | None) -> Caption:
        time.sleep(self.delay_seconds)
        image = window.frames[-1].image
        level = round(float(image.mean()) / 100, 4)
        key = self.identity.key_of(window, scene_model)
        if self.log is not None:
            with self.log.open("ab", buffering=0) as log:  # O_APPEND: one write, never torn
                log.write(f"{key}\n".encode())
        left = (10 + 2 * (int(image[0, 0, 0]) % 30)) / 100
        box = Box(left=left, top=0.2, right=round(left + 0.1, 4), bottom=0.6)
        return Caption(
            key=key,
            captioner="lightmeter",
            text=f"Someone passes; the light is {level}.",
            facts={"figures": 1.0},
            figures=(Figure(box=box, facts={"speed_ratio": level}),),
            measured=self.measured,
        )


CAPTIONER = Brightness()


def create(model: str, options: Mapping[str, object]) -> Brightness:
    """What the registry calls: the one captioner of this process."""
    return CAPTIONER


def register() -> Brightness:
    """Make `lightmeter` known and fresh."""
    CAPTIONER.__init__()  # type: ignore[misc]
    target = registry.Builtin("tests.scenes:create")
    registry.BUILTINS["captioner"]["lightmeter"] = target
    return CAPTIONER


@contextlib.contextmanager
def registered() -> Iterator[Brightness]:
    """`lightmeter` fresh, and known for so long: other tests list the captioners there are."""
    try:
        yield register()
    finally:
        registry.BUILTINS["captioner"].pop("lightmeter")


@dataclass
class Workplace:
    """A folder with references, a store and runs."""

    folder: Path
    store: Store

    @property
    def references(self) -> list[str]:
        return [str(self.folder / "references" / name) for name in ("a", "b", "c")]

    def clip(self, name: str, levels: Sequence[int]) -> str:
        return write_pictures(self.folder / "clips" / name, levels)

    def machine(self, runs: str = "runs", workers: int = 1) -> Machine:
        return Machine(store=self.store, runs=self.folder / runs, workers=workers)

    def induce(self, references: Sequence[str] | None = None, **options: object) -> InduceResult:
        request = InduceRequest(
            references=references or self.references,
            scene=SCENE,
            captioner="lightmeter",
            frame_rate=FPS,
            **{"place": "home"} | options,  # type: ignore[arg-type]
        )
        return induce(request, self.store)

    def detect(
        self, clips: Sequence[str], *, runs: str = "runs", workers: int = 1, **options: object
    ) -> DetectResult:
        request = DetectRequest(clips=clips, scene=SCENE, frame_rate=FPS, **options)  # type: ignore[arg-type]
        return detect(request, self.machine(runs, workers))

    def resume(self, run: str, *, runs: str = "runs", workers: int = 1) -> DetectResult:
        return resume(run, self.machine(runs, workers))


def make_workplace(folder: Path) -> Workplace:
    """A workplace whose references are written; nothing is induced yet."""
    for seed, name in enumerate(("a", "b", "c")):
        write_pictures(folder / "references" / name, wavy(24, seed=seed))
    return Workplace(folder, Store(folder / "store"))


def results(found: DetectResult) -> dict[str, bytes]:
    """The files that must not depend on how a run went."""
    names = ("frames.jsonl", "frames.csv", "events.jsonl")
    return {name: (found.folder / name).read_bytes() for name in names}


def main() -> None:
    """`ruler` with this captioner; TEST_LOG, TEST_DELAY, TEST_STALL and
    TEST_MOST_SAMPLES set it up."""
    from graphs import deps
    from ruler.cli import main as ruler

    captioner = register()
    if "TEST_LOG" in os.environ:
        captioner.log = Path(os.environ["TEST_LOG"])
    captioner.delay_seconds = float(os.environ.get("TEST_DELAY", "0"))
    if "TEST_STALL" in os.environ:
        _stall(*os.environ["TEST_STALL"].split(":"))
    deps.MOST_SAMPLES = int(os.environ.get("TEST_MOST_SAMPLES", deps.MOST_SAMPLES))
    sys.modules["tests.scenes"] = sys.modules["__main__"]
    ruler()


def _stall(module: str, function: str, marker: str) -> None:
    """Make a function of the product stop for good once its work is done, and say so."""
    place = importlib.import_module(module)
    work = getattr(place, function)

    def stalling(*args: object) -> None:
        work(*args)
        Path(marker).touch()
        time.sleep(600)

    setattr(place, function, stalling)


if __name__ == "__main__":
    main()
