from __future__ import annotations

import cv2
import numpy as np
import pytest

from ruler.reporting.keyframes import ascii_only, draw_key_frame, key_boxes, short_fact
from ruler.schemas.captions import Box
from tests.reporting.builders import event, fact, words

BOX = Box(left=0.4, top=0.3, right=0.6, bottom=0.8)


def decode(data: bytes) -> np.ndarray:
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(data, np.uint8), 1), cv2.COLOR_BGR2RGB)


@pytest.mark.parametrize(
    ("size", "shown"),
    [((240, 320), (480, 640)), ((1080, 1920), (540, 960)), ((600, 800), (600, 800))],
)
def test_pictures_are_neither_tiny_nor_huge(size: tuple[int, int], shown: tuple[int, int]) -> None:
    image = np.full((*size, 3), 90, np.uint8)
    assert decode(draw_key_frame(image, [])).shape == (*shown, 3)


def test_the_box_is_drawn_around_the_region_and_the_frame_is_not_touched() -> None:
    image = np.full((480, 640, 3), (40, 90, 200), np.uint8)
    image.flags.writeable = False
    shown = decode(draw_key_frame(image, [(BOX, "speed 2.6x")])).astype(int)
    amber = np.abs(shown - (255, 176, 32)).sum(axis=2) < 60
    rows, columns = np.nonzero(amber)
    assert abs(columns.min() - 0.4 * 640) < 10
    assert abs(rows.max() - 0.8 * 480) < 10
    inside = shown[160:370, 270:370]
    assert np.abs(inside - (40, 90, 200)).max() < 30
    assert not amber[:100].any()
    assert (image == (40, 90, 200)).all()


@pytest.mark.parametrize("label", ["", "日本語", "x" * 300, "Füße", "<b>\n\x00"])
@pytest.mark.parametrize(
    "box",
    [
        Box(left=0, top=0, right=1, bottom=1),
        Box(left=0.99, top=0, right=1, bottom=0.01),
        Box(left=0, top=0.999, right=0.001, bottom=1),
    ],
)
def test_any_box_with_any_label_can_be_drawn(box: Box, label: str) -> None:
    image = np.zeros((48, 64, 3), np.uint8)
    assert decode(draw_key_frame(image, [(box, label)])).shape == (480, 640, 3)


def test_labels_are_what_opencv_can_draw() -> None:
    assert ascii_only("vélo 2.6×") == "velo 2.6x"
    assert ascii_only("日本") == ""
    assert len(ascii_only("y" * 100)) == 48


def test_facts_in_short() -> None:
    assert short_fact("speed_ratio", 2.612) == "speed 2.61x"
    assert short_fact("dwell_seconds", 12.0) == "dwell 12 s"
    assert short_fact("motion_disorder", 0.5) == "motion disorder 0.5"


def test_boxes_of_an_event() -> None:
    both = (fact(2.5), fact(1.4, fact="height_ratio"), fact(3.0, 14), words("riding"))
    assert key_boxes(event(evidence=both)) == ((BOX, "speed 2.5x, height 1.4x"),)
    near = (fact(2.5, 15), fact(9.0, 19))
    assert key_boxes(event(evidence=near)) == ((BOX, "speed 2.5x"),)
    assert key_boxes(event(evidence=(words("riding"), fact(box=None)))) == ()
