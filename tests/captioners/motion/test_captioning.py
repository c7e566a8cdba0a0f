"""What the motion captioner says of rendered footage whose truth is known."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ruler.captioners.base import Adapting, Captioner
from ruler.captioners.motion.words import NOBODY, NOTHING
from ruler.schemas.captions import Caption, CaptionFailure, SceneModel
from tests.captioners.motion.footage import (
    HEIGHT,
    WIDTH,
    Footage,
    Walker,
    answer_of,
    answers_of,
    figure_at,
    normal_clips,
    render,
    windows_of,
)

USUAL = 20.0  # pixels a second in the references


def mixed_clip(fps: float = 10.0, seconds: float = 2.5) -> Footage:
    """One figure three times as fast as usual, one as usual to the left, one that stands."""
    walkers = [
        Walker(10, 30, 3 * USUAL),
        Walker(200, 90, -USUAL, seed=8),
        Walker(60, 120, seed=9),
    ]
    return Footage(render(walkers, round(seconds * fps), fps), fps)


@pytest.mark.parametrize("fps", [10.0, 25.0])
def test_speeds_are_ratios_to_the_references(
    captioner: Captioner, model: SceneModel, fps: float
) -> None:
    caption = answer_of(captioner, mixed_clip(fps), model, round(1.6 * fps))
    fast = figure_at(caption, 10 + 1.6 * 60 + 8, 50).facts
    usual = figure_at(caption, 200 - 1.6 * 20 + 8, 110).facts
    standing = figure_at(caption, 68, 140).facts
    assert fast["speed_ratio"] == pytest.approx(3.0, abs=0.5)
    assert usual["speed_ratio"] == pytest.approx(1.0, abs=0.25)
    assert standing["speed_ratio"] < 0.1
    assert fast["direction_degrees"] == pytest.approx(0, abs=8) or fast["direction_degrees"] > 352
    assert usual["direction_degrees"] == pytest.approx(180, abs=8)
    assert "direction_degrees" not in standing
    assert caption.facts["figures"] == 3.0
    assert caption.figures[0].facts == fast


@pytest.mark.parametrize("ratio", [2.0, 3.0])
def test_speed_ratio_follows_speed(captioner: Captioner, model: SceneModel, ratio: float) -> None:
    clip = Footage(render([Walker(10, 60, ratio * USUAL)], 18))
    (figure,) = answer_of(captioner, clip, model, 16).figures
    assert figure.facts["speed_ratio"] == pytest.approx(ratio, rel=0.15)


def test_uneven_frame_times_are_true_time(captioner: Captioner, model: SceneModel) -> None:
    """Frames that come at irregular times still show one speed."""
    steady = render([Walker(10, 60, 2 * USUAL)], 40, fps=20)
    keep = np.array([k for k in range(40) if k % 5 != 2])
    clip = Footage(steady[keep], 16, times=keep / 20)
    figure = answer_of(captioner, clip, model, len(keep) - 3).figures[0]
    assert figure.facts["speed_ratio"] == pytest.approx(2.0, rel=0.15)


def test_boxes_and_shapes(captioner: Captioner, model: SceneModel) -> None:
    figure = figure_at(answer_of(captioner, mixed_clip(), model, 16), 68, 140)
    assert figure.box.left * WIDTH == pytest.approx(60, abs=4)
    assert figure.box.right * WIDTH == pytest.approx(76, abs=4)
    assert figure.box.height * HEIGHT == pytest.approx(40, abs=5)
    assert figure.facts["height_ratio"] == pytest.approx(1.0, abs=0.2)
    assert figure.facts["aspect_ratio"] == pytest.approx(0.4, abs=0.1)


def test_a_fall_is_downward(captioner: Captioner, model: SceneModel) -> None:
    falling = Footage(render([Walker(100, 10, 0, 60)], 20))
    rising = Footage(render([Walker(100, 130, 0, -60)], 20))
    down = answer_of(captioner, falling, model, 14).figures[0].facts
    up = answer_of(captioner, rising, model, 14).figures[0].facts
    assert down["fall_speed"] == pytest.approx(60 / 40, rel=0.25)
    assert down["direction_degrees"] == pytest.approx(270, abs=8)
    assert up["fall_speed"] < 0.05
    assert up["direction_degrees"] == pytest.approx(90, abs=8)


def test_disorder_is_low_for_one_walker_and_high_for_a_scuffle(
    captioner: Captioner, model: SceneModel
) -> None:
    random = np.random.default_rng(3)
    parts = [
        Walker(90 + x, 60 + y, *random.uniform(-30, 30, 2), height=9, width=9, seed=40 + k)
        for k, (x, y) in enumerate((x, y) for x in range(0, 32, 8) for y in range(0, 40, 8))
    ]
    scuffle = answer_of(captioner, Footage(render(parts, 7)), model, 6).figures[0].facts
    walker = answer_of(captioner, mixed_clip(), model, 16).figures[0].facts
    assert walker["motion_disorder"] < 0.15
    assert scuffle["motion_disorder"] > 0.4


def test_empty_scene(captioner: Captioner, model: SceneModel) -> None:
    caption = answer_of(captioner, Footage(render([], 12)), model, 11)
    assert caption.text == NOBODY
    assert caption.figures == ()
    assert caption.facts["figures"] == 0.0


def test_words_agree_with_facts(captioner: Captioner, model: SceneModel) -> None:
    caption = answer_of(captioner, mixed_clip(), model, 16)
    said = [float(n) for n in re.findall(r"at (\d+\.\d) times the usual speed", caption.text)]
    facts = [figure.facts for figure in caption.figures]
    assert said == [round(f["speed_ratio"], 1) for f in facts if "direction_degrees" in f]
    heights = [float(n) for n in re.findall(r"(\d+\.\d) times the usual height", caption.text)]
    assert heights == [round(f["height_ratio"], 1) for f in facts]
    assert caption.text.startswith("Three figures. ")
    assert "moves fast right at" in caption.text
    assert "stands still" in caption.text


def test_a_caption_depends_on_its_own_window_alone(captioner: Captioner, model: SceneModel) -> None:
    windows = windows_of(mixed_clip(), captioner, range(0, 25, 2))
    together = answers_of(captioner, windows, model)
    assert [answers_of(captioner, [window], model)[0] for window in windows] == together
    assert answers_of(captioner, windows[::-1], model)[::-1] == together
    with ThreadPoolExecutor(3) as pool:
        parts = [windows[:5], windows[5:9], windows[9:]]
        found = pool.map(lambda part: answers_of(captioner, part, model), parts)
    assert [answer for part in found for answer in part] == together


def test_other_sizes_before_change_nothing(captioner: Captioner) -> None:
    """OpenCV's estimator remembers a small image; a later flow must not."""
    model = captioner.fit(normal_clips()[:1], cameras="many", place="any")
    assert model is not None
    wanted = windows_of(mixed_clip(), captioner, [16])
    small = windows_of(Footage(render([Walker(5, 5, 10)], 9, size=(50, 60))), captioner, [8])
    assert answers_of(captioner, [*small, *wanted], model)[1:] == answers_of(
        captioner, wanted, model
    )


def test_all_black_is_no_view(captioner: Captioner, model: SceneModel) -> None:
    black = Footage(np.zeros((10, HEIGHT, WIDTH, 3), dtype=np.uint8))
    caption = answer_of(captioner, black, model, 9)
    assert caption.text.startswith("The picture has only 0 times the usual contrast")
    assert caption.figures[0].box.height == 1.0


def test_one_frame_shows_shapes_but_no_motion(captioner: Captioner, model: SceneModel) -> None:
    clip = Footage(render([Walker(60, 60)], 1))
    caption = answer_of(captioner, clip, model, 0)
    (figure,) = caption.figures
    assert set(figure.facts) == {
        "aspect_ratio",
        "at_border",
        "fill_ratio",
        "height_ratio",
        "low_area",
    }
    assert "speed_ratio" not in caption.measured
    assert "is seen in one frame alone" in caption.text


def test_another_size_of_the_same_view_is_resized(captioner: Captioner, model: SceneModel) -> None:
    clip = Footage(render([Walker(60, 60, 30, height=60, width=24)], 12, size=(270, 360)))
    (figure,) = answer_of(captioner, clip, model, 11).figures
    assert figure.facts["height_ratio"] == pytest.approx(1.0, abs=0.2)
    assert figure.facts["speed_ratio"] == pytest.approx(1.0, abs=0.25)


@pytest.mark.parametrize(
    ("size", "reason"), [((240, 180), "180x240 while the scene"), ((100, 240), "240x100 while")]
)
def test_another_shape_is_a_failure(
    captioner: Captioner, model: SceneModel, size: tuple[int, int], reason: str
) -> None:
    windows = windows_of(Footage(render([], 8, size=size)), captioner, [7])
    (answer,) = answers_of(captioner, windows, model)
    assert isinstance(answer, CaptionFailure)
    assert reason in answer.reason


def test_damaged_scene_model_is_a_failure(captioner: Captioner, model: SceneModel) -> None:
    windows = windows_of(mixed_clip(), captioner, [5, 6])
    damaged = model.model_copy(update={"payload": model.payload[:100]})
    answers = answers_of(captioner, windows, damaged)
    assert all(isinstance(answer, CaptionFailure) for answer in answers)
    assert len(answers) == 2


class TestManyCameras:
    """Without a background, what moves is the foreground."""

    def test_sees_what_moves(self, captioner: Captioner, blind: SceneModel) -> None:
        caption = answer_of(captioner, mixed_clip(), blind, 16)
        figure = figure_at(caption, 10 + 1.6 * 60 + 8, 50)
        assert figure.facts["speed_ratio"] > 1.8
        assert caption.text.count("stands still") == 0

    def test_says_so_where_nothing_moves(self, captioner: Captioner, blind: SceneModel) -> None:
        caption = answer_of(captioner, Footage(render([Walker(60, 60)], 12)), blind, 11)
        assert caption.text == NOTHING

    def test_a_clip_is_its_own_background(self, captioner: Captioner, blind: SceneModel) -> None:
        """Who has come since the first second is seen, also when keeping still."""
        still = render([Walker(100, 100)], 8)
        clip = Footage(np.concatenate([render([], 12), still, still]))
        assert isinstance(captioner, Adapting)
        own = captioner.adapt(clip, blind)
        assert own is not None
        (figure,) = answer_of(captioner, clip, own, 27).figures
        assert figure.facts["speed_ratio"] == 0.0
        assert figure.facts["low_area"] > 0.0
        assert captioner.adapt(clip, own) is own
        assert answer_of(captioner, clip, blind, 27).figures == ()

    def test_any_size(self, captioner: Captioner, blind: SceneModel) -> None:
        clip = Footage(render([Walker(60, 60, 40, height=60, width=30)], 12, size=(300, 200)))
        assert isinstance(answer_of(captioner, clip, blind, 11), Caption)

    @pytest.mark.parametrize("clip", [render([], 1), render([], 8, size=(30, 40))])
    def test_too_little_is_a_failure(
        self, captioner: Captioner, blind: SceneModel, clip: np.ndarray
    ) -> None:
        windows = windows_of(Footage(clip), captioner, [0])
        assert isinstance(answers_of(captioner, windows, blind)[0], CaptionFailure)
