"""From scripts to video files: draws every frame, adds what a camera adds, and encodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Final, Literal, cast

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from ruler.errors import RunError
from ruler.jobs.demo.clips import Script, Step, steps
from ruler.jobs.demo.figures import Pose, Style, draw_figure
from ruler.jobs.demo.scene import FPS, HEIGHT, METRE, WIDTH, Picture, scale_at

Image = NDArray[np.uint8]

_PERSON: Final = 1.75 * METRE
_NOISE: Final = 2.0
_DRIFT: Final = 0.06
_SHADOW_FLAT: Final = 0.20
_SHADOW_DARK: Final = 0.36
_CODECS: Final[tuple[tuple[Literal["libx264", "mpeg4"], dict[str, str]], ...]] = (
    ("libx264", {"crf": "20", "preset": "veryfast", "threads": "1"}),
    ("mpeg4", {"qscale": "3", "threads": "1"}),
)


def frames(script: Script, empty: Picture, rng: np.random.Generator) -> Iterator[Image]:
    """Draw a script over the empty scene.

    Yields:
        uint8 arrays (240, 320, 3), RGB, ten a second.
    """
    casts = _by_frame(script)
    # One large field of noise, cut at another place for every frame: fresh numbers cost more.
    grain = rng.standard_normal((3 * HEIGHT, 3 * WIDTH, 3), dtype=np.float32) * np.float32(_NOISE)
    period, start = rng.uniform(18, 40), rng.uniform(0, 2 * np.pi)
    for number in range(script.frames):
        picture = empty.copy()
        present = sorted(casts.get(number, ()), key=lambda one: one[1].row)
        patches = [_patch(style, step, pose) for style, step, pose in present]
        for place, patch, feet in patches:
            _shade(picture, place, patch, feet)
        for place, patch, _ in patches:
            _lay(picture, place, patch)
        light = 1.0 + _DRIFT * np.sin(start + 2 * np.pi * number / FPS / period)
        top, left = rng.integers(grain.shape[0] - HEIGHT), rng.integers(grain.shape[1] - WIDTH)
        picture *= np.float32(light)
        picture += grain[top : top + HEIGHT, left : left + WIDTH]
        yield np.clip(picture, 0, 255).astype(np.uint8)


_Cast = tuple[Style, Step, Pose]
_Place = tuple[int, int]


def _by_frame(script: Script) -> dict[int, list[_Cast]]:
    casts: dict[int, list[_Cast]] = {}
    for actor in script.actors:
        for step in steps(actor):
            if step.frame >= script.frames:
                break
            pose = Pose(actor.gait, step.phase, step.swing, step.facing, step.turn)
            casts.setdefault(step.frame, []).append((actor.style, step, pose))
    return casts


def _patch(style: Style, step: Step, pose: Pose) -> tuple[_Place, Picture, int]:
    """(top left corner, picture with coverage, row of the feet within it) of somebody."""
    x, y = int(np.floor(step.x)), int(np.floor(step.row))
    canvas = draw_figure(style, pose, _PERSON * scale_at(step.row), (step.x - x, step.row - y))
    return (x - canvas.left, y - canvas.above), canvas.shrunk(), canvas.above


def _lay(picture: Picture, place: _Place, patch: Picture) -> None:
    """Lay a patch with coverage over the picture, cut at its borders."""
    x, y = place
    height, width = patch.shape[:2]
    left, top = max(0, x), max(0, y)
    right, bottom = min(WIDTH, x + width), min(HEIGHT, y + height)
    if left >= right or top >= bottom:
        return
    part = patch[top - y : bottom - y, left - x : right - x]
    under = picture[top:bottom, left:right]
    under *= 1.0 - part[..., 3:]
    under += part[..., :3]


def _shade(picture: Picture, place: _Place, patch: Picture, feet: int) -> None:
    """Cast a soft shadow to the right: the silhouette, laid flat on the ground and blurred."""
    coverage = patch[..., 3]
    width = coverage.shape[1]
    reach = int(0.62 * feet) + 6
    flat = int(np.ceil(_SHADOW_FLAT * feet)) + 10
    # A point `up` pixels above the feet falls 0.55 * up to the right and 0.2 * up farther away.
    shear = np.array([[1, -0.55, 0.55 * feet], [0, _SHADOW_FLAT, flat - 5 - _SHADOW_FLAT * feet]])
    cast_flat = cv2.warpAffine(coverage, shear, (width + reach, flat + 4), flags=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(cast_flat, (0, 0), 1.1)
    layer = np.zeros((*soft.shape, 4), np.float32)
    layer[..., 3] = _SHADOW_DARK * soft
    _lay(picture, (place[0], place[1] + feet - flat + 5), cast("Picture", layer))


def encode(path: Path, images: Iterable[Image]) -> None:
    """Write an MP4 at ten frames a second: H.264, or MPEG-4 part 2 where PyAV has no libx264.

    Raises:
        RunError: PyAV can write neither.
    """
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = _stream(container)
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def _stream(container: av.container.OutputContainer) -> av.VideoStream:
    for codec, options in _CODECS:
        with suppress(ValueError):  # PyAV's UnknownCodecError
            stream = container.add_stream(codec, rate=FPS)
            stream.options = dict(options)
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            return stream
    raise RunError(
        "PyAV can write neither H.264 nor MPEG-4: install PyAV's own wheel (pip install av)"
    )
