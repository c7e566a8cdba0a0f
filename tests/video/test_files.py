"""Video files: true times, the right picture at each index, however they are asked for."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from ruler.errors import ClipError
from ruler.video import decord_reader
from ruler.video.clips import open_clip
from ruler.video.files import Reader
from ruler.video.frames import Frame
from tests.video.clips import HEIGHT, READERS, WIDTH, number_of, numbered, numbers, read, write_clip

CONTAINERS = {
    "plain.mp4": {},
    "fragments.mp4": {"muxer": {"movflags": "frag_keyframe+empty_moov"}},
    "plain.mkv": {},
    "plain.ts": {},
    "plain.flv": {},
    "open-groups.mp4": {"options": {"x264-params": "open-gop=1:keyint=30:bframes=3"}},
    "open-groups.ts": {"options": {"x264-params": "open-gop=1:keyint=30:bframes=3"}},
    "refresh.mp4": {"options": {"x264-params": "intra-refresh=1:keyint=30:bframes=0"}},
    "b-frames.avi": {},  # AVI has no presentation times
    "b-frames-mpeg4.avi": {"codec": "mpeg4", "options": {"bf": "2"}},
    "b-frames-mpeg2.ts": {"codec": "mpeg2video", "options": {"bf": "2"}},
    "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none:keyint=30"}},
    "vp8.webm": {"codec": "libvpx", "options": {"deadline": "realtime", "cpu-used": "8"}},
    "vp9.webm": {"codec": "libvpx-vp9", "options": {"deadline": "realtime", "cpu-used": "8"}},
    "stills.avi": {"codec": "mjpeg", "pixels": "yuvj420p"},
    "ten-bits.mkv": {
        "codec": "libx265",
        "options": {"x265-params": "log-level=none"},
        "pixels": "yuv420p10le",
    },
    "grey.mp4": {"pixels": "gray"},
    "av1.mkv": {"codec": "libsvtav1", "options": {"preset": "12"}},
}


@pytest.fixture(scope="session", params=CONTAINERS)
def any_file(request: pytest.FixtureRequest, folder: Path) -> Path:
    """90 frames in each kind of file."""
    return write_clip(folder / f"any-{request.param}", numbered(90), **CONTAINERS[request.param])


def chunks(count: int, size: int) -> Iterable[range]:
    return (range(start, min(start + size, count)) for start in range(0, count, size))


def test_every_container_gives_each_frame_at_its_time(any_file: Path) -> None:
    clip = open_clip(any_file)
    assert numbers(clip) == list(range(90))
    np.testing.assert_allclose(clip.times, np.arange(90) / 25, atol=0.0006)
    assert clip.times[0] == 0
    assert not clip.info.is_variable_rate
    assert clip.info.fps == pytest.approx(25, rel=0.001)
    assert clip.info.duration_seconds == pytest.approx(3.6, rel=0.001)
    assert (clip.info.width, clip.info.height) == (WIDTH, HEIGHT)


@pytest.mark.parametrize("size", [16, 64])
def test_pixels_do_not_depend_on_how_frames_are_grouped(any_file: Path, size: int) -> None:
    clip = open_clip(any_file)
    whole = read(clip, range(90))
    # In reverse, so that no chunk profits from what was decoded before it.
    parts = [read(clip, chunk) for chunk in reversed(list(chunks(90, size)))]
    assert {index: pixels for part in parts for index, pixels in part.items()} == whole


def test_sparse_and_single_reading_gives_the_same_pixels(any_file: Path) -> None:
    clip = open_clip(any_file)
    whole = read(clip, range(90))
    sparse = [range(step // 2, 90, step) for step in (2, 7, 29, 31, 60)]
    single = [[index] for index in (0, 1, 28, 29, 30, 31, 44, 58, 59, 60, 75, 88, 89)]
    for indices in sparse + single:
        assert read(clip, indices) == {index: whole[index] for index in indices}


@pytest.mark.parametrize("times", [range(0, 4000, 40), range(0, 10000, 100)])
def test_constant_rate_has_exact_times(tmp_path: Path, times: range) -> None:
    fps = 1000 / times.step
    clip = open_clip(write_clip(tmp_path / "clip.mp4", numbered(100), fps))
    assert clip.times.tolist() == [time / 1000 for time in times]


def test_variable_rate_keeps_true_times(uneven: tuple[Path, list[int]]) -> None:
    path, times = uneven
    clip = open_clip(path, frame_rate=10)  # true times win over a rate that is given
    np.testing.assert_allclose(clip.times * 1000, times, atol=0.01)
    assert clip.info.is_variable_rate
    assert numbers(clip) == list(range(len(times)))
    frames = list(clip.frames([3, 7]))
    assert [frame.time_seconds for frame in frames] == [clip.times[3], clip.times[7]]


def test_times_start_at_zero_and_cannot_be_changed(folder: Path) -> None:
    times = [5000 + 40 * number for number in range(10)]
    clip = open_clip(write_clip(folder / "late.mkv", numbered(10), times_ms=times))
    np.testing.assert_allclose(clip.times, np.arange(10) * 0.04)
    with pytest.raises(ValueError, match="read-only"):
        clip.times[0] = 1


def test_frames_are_sealed(plain: Path) -> None:
    (frame,) = open_clip(plain).frames([3])
    assert isinstance(frame, Frame)
    assert frame.image.dtype == np.uint8
    assert frame.image.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        frame.image[0, 0, 0] = 1


@pytest.mark.parametrize(("width", "shape"), [(80, (48, 80, 3)), (500, (96, 160, 3))])
def test_frames_shrink_and_never_grow(plain: Path, width: int, shape: tuple[int, ...]) -> None:
    (frame,) = open_clip(plain).frames([77], width=width)
    assert isinstance(frame, Frame)
    assert frame.image.shape == shape
    assert number_of(frame.image) == 77


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_turned_clips_stand_upright(tmp_path: Path, rotation: int, reader: Reader) -> None:
    upright = numbered(5, width=WIDTH, height=HEIGHT)
    lying = [np.ascontiguousarray(np.rot90(picture, -rotation // 90)) for picture in upright]
    path = write_clip(tmp_path / "turned.mp4", lying, rotation=rotation)
    clip = open_clip(path, reader=reader)
    assert (clip.info.width, clip.info.height) == (WIDTH, HEIGHT)
    assert numbers(clip) == list(range(5))


def test_decord_and_pyav_give_the_same_pixels(any_file: Path) -> None:
    by_pyav, by_decord = open_clip(any_file), open_clip(any_file, reader="decord")
    assert by_pyav.info.reader == "pyav"
    assert by_pyav.info.sha256 == by_decord.info.sha256
    for indices in (range(90), range(7, 90, 13), [45], [89]):
        assert read(by_decord, indices) == read(by_pyav, indices)


@pytest.mark.skipif(not decord_reader.is_installed(), reason="decord has no wheel here")
def test_decord_reads_what_it_can(plain: Path, folder: Path) -> None:
    assert open_clip(plain, reader="decord").info.reader == "decord"
    refresh = write_clip(folder / "refresh.mp4", numbered(70), **CONTAINERS["refresh.mp4"])
    assert open_clip(refresh, reader="decord").info.reader == "pyav"


def test_without_decord_pyav_reads(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decord_reader, "is_installed", lambda: False)
    assert open_clip(plain, reader="decord").info.reader == "pyav"


def test_pyav_takes_over_where_decord_gives_up(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = open_clip(plain, reader="decord")
    honest = decord_reader.read

    def gives_up(*args: object, **kwargs: object) -> Iterable[object]:
        for number, picture in enumerate(honest(*args, **kwargs)):
            if number == 5:
                raise RuntimeError
            yield picture

    monkeypatch.setattr(decord_reader, "read", gives_up)
    assert read(clip, range(20)) == read(open_clip(plain), range(20))


def test_threads_share_a_clip(plain: Path) -> None:
    clip = open_clip(plain)
    whole = read(clip, range(150))
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda start: read(clip, range(start, 150, 8)), range(8)))
    assert {index: pixels for part in parts for index, pixels in part.items()} == whole


@pytest.mark.parametrize(("width", "height"), [(161, 97), (33, 16), (1, 1), (17, 240)])
def test_odd_sizes(tmp_path: Path, width: int, height: int) -> None:
    pictures = [np.full((height, width, 3), 40 * number, np.uint8) for number in range(5)]
    path = write_clip(tmp_path / "odd.mkv", pictures, codec="ffv1", pixels="bgr0")
    clip = open_clip(path)
    assert (clip.info.width, clip.info.height) == (width, height)
    for frame in clip.frames(range(5)):
        assert isinstance(frame, Frame)
        np.testing.assert_array_equal(frame.image, pictures[frame.index])
    for frame in clip.frames(range(5), width=20, is_grey=True):
        assert isinstance(frame, Frame)
        across = min(width, 20)
        assert frame.image.shape == (max(1, round(height * across / width)), across)
        assert abs(float(frame.image.mean()) - 40 * frame.index) <= 1


def test_info_says_what_the_header_says(folder: Path) -> None:
    when = "2024-03-14T05:40:41.000000Z"
    path = write_clip(folder / "dated.mp4", numbered(3), metadata={"creation_time": when})
    info = open_clip(path).info
    assert info.start_time == dt.datetime(2024, 3, 14, 5, 40, 41, tzinfo=dt.UTC)
    assert info.name == "dated.mp4"
    assert info.path == str(path)
    assert info.frames == 3
    assert open_clip(path, name="door").info.name == "door"


@pytest.mark.parametrize("when", ["1970-01-01T00:00:00Z", "1904-01-01T00:00:00Z", None])
def test_a_camera_without_a_clock_gives_no_start_time(tmp_path: Path, when: str | None) -> None:
    metadata = {"creation_time": when} if when else {}
    path = write_clip(tmp_path / "undated.mkv", numbered(3), metadata=metadata)
    assert open_clip(path).info.start_time is None


def test_the_hash_is_that_of_the_bytes(plain: Path, tmp_path: Path) -> None:
    copy = shutil.copy(plain, tmp_path / "x.mp4")
    assert open_clip(copy).info.sha256 == hashlib.sha256(plain.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", ["ün ïcode 東京.mp4", "rtsp:x.mp4", "-i.mp4", "a%03d.mp4"])
def test_odd_names(plain: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(plain, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    for reader in READERS:
        clip = open_clip(name, reader=reader)
        assert clip.info.name == name
        (frame,) = clip.frames([60])
        assert isinstance(frame, Frame)
        assert number_of(frame.image) == 60


def test_a_single_frame_is_a_clip(tmp_path: Path) -> None:
    clip = open_clip(write_clip(tmp_path / "one.mp4", numbered(1), 10))
    assert (clip.info.frames, clip.info.fps) == (1, 10)
    assert clip.times.tolist() == [0]
    assert numbers(clip) == [0]


@pytest.mark.parametrize("indices", [[3, 3], [5, 4], [-1, 2], [150]])
def test_wrong_indices_are_refused(plain: Path, indices: list[int]) -> None:
    with pytest.raises(ValueError, match="frame indices must"):
        list(open_clip(plain).frames(indices))


def test_no_indices_give_no_frames(plain: Path) -> None:
    assert list(open_clip(plain).frames([])) == []


def test_a_file_that_goes_away_says_so(plain: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(plain, tmp_path / "x.mp4"))
    clip = open_clip(copy)
    copy.unlink()
    with pytest.raises(ClipError, match="cannot be read"):
        list(clip.frames([0]))


def test_a_file_that_was_replaced_ends_nothing_in_a_loop(plain: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(plain, tmp_path / "x.mp4"))
    clip = open_clip(copy)
    write_clip(copy, numbered(7), 11, gop=3)
    assert len(list(clip.frames(range(150)))) == 150
    assert len(list(clip.frames([40, 149]))) == 2


def test_leaving_early_closes_the_file(plain: Path) -> None:
    frames = open_clip(plain).frames(range(150))
    next(frames)
    frames.close()  # type: ignore[attr-defined]
