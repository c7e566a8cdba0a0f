"""Figures that do not stir: things left behind, and gaps where something was taken away.

A person who stands sways; a thing does not. Against the background both a thing that came and one
that went stand out. Its outline tells them apart: what came has edges in the picture, what went had
them in the background.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ruler.captioners.motion.arrays import Grey, Mask
from ruler.schemas.base import rounded
from ruler.schemas.captions import Figure

STILL = 0.9
"""Share of a figure that does not change over the window, from which its outline is looked at."""

_CHANGED = 12
"""Blurred grey levels between the window's first and last picture from which a pixel changed."""

_SLOW = 0.5
"""Times the usual speed from which a figure need not be asked whether it is still."""

_OUTLINE = np.ones((5, 5), dtype=np.uint8)
_LEAST_EDGE = 1.0
"""Grey levels that are added to both sides, so that noise on a plain ground is no gain."""


def with_stillness(
    figures: Sequence[Figure], greys: Sequence[Grey], background: Grey, mask: Mask
) -> list[Figure]:
    """The figures with how still the slow ones are and, where they are, what their outlines say.

    Args:
        figures: Of the newest picture.
        greys: The window's pictures, ascending in time; of one alone nothing can be told.
        background: In the newest picture's light and place.
        mask: Foreground of the newest picture.
    """
    if len(greys) < 2 or not any(map(_is_slow, figures)):
        return list(figures)
    now = greys[-1]
    away = np.asarray(cv2.GaussianBlur(cv2.absdiff(now, greys[0]), (5, 5), 0), dtype=np.uint8)
    return [
        _told(figure, now, away, background, mask) if _is_slow(figure) else figure
        for figure in figures
    ]


def _is_slow(figure: Figure) -> bool:
    return figure.facts.get("speed_ratio", 0.0) < _SLOW


def _told(figure: Figure, now: Grey, away: Grey, background: Grey, mask: Mask) -> Figure:
    part = _part(figure, *now.shape)
    body = mask[part]
    pixels = np.count_nonzero(body)
    if not pixels:
        return figure
    still = 1.0 - np.count_nonzero((away[part] > _CHANGED) & body) / pixels
    facts = {**figure.facts, "stillness": still}
    if still >= STILL:
        facts["edge_gain"] = _edge_gain(now[part], background[part], body)
    return figure.model_copy(update={"facts": rounded(facts)})


def _part(figure: Figure, height: int, width: int) -> tuple[slice, slice]:
    """The figure's box and a little more, in pixels."""
    box = figure.box
    rows = slice(max(round(box.top * height) - 3, 0), round(box.bottom * height) + 3)
    return rows, slice(max(round(box.left * width) - 3, 0), round(box.right * width) + 3)


def _edge_gain(now: Grey, before: Grey, body: Mask) -> float:
    """How much stronger edges are along the outline now than in the background, in [-1, 1]."""
    whole = body.astype(np.uint8)
    outline = cv2.dilate(whole, _OUTLINE) > cv2.erode(whole, _OUTLINE)
    if not outline.any():  # all of the box: no line between it and the rest
        return 0.0
    seen, had = (_edges(picture)[outline].mean() for picture in (now, before))
    return float((seen - had) / (seen + had + 2 * _LEAST_EDGE))


def _edges(picture: Grey) -> NDArray[np.float32]:
    across, down = cv2.Sobel(picture, cv2.CV_32F, 1, 0), cv2.Sobel(picture, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(across, down), dtype=np.float32)
