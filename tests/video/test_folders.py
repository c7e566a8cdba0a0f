"""Folders of pictures, and single pictures."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from ruler.video.clips import open_clip
from ruler.video.folders import natural_key
from ruler.video.frames import Frame, FrameFailure
from tests.video.clips import Image, number_of, numbered, numbers, read


def save(path: Path, picture: Image) -> Path:
    path.parent.mkdir(exist_ok=True)
    is_written, data = cv2.imencode(path.suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    assert is_written
    path.write_bytes(data.tobytes())  # cv2.imwrite knows no Unicode on some platforms
    return path


def save_all(folder: Path, count: int, pattern: str = "frame{}.png") -> Path:
    for number, picture in enumerate(numbered(count)):
        save(folder / pattern.format(number), picture)
    return folder


def test_frames_come_in_natural_order(tmp_path: Path) -> None:
    clip = open_clip(save_all(tmp_path / "clip", 12))
    assert numbers(clip) == list(range(12))  # frame2 before frame10
    assert clip.info.reader == "folder"
    assert clip.info.name == "clip"
    assert (clip.info.width, clip.info.height) == (160, 96)


def test_natural_order_knows_neither_case_nor_zeros() -> None:
    names = ["b1", "A10", "a2", "a010", "10", "9", "A1b3", "a1B12", "a"]
    expected = ["9", "10", "a", "A1b3", "a1B12", "a2", "A10", "a010", "b1"]
    assert sorted(names, key=natural_key) == expected
    backwards = names[::-1]
    assert sorted(backwards, key=natural_key) == expected


@pytest.mark.parametrize("suffix", ["jpg", "JPEG", "png", "bmp", "tif", "TIFF", "webp"])
def test_every_kind_of_picture_is_read(tmp_path: Path, suffix: str) -> None:
    clip = open_clip(save_all(tmp_path / "clip", 3, "{}." + suffix))
    assert numbers(clip) == [0, 1, 2]


@pytest.mark.parametrize(("rate", "expected"), [(None, 25.0), (10.0, 10.0)])
def test_times_follow_the_frame_rate(tmp_path: Path, rate: float | None, expected: float) -> None:
    clip = open_clip(save_all(tmp_path / "clip", 4), frame_rate=rate)
    assert clip.times.tolist() == [number / expected for number in range(4)]
    assert clip.info.fps == expected
    assert clip.info.duration_seconds == 4 / expected
    assert not clip.info.is_variable_rate


def test_other_files_are_passed_over(tmp_path: Path) -> None:
    folder = save_all(tmp_path / "clip", 2)
    (folder / "Thumbs.db").write_bytes(b"x")
    (folder / "notes.txt").write_text("x")
    (folder / "sub.png").mkdir()
    save(folder / ".hidden.png", numbered(1)[0])
    assert open_clip(folder).info.frames == 2


@pytest.mark.parametrize("name", ["ünïcode 東京", "a%03d", "x.mp4"])
def test_odd_folder_names(tmp_path: Path, name: str) -> None:
    assert numbers(open_clip(save_all(tmp_path / name, 2, "ü{}.png"))) == [0, 1]


def test_frames_shrink_and_are_sealed(tmp_path: Path) -> None:
    clip = open_clip(save_all(tmp_path / "clip", 4))
    (frame,) = clip.frames([3], width=80)
    assert isinstance(frame, Frame)
    assert frame.image.shape == (48, 80, 3)
    assert number_of(frame.image) == 3
    assert not frame.image.flags.writeable
    assert read(clip, [0, 1, 2, 3]) == read(clip, [0]) | read(clip, [1, 2]) | read(clip, [3])


def test_colours_are_rgb(tmp_path: Path) -> None:
    red = np.zeros((96, 160, 3), np.uint8)
    red[..., 0] = 255
    (frame,) = open_clip(save(tmp_path / "red.png", red)).frames([0])
    assert isinstance(frame, Frame)
    assert frame.image[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("shape", [(96, 160), (96, 160, 4)])
def test_grey_and_transparent_pictures_become_rgb(
    tmp_path: Path, suffix: str, shape: tuple[int, ...]
) -> None:
    _, data = cv2.imencode(suffix, np.full(shape, 200, np.uint8))
    (tmp_path / f"x{suffix}").write_bytes(data.tobytes())
    (frame,) = open_clip(tmp_path / f"x{suffix}").frames([0])
    assert isinstance(frame, Frame)
    assert frame.image.shape == (96, 160, 3)
    assert (frame.image == 200).all()


def test_a_picture_is_turned_as_exif_says(tmp_path: Path) -> None:
    path = save(tmp_path / "x.jpg", np.ascontiguousarray(np.rot90(numbered(6)[5])))
    quarter_right = b"\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00"  # orientation 6
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + quarter_right + bytes(4)
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    data = path.read_bytes()
    path.write_bytes(data[:2] + segment + data[2:])
    clip = open_clip(path)
    assert (clip.info.width, clip.info.height) == (160, 96)
    assert numbers(clip) == [5]


def test_a_single_picture_is_a_clip_of_one_frame(tmp_path: Path) -> None:
    clip = open_clip(save(tmp_path / "one.png", numbered(8)[7]))
    assert (clip.info.frames, clip.info.name, clip.info.reader) == (1, "one.png", "folder")
    assert numbers(clip) == [7]


def broken(folder: Path, kind: str) -> str:
    """Break picture 2 in some way; what its failure says."""
    path = folder / "frame2.jpg"
    data = path.read_bytes()
    if kind == "small":
        save(path, numbered(1, width=80, height=48)[0])
        return "frame2.jpg is 80 x 48 pixels, not 160 x 96 as the first picture"
    if kind == "huge":
        at = data.index(b"\xff\xc0") + 5
        path.write_bytes(data[:at] + b"\xff\xff\xff\xff" + data[at + 4 :])
        return "the picture claims 65535 x 65535 pixels, which is more than ruler reads"
    if kind == "gone":
        path.unlink()
        return "the picture cannot be read (no such file or directory)"
    content, reason = {
        "empty": (b"", "the picture file is empty"),
        "cut": (data[: len(data) // 2], "the picture file ends early"),
        "text": (b"not a picture", "the picture file is damaged or not a picture"),
        "header": (data[:2] + bytes(400) + data[402:], "damaged or not a picture"),
    }[kind]
    path.write_bytes(content)
    return reason


@pytest.mark.parametrize("kind", ["small", "huge", "gone", "empty", "cut", "text", "header"])
def test_a_broken_picture_fails_alone(
    tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = save_all(tmp_path / "clip", 4, "frame{}.jpg")
    clip = open_clip(folder)
    reason = broken(folder, kind)
    if kind != "gone":
        clip = open_clip(folder)
    items = list(clip.frames(range(4)))
    assert isinstance(items[2], FrameFailure)
    assert reason in items[2].reason
    assert items[2].time_seconds == pytest.approx(0.08)
    good = [item for item in items if isinstance(item, Frame)]
    assert [number_of(frame.image) for frame in good] == [0, 1, 3]
    assert capfd.readouterr().err == ""


def test_the_first_readable_picture_decides_the_size(tmp_path: Path) -> None:
    folder = save_all(tmp_path / "clip", 3)
    (folder / "frame0.png").write_bytes(b"x")
    clip = open_clip(folder)
    assert (clip.info.width, clip.info.height) == (160, 96)
    assert isinstance(next(iter(clip.frames([0]))), FrameFailure)


def test_the_hash_is_of_names_contents_and_times(tmp_path: Path) -> None:
    folder = save_all(tmp_path / "a", 3)
    original = open_clip(folder).info.sha256
    moved = Path(shutil.copytree(folder, tmp_path / "b"))
    assert open_clip(moved).info.sha256 == original
    assert open_clip(moved, frame_rate=10).info.sha256 != original
    assert open_clip(moved, frame_rate=25).info.sha256 == original
    (moved / "frame2.png").rename(moved / "frame3.png")
    assert open_clip(moved).info.sha256 != original
    (moved / "frame3.png").rename(moved / "frame2.png")
    assert open_clip(moved).info.sha256 == original
    save(moved / "frame1.png", numbered(9)[8])
    assert open_clip(moved).info.sha256 != original


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_pictures_can_be_had_in_grey(tmp_path: Path, suffix: str) -> None:
    for number, picture in enumerate(numbered(3)):
        cv2.imwrite(str(tmp_path / f"{number}{suffix}"), picture[..., ::-1])
    clip = open_clip(tmp_path)
    coloured = clip.frames(range(3), width=80)
    for one, other in zip(clip.frames(range(3), width=80, is_grey=True), coloured, strict=True):
        assert isinstance(one, Frame)
        assert isinstance(other, Frame)
        assert one.image.shape == (48, 80)
        assert cv2.absdiff(one.image, cv2.cvtColor(other.image, cv2.COLOR_RGB2GRAY)).mean() < 2


def test_gaps_in_the_numbers_are_no_gaps_in_time(tmp_path: Path) -> None:
    """A camera that writes 1, 2, 5, 40 wrote four pictures; which are missing nobody knows."""
    for number, picture in zip((1, 2, 5, 40), numbered(4), strict=True):
        cv2.imwrite(str(tmp_path / f"{number}.png"), picture[..., ::-1])
    clip = open_clip(tmp_path, frame_rate=10)
    assert [number_of(frame.image) for frame in clip.frames(range(4))] == [0, 1, 2, 3]  # type: ignore[union-attr]
    np.testing.assert_allclose(clip.times, [0, 0.1, 0.2, 0.3])
