"""What is no clip, seems to have no end, leads elsewhere, or is a clip of a strange kind."""

from __future__ import annotations

import io
import os
import shutil
import struct
import zipfile
import zlib
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from mutants.sources import HEIGHT, WIDTH, make

LEADING = {
    "lead.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\n\0GOOD\n#EXTINF:2,\nGOOD\n",
    "lead-list.mp4": "ffconcat version 1.0\nfile GOOD\n#\xff\0\n",
    "lead.ffconcat": "ffconcat version 1.0\nfile GOOD\n",
    "lead-net.m3u8": "#EXTM3U\n#EXTINF:2,\nhttp://127.0.0.1:9/a.ts\n\0",
    "lead.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n#\xff\0\n",
    "lead.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static">'
    '<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>'
    "GOOD</BaseURL></Representation></AdaptationSet></Period></MPD>\xff",
}
"""Files that name another, or an address: never to be read."""

NAMES = (
    *(
        "\x1b[31mred\x1b[2J.mp4",
        "new\nline.mp4",
        "<script>alert(1).mp4",
        "<img src=x onerror=alert(1)>.mp4",
        "a'b\"c.mp4",
    ),
    *("[bold]x.mp4", "\u202egnp.mp4", "=1+1.mp4", "n" * 250 + ".mp4", " .mp4", "%s%n{x}.mp4"),
    *("caf\u00e9 \U0001f600.mp4", "a#2.mp4", "rtsp:x.mp4", "-rf.mp4", "tab\there.mp4"),
)


def strange(folder: Path, good: Path) -> list[Path]:
    """All of them, in a folder."""
    made = [
        *_contents(folder, good),
        *_special(folder, good),
        *_pictures(folder),
        *_tracks(folder, good),
    ]
    for name in NAMES:
        shutil.copyfile(good, folder / name)
    return made + [folder / name for name in NAMES]


def _contents(folder: Path, good: Path) -> list[Path]:
    """Files of other kinds under the names of films, and films under other names."""
    data = good.read_bytes()
    inner, outer = io.BytesIO(), io.BytesIO()
    for held, name in ((inner, "a.mp4"), (outer, "in.zip")):
        with zipfile.ZipFile(held, "w") as archive:
            archive.writestr(name, inner.getvalue() or data)
    moov = data.rfind(b"moov") - 4
    contents = {
        **{name: text.replace("GOOD", good.name).encode() for name, text in LEADING.items()},
        "zero.mp4": b"",
        "one.mp4": b"\0",
        "text.mp4": b"This is no film.\n" * 500,
        "latin1.txt": "Kein Film, s\xfc\xdf.\n".encode("latin1") * 500,
        "archive.mp4": outer.getvalue(),
        "archive.mkv": inner.getvalue(),
        "picture.mp4": b"\x89PNG\r\n\x1a\n" + bytes(200),
        "elf.avi": b"\x7fELF" + bytes(5000),
        "pdf.mov": b"%PDF-1.7\n\xff\xff" + bytes(5000),
        "named.avi": data,
        "named.txt": data,
        "named.jpg": data,
        "named": data,
        "moov-cut.mp4": data[: moov + 600],
        "moov-gone.mp4": data[:moov],
        "moov-only.mp4": data[:32] + data[moov:],
        "endless.mkv": data[:48] + b"\x1a\x45\xdf\xa3\x01" + b"\xff" * 7 + bytes(5000),
        "frames.gif": _gif(20_000, 1, 1),
        "large.gif": _gif(60, 9999, 9999),
        "huge.gif": _gif(3, 65535, 65535),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    film = bytearray(make(folder / "long.mkv", "interlaced.mkv").read_bytes())
    if (at := film.find(b"\x44\x89\x88")) > 0:  # Matroska's duration becomes infinite
        film[at + 3 : at + 11] = b"\x7f\xf0" + bytes(6)
    (folder / "long.mkv").write_bytes(film)
    return [folder / name for name in (*contents, "long.mkv")]


def _special(folder: Path, good: Path) -> list[Path]:
    """What is no file, what may not be read, and what has holes without an end."""
    links = {
        "device.mp4": "/dev/zero",
        "noise.mp4": "/dev/urandom",
        "circle.mp4": str(folder / "circle.mp4"),
        "gone.mp4": str(folder / "nowhere.mp4"),
        "memory.mp4": "/proc/self/mem",
        "pages.mp4": "/proc/self/pagemap",
        "linked.mp4": str(good),
    }
    for name, target in links.items():
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "pipe.mp4")
    (folder / "folder.mp4").mkdir()
    shutil.copyfile(good, folder / "locked.mp4")
    (folder / "locked.mp4").chmod(0)
    data = good.read_bytes()
    starts = {"mp4": data, "ts": b"G" + bytes(187), "mpg": b"\0\0\1\xba", "jpg": b"\xff\xd8"}
    for suffix, start in starts.items():
        (folder / f"hole.{suffix}").write_bytes(start)
        os.truncate(folder / f"hole.{suffix}", 1 << 40)
    names = [*links, "pipe.mp4", "folder.mp4", "locked.mp4", "missing.mp4"]
    return [folder / name for name in (*names, *(f"hole.{suffix}" for suffix in starts))]


def _pictures(folder: Path) -> list[Path]:
    """Pictures that unpack to far more than they hold, and folders of them and of much else."""
    bomb = _png(60_000, 60_000, 100)
    large = _png(9_999, 9_999, 9_999)
    for name, content in {"bomb.png": bomb, "bomb.mp4": bomb, "large.png": large}.items():
        (folder / name).write_bytes(content)
    shot = np.random.default_rng(2).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
    folders = {"mixed": 30, "crowded": 20, "other-sizes": 20, "circles": 20}
    for name, count in folders.items():
        (folder / name).mkdir()
        for number in range(count):
            cv2.imwrite(str(folder / name / f"{number:03}.jpg"), shot)
    for number, content in enumerate((bomb, b"", b"\xff\xd8", b"P6 30000 30000 255\n", b"\0")):
        (folder / "mixed" / f"{5 * number:03}.jpg").write_bytes(content)
    os.truncate(folder / "mixed" / "027.jpg", 1 << 40)
    for number in range(100_000):
        (folder / "crowded" / f"{number}.txt").touch()
    for number in range(0, 20, 3):
        cv2.imwrite(str(folder / "other-sizes" / f"{number:03}.jpg"), shot[: 20 + number])
    for number in range(0, 20, 4):
        (folder / "circles" / f"{number:03}.jpg").unlink()
        (folder / "circles" / f"{number:03}.jpg").symlink_to(".." if number % 8 else "000.jpg")
    return [folder / name for name in ("bomb.png", "bomb.mp4", "large.png", *folders)]


def _tracks(folder: Path, good: Path) -> list[Path]:
    """Films with other tracks than one of pictures, or with strange times or sizes."""
    with av.open(str(folder / "sound.mp4"), "w") as container:
        track = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.rate = 8000
        container.mux(track.encode(frame))
        container.mux(track.encode(None))
    with av.open(str(folder / "none.mp4"), "w") as container:
        container.add_stream("mpeg4", rate=25).width = WIDTH
        container.start_encoding()
    _film(folder / "tracks.mkv", "mpeg4", [WIDTH] * 10, tracks=30)
    _film(folder / "slow.mkv", "mjpeg", [WIDTH] * 20, tick=Fraction(3600))
    _film(folder / "fast.nut", "mjpeg", [WIDTH] * 20, tick=Fraction(1, 10**9))
    for name in ("grows.ts", "grows.mkv"):
        _film(folder / name, "mpeg4", [WIDTH] * 20 + [2000] * 10 + [64] * 10 + [WIDTH] * 20)
    shutil.copyfile(good, folder / "vanishing.mp4")
    shutil.copyfile(good, folder / "shrinking.mp4")
    names = "sound.mp4 none.mp4 tracks.mkv slow.mkv fast.nut grows.ts grows.mkv"
    return [folder / name for name in (*names.split(), "vanishing.mp4", "shrinking.mp4")]


def _film(
    path: Path, codec: str, widths: list[int], tick: Fraction = Fraction(1, 25), tracks: int = 1
) -> None:
    """Pictures of these widths, `tick` seconds apart."""
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    with av.open(str(path), "w") as container:
        streams = [container.add_stream(codec, rate=25) for _ in range(tracks)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = widths[0], widths[0] // 2, pixels
        container.start_encoding()
        for number, width in enumerate(widths):
            if not number or width != widths[number - 1]:
                encoder = av.CodecContext.create(codec, "w")
                encoder.width, encoder.height, encoder.pix_fmt = width, width // 2, pixels
                encoder.time_base = Fraction(1, 25)
            shot = np.random.default_rng(number).integers(0, 255, (10, 20, 3), np.uint8)
            image = cv2.resize(shot, (width, width // 2), interpolation=cv2.INTER_NEAREST)
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts = number
            for packet in encoder.encode(frame):
                for stream in streams:
                    packet.stream, packet.time_base = stream, stream.time_base
                    packet.pts = packet.dts = int(number * tick / stream.time_base)
                    container.mux(packet)


def _gif(frames: int, width: int, height: int) -> bytes:
    """A GIF of frames that change one point."""
    head = b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0\0\0\0\xff\xff\xff"
    one = b"\x21\xf9\x04\x04\x01\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
    return head + one * frames + b"\x3b"


def _png(width: int, height: int, rows: int) -> bytes:
    """A black PNG that holds so many of its rows."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(bytes((3 * width + 1) * rows), 1)
    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size)
    return head + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
