"""Which pictures are alike: noise and a little light are nothing, a small figure is something."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ruler.video.frames import Frame, FrameWindow
from ruler.video.similarity import Similarity, largest_change

SIZE = (432, 768)
ALIKE = Similarity()


def street(seed: int = 0) -> NDArray[np.float64]:
    """Coarse structure, as a scene has it: float (432, 768, 3)."""
    coarse = np.random.default_rng(seed).uniform(60, 190, (9, 16, 3)).astype(np.float32)
    return cv2.resize(coarse, SIZE[::-1], interpolation=cv2.INTER_CUBIC).astype(float)


def window(*pictures: NDArray[np.float64]) -> FrameWindow:
    frames = tuple(
        Frame(at, at / 10, picture.clip(0, 255).astype(np.uint8))
        for at, picture in enumerate(pictures)
    )
    return FrameWindow("street", frames[-1].index, frames[-1].time_seconds, frames)


def alike(one: FrameWindow, other: FrameWindow, similarity: Similarity = ALIKE) -> bool:
    first, second = similarity.look(one), similarity.look(other)
    assert similarity.is_alike(first, second) == similarity.is_alike(second, first)
    return similarity.is_alike(first, second)


def noisy(picture: NDArray[np.float64], seed: int, level: float = 8) -> NDArray[np.float64]:
    return picture + np.random.default_rng(seed).normal(0, level, picture.shape)


def with_figure(
    picture: NDArray[np.float64], top: int, left: int, height: int = 16, contrast: float = 25
) -> NDArray[np.float64]:
    drawn = picture.copy()
    drawn[top : top + height, left : left + round(0.4 * height)] += contrast
    return drawn


def test_the_same_picture_is_alike() -> None:
    assert alike(window(street()), window(street()))
    assert not alike(window(street()), window(street(1)))


def test_noise_of_a_camera_is_nothing() -> None:
    assert alike(window(noisy(street(), 1)), window(noisy(street(), 2)))


@pytest.mark.parametrize("light", [-7, 7])
def test_a_little_more_light_is_nothing(light: float) -> None:
    assert alike(window(street()), window(street() + light))


@pytest.mark.parametrize("light", [-20, 20])
def test_a_lamp_that_is_switched_is_something(light: float) -> None:
    assert not alike(window(street()), window(street() + light))


@pytest.mark.parametrize("contrast", [-25, 25])
def test_a_small_figure_anywhere_is_something(contrast: float) -> None:
    """16 of 432 pixels high: less than models describe."""
    for top in range(0, 410, 41):
        for left in (0, 1, 250, 503, 760):
            other = with_figure(street(), top, left, contrast=contrast)
            assert not alike(window(street()), window(other)), (top, left)
            assert not alike(window(noisy(street(), 1)), window(noisy(other, 2))), (top, left)


def test_a_figure_that_moves_by_its_width_is_something() -> None:
    one, other = (with_figure(street(), 200, left, height=30) for left in (300, 312))
    assert not alike(window(one), window(other))


def test_one_picture_that_differs_is_enough() -> None:
    same, other = street(), with_figure(street(), 200, 300)
    assert alike(window(same, same, same), window(same, same, same))
    for at in range(3):
        pictures = [same, same, same]
        pictures[at] = other
        assert not alike(window(same, same, same), window(*pictures))


def test_windows_of_other_lengths_or_sizes_are_never_alike() -> None:
    same = street()
    assert not alike(window(same), window(same, same))
    assert not alike(window(same), window(same[:-8]))


def test_what_changes_in_a_picture_that_is_nearly_black_is_seen() -> None:
    dark, other = (0.05 * street(seed) for seed in (0, 1))
    assert largest_change(*(ALIKE.look(window(one))[0].grey for one in (dark, other))) < 6
    assert not alike(window(dark), window(other))
    assert alike(window(dark), window(dark))
    assert alike(window(dark), window(other), Similarity(most_turned=1))


def test_small_pictures_are_compared_as_they_are() -> None:
    tiny = np.full((12, 10, 3), 90.0)
    assert alike(window(tiny), window(tiny))
    assert not alike(window(tiny), window(with_figure(tiny, 3, 3, height=6)))
