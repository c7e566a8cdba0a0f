"""The pure pieces: lines, windows, flow chains, facts and words."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.captioners.motion import foreground, norms, tunables, words
from ruler.captioners.motion.arrays import Floats
from ruler.captioners.motion.captioner import MotionCaptioner
from ruler.captioners.motion.figures import directions, entropy
from ruler.captioners.motion.flow import net_motion, new_dis, stride_marks
from ruler.captioners.motion.lines import (
    RowLine,
    equal_count_bins,
    equal_height_bins,
    fit_line,
    weighted_quantile,
)
from ruler.captioners.motion.opencv import opencv_version
from ruler.captioners.motion.scene import Scene
from ruler.captioners.motion.windows import Grid, Windows, integral_of, top_mean
from ruler.schemas.captions import Box, Figure


def test_flow_keeps_half_resolution() -> None:
    """At the preset's scale 2 fast people of 30 px are missed altogether."""
    dis = new_dis()
    image = np.zeros((240, 360), dtype=np.uint8)
    dis.calc(image, image, None)
    assert dis.getFinestScale() == 1


def test_captioning_makes_flow_single_threaded() -> None:
    cv2.setNumThreads(2)
    assert list(MotionCaptioner().caption([], None)) == []
    assert cv2.getNumThreads() == 1


def test_net_motion_follows_the_points() -> None:
    back = np.zeros((20, 30, 2), dtype=np.float32)
    back[..., 0] = -2.0
    rows, columns = np.array([5, 6]), np.array([20, 2])
    moved = net_motion([back] * 4, rows, columns, [1, 4])
    assert moved.shape == (2, 2, 2)
    assert moved[0].tolist() == [[2.0, 0.0], [2.0, 0.0]]
    assert moved[1].tolist() == [[8.0, 0.0], [8.0, 0.0]]


def test_a_leg_that_swings_nets_out() -> None:
    swing = [np.full((9, 9, 2), sign, dtype=np.float32) for sign in (1, -1, 1, -1)]
    assert not net_motion(swing, np.array([4]), np.array([4]), [4]).any()


def test_strides_are_times_not_counts() -> None:
    assert stride_marks([0.1 * k for k in range(1, 9)], (0.4, 0.8)) == [4, 8]
    assert stride_marks([0.2, 0.4, 0.6], (0.4, 0.8)) == [2, 3]
    assert stride_marks([1.0], (0.4, 0.8)) == [1, 1]


@given(st.lists(st.floats(0, 5), max_size=60))
def test_top_mean_is_padded_with_zeros(values: list[float]) -> None:
    padded = sorted([*values, *[0.0] * 20], reverse=True)[:20]
    assert top_mean(np.array(values)) == pytest.approx(sum(padded) / 20)


def test_window_sums_match_counting() -> None:
    grid = Grid.over(60, 80)
    values = np.random.default_rng(0).random((*grid.shape, 2))
    windows = Windows.around(grid, np.full(grid.shape[0], 9.0), np.full(grid.shape[0], 6.0))
    integral = integral_of(values)
    sums = windows.sums(integral).reshape(*grid.shape, 2)
    areas = windows.areas.reshape(grid.shape)
    for row, column in ((0, 0), (7, 9), (14, 19), (3, 19)):
        part = values[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3]
        assert sums[row, column] == pytest.approx(part.sum(axis=(0, 1)))
        assert areas[row, column] == part.shape[0] * part.shape[1]
    some = windows.sums(integral, np.array([5, 77]))
    assert some == pytest.approx(windows.sums(integral)[[5, 77]])


def test_lines_are_kept_within_bounds() -> None:
    line = RowLine(slope=1.0, intercept=0.0, low=0.2, high=0.6)
    assert line.at(np.array([0.0, 0.5, 1.0])).tolist() == [0.2, 0.5, 0.6]
    assert line.at_row(0.5) == 0.5
    assert RowLine.constant(0.3).at_row(0.9) == 0.3


def test_bins_and_line_find_a_perspective() -> None:
    rows = np.linspace(0.2, 0.9, 700)
    values = 0.1 + 0.4 * rows
    for bins in (equal_count_bins, equal_height_bins):
        line = fit_line(bins(rows, values, bins=7, quantile=0.5, least=10), low=0.0, high=1.0)
        assert line is not None
        assert (line.slope, line.intercept) == pytest.approx((0.4, 0.1), abs=0.01)
    one = np.array([0.5])
    assert fit_line((one, one, one), low=0, high=1) is None


def test_one_window_more_at_the_edge_does_not_turn_a_line() -> None:
    """Somebody cut by the lower edge gives few windows, hardly filled: 29 of them are no evidence,
    and 30 are not as much as the thousands elsewhere."""
    rows = np.linspace(0.25, 0.85, 20_000)
    edge = np.full(30, 0.96)

    def line(cut: int) -> RowLine:
        fills = np.concatenate([0.9 - 0.4 * rows, np.full(cut, 0.05)])
        found = norms.usual_fill_line(np.concatenate([rows, edge[:cut]]), fills, by_row=True)
        assert found is not None
        return found

    before, after = line(29), line(30)
    assert before.slope == pytest.approx(-0.4, abs=0.02)
    assert after.at_row(0.5) == pytest.approx(before.at_row(0.5), rel=0.02)
    assert after.at_row(0.9) == pytest.approx(before.at_row(0.9), rel=0.12)


def test_heights_without_perspective_are_constant() -> None:
    rows, heights = np.full(50, 0.5), np.full(50, 0.2)
    assert norms.figure_height_line(slender(rows, heights)) == RowLine.constant(0.2)
    falling = norms.figure_height_line(slender(np.linspace(0, 1, 60), np.linspace(0.4, 0.2, 60)))
    assert falling is not None
    assert falling.slope == 0.0
    assert norms.figure_height_line(slender(np.empty(0), np.empty(0))) is None


def slender(rows: Floats, heights: Floats) -> norms.Blobs:
    """Blobs of upright figures."""
    return norms.Blobs(rows, heights, heights / 3, heights**2 / 3)


def test_pieces_and_groups_do_not_tell_how_tall_figures_are() -> None:
    rows = np.full(100, 0.5)
    heights = np.repeat([0.06, 0.3, 0.4], [60, 20, 20])
    widths = np.repeat([0.02, 0.1, 0.8], [60, 20, 20])
    blobs = norms.Blobs(rows, heights, widths, heights * widths)
    assert norms.figure_height_line(blobs) == RowLine.constant(0.3)
    groups = norms.figure_height_line(blobs.of(widths > 0.5))
    assert groups == RowLine.constant(0.4)


def test_weighted_quantiles() -> None:
    values, weights = np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0])
    found = [weighted_quantile(values, weights, share) for share in (0.0, 0.25, 0.5, 0.76, 1.0)]
    assert found == [1.0, 1.0, 2.0, 3.0, 3.0]


def test_those_who_stand_do_not_slow_the_usual_speed() -> None:
    rows = np.tile(np.linspace(0.1, 0.9, 200), 2)
    speeds = np.repeat([0.01, 0.0001], 200)
    line = norms.usual_speed_line(rows, speeds, np.full(400, 0.1), by_row=True)
    assert line is not None
    assert line.at_row(0.5) == pytest.approx(0.01)
    assert norms.usual_speed_line(rows[200:], speeds[200:], np.full(200, 0.1), by_row=True) is None


def test_entropy_from_one_way_to_all_ways() -> None:
    one_way = np.zeros((1, 8))
    one_way[0, 3] = 4.0
    found = entropy(np.concatenate([one_way, np.ones((1, 8)), np.zeros((1, 8))]))
    assert found.tolist() == pytest.approx([0.0, 1.0, 0.0])


def test_still_points_have_no_direction() -> None:
    steps = np.array([[3.0, 0.0], [0.0, 0.1], [0.0, -2.0]])
    which, weights = directions(steps, least=0.4)
    assert weights.tolist() == [3.0, 0.0, 2.0]
    assert which[[0, 2]].tolist() == [0, 6]


def test_median_background_drops_who_passes() -> None:
    frames = [np.full((70, 40), 100, dtype=np.uint8) for _ in range(7)]
    for index, frame in enumerate(frames):
        frame[index * 5 : index * 5 + 5] = 0
    assert (foreground.median_background(frames) == 100).all()


def test_noise_on_a_bare_wall_does_not_move() -> None:
    flow = np.full((60, 60, 2), 2.0, dtype=np.float32)
    wall = np.full((60, 60), 90, dtype=np.uint8)
    assert not foreground.moving_mask(flow, 0.1, wall, wall + 1).any()
    assert foreground.moving_mask(flow, 0.1, wall, wall + 20).all()


@pytest.mark.parametrize("background", [None, np.arange(60 * 50, dtype=np.uint8).reshape(60, 50)])
def test_scene_survives_its_bytes(background: np.ndarray | None) -> None:
    line = RowLine(slope=0.5, intercept=0.1, low=0.06, high=0.7)
    scene = Scene(background, line, RowLine.constant(0.005), line, 1.6)
    again = Scene.from_bytes(scene.to_bytes())
    assert again.to_bytes() == scene.to_bytes()
    assert again.shape == (None if background is None else (60, 50))
    assert again.figure_height == line


@pytest.mark.parametrize("payload", [b"", b"nonsense", b"PK\x03\x04 cut"])
def test_damaged_scene_is_a_value_error(payload: bytes) -> None:
    with pytest.raises(ValueError, match="scene model"):
        Scene.from_bytes(payload)


def figure(box: Box | None = None, **facts: float) -> Figure:
    usual = {
        "speed_ratio": 1.0,
        "direction_degrees": 0.0,
        "height_ratio": 1.0,
        "fill_ratio": 0.5,
        "aspect_ratio": 0.4,
        "fall_speed": 0.0,
        "motion_disorder": 0.0,
    }
    return Figure(box=box or Box(left=0.1, top=0.7, right=0.2, bottom=0.9), facts=usual | facts)


def say(*figures: Figure, known: bool = True, changed: float = 0.1) -> str:
    return words.describe(figures, fast_ratio=1.6, is_background_known=known, changed_share=changed)


def test_sentences() -> None:
    assert say(figure(speed_ratio=2.34, height_ratio=0.8)) == (
        "One figure, lower left, moves fast right at 2.3 times the usual speed here, "
        "0.8 times the usual height."
    )
    still = figure(speed_ratio=0.0)
    del still.facts["direction_degrees"]
    assert "stands still" in say(still)
    assert "large figure or group" in say(figure(fill_ratio=2.0))
    assert "moves slowly up and left" in say(figure(speed_ratio=0.4, direction_degrees=130.0))
    assert "drops at 1.5 figure heights per second" in say(figure(fall_speed=1.5))
    assert "moves chaotically" in say(figure(motion_disorder=0.8))
    assert say() == words.NOBODY
    assert say(known=False) == words.NOTHING
    assert say(changed=0.9).startswith("Almost the whole view differs")


def test_many_figures_are_summed_up() -> None:
    still = figure(speed_ratio=0.0)
    del still.facts["direction_degrees"]
    text = say(*[figure()] * 8, still)
    assert text.startswith("Nine figures. One figure, ")
    assert text.endswith("Two more move at up to 1.0 times the usual speed. One more stands still.")
    assert say(*[figure()] * 14).startswith("14 figures. ")


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (0.5, 0.5, "centre"),
        (0.1, 0.5, "left"),
        (0.5, 0.1, "upper middle"),
        (0.9, 0.9, "lower right"),
    ],
)
def test_places(x: float, y: float, expected: str) -> None:
    box = Box(left=x - 0.05, top=y - 0.05, right=x + 0.05, bottom=y + 0.05)
    assert box.place == expected


@given(st.floats(0, 360))
def test_every_direction_has_a_word(degrees: float) -> None:
    assert words.heading(degrees)
    assert words.heading(0) == words.heading(360) == "right"


def test_identity_holds_every_tunable() -> None:
    parameters = MotionCaptioner().identity.parameters
    assert parameters["top"] == tunables.TOP
    assert parameters["opencv"] == cv2.__version__
    assert {"short_seconds", "foreground_level", "fill_gate", "width"} <= set(parameters)


def test_opencv_is_known_without_being_imported() -> None:
    assert opencv_version() == cv2.__version__
