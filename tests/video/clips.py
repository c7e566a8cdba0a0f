"""Clips made for tests: every frame carries its number in its pixels."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from ruler.video.files import Reader
from ruler.video.frames import Clip, Frame, FrameFailure

Image = NDArray[np.uint8]

READERS: tuple[Reader, ...] = ("pyav", "decord")
WIDTH, HEIGHT, BITS = 160, 96, 10


def numbered(count: int, *, width: int = WIDTH, height: int = HEIGHT) -> list[Image]:
    """Pictures with a textured ground, a moving block, and their number in white stripes on top."""
    ground = np.random.default_rng(0).integers(0, 255, (height // 8, width // 8, 3), np.uint8)
    ground = ground.repeat(8, 0).repeat(8, 1)
    pictures = []
    for number in range(count):
        picture = ground.copy()
        left = 3 * number % (width - 30)
        picture[30:60, left : left + 30] = (255, number % 256, 0)
        picture[:16] = 0
        for bit in range(BITS):
            if number >> bit & 1:
                picture[:16, bit * width // BITS : (bit + 1) * width // BITS] = 255
        pictures.append(picture)
    return pictures


def number_of(image: Image) -> int:
    """The number that a picture carries; stands any codec and any scale."""
    height, width, _ = image.shape
    row = image[: max(1, height // 12)].mean((0, 2))
    stripes = [row[(2 * bit + 1) * width // (2 * BITS)] > 128 for bit in range(BITS)]
    return sum(1 << bit for bit, is_set in enumerate(stripes) if is_set)


def write_clip(
    path: Path,
    frames: Iterable[Image],
    fps: float = 25,
    *,
    codec: str = "libx264",
    gop: int = 30,
    options: dict[str, str] | None = None,
    times_ms: Sequence[int] | None = None,
    pixels: str = "yuv420p",
    rotation: int = 0,
    muxer: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
) -> Path:
    """Encode pictures into a file; `times_ms` gives each its own presentation time."""
    pictures = list(frames)
    with av.open(str(path), "w", options=muxer or {}) as container:
        container.metadata.update(metadata or {})
        stream = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pixels
        stream.codec_context.gop_size = gop
        stream.codec_context.options = options or {}
        if times_ms is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        if rotation:
            stream.set_display_rotation(rotation)
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            if times_ms is not None:
                frame.pts, frame.time_base = times_ms[number], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_sound(path: Path) -> Path:
    """A second of silence."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        for start in range(0, 8192, 1024):
            frame = av.AudioFrame.from_ndarray(
                np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
            )
            frame.rate, frame.pts = 8000, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@dataclass(frozen=True)
class Place:
    """Where a packet lies in a file, and when it is shown."""

    position: int
    size: int
    rank: int
    is_key: bool


def packets(path: Path) -> list[Place]:
    """The packets of a video file in decoding order."""
    with av.open(str(path)) as container:
        found = [packet for packet in container.demux(video=0) if packet.size]
        stamps = sorted(packet.pts for packet in found)
        return [
            Place(packet.pos, packet.size, stamps.index(packet.pts), packet.is_keyframe)
            for packet in found
        ]


def flip(source: Path, target: Path, places: Iterable[Place], *, seed: int = 0) -> Path:
    """A copy with some bytes changed inside each of some packets."""
    data, chance = bytearray(source.read_bytes()), random.Random(seed)
    for place in places:
        for _ in range(6):
            at = place.position + chance.randrange(place.size // 4, place.size - 8)
            data[at] ^= chance.randrange(1, 256)
    target.write_bytes(data)
    return target


def read(clip: Clip, indices: Iterable[int], *, width: int | None = None) -> dict[int, bytes | str]:
    """By frame, the digest of its pixels, or the reason why there are none."""
    return {item.index: content(item) for item in clip.frames(list(indices), width=width)}


def content(item: Frame | FrameFailure) -> bytes | str:
    """The digest of a frame's pixels, or the reason why there are none."""
    return item.digest if isinstance(item, Frame) else item.reason


def numbers(clip: Clip) -> list[int]:
    """The numbers that a clip's pictures carry; all of them must be readable."""
    found = []
    for item in clip.frames(range(clip.info.frames)):
        assert isinstance(item, Frame), item
        found.append(number_of(item.image))
    return found
