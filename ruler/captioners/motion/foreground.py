"""What stands out: from a learned background, or by moving."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from ruler.captioners.motion import tunables
from ruler.captioners.motion.arrays import Floats, Flow, Grey, Ints, Labels, Mask

_KERNEL = np.ones((3, 3), dtype=np.uint8)
_BODY_KERNEL = np.ones((7, 3), dtype=np.uint8)
_CHANGE_BOX = (9, 9)
_BLOCK_ROWS = 32


def median_background(greys: Sequence[Grey]) -> Grey:
    """Per-pixel median of frames of one shape (docs/perception, step 1), by blocks of rows so that
    the sorting needs little memory."""
    height = greys[0].shape[0]
    blocks = []
    for top in range(0, height, _BLOCK_ROWS):
        stack = np.stack([grey[top : top + _BLOCK_ROWS] for grey in greys])
        blocks.append(np.rint(np.median(stack, axis=0)).astype(np.uint8))
    return np.concatenate(blocks)


def differing_mask(grey: Grey, background: Grey) -> Mask:
    """Pixels that differ from the background, blurred and closed (docs/perception, step 1)."""
    away = cv2.GaussianBlur(cv2.absdiff(grey, background), (5, 5), 0)
    return _closed(away > tunables.FOREGROUND_LEVEL, _KERNEL)


def moving_mask(flow: Flow, seconds: float, now: Grey, before: Grey) -> Mask:
    """Pixels that move, closed: those with flow, where the picture changes at all. On a bare wall
    flow is a guess, and noise moves it.

    Args:
        flow: Between the two frames, (height, width, 2).
        seconds: From the one to the other.
        now: Grey levels of the later frame.
        before: Grey levels of the earlier one.
    """
    width = flow.shape[1]
    limit = tunables.MOVING * (width / tunables.WIDTH) * (seconds / tunables.STEP_SECONDS)
    speed = cv2.magnitude(flow[..., 0], flow[..., 1])
    return _closed((speed > limit) & changing_mask(now, before), _KERNEL)


def changing_mask(now: Grey, before: Grey) -> Mask:
    """Pixels around which the picture changes from one frame to the next."""
    change = cv2.blur(cv2.absdiff(now, before), _CHANGE_BOX)
    changing: Mask = change >= tunables.CHANGE
    return changing


def join_bodies(mask: Mask) -> Mask:
    """Close gaps within a figure: heads, bodies and legs fall apart vertically."""
    return _closed(mask, _BODY_KERNEL)


def components(mask: Mask) -> tuple[Labels, Ints, Floats]:
    """Connected pixels, diagonals included.

    Returns:
        Labels (height, width), 0 for the rest; and, by label, (left, top, width, height, area)
        (labels, 5) and centres (x, y) (labels, 2), in pixels. What stands there for label 0 means
        nothing.
    """
    left, top, width, height = cv2.boundingRect(mask.view(np.uint8))
    # The algorithm numbers by blocks of 2 x 2 pixels: the part begins where one does.
    left, top, right, bottom = left & ~1, top & ~1, left + max(width, 1), top + max(height, 1)
    # The default algorithm takes three times as long where statistics are wanted.
    _, found, stats, centres = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask[top:bottom, left:right].view(np.uint8), 8, cv2.CV_32S, cv2.CCL_GRANA
    )
    labels = np.zeros(mask.shape, dtype=np.int32)
    labels[top:bottom, left:right] = found
    return labels, stats + np.array([left, top, 0, 0, 0]), centres + np.array([left, top])


def _closed(mask: Mask, kernel: Grey) -> Mask:
    return cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_CLOSE, kernel).view(np.bool_)
