"""Things on rendered footage: a bag that came, one that went, a walker, and who is half in view."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ruler.captioners.base import Captioner
from ruler.schemas.captions import Caption, Figure, SceneModel
from tests.captioners.motion.footage import (
    HEIGHT,
    WIDTH,
    Footage,
    Walker,
    answer_of,
    figure_at,
    render,
)

BAG = Walker(100, 120, height=20, width=18, seed=21)


def grained(video: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    grain = np.random.default_rng(seed).integers(-3, 4, video.shape)
    return np.clip(video + grain, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def with_bag(captioner: Captioner) -> SceneModel:
    """References in which the bag stands there all the time."""
    clips = [
        Footage(grained(render([BAG, Walker(10, 40, 20), Walker(200, 60, -20, seed=8)], 60), 1)),
        Footage(grained(render([BAG, Walker(40, 70, 20, seed=9)], 60), 2)),
    ]
    found = captioner.fit(clips, cameras="one", place="any")
    assert found is not None
    return found


def bag_in(caption: Caption) -> Figure:
    return figure_at(caption, 109, 130)


def test_a_bag_that_came_has_an_outline(captioner: Captioner, model: SceneModel) -> None:
    clip = Footage(grained(render([BAG, Walker(10, 40, 20)], 12), 3))
    caption = answer_of(captioner, clip, model, 11)
    bag = bag_in(caption).facts
    assert bag["stillness"] > 0.95
    assert bag["edge_gain"] > 0.2
    [walker] = [one.facts for one in caption.figures if one != bag_in(caption)]
    assert "stillness" not in walker
    assert "edge_gain" not in walker


def test_a_bag_that_went_had_one(captioner: Captioner, with_bag: SceneModel) -> None:
    clip = Footage(grained(render([Walker(10, 40, 20)], 12), 4))
    gap = bag_in(answer_of(captioner, clip, with_bag, 11)).facts
    assert gap["stillness"] > 0.95
    assert gap["edge_gain"] < -0.2


@pytest.mark.parametrize(
    ("x", "y", "has_height"), [(-6, 60, True), (WIDTH - 8, 60, True), (60, HEIGHT - 30, False)]
)
def test_who_is_half_in_view_has_no_shape(
    captioner: Captioner, model: SceneModel, x: float, y: float, has_height: bool
) -> None:
    caption = answer_of(captioner, Footage(render([Walker(x, y)], 12)), model, 11)
    [figure] = caption.figures
    assert figure.facts["at_border"] == 1.0
    assert "aspect_ratio" not in figure.facts
    assert ("height_ratio" in figure.facts) == has_height
    assert ("partly out of view" in caption.text) == (not has_height)
    whole = answer_of(captioner, Footage(render([Walker(60, 60)], 12)), model, 11)
    assert whole.figures[0].facts["at_border"] == 0.0
