"""What is no clip: one sentence that says what is wrong, and one that says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from ruler.errors import ClipError
from ruler.video import pictures, probe
from ruler.video.clips import open_clip
from tests.video.clips import READERS, numbered, write_clip, write_sound


def missing(folder: Path) -> Path:
    return folder / "missing.mp4"


def missing_in_a_file(folder: Path) -> Path:
    (folder / "file").write_text("x")
    return folder / "file" / "clip.mp4"


def too_long_a_name(folder: Path) -> Path:
    return folder / ("x" * 300 + ".mp4")


def empty(folder: Path) -> Path:
    (folder / "empty.mp4").touch()
    return folder / "empty.mp4"


def text(folder: Path) -> Path:
    (folder / "notes.mp4").write_text("Nothing moves here, not even in Zürich.\n" * 200)
    return folder / "notes.mp4"


def terminal_art(folder: Path) -> Path:  # FFmpeg would draw it
    (folder / "notes.txt").write_text("hello\n" * 200)
    return folder / "notes.txt"


def playlist(folder: Path) -> Path:  # FFmpeg would follow it
    (folder / "list.m3u8").write_text("#EXTM3U\n#EXTINF:1,\n/etc/passwd\n")
    return folder / "list.m3u8"


def garbage(folder: Path) -> Path:
    (folder / "garbage.mp4").write_bytes(np.random.default_rng(0).bytes(50_000))
    return folder / "garbage.mp4"


def header_cut_off(folder: Path) -> Path:
    path = write_clip(folder / "cut.mp4", numbered(30))
    path.write_bytes(path.read_bytes()[:-500])
    return path


def header_cut_short(folder: Path) -> Path:
    path = write_clip(folder / "cut.mp4", numbered(30))
    path.write_bytes(path.read_bytes()[:-1500])
    return path


def header_missing(folder: Path) -> Path:
    path = write_clip(folder / "unfinished.mp4", numbered(30))
    data = path.read_bytes()
    path.write_bytes(data[: data.rfind(b"moov") - 4])
    return path


def zeros(folder: Path) -> Path:
    (folder / "zeros.mp4").write_bytes(bytes(50_000))
    return folder / "zeros.mp4"


def archive(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "clip.mkv", "w") as file:
        file.writestr("clip.mp4", b"a film")
    return folder / "clip.mkv"


def link_to_nothing(folder: Path) -> Path:
    (folder / "link.mp4").symlink_to(folder / "gone.mp4")
    return folder / "link.mp4"


def huge(folder: Path) -> Path:
    head = b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff"
    (folder / "huge.gif").write_bytes(head + b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0;")
    return folder / "huge.gif"


def sound_only(folder: Path) -> Path:
    return write_sound(folder / "sound.m4a")


def empty_folder(folder: Path) -> Path:
    (folder / "nothing").mkdir()
    return folder / "nothing"


def folder_of_videos(folder: Path) -> Path:
    (folder / "videos").mkdir()
    write_clip(folder / "videos" / "a.mp4", numbered(3))
    return folder / "videos"


def folder_of_broken_pictures(folder: Path) -> Path:
    (folder / "broken").mkdir()
    (folder / "broken" / "1.png").write_bytes(b"no picture")
    (folder / "broken" / "2.jpg").touch()
    return folder / "broken"


def broken_picture(folder: Path) -> Path:
    (folder / "1.jpg").write_bytes(b"\xff\xd8 no picture")
    return folder / "1.jpg"


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.mp4")
    return folder / "pipe.mp4"


def raw_stream(folder: Path) -> Path:
    return write_clip(folder / "raw.h264", numbered(10))


def unknown_codec(folder: Path) -> Path:
    path = write_clip(folder / "codec.avi", numbered(10), codec="mpeg4")
    path.write_bytes(path.read_bytes().replace(b"FMP4", b"ZZZZ"))
    return path


BAD: list[tuple[Callable[[Path], Path], str]] = [
    (missing, "there is no such file or folder. Check"),
    (missing_in_a_file, "there is no such file or folder. Check"),
    (too_long_a_name, "it cannot be read (file name too long). Check"),
    (empty, "the file is empty. Record"),
    (text, "it is a text file, not a video. Give"),
    (terminal_art, "it is a text file, not a video. Give"),
    (playlist, "it is a text file, not a video. Give"),
    (garbage, "it is not a video file, or its header is damaged or cut off. Check"),
    (header_cut_off, "it holds no pictures: it is damaged or cut off. Check"),
    (header_cut_short, "its table of contents ('moov') is missing or cut off: the recording or"),
    (header_missing, "its table of contents ('moov') is missing or cut off: the recording or"),
    (zeros, "it begins with zeros where a video has its header: it was not written or copied"),
    (archive, "it is a ZIP archive. Unpack it"),
    (link_to_nothing, "it is a link that leads to no file. Check"),
    (huge, "its video cannot be decoded: it is damaged, its pictures are far too large"),
    (sound_only, "it holds no video. Give"),
    (empty_folder, "the folder holds no pictures (bmp, jpeg, jpg, png, tif, tiff, webp). Give"),
    (folder_of_videos, "the folder holds no pictures"),
    (folder_of_broken_pictures, "none of its pictures can be read (1.png: the picture file is"),
    (broken_picture, "the picture file ends early. Check"),
    (pipe, "it is neither a file nor a folder. Give"),
    (raw_stream, "its pictures have no time stamps. Rewrite"),
    (unknown_codec, "its video cannot be decoded: it is damaged, its pictures are far too large"),
]


@pytest.mark.parametrize(("make", "sentence"), BAD, ids=[make.__name__ for make, _ in BAD])
def test_what_is_no_clip_says_why(
    make: Callable[[Path], Path],
    sentence: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = make(tmp_path)
    for reader in READERS:
        with pytest.raises(ClipError) as caught:
            open_clip(path, reader=reader)
        message = str(caught.value)
        assert message.startswith(f"{path}: {sentence}"), message
        assert message.endswith(".")
        assert "\n" not in message
    assert capfd.readouterr() == ("", "")


def test_what_may_not_be_read_says_so(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ClipError, match=r"it cannot be read \(permission denied\). Check its"):
        open_clip(plain)


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_an_impossible_frame_rate_is_refused(tmp_path: Path, rate: float) -> None:
    with pytest.raises(ClipError, match="its frame rate cannot be"):
        open_clip(tmp_path, frame_rate=rate)


def test_huge_videos_are_refused(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MAX_SIDE", 100)
    with pytest.raises(ClipError, match="160 x 96 pixels, which is more than ruler reads"):
        open_clip(plain)


def test_huge_pictures_are_refused_undecoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, suffix in enumerate((".png", ".jpg", ".bmp")):
        cv2.imwrite(str(tmp_path / f"{number}{suffix}"), np.zeros((90, 120, 3), np.uint8))
    monkeypatch.setattr(pictures, "_most_pixels", 10_000)
    monkeypatch.setattr(cv2, "imdecode", None)
    for path in tmp_path.iterdir():
        with pytest.raises(ClipError, match="claims 120 x 90 pixels"):
            open_clip(path)


def test_a_clock_that_starts_over_is_refused(tmp_path: Path) -> None:
    first = write_clip(tmp_path / "a.ts", numbered(200)).read_bytes()
    (tmp_path / "twice.ts").write_bytes(first + first)
    with pytest.raises(ClipError, match=r"its clock starts over in the middle\. Rewrite"):
        open_clip(tmp_path / "twice.ts")


def test_cover_art_is_no_video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_clip(tmp_path / "a.mp4", numbered(3))
    stream = type("Stream", (), {"index": 0, "disposition": av.stream.Disposition.attached_pic})()

    class Streams:
        video = (stream,)

        def best(self, kind: str) -> object:
            return stream

    container = type("Container", (), {"streams": Streams()})()
    with pytest.raises(ClipError, match="it holds no video"):
        probe.video_stream(container, path)


def test_importing_ruler_video_imports_no_decord() -> None:
    code = "import sys, ruler.video.clips, ruler.video.sampling; print('decord' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "False"


def test_a_video_with_a_pictures_name_is_read(plain: Path, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.PNG", "c"):
        (tmp_path / name).write_bytes(plain.read_bytes())
        assert open_clip(tmp_path / name).info.frames == 150


def test_a_finished_film_that_is_damaged_is_not_called_unfinished(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", numbered(30))
    data = bytearray(path.read_bytes())
    at = data.rfind(b"moov")
    data[at + 4 :] = bytes(len(data) - at - 4)
    path.write_bytes(data)
    with pytest.raises(ClipError) as caught:
        open_clip(path)
    assert "moov" not in str(caught.value)
