"""From regions to figures with measured facts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ruler.captioners.motion import tunables
from ruler.captioners.motion.arrays import Floats, Ints
from ruler.captioners.motion.observe import Motion, Observation, View
from ruler.captioners.motion.regions import Region, find_regions
from ruler.captioners.motion.scene import Scene
from ruler.captioners.motion.windows import integral_of, top_mean
from ruler.errors import CaptionError
from ruler.schemas.base import rounded
from ruler.schemas.captions import Box, Figure

_EDGE = 1
"""Pixels from the edge of the picture at which a figure touches it."""


@dataclass(frozen=True, eq=False)
class Norms:
    """What is usual at each grid row of one image size.

    Attributes:
        speeds: Pixels per 0.1 s, (R,).
        fills: Share of the wide window, (R,).
    """

    scene: Scene
    speeds: Floats
    fills: Floats

    @classmethod
    def of(cls, scene: Scene, view: View) -> Norms:
        """The scene's lines at the rows of a view."""
        rows = view.grid.relative_rows
        return cls(
            scene=scene,
            speeds=scene.usual_speed.at(rows) * view.grid.width,
            fills=scene.usual_fill.at(rows),
        )


def find_figures(observation: Observation, norms: Norms) -> list[Figure]:
    """All figures of a frame, the fastest first, then from the top and from the left.

    They are made without checks, which took a tenth of a caption's time; tests make them anew with
    all checks.

    Raises:
        CaptionError: something that was measured is no number.
    """
    motion = observation.motion
    ratios = None if motion is None else motion.speed / norms.speeds[observation.rows]
    pooled = _pooled(observation, norms, ratios)
    values = np.stack(list(pooled.values()))
    if not np.isfinite(values).all():
        raise CaptionError("what was measured is no number")
    figures = []
    for region in find_regions(observation, ratios, norms.scene.fast_ratio):
        facts = _shape_facts(region, observation, norms)
        means = top_mean(values.take(region.windows, axis=1))
        facts |= zip(pooled, means.tolist(), strict=True)
        if motion is not None and ratios is not None and facts["speed_ratio"] >= tunables.STILL:
            facts["direction_degrees"] = _direction(region.windows, motion, ratios)
        made = {"box": _box(region, observation), "facts": _clean(facts)}
        figures.append(Figure.unchecked(made))
    return sorted(figures, key=_salience)


def _salience(figure: Figure) -> tuple[float, float, float, float, float]:
    box = figure.box
    speed = figure.facts.get("speed_ratio", 0.0)
    return -speed, box.top, box.left, box.bottom, box.right


def _clean(facts: dict[str, float]) -> dict[str, float]:
    tidy = rounded(facts)
    if tidy.get("direction_degrees") == 360.0:
        tidy["direction_degrees"] = 0.0
    return tidy


def _box(region: Region, observation: Observation) -> Box:
    height, width = observation.mask.shape
    left, top, right, bottom = region.box
    return Box.unchecked(
        {
            "left": round(left / width, 4),
            "top": round(top / height, 4),
            "right": round(right / width, 4),
            "bottom": round(bottom / height, 4),
        }
    )


def _shape_facts(region: Region, observation: Observation, norms: Norms) -> dict[str, float]:
    image_height = observation.mask.shape[0]
    left, top, right, bottom = region.box
    height, width = bottom - top, right - left
    middle = (top + bottom) / 2 / image_height
    typical = norms.scene.figure_height.at_row(middle) * image_height
    floor = max(top, int(tunables.FLOOR * image_height))
    low = np.count_nonzero(observation.mask[floor:bottom, left:right]) if floor < bottom else 0
    facts = {"low_area": low / typical**2}
    cut_across = left <= _EDGE or right >= observation.mask.shape[1] - _EDGE
    cut_along = top <= _EDGE or bottom >= image_height - _EDGE
    facts["at_border"] = float(cut_across or cut_along)
    # What the picture cuts off has no shape, and no height if it is cut off above or below.
    if not cut_along:
        facts["height_ratio"] = height / typical
    if not (cut_across or cut_along):
        facts["aspect_ratio"] = width / height
    return facts


def _pooled(observation: Observation, norms: Norms, ratios: Floats | None) -> dict[str, Floats]:
    """By name, what each kept window holds of the facts that a figure's windows are pooled for,
    (N,)."""
    fills = observation.wide_fill / norms.fills[observation.rows]
    motion = observation.motion
    if motion is None or ratios is None:
        return {"fill_ratio": fills}
    heights = observation.view.figure_heights[observation.rows]
    downward = motion.short[:, 1] / heights / tunables.STEP_SECONDS
    return {
        "fill_ratio": fills,
        "speed_ratio": ratios,
        "fall_speed": np.maximum(downward, 0.0),
        "rise_speed": np.maximum(-downward, 0.0),
        "motion_disorder": disorders(observation, motion),
    }


def _direction(windows: Ints, motion: Motion, ratios: Floats) -> float:
    """Heading of a figure that does not stand: the mean net velocity of its fastest windows."""
    fastest = windows[np.argsort(-ratios.take(windows), kind="stable")[: tunables.TOP]]
    x, y = motion.long.take(fastest, axis=0).sum(axis=0).tolist()
    return math.degrees(math.atan2(-y, x)) % 360.0


def disorders(observation: Observation, motion: Motion) -> Floats:
    """Direction entropy in each kept window, in [0, 1], (N,); 0 where too little moves in it.

    The cue that told fights from other scenes best without weights (docs/perception, fights). Only
    brisk motion counts: slow drift and noise point every way.
    """
    view, kept = observation.view, observation.kept
    rows, columns = view.grid.shape
    found = np.zeros(len(kept))
    diagonal = math.hypot(view.grid.height, view.grid.width)
    which, weights = directions(motion.step, tunables.BRISK * diagonal)
    is_brisk = np.zeros((rows, columns), dtype=np.uint8)
    is_brisk.ravel()[motion.points] = weights > 0
    moving = view.person.sums(integral_of(is_brisk), kept)[:, 0]
    is_moving = moving >= tunables.FILL_GATE * view.person.areas[kept]
    if is_moving.any():
        fields = np.zeros((rows * columns, tunables.DIRECTIONS), dtype=np.float32)
        fields[motion.points, which] = weights
        integral = integral_of(fields.reshape(rows, columns, -1))
        sums = view.person.sums(integral, kept[is_moving])
        found[is_moving] = entropy(np.maximum(sums, 0.0))
    return found


def directions(step: Floats, least: float) -> tuple[Ints, Floats]:
    """Direction and speed at each point.

    Args:
        step: Velocities (P, 2).
        least: Speed below which a point counts as still.

    Returns:
        Bin of the direction, in [0, `tunables.DIRECTIONS`), and the speed, 0 where it is still,
        (P,) each.
    """
    speed = np.hypot(step[:, 0], step[:, 1])
    turn = np.arctan2(step[:, 1], step[:, 0]) / (2 * np.pi)
    which = np.rint(turn * tunables.DIRECTIONS).astype(np.intp) % tunables.DIRECTIONS
    return which, np.where(speed > least, speed, 0.0)


def entropy(histograms: Floats) -> Floats:
    """Entropy of each row over its largest possible value, in [0, 1]; 0 for an empty row."""
    totals = histograms.sum(axis=1, keepdims=True)
    shares = np.divide(histograms, totals, out=np.zeros_like(histograms), where=totals > 0)
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    found: Floats = np.clip(-(shares * logs).sum(axis=1) / np.log(histograms.shape[1]), 0.0, 1.0)
    return found


def changed_share(observation: Observation) -> float:
    """Share of the image that is foreground."""
    return np.count_nonzero(observation.mask) / observation.mask.size


def keep_salient(figures: Sequence[Figure]) -> tuple[Figure, ...]:
    """The figures that a caption holds, out of an ordered list."""
    return tuple(figures[: tunables.MAX_FIGURES])
