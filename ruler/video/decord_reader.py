"""Decoding with decord, for clips that were proven whole beforehand.

decord hands out what FFmpeg has patched up after damage without a word, numbers frames by counting
what comes out, and may loop for ever where fewer frames come out than the container lists (issues
269, 373 and 375 of dmlc/decord). None of this can happen to a clip that PyAV has decoded from end
to end without complaint, so that is the price of admission.
"""

from __future__ import annotations

import importlib
import importlib.util
from itertools import chain
from typing import TYPE_CHECKING, Any

import av

from ruler.video.bitstream import is_clean_start
from ruler.video.containers import DECODER_THREADS, opened, prepare_decoder, video_stream
from ruler.video.pictures import finish

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from av.packet import Packet
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

    from ruler.video.index import PacketIndex

_CODECS = frozenset({"h264", "hevc", "mjpeg", "mpeg2video", "mpeg4", "vp8", "vp9"})
_FORMATS = ("avi", "matroska", "mov")  # in others decord's seeks go astray


def is_installed() -> bool:
    """Whether decord can be imported; it has no wheels for some platforms."""
    return importlib.util.find_spec("decord") is not None


def can_read(path: Path, index: PacketIndex) -> bool:
    """Whether decord gives the same frames as the index. Decodes the clip once, with PyAV."""
    is_regular = (
        index.codec in _CODECS
        and len(index.times) == index.listed
        and not index.damaged
        and index.is_reordered_only_within_groups
        and index.ranks is None
    )
    if not (is_regular and is_installed() and _is_whole(path, index)):
        return False
    try:
        return len(_open(path)) == index.listed
    except (RuntimeError, AssertionError):  # decord's own error is a RuntimeError
        return False


def read(path: Path, ranks: Sequence[int], *, width: int | None) -> Iterator[NDArray[np.uint8]]:
    """Pictures by rank (ascending, without repeats): upright, RGB, sealed.

    The file is opened here, never before a fork: a forked child would wait for ever for the threads
    of its parent.

    Raises:
        RuntimeError: decord gave up in the middle.
    """
    reader = _open(path)
    for rank in ranks:
        reader.seek_accurate(rank)
        yield finish(reader.next().asnumpy(), width)


def _open(path: Path) -> Any:
    decord = importlib.import_module("decord")
    decord.logging.set_level(decord.logging.QUIET)
    return decord.VideoReader(str(path.absolute()), ctx=decord.cpu(0))


def _is_whole(path: Path, index: PacketIndex) -> bool:
    ranks: list[int | None] = []
    try:
        with opened(path) as container:
            stream = video_stream(container, path)
            prepare_decoder(stream, threads=DECODER_THREADS)
            if not container.format.name.startswith(_FORMATS):
                return False
            for packet in chain(container.demux(stream), [None]):
                if packet and packet.is_keyframe and not _is_clean_start(packet, index):
                    return False
                frames = stream.decode(packet) if packet is None or packet.size else []
                ranks.extend(
                    None if frame.is_corrupt else index.rank(frame.pts) for frame in frames
                )
    except av.FFmpegError:
        return False
    return ranks == list(range(index.listed))


def _is_clean_start(packet: Packet[VideoStream], index: PacketIndex) -> bool:
    return is_clean_start(bytes(packet), index.codec, index.nal_length)
