"""Sound clips: made with PyAV in many codecs and containers, and cut from real footage."""

from __future__ import annotations

import collections
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

FRAMES = 75
WIDTH, HEIGHT = 320, 180

KINDS: dict[str, tuple[str, str, dict[str, str]]] = {
    "h264.mp4": ("libx264", "yuv420p", {"bf": "3"}),
    "fragments.mp4": ("libx264", "yuv420p", {}),
    "faststart.mov": ("libx264", "yuv420p", {"x264-params": "b-pyramid=normal:bframes=8"}),
    "opengop.ts": ("libx264", "yuv420p", {"x264-params": "open-gop=1:bframes=3:keyint=12"}),
    "interlaced.mkv": ("libx264", "yuv420p", {"x264-params": "interlaced=1:keyint=12"}),
    "refresh.flv": ("libx264", "yuv420p", {"x264-params": "intra-refresh=1:keyint=12:bframes=0"}),
    "tenbit.mkv": ("libx265", "yuv420p10le", {"x265-params": "log-level=none:keyint=12"}),
    "hevc.mp4": ("libx265", "yuv420p", {"x265-params": "log-level=none:keyint=12"}),
    "mpeg4.avi": ("mpeg4", "yuv420p", {"bf": "2"}),
    "mpeg2.mpg": ("mpeg2video", "yuv420p", {"bf": "2"}),
    "mjpeg.avi": ("mjpeg", "yuvj420p", {}),
    "vp8.webm": ("libvpx", "yuv420p", {"deadline": "realtime"}),
    "vp9.webm": ("libvpx-vp9", "yuv420p", {"deadline": "realtime", "cpu-used": "8"}),
    "av1.mp4": ("libsvtav1", "yuv420p", {"preset": "12"}),
    "grey16.mkv": ("ffv1", "gray16le", {}),
    "alpha.mov": ("qtrle", "argb", {}),
    "wmv.asf": ("wmv2", "yuv420p", {}),
    "loop.gif": ("gif", "rgb8", {}),
}
MUXERS = {
    "fragments.mp4": {"movflags": "frag_keyframe+empty_moov"},
    "faststart.mov": {"movflags": "faststart"},
}
UNSEEING = ("hevc", "tenbit", "vp8", "vp9", "av1", "grey16", "wmv", "alpha", "loop")
"""Kinds whose decoders cannot tell every damage: any bytes are some picture to them."""


def make(path: Path, kind: str, frames: int = FRAMES) -> Path:
    """A block that moves over a textured ground, in one of `KINDS`."""
    codec, pixels, options = KINDS[kind]
    ground = np.random.default_rng(1).integers(0, 255, (18, 32, 3), np.uint8).repeat(10, 0)
    ground = ground.repeat(10, 1)
    with av.open(str(path), "w", options=MUXERS.get(kind, {})) as container:
        stream = container.add_stream(codec, rate=Fraction(25), options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pixels
        stream.codec_context.gop_size = 12
        for number in range(frames):
            picture = ground.copy()
            picture[60:120, 3 * number : 3 * number + 30] = 255
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def sound_clips(folder: Path, real: Path | None) -> list[Path]:
    """All of them, in a folder; those that lie there already are not made again."""
    av.logging.set_level(av.logging.PANIC)
    kept = [kind for kind in KINDS if (folder / kind).exists()]
    made = [folder / kind if kind in kept else make(folder / kind, kind) for kind in KINDS]
    return made + (list(cuts(real, folder)) if real else [])


def cuts(data: Path, folder: Path) -> Iterator[Path]:
    """Three seconds or so of real footage: two files a container, and folders of pictures."""
    seen: collections.Counter[str] = collections.Counter()
    for path in sorted(path for path in data.rglob("*") if path.suffix in {".mp4", ".avi"}):
        place = f"{path.parent.relative_to(data)}{path.suffix}"
        seen[place] += 1
        if seen[place] <= 2:
            target = folder / f"real{len(seen)}{seen[place]}{path.suffix}"
            yield copied(path, target, packets=90)
    for number, path in enumerate(sorted(data.glob("*/testing/*/"))[:2]):
        target = folder / f"pictures{number}"
        target.mkdir(exist_ok=True)
        for picture in sorted(path.iterdir())[:40]:
            shutil.copyfile(picture, target / picture.name)
        yield target


def copied(source: Path, target: Path, packets: int = 30) -> Path:
    """The first packets of a video, not coded anew."""
    with av.open(str(source)) as read, av.open(str(target), "w") as written:
        stream = read.streams.video[0]
        copy = written.add_stream_from_template(stream)
        for number, packet in enumerate(read.demux(stream)):
            if number == packets or packet.dts is None:
                break
            packet.stream = copy
            written.mux(packet)
    return target
