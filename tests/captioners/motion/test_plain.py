"""What was written for speed gives what the plain way of writing it gives."""

from __future__ import annotations

from unittest import mock

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.captioners.base import Captioner
from ruler.captioners.motion import figures as figures_module
from ruler.captioners.motion import flow as flow_module
from ruler.captioners.motion import tunables
from ruler.captioners.motion.arrays import Mask
from ruler.captioners.motion.flow import net_motion
from ruler.captioners.motion.foreground import components
from ruler.captioners.motion.lines import median
from ruler.captioners.motion.regions import around_points
from ruler.schemas.captions import CaptionFailure, Figure, SceneModel
from tests.captioners.motion.footage import Footage, Walker, answers_of, render, windows_of

SIDES = st.integers(1, 70)
SEEDS = st.integers(0, 2**32 - 1)
SHARES = st.sampled_from([0.0, 0.002, 0.1, 0.4, 1.0])


def spots(height: int, width: int, share: float, seed: int) -> Mask:
    return np.random.default_rng(seed).random((height, width)) < share


@given(SIDES, SIDES, SHARES, SEEDS)
def test_components_are_those_of_the_whole_picture(
    height: int, width: int, share: float, seed: int
) -> None:
    mask = spots(height, width, share, seed)
    labels, stats, centres = components(mask)
    count, plain, plain_stats, plain_centres = cv2.connectedComponentsWithStatsWithAlgorithm(
        mask.astype(np.uint8), 8, cv2.CV_32S, cv2.CCL_GRANA
    )
    assert len(stats) == len(centres) == count
    assert (labels == plain).all()
    assert (stats[1:] == plain_stats[1:]).all()
    assert centres[1:] == pytest.approx(plain_centres[1:], abs=1e-9)


@given(st.integers(1, 90), st.integers(1, 90), SHARES, SEEDS, st.data())
def test_pixels_around_points_are_the_cells_of_the_grid(
    height: int, width: int, share: float, seed: int, data: st.DataObject
) -> None:
    half, stride = tunables.STRIDE // 2, tunables.STRIDE
    shape = len(range(half, height, stride)) or 1, len(range(half, width, stride)) or 1
    cells = spots(*shape, share, seed)
    blocks = cells.repeat(stride, axis=0).repeat(stride, axis=1)
    short = max(height - blocks.shape[0], 0), max(width - blocks.shape[1], 0)
    whole = np.pad(blocks, ((0, short[0]), (0, short[1])), mode="edge")[:height, :width]
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    part = slice(top, height), slice(left, width)
    assert (around_points(np.flatnonzero(cells), shape, part) == whole[part]).all()


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_the_median_is_themedian(values: list[float]) -> None:
    assert median(np.array(values)) == np.median(values)


@given(SEEDS, st.integers(1, 8), st.integers(1, 40))
def test_points_are_followed_one_by_one(seed: int, steps: int, count: int) -> None:
    """To the last bit, those that leave the picture and those that are looked up in parts too."""
    random = np.random.default_rng(seed)
    height, width = 23, 31
    flows = [random.normal(0, 4, (height, width, 2)).astype(np.float32) for _ in range(steps)]
    rows, columns = random.integers(0, height, count), random.integers(0, width, count)
    marks = sorted({1, steps})
    with mock.patch.object(flow_module, "_TOGETHER", 16):
        found = net_motion(flows, rows, columns, marks)
    for point, (row, column) in enumerate(zip(rows, columns, strict=True)):
        place = start = np.array([column, row], dtype=np.float32)
        for step, flow in enumerate(flows, start=1):
            x, y = np.rint(place).astype(int)
            place = place + flow[min(max(y, 0), height - 1), min(max(x, 0), width - 1)]
            if step in marks:
                assert (found[marks.index(step), point] == start - place).all()


def test_figures_hold_what_all_checks_ask_for(captioner: Captioner, model: SceneModel) -> None:
    clip = Footage(render([Walker(5, 40, 60), Walker(120, 90, -5, -30), Walker(225, 70, 15)], 24))
    made = [
        figure
        for answer in answers_of(captioner, windows_of(clip, captioner, range(24)), model)
        for figure in answer.figures
    ]
    assert len({tuple(sorted(figure.facts)) for figure in made}) > 1
    for figure in made:
        assert Figure.model_validate_json(figure.model_dump_json()) == figure
        assert set(figure.facts) <= set(captioner.measured)


def test_what_is_no_number_is_no_caption(
    captioner: Captioner, model: SceneModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        figures_module, "disorders", lambda seen, _: np.full(len(seen.kept), np.nan)
    )
    clip = Footage(render([Walker(60, 40, 40)], 12))
    [said] = captioner.caption(windows_of(clip, captioner, [10]), model)
    assert isinstance(said.answer, CaptionFailure)
