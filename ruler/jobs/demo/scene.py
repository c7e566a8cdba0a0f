"""The empty scene of the demo: a paved walkway between two lawns, seen from a first floor window.

Everything is drawn by code and nothing is downloaded. Places are image coordinates in pixels; a
point on the ground lies at (x, y) with y the row its feet stand on. `scale_at(y)` says how large
things are there: 1.0 at row 200, and smaller farther up.
"""

from __future__ import annotations

from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH: Final = 320
HEIGHT: Final = 240
FPS: Final = 10
METRE: Final = 35.4
"""Pixels a metre where the scale is 1."""
NEAR_ROW: Final = 198.0
FAR_ROW: Final = 124.0
"""Walkers keep their feet between these rows."""
BENCH_X: Final = 226.0

_HORIZON: Final = -10.0
_CAMERA_HEIGHT: Final = 210.0 / METRE
_FOCAL: Final = 420.0
_FINE: Final = 3  # drawn this many times larger, then shrunk: clean edges
_WALL_TOP, _WALL_FOOT, _KERB_FAR, _KERB_NEAR = 44.0, 90.0, 110.0, 207.0

Picture = NDArray[np.float32]
"""float32 array (height, width, 3), RGB, 0 to 255."""
_Plane = NDArray[np.float32]


def scale_at(row: float) -> float:
    """How large things are whose feet stand on this row; 1.0 at row 200."""
    return (row - _HORIZON) / 210.0


def background(rng: np.random.Generator) -> Picture:
    """The scene without anybody in it, as float32 (240, 320, 3), RGB, 0 to 255."""
    rows, columns = np.mgrid[0 : HEIGHT * _FINE, 0 : WIDTH * _FINE]
    x: _Plane = ((columns + 0.5) / _FINE).astype(np.float32)
    y: _Plane = ((rows + 0.5) / _FINE).astype(np.float32)
    depth = (_FOCAL * _CAMERA_HEIGHT / (y - _HORIZON)).astype(np.float32)
    across = ((x - WIDTH / 2) / ((y - _HORIZON) / 210.0) / METRE).astype(np.float32)
    picture = _lawn(across, depth, rng)
    _paint(picture, _paving(across, depth, rng), (y >= _KERB_FAR) & (y < _KERB_NEAR))
    _kerbs(picture, y)
    _paint(picture, _trees(x, y, rng), y < _WALL_TOP)
    _paint(picture, _wall(x, y, rng), (y >= _WALL_TOP) & (y < _WALL_FOOT))
    _shrubs(picture, rng)
    _furniture(picture)
    picture *= _dapple(x, y, rng)[..., None]
    small = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return cast("Picture", np.clip(small, 0, 255).astype(np.float32))


def _paint(picture: Picture, layer: Picture, mask: NDArray[np.bool_]) -> None:
    picture[mask] = layer[mask]


def _noise(rng: np.random.Generator, size: int, blur: float) -> _Plane:
    """Smooth noise with mean 0 and deviation 1, a square of `size` that tiles."""
    field: _Plane = rng.standard_normal((size, size)).astype(np.float32)
    if blur > 0:
        padded = np.pad(field, size // 4, mode="wrap")
        blurred = cast("_Plane", cv2.GaussianBlur(padded, (0, 0), blur))
        field = blurred[size // 4 : size // 4 + size, size // 4 : size // 4 + size]
    return cast("_Plane", ((field - field.mean()) / field.std()).astype(np.float32))


def _sample(field: _Plane, u: _Plane, v: _Plane) -> _Plane:
    """Look a tiling field up at (u, v), counted in its own pixels."""
    size = field.shape[0]
    return cast(
        "_Plane",
        cv2.remap(
            np.pad(field, ((0, 1), (0, 1)), mode="wrap"),
            np.mod(u, size).astype(np.float32),
            np.mod(v, size).astype(np.float32),
            cv2.INTER_LINEAR,
        ),
    )


def _tinted(tone: _Plane, colour: tuple[int, int, int]) -> Picture:
    return tone[..., None] * np.array(colour, np.float32)


def _lawn(across: _Plane, depth: _Plane, rng: np.random.Generator) -> Picture:
    tufts = _sample(_noise(rng, 256, 0.8), across * 24, depth * 14)
    blades = _sample(_noise(rng, 512, 0.6), across * 70, depth * 36)
    patches = _sample(_noise(rng, 256, 14), across * 16, depth * 16)
    tone = 0.97 + 0.06 * tufts + 0.10 * blades + 0.05 * patches
    lawn = _tinted(tone.astype(np.float32), (106, 122, 70))
    lawn[..., 0] += 4.0 * patches  # drier here and there
    return lawn


def _paving(across: _Plane, depth: _Plane, rng: np.random.Generator) -> Picture:
    row = np.floor(depth / 0.9)
    column = across / 1.2 + 0.5 * np.mod(row, 2)
    slab = np.floor(column)
    tones = rng.normal(0.0, 0.035, (64, 64)).astype(np.float32)
    tone = 1.0 + tones[np.mod(row, 64).astype(int), np.mod(slab, 64).astype(int)]
    to_joint = np.minimum(
        np.minimum(column - slab, slab + 1 - column) * 1.2,
        np.minimum(depth / 0.9 - row, row + 1 - depth / 0.9) * 0.9,
    )
    tone *= 1.0 - 0.22 * np.exp(-((to_joint / 0.035) ** 2))
    tone *= 1.0 + 0.030 * _sample(_noise(rng, 512, 0.7), across * 30, depth * 20)
    tone *= 1.0 + 0.035 * _sample(_noise(rng, 256, 16), across * 12, depth * 12)
    return _tinted(tone.astype(np.float32), (183, 174, 160))


def _kerbs(picture: Picture, y: _Plane) -> None:
    for row, height in ((_KERB_FAR, 2.2), (_KERB_NEAR, 4.0)):
        inside = (y >= row) & (y < row + height)
        picture[inside] = (150, 146, 138)
        picture[(y >= row + height * 0.72) & (y < row + height)] = (112, 108, 100)


def _trees(x: _Plane, y: _Plane, rng: np.random.Generator) -> Picture:
    crowns = _sample(_noise(rng, 256, 11), x * 0.8, y * 0.8)
    leaves = _sample(_noise(rng, 256, 1.3), x, y)
    light = np.clip(0.75 + 0.16 * crowns + 0.13 * leaves + 0.006 * (30 - y), 0.35, 1.3)
    trees = _tinted(light.astype(np.float32), (84, 112, 66))
    sky = np.clip((crowns * 0.9 + leaves * 0.35 + (10 - y) * 0.07 - 0.9) * 2.2, 0, 1)[..., None]
    return cast("Picture", trees * (1 - sky) + sky * np.array((203, 216, 226), np.float32))


def _wall(x: _Plane, y: _Plane, rng: np.random.Generator) -> Picture:
    course = np.floor((y - _WALL_TOP) / 4.2)
    along = x / 10.5 + 0.5 * np.mod(course, 2)
    brick = np.floor(along)
    tones = rng.normal(0.0, 0.06, (32, 64)).astype(np.float32)
    tone = 0.97 + tones[np.mod(course, 32).astype(int), np.mod(brick, 64).astype(int)]
    mortar = ((along - brick) * 10.5 < 0.8) | (np.mod(y - _WALL_TOP, 4.2) < 0.7)
    tone = tone * (1 + 0.03 * _sample(_noise(rng, 256, 0.8), x * 2, y * 2))
    tone = tone * (1.04 - 0.16 * (y - _WALL_TOP) / (_WALL_FOOT - _WALL_TOP))
    wall = _tinted(tone.astype(np.float32), (164, 118, 94))
    wall[mortar] = wall[mortar] * 0.55 + np.array((168, 156, 144), np.float32) * 0.40
    wall[y < _WALL_TOP + 3.4] = (178, 170, 158)
    wall[(y >= _WALL_TOP + 3.4) & (y < _WALL_TOP + 4.8)] = (104, 84, 72)
    return wall


def _shrubs(picture: Picture, rng: np.random.Generator) -> None:
    """Low bushes along the foot of the wall, each a heap of leaves lit from the left."""
    for _ in range(30):
        centre = np.array([rng.uniform(-6, WIDTH + 6), rng.uniform(88, 93)])
        reach, green = rng.uniform(4.5, 8.0), rng.uniform(0.75, 1.1)
        for shade in (0.62, 0.85, 1.05):
            for _ in range(26):
                offset = rng.normal(0, 0.45, 2) * reach * np.array([1.2, 0.7])
                offset -= (shade - 0.7) * reach * np.array([0.35, 0.55])
                place = (centre + offset) * _FINE
                colour = (np.array((78, 104, 54)) * shade * green).tolist()
                radius = int(rng.uniform(1.0, 1.9) * _FINE)
                cv2.circle(picture, (int(place[0]), int(place[1])), radius, colour, -1)


def _bar(
    picture: Picture, corner: tuple[float, float], size: tuple[float, float], colour: object
) -> None:
    (x, y), (width, height) = corner, size
    first = (round(x * _FINE), round(y * _FINE))
    last = (round((x + width) * _FINE) - 1, round((y + height) * _FINE) - 1)
    cv2.rectangle(picture, first, last, cast("tuple[int, int, int]", colour), -1)


def _furniture(picture: Picture) -> None:
    """A bench, a bin and a lamp post at the far kerb, with their shadows on the ground."""
    _soft_shadow(picture, (BENCH_X + 7, 121.5), (25, 3.2))
    _soft_shadow(picture, (186, 119.0), (7, 2.2))
    _soft_shadow(picture, (80, 117.5), (20, 1.6))
    left, seat = BENCH_X - 19, 112.0
    for x in (left + 3, left + 33):
        _bar(picture, (x, 99), (1.8, 21), (58, 58, 60))
    for y, light in ((97.5, 1.0), (101.3, 0.95), (105.1, 0.9)):
        _bar(picture, (left, y), (38, 2.9), tuple(light * c for c in (150, 104, 62)))
    _bar(picture, (left - 0.5, seat), (39, 2.4), (172, 124, 78))
    _bar(picture, (left - 0.5, seat + 2.4), (39, 2.0), (112, 76, 46))
    _bar(picture, (178, 105), (8.5, 13.5), (70, 84, 76))
    _bar(picture, (178, 105), (2.6, 13.5), (92, 108, 98))
    _bar(picture, (177.2, 103.4), (10.1, 2.0), (48, 56, 52))
    _bar(picture, (65.2, 30), (2.4, 87), (62, 66, 68))
    _bar(picture, (65.2, 30), (0.8, 87), (96, 100, 102))
    _bar(picture, (62.6, 21.5), (7.6, 8.5), (212, 208, 190))
    _bar(picture, (61.6, 19.6), (9.6, 2.2), (54, 58, 60))
    _bar(picture, (64.0, 112.5), (4.8, 4.5), (54, 58, 60))


def _soft_shadow(picture: Picture, centre: tuple[float, float], radii: tuple[float, float]) -> None:
    mask = np.zeros(picture.shape[:2], np.float32)
    cv2.ellipse(
        mask,
        (round(centre[0] * _FINE), round(centre[1] * _FINE)),
        (round(radii[0] * _FINE), round(radii[1] * _FINE)),
        0,
        0,
        360,
        1.0,
        -1,
    )
    picture *= 1.0 - 0.34 * cv2.GaussianBlur(mask, (0, 0), 1.3 * _FINE)[..., None]


def _dapple(x: _Plane, y: _Plane, rng: np.random.Generator) -> _Plane:
    """Light: shade of trees on the ground, and a lens that darkens a little to its corners."""
    shade = _sample(_noise(rng, 256, 9), x * 0.5, y * 0.9)
    tree = np.clip(shade - 0.4, 0, 1.2) * np.clip((y - 96) / 40, 0, 1)
    radius = ((x - WIDTH / 2) / WIDTH) ** 2 + ((y - HEIGHT / 2) / HEIGHT) ** 2
    return cast("_Plane", ((1.03 - 0.13 * tree) * (1.03 - 0.24 * radius)).astype(np.float32))
