"""What the motion captioner learns from references, and from too few of them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence

import cv2
import numpy as np
import pytest

from ruler.captioners.base import Captioner
from ruler.captioners.motion import create
from ruler.captioners.motion.scene import Scene
from ruler.errors import InputError, UnknownNameError
from ruler.schemas.captions import SceneModel
from ruler.video.frames import Frame, FrameFailure
from tests.captioners.motion.footage import (
    HEIGHT,
    WIDTH,
    Footage,
    Walker,
    answer_of,
    normal_clips,
    render,
)


def warnings_of(model: SceneModel | None) -> str:
    assert model is not None
    warnings = model.info["warnings"]
    assert isinstance(warnings, list)
    return "\n".join(warnings)


def test_learns_background_height_and_speed(model: SceneModel) -> None:
    scene = Scene.from_bytes(model.payload)
    ground = cv2.cvtColor(render([], 1)[0], cv2.COLOR_RGB2GRAY)
    assert scene.background is not None
    assert np.abs(scene.background.astype(int) - ground).max() <= 3
    assert scene.figure_height.at_row(0.5) * HEIGHT == pytest.approx(40, abs=5)
    assert scene.usual_speed.at_row(0.5) * WIDTH == pytest.approx(2.0, rel=0.15)
    assert model.info["references"] == 2
    assert model.info["has_background"] is True
    assert model.info["seconds"] == 12.0
    assert warnings_of(model) == ""


def test_same_references_same_bytes(captioner: Captioner, model: SceneModel) -> None:
    again = create("", {}).fit(normal_clips(), cameras="one", place="home")
    assert again is not None
    assert again.payload == model.payload
    assert again.sha256 == model.sha256


def test_payload_carries_no_date(model: SceneModel) -> None:
    with zipfile.ZipFile(io.BytesIO(model.payload)) as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_one_reference_is_enough(captioner: Captioner) -> None:
    model = captioner.fit(normal_clips()[:1], cameras="one", place="any")
    assert model is not None
    figure = answer_of(captioner, Footage(render([Walker(20, 60, 40)], 14)), model, 13).figures[0]
    assert figure.facts["speed_ratio"] == pytest.approx(2.0, rel=0.2)


@pytest.mark.parametrize("cameras", ["one", "many"])
@pytest.mark.parametrize("frames", [1, 2, 7])
def test_short_references_are_taken_with_a_warning(
    captioner: Captioner, frames: int, cameras: str
) -> None:
    clip = Footage(render([], frames))
    model = captioner.fit([clip], cameras="one" if cameras == "one" else "many", place="any")
    assert "last" in warnings_of(model)
    assert "usual speed is a guess" in warnings_of(model)
    assert model is not None
    answer_of(captioner, Footage(render([Walker(20, 60, 40)], 9)), model, 8)


class Damaged(Footage):
    """Footage of which every fourth frame from the second on cannot be read."""

    def frames(
        self, indices: Sequence[int], *, width: int | None = None, is_grey: bool = False
    ) -> Iterator[Frame | FrameFailure]:
        for frame in super().frames(indices, width=width, is_grey=is_grey):
            if frame.index % 4 == 2:
                yield FrameFailure(frame.index, frame.time_seconds, "the packet is damaged.")
            else:
                yield frame


def test_frames_that_cannot_be_read_are_told(captioner: Captioner) -> None:
    video = render([Walker(10, 40, 20), Walker(200, 110, -20, seed=8)], 60)
    sound, damaged = Footage(video, name="sound"), Damaged(video, name="damaged")
    model = captioner.fit([sound, damaged], cameras="one", place="any")
    assert "14 of 58 frames of damaged could not be read" in warnings_of(model)
    assert "the first at 0.2 s: the packet is damaged" in warnings_of(model)
    assert "sound" not in warnings_of(model)


def test_empty_references(captioner: Captioner) -> None:
    model = captioner.fit([Footage(render([], 40))], cameras="one", place="any")
    assert "usual height is a guess" in warnings_of(model)
    assert model is not None
    caption = answer_of(captioner, Footage(render([Walker(20, 60, 40)], 14)), model, 13)
    assert len(caption.figures) == 1


def test_references_of_two_shapes_share_no_background(captioner: Captioner) -> None:
    clips = [normal_clips()[0], Footage(render([Walker(10, 20, 20)], 20, size=(160, 120)))]
    model = captioner.fit(clips, cameras="one", place="any")
    assert "differ in shape" in warnings_of(model)
    assert model is not None
    assert model.info["has_background"] is False


def test_small_figures_are_warned_of(captioner: Captioner) -> None:
    walkers = [Walker(10, 90, 10, height=18, width=8), Walker(200, 60, -10, height=18, width=8)]
    model = captioner.fit([Footage(render(walkers, 60))], cameras="one", place="any")
    assert "less than 25" in warnings_of(model)


def test_what_cannot_be_learned_from(captioner: Captioner) -> None:
    with pytest.raises(InputError, match="at least one reference"):
        captioner.fit([], cameras="one", place="any")
    with pytest.raises(InputError, match="48 pixels"):
        captioner.fit([Footage(render([], 5, size=(30, 40)))], cameras="one", place="any")


def test_create_takes_neither_model_nor_options() -> None:
    with pytest.raises(UnknownNameError, match="tiny"):
        create("tiny", {})
    with pytest.raises(InputError, match="base_url"):
        create("", {"base_url": "x"})
