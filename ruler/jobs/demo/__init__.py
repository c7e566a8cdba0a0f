"""Demo footage drawn by code: a small walkway, ordinary people, and three things that are not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ruler.jobs.demo.clips import Script, What, plan
from ruler.jobs.demo.film import encode, frames
from ruler.jobs.demo.scene import Picture, background

__all__ = ["DemoClip", "DemoScene", "render_demo"]


@dataclass(frozen=True)
class DemoClip:
    """A test clip and the truth about it.

    The anomaly lasts [start_seconds, stop_seconds): a cyclist or runner while in view, a loiterer
    while staying. Both are None where everything is normal.
    """

    path: Path
    what: What
    start_seconds: float | None = None
    stop_seconds: float | None = None


@dataclass(frozen=True)
class DemoScene:
    """Normal clips to learn from, and clips to judge."""

    references: tuple[Path, ...]
    clips: tuple[DemoClip, ...]


def render_demo(folder: Path, *, seed: int = 7) -> DemoScene:
    """Render the demo's footage into `folder`: `references/*.mp4` and `clips/*.mp4`.

    320 x 240 pixels, ten frames a second; the same frames for the same seed. Takes some seconds.

    Args:
        folder: Made where it is missing; files of an earlier demo are overwritten.
        seed: Decides the scene's texture, the people and their ways.
    """
    references, tests = plan(seed)
    empty = background(np.random.default_rng([seed, 0]))
    paths = [
        _film(folder / "references", script, empty, np.random.default_rng([seed, 3, number]))
        for number, script in enumerate(references)
    ]
    clips = [
        DemoClip(
            _film(folder / "clips", script, empty, np.random.default_rng([seed, 4, number])),
            script.what,
            script.start_seconds,
            script.stop_seconds,
        )
        for number, script in enumerate(tests)
    ]
    return DemoScene(tuple(paths), tuple(clips))


def _film(folder: Path, script: Script, empty: Picture, rng: np.random.Generator) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{script.name}.mp4"
    encode(path, frames(script, empty, rng))
    return path
