"""Flow sees figures of 30 px at its scale: their true speed is measured."""

from __future__ import annotations

import pytest

from ruler.captioners.base import Captioner
from ruler.captioners.motion.scene import Scene
from ruler.schemas.captions import SceneModel
from tests.captioners.motion.footage import Footage, Walker, answer_of, render

SIZE = 240, 360
ROW = 110
TALL = 30


def walking(*walkers: Walker, frames: int = 24) -> Footage:
    return Footage(render(walkers, frames, size=SIZE))


def walker(x: float, y: float, speed: float, seed: int = 7) -> Walker:
    return Walker(x, y, speed, height=TALL, width=12, seed=seed)


@pytest.fixture(scope="module")
def small(captioner: Captioner) -> SceneModel:
    model = captioner.fit(
        [
            walking(walker(10, 40, 20), walker(300, 150, -20, seed=8), frames=60),
            walking(walker(60, 100, 20, seed=9), walker(320, 20, -20, seed=5), frames=60),
        ],
        cameras="one",
        place="any",
    )
    assert model is not None
    return model


@pytest.mark.parametrize("speed", [20, 40, 60, 80])
def test_a_small_figure_has_its_true_speed(
    captioner: Captioner, small: SceneModel, speed: int
) -> None:
    """Pixels a second; at a quarter of the resolution it would drown in its surroundings."""
    usual = Scene.from_bytes(small.payload).usual_speed
    [figure] = answer_of(captioner, walking(walker(40, ROW, speed, 3)), small, 20).figures
    there = usual.at_row((ROW + TALL / 2) / SIZE[0]) * SIZE[1] * 10
    assert figure.facts["speed_ratio"] * there == pytest.approx(speed, rel=0.15)
