"""Backgrounds without those who stood in the references."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from ruler.captioners.base import Captioner
from ruler.captioners.motion.arrays import Grey
from ruler.captioners.motion.emptying import empty_background
from ruler.captioners.motion.foreground import median_background
from tests.captioners.motion.footage import (
    HEIGHT,
    WIDTH,
    Footage,
    Walker,
    answer_of,
    figure_at,
    render,
)

STANDING = Walker(150, 60)
MIDDLE = 158, 80
WALKERS = [Walker(10, 20, 20), Walker(220, 120, -20, seed=8)]
FRAMES = 100


def stood_for(share: float) -> Footage:
    """People walk, and somebody stands there, then is gone."""
    video = render([STANDING, *WALKERS], FRAMES)
    left = round(share * FRAMES)
    video[left:] = render(WALKERS, FRAMES)[left:]
    return Footage(video)


def greys_of(footage: Footage) -> list[Grey]:
    return [frame.image for frame in footage.frames(range(0, FRAMES, 4), is_grey=True)]


def ground() -> Grey:
    return np.asarray(cv2.cvtColor(render([], 1)[0], cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def away(background: Grey) -> int:
    return int(np.abs(background.astype(int) - ground()).max())


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.6, 0.8, 0.88])
def test_nobody_is_part_of_the_background(share: float) -> None:
    """Neither who stood there most of the time nor, the other way round, who came for a while."""
    assert away(empty_background(greys_of(stood_for(share)))) <= 3


def test_the_median_alone_would_keep_them() -> None:
    assert away(median_background(greys_of(stood_for(0.8)))) > 50


def test_who_never_leaves_is_background() -> None:
    """Nobody has seen what is behind them."""
    assert away(empty_background(greys_of(stood_for(1.0)))) > 50


def test_where_somebody_stood_and_left_there_is_nobody(captioner: Captioner) -> None:
    model = captioner.fit([stood_for(0.8)], cameras="one", place="any")
    assert model is not None
    empty, back = Footage(render([], 20)), Footage(render([STANDING], 20))
    assert answer_of(captioner, empty, model, 19).figures == ()
    seen = figure_at(answer_of(captioner, back, model, 19), *MIDDLE)
    assert seen.box.height * HEIGHT == pytest.approx(STANDING.height, abs=4)
    assert (seen.box.right - seen.box.left) * WIDTH == pytest.approx(STANDING.width, abs=4)
