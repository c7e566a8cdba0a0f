"""Whether the camera still sees its scene: a rendered yard, moved, dimmed, hidden, rained on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.captioners.base import Captioner
from ruler.captioners.motion.arrays import Grey
from ruler.captioners.motion.clutter import Usual, changed_pixels, clutter
from ruler.captioners.motion.flow import FlowMemo
from ruler.captioners.motion.foreground import differing_mask
from ruler.captioners.motion.lines import RowLine
from ruler.captioners.motion.observe import View, observe
from ruler.captioners.motion.places import Places
from ruler.captioners.motion.sight import Sight
from ruler.schemas.captions import Caption, SceneModel
from ruler.schemas.disturbances import disturbance
from ruler.video.frames import Frame
from tests.captioners.motion.footage import Footage, Walker, answer_of, render

HEIGHT, WIDTH = 240, 360


def yard(seed: int = 3) -> Grey:
    """A ground with many edges: grey slabs of all sizes."""
    random = np.random.default_rng(seed)
    picture = np.full((HEIGHT, WIDTH), 120, dtype=np.uint8)
    for _ in range(120):
        left, top = int(random.integers(0, WIDTH)), int(random.integers(0, HEIGHT))
        right, bottom = left + int(random.integers(10, 60)), top + int(random.integers(10, 50))
        cv2.rectangle(picture, (left, top), (right, bottom), int(random.integers(50, 200)), -1)
    return cv2.GaussianBlur(picture, (3, 3), 0).astype(np.uint8)


YARD = yard()
SIGHT = Sight(YARD)


def moved(picture: Grey, x: float, y: float = 0.0) -> Grey:
    by = np.array([[1, 0, x], [0, 1, y]], dtype=np.float64)
    size = (picture.shape[1], picture.shape[0])
    return cv2.warpAffine(picture, by, size, borderMode=cv2.BORDER_REFLECT).astype(np.uint8)


def lit(picture: Grey, gain: float, offset: float) -> Grey:
    return np.clip(picture * gain + offset, 0, 255).astype(np.uint8)


def test_the_same_view_is_nothing_to_tell() -> None:
    look = SIGHT.look(YARD)
    assert look.facts["view_kept"] == pytest.approx(1.0, abs=1e-6)
    assert look.facts["picture_contrast"] == pytest.approx(1.0, abs=1e-6)
    assert look.facts["camera_shift"] == 0.0
    assert look.steadied(YARD) is YARD


@given(x=st.integers(-70, 70), y=st.integers(-30, 30))
def test_a_shift_is_measured(x: int, y: int) -> None:
    look = SIGHT.look(moved(YARD, x, y))
    assert look.facts["camera_shift"] == pytest.approx(np.hypot(x, y) / WIDTH, abs=0.008)


@given(gain=st.floats(0.6, 1.2), offset=st.floats(-20, 20))
def test_light_is_followed(gain: float, offset: float) -> None:
    """A picture in another light differs from the steadied background nowhere."""
    now = lit(YARD, gain, offset)
    look = SIGHT.look(now)
    assert look.facts["view_kept"] > 0.95
    assert not differing_mask(now, look.steadied(YARD)).any()


@pytest.mark.parametrize("pixels", [2.0, 4.0])
def test_a_small_shift_is_followed(pixels: float) -> None:
    now = moved(YARD, pixels, -1)
    before = differing_mask(now, YARD).mean()
    after = differing_mask(now, SIGHT.look(now).steadied(YARD)).mean()
    assert after < before / 2


@given(share=st.floats(0.0, 0.55), side=st.booleans())
def test_who_hides_half_of_the_view_does_not_move_the_camera(share: float, side: bool) -> None:
    hidden = YARD.copy()
    width = int(share * WIDTH)
    part = slice(0, width) if side else slice(WIDTH - width, WIDTH)
    hidden[:, part] = 40
    assert disturbance(SIGHT.look(hidden).facts) is None


def test_a_bare_wall_tells_nothing() -> None:
    wall = np.full((HEIGHT, WIDTH), 130, dtype=np.uint8)
    assert Sight(wall).look(YARD).facts == {}


def turned(picture: Grey) -> Grey:
    about = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), 12, 1)
    return cv2.warpAffine(picture, about, (WIDTH, HEIGHT)).astype(np.uint8)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda seen: moved(seen, 43), "moved by 12 % of the width"),
        (np.zeros_like, "0 times the usual contrast"),
        (lambda seen: lit(seen, 0.0, 250), "0 times the usual contrast"),
        (lambda seen: cv2.GaussianBlur(seen, (0, 0), 15), "times the usual contrast"),
        (lambda seen: lit(seen, 1.0, 70), "brighter than in the references by 2"),
        (lambda seen: lit(seen, 0.45, 0), "darker than in the references by 2"),
        (turned, "another view"),
        (lambda _: yard(9), "another view"),
    ],
)
def test_what_is_said_of_a_disturbed_picture(change: Callable[[Grey], Grey], said: str) -> None:
    why = disturbance(SIGHT.look(change(YARD)).facts)
    assert why is not None
    assert said in why


def test_spots_everywhere_are_not_people() -> None:
    heights = np.full(HEIGHT, 40.0)
    quiet = np.zeros((HEIGHT, WIDTH), dtype=np.bool_)
    crowd = quiet.copy()
    for left in range(10, 340, 25):
        crowd[100:140, left : left + 16] = True
    random = np.random.default_rng(5)
    rain = random.random((HEIGHT, WIDTH)) > 0.995
    rain = cv2.dilate(rain.astype(np.uint8), np.ones((7, 2), dtype=np.uint8)).astype(np.bool_)
    assert clutter(quiet, heights) == (0.0, 0.0)
    assert clutter(crowd, heights)[1] == 0.0
    changed, speckle = clutter(rain, heights)
    assert changed > 0.7
    assert speckle > 0.3


@pytest.mark.parametrize("size", [(237, 353), (119, 160), (120, 161)])
def test_a_spot_in_the_last_row_of_an_odd_picture_counts(size: tuple[int, int]) -> None:
    mask = np.zeros(size, dtype=np.bool_)
    mask[-1, -1] = True
    mask[size[0] // 2 * 2 - 2, size[1] // 2 * 2 - 2] = True  # an even last row is left out
    assert clutter(mask, np.full(size[0], 40.0))[1] > 0


def test_noise_tells_a_living_picture() -> None:
    random = np.random.default_rng(1)
    noisy = [lit(YARD, 1, 0) + random.integers(0, 3, YARD.shape).astype(np.uint8) for _ in range(4)]
    heights = np.full(HEIGHT, 40.0)
    assert Usual.of(noisy, [noisy], YARD, heights).change > 0.5
    assert Usual.of([YARD], [[YARD, YARD]], YARD, heights).change == 0.0
    assert changed_pixels(noisy[0], noisy[0]) == 0.0


def noisy(video: np.ndarray, seed: int) -> np.ndarray:
    grain = np.random.default_rng(seed).integers(0, 6, video.shape).astype(np.uint8)
    return np.clip(video.astype(np.int16) + grain, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def living(captioner: Captioner) -> SceneModel:
    """Learned from a camera that shows its noise."""
    clip = Footage(noisy(render([Walker(10, 40, 20), Walker(200, 110, -20, seed=8)], 60), 1))
    found = captioner.fit([clip], cameras="one", place="any")
    assert found is not None
    return found


def test_a_frozen_picture_is_told_from_an_empty_scene(
    captioner: Captioner, living: SceneModel
) -> None:
    frame = noisy(render([], 1), 2)
    frozen = answer_of(captioner, Footage(np.repeat(frame, 12, axis=0)), living, 11)
    empty = answer_of(captioner, Footage(noisy(render([], 12), 3)), living, 11)
    assert frozen.text.startswith("The picture is frozen")
    assert disturbance(empty.facts) is None
    assert empty.text == "Nobody is in view."


def test_facts_are_of_the_frame_and_figures_stay(captioner: Captioner, model: SceneModel) -> None:
    """A disturbed caption is a caption: what was measured stands in it."""
    clip = Footage(np.zeros((10, 180, 240, 3), dtype=np.uint8))
    caption = answer_of(captioner, clip, model, 9)
    assert isinstance(caption, Caption)
    assert caption.facts["picture_contrast"] == 0.0
    assert caption.figures


@pytest.mark.parametrize("reach", [1.5, 4.0])
def test_a_shaking_camera_makes_nobody_fast(reach: float) -> None:
    """A walker in a yard is as fast as ever, and who stands still goes on standing."""
    chance = np.random.default_rng(5)

    def film(jitter: float, speed: float) -> Footage:
        frames = []
        for step in range(16):
            picture = YARD.copy()
            left = round(60 + speed * step)
            cv2.rectangle(picture, (left, 90), (left + 20, 150), 20, -1)
            cv2.rectangle(picture, (left + 5, 100), (left + 14, 120), 90, -1)
            x, y = chance.uniform(-jitter, jitter, 2)
            frames.append(cv2.cvtColor(moved(picture, x, y), cv2.COLOR_GRAY2RGB))
        return Footage(np.stack(frames).astype(np.uint8))

    sight = Places(Sight(YARD))
    view = View.of(HEIGHT, WIDTH, YARD, RowLine.constant(0.25))

    def speed_of(clip: Footage, *, is_watched: bool) -> float:
        frames = [f for f in clip.frames(range(7, 16), is_grey=True) if isinstance(f, Frame)]
        greys = [frame.image for frame in frames]
        look = sight.look(frames[-1], greys[-1])
        steady = replace(view, background=look.steadied(YARD))
        shifts = sight.shifts(frames, greys) if is_watched else None
        motion = observe(frames, FlowMemo(None), steady, shifts).motion
        assert motion is not None
        return float(np.sort(motion.speed)[-20:].mean())

    walks, stands = film(reach, 2.0), film(reach, 0.0)
    assert speed_of(walks, is_watched=True) == pytest.approx(2.0, abs=0.4)
    stirred = speed_of(stands, is_watched=False)
    assert speed_of(stands, is_watched=True) < min(0.6, stirred)
    assert sight.shifts([], []) is None
