"""A transparent patch to draw a figure on: large, in figure heights, then shrunk."""

from __future__ import annotations

from math import hypot
from typing import Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ruler.jobs.demo.scene import Picture

Colour = tuple[int, int, int]
Point = tuple[float, float]

_FINE: Final = 3
_SHIFT: Final = 4  # OpenCV takes coordinates in sixteenths of a pixel


class Canvas:
    """A transparent patch to draw on in figure heights, with the feet at its origin, y upward."""

    def __init__(self, pixels: float, facing: int, width: float, fraction: Point) -> None:
        self.unit = pixels * _FINE
        self.facing = facing
        half, above, below = (int(np.ceil(pixels * share)) + 2 for share in (width / 2, 1.12, 0.06))
        self.left, self.above = half, above
        self.origin = (half + fraction[0]) * _FINE, (above + fraction[1]) * _FINE
        self.image = np.zeros(((above + below) * _FINE, 2 * half * _FINE, 4), np.float32)

    def _fixed(self, point: Point) -> tuple[int, int]:
        x = self.origin[0] + self.facing * point[0] * self.unit
        y = self.origin[1] - point[1] * self.unit
        return round(x * 2**_SHIFT), round(y * 2**_SHIFT)

    def shape(self, points: list[Point], colour: Colour, shade: float = 1.0) -> None:
        """Fill a convex polygon."""
        corners = np.array([self._fixed(point) for point in points], np.int32)
        cv2.fillConvexPoly(self.image, corners, _opaque(colour, shade), cv2.LINE_8, _SHIFT)

    def disc(self, centre: Point, radius: float, colour: Colour, shade: float = 1.0) -> None:
        """Fill a circle."""
        size = round(radius * self.unit * 2**_SHIFT)
        place = self._fixed(centre)
        cv2.circle(self.image, place, size, _opaque(colour, shade), -1, cv2.LINE_8, _SHIFT)

    def limb(
        self, start: Point, end: Point, widths: Point, colour: Colour, shade: float = 1.0
    ) -> None:
        """A tapered limb with round ends; `widths` at start and end."""
        along = end[0] - start[0], end[1] - start[1]
        length = hypot(*along) or 1e-6
        across = -along[1] / length / 2, along[0] / length / 2
        corners = [
            (point[0] + sign * across[0] * width, point[1] + sign * across[1] * width)
            for point, width, sign in (
                (start, widths[0], 1),
                (end, widths[1], 1),
                (end, widths[1], -1),
                (start, widths[0], -1),
            )
        ]
        self.shape(corners, colour, shade)
        self.disc(start, widths[0] / 2, colour, shade)
        self.disc(end, widths[1] / 2, colour, shade)

    def ring(self, centre: Point, radius: float, thickness: float, colour: Colour) -> None:
        """A circle's line."""
        cv2.circle(
            self.image,
            self._fixed(centre),
            round(radius * self.unit * 2**_SHIFT),
            _opaque(colour, 1.0),
            max(1, round(thickness * self.unit)),
            cv2.LINE_8,
            _SHIFT,
        )

    def weave(self, corners: list[Point], cloth: NDArray[np.float32]) -> None:
        """Multiply a polygon by a cloth that sticks to the body."""
        places = np.array([self._fixed(point) for point in corners], np.int32)
        first = np.maximum(places.min(axis=0) >> _SHIFT, 0)
        width, height = (places.max(axis=0) >> _SHIFT) + 2 - first
        mask = np.zeros((height, width), np.uint8)
        cv2.fillConvexPoly(mask, places - (first << _SHIFT), 1, cv2.LINE_8, _SHIFT)
        rows, columns = np.nonzero(mask[: self.image.shape[0] - first[1]])
        rows, columns = rows + first[1], columns + first[0]
        scale = 64 / (0.30 * self.unit)
        u = ((columns - self.origin[0]) * self.facing * scale).astype(int) % 64
        v = ((rows - self.origin[1]) * scale).astype(int) % 64
        self.image[rows, columns, :3] *= cloth[v, u][:, None]

    def shrunk(self) -> Picture:
        """The patch at picture size, lit from the left.

        Returns:
            float32 array (height, width, 4): premultiplied RGB, 0 to 255, and coverage, 0 to 1.
        """
        height, width = self.image.shape[:2]
        size = width // _FINE, height // _FINE
        patch = cast("Picture", cv2.resize(self.image, size, interpolation=cv2.INTER_AREA))
        offset = (np.arange(size[0]) - self.left) * _FINE / self.unit
        light = np.clip(1.0 - 1.1 * offset, 0.80, 1.14).astype(np.float32)
        patch[..., :3] *= light[None, :, None]
        return patch


def _opaque(colour: Colour, shade: float) -> tuple[float, float, float, float]:
    return colour[0] * shade, colour[1] * shade, colour[2] * shade, 1.0
