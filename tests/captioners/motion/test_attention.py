"""Where flow is computed: wherever a figure is measured, and hardly anywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.captioners.base import Captioner
from ruler.captioners.motion import create
from ruler.captioners.motion import flow as flow_module
from ruler.captioners.motion import observe as observe_module
from ruler.captioners.motion.arrays import Grey
from ruler.captioners.motion.attention import changing_areas
from ruler.captioners.motion.flow import FlowMemo, to_grey
from ruler.captioners.motion.lines import RowLine
from ruler.captioners.motion.observe import Observation, View, observe
from ruler.captioners.motion.scene import Scene
from ruler.captioners.motion.windows import Grid, Windows
from ruler.schemas.captions import SceneModel
from ruler.video.frames import Frame
from tests.captioners.motion.footage import (
    HEIGHT,
    WIDTH,
    Footage,
    Walker,
    answers_of,
    render,
    windows_of,
)

GRID = Grid.over(HEIGHT, WIDTH)
GROUND = to_grey(Frame(0, 0.0, render([], 1)[0]), None)


def _frames(walkers: Sequence[Walker], count: int = 9) -> list[Frame]:
    video = render(walkers, count)
    return [Frame(index, index / 10, image) for index, image in enumerate(video)]


def _view(background: Grey | None) -> View:
    return View.of(HEIGHT, WIDTH, background, RowLine.constant(40 / HEIGHT))


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """Sizes of the images that flow was computed on."""
    sizes: list[tuple[int, ...]] = []
    estimated = FlowMemo._estimated

    def noted(self: FlowMemo, now: Grey, before: Grey) -> flow_module.Flow:
        sizes.append(now.shape)
        return estimated(self, now, before)

    monkeypatch.setattr(FlowMemo, "_estimated", noted)
    return sizes


@given(
    st.lists(
        st.tuples(st.integers(0, GRID.shape[0] - 1), st.integers(0, GRID.shape[1] - 1)),
        max_size=12,
    )
)
def test_areas_hold_every_point_with_its_surroundings(places: list[tuple[int, int]]) -> None:
    points = np.zeros(GRID.shape, dtype=np.bool_)
    for row, column in places:
        points[row, column] = True
    inside = np.zeros((HEIGHT, WIDTH), dtype=np.bool_)
    for left, right, top, bottom in changing_areas(points, GRID):
        assert 0 <= left < right <= WIDTH
        assert 0 <= top < bottom <= HEIGHT
        assert min(right - left, bottom - top) >= 96
        inside[top:bottom, left:right] = True
    for row, column in places:
        y, x = int(GRID.rows[row]), int(GRID.columns[column])
        assert inside[max(y - 20, 0) : y + 20, max(x - 20, 0) : x + 20].all()
    assert bool(places) == inside.any()


def test_windows_know_what_they_cover() -> None:
    windows = Windows.around(GRID, np.full(GRID.shape[0], 9.0), np.full(GRID.shape[0], 6.0))
    chosen = np.array([0, 7 * GRID.shape[1] + 9])
    expected = np.zeros(GRID.shape, dtype=np.bool_)
    expected[:3, :3] = expected[5:10, 7:12] = True
    assert (windows.covered_by(chosen, GRID) == expected).all()


def test_no_flow_is_computed_where_nobody_is(looked_at: list[tuple[int, ...]]) -> None:
    frames = _frames([])
    seen = observe(frames, FlowMemo(), _view(to_grey(frames[0])))
    assert not looked_at
    assert seen.motion is not None
    assert seen.motion.speed.size == 0


def test_flow_is_computed_around_the_figure(looked_at: list[tuple[int, ...]]) -> None:
    background = to_grey(_frames([], 1)[0])
    walking = _frames([Walker(x=100, y=60, vx=30)])
    part = observe(walking, FlowMemo(), _view(background))
    assert len(looked_at) == 8
    assert max(height * width for height, width in looked_at) < 0.5 * HEIGHT * WIDTH
    assert _speed(part) == pytest.approx(3.0, abs=0.3)


def test_a_background_fitted_to_one_picture_leaves_shared_flows_alone() -> None:
    """Windows that share a flow may have other backgrounds; the flow must not depend on which of
    them comes first."""
    background = to_grey(_frames([], 1)[0])
    walking = _frames([Walker(x=100, y=60, vx=30)], 10)
    view = _view(background)
    fitted = replace(view, background=np.full_like(background, 20))
    alone = observe(walking[1:], FlowMemo(), view)
    memo = FlowMemo()
    observe(walking[:9], memo, fitted)
    after = observe(walking[1:], memo, view)
    assert alone.motion is not None
    assert after.motion is not None
    assert (alone.motion.long == after.motion.long).all()


def test_without_a_background_flow_is_computed_where_the_picture_changes(
    looked_at: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    walking = _frames([Walker(x=100, y=60, vx=30)])
    part = observe(walking, FlowMemo(), _view(None))
    assert max(height * width for height, width in looked_at) < 0.5 * HEIGHT * WIDTH
    monkeypatch.setattr(observe_module, "changing_areas", lambda *_: [(0, WIDTH, 0, HEIGHT)])
    whole = observe(walking, FlowMemo(), _view(None))
    assert looked_at[-1] == (HEIGHT, WIDTH)
    assert _speed(part) == pytest.approx(_speed(whole), rel=0.05)


def _speed(seen: Observation) -> float:
    assert seen.motion is not None
    return float(np.median(seen.motion.speed))


def test_a_clip_in_chunks_has_each_flow_once_and_the_same_captions(
    looked_at: list[tuple[int, ...]], model: SceneModel
) -> None:
    clip = Footage(render([Walker(x=60, y=60, vx=30)], 24))
    windows = windows_of(clip, create("", {}), range(24))
    whole = answers_of(create("", {}), windows, model)
    flows = len(looked_at)
    captioner = create("", {})
    parts = [answers_of(captioner, windows[at : at + 8], model) for at in range(0, 24, 8)]
    assert [answer for part in parts for answer in part] == whole
    assert len(looked_at) == 2 * flows


def test_what_is_kept_of_a_scene_serves_no_other(captioner: Captioner, model: SceneModel) -> None:
    clip = Footage(render([Walker(x=60, y=60, vx=30)], 12))
    windows = windows_of(clip, captioner, [8, 9])
    darker = replace(Scene.from_bytes(model.payload), background=np.zeros_like(GROUND))
    other = model.model_copy(update={"payload": darker.to_bytes()})
    first = answers_of(captioner, windows, model)
    assert answers_of(captioner, windows, other) == answers_of(create("", {}), windows, other)
    assert answers_of(captioner, windows, model) == first
