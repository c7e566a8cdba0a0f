"""Opening video files with PyAV, and saying what is wrong with those that do not open."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.stream import Disposition

from ruler.errors import ClipError
from ruler.video.kinds import what_it_is
from ruler.video.pictures import most_pixels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer
    from av.video.stream import VideoStream

DECODER_THREADS = 4
"""More gain little at the sizes cameras have, and each holds a decoded picture."""

REPAIR = (
    "Check that it plays; a recording that was cut off can often be repaired with "
    "'ffmpeg -i IN -c copy OUT.mp4'."
)

REFUSING = frozenset({"av1", "hevc", "libdav1d", "mjpeg", "vp8", "vp9"})
"""Codecs whose decoders refuse a damaged packet; the others mark its picture when it comes out, and
only where its slices are decoded one after the other (MPEG-2 with a thread a slice does not)."""

_HEAD_BYTES = 4096

_ESCAPED = re.compile(r"\\x[89a-f][0-9a-f]")
"""How a byte of a name is written down that is no UTF-8."""

_NO_FOOTAGE = frozenset(
    "concat dash hls image2 imf lavfi rtp rtsp sap sdp vobsub "  # open what a file names
    "adf bin cdg idf tty xbin".split()  # draw characters
)
"""Formats that FFmpeg would follow to other files, or draw from any bytes."""

_FORMATS = ",".join(sorted(av.formats_available - _NO_FOOTAGE))

_OPTIONS = {
    "hevc": {"err_detect": "explode"},
    "libdav1d": {"max_frame_delay": "1"},
    "mjpeg": {"err_detect": "explode"},
}
"""What makes decoders report damage, and with the packet that has it. AV1 is then decoded with
threads inside of a picture."""


def check_file(path: Path) -> None:
    """Refuse what is certainly no video before FFmpeg sees it.

    FFmpeg would draw a text file as a terminal's screen, and follow the links of a playlist.

    Raises:
        ClipError: the file is missing, empty, unreadable, not a regular file, or text.
    """
    clip = str(path)
    if path.is_symlink() and not path.exists():
        raise ClipError(clip, "it is a link that leads to no file", "Check where it leads.")
    if not path.exists() and _ESCAPED.search(clip):
        reason = "its name is not UTF-8, or there is no such file or folder"
        raise ClipError(clip, reason, "Rename it, or check the path.")
    if not path.exists():
        raise ClipError(clip, "there is no such file or folder", "Check the path.")
    if not path.is_file():
        raise ClipError(clip, "it is neither a file nor a folder", "Give a video file.")
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise unreadable(clip, error) from error
    if not head:
        raise ClipError(clip, "the file is empty", "Record or copy it again.")
    if _is_text(head):
        raise ClipError(clip, "it is a text file, not a video", "Give a video file or a folder.")


def unreadable(clip: str, error: OSError) -> ClipError:
    """The error for a file that the operating system does not give out."""
    reason = (error.strerror or type(error).__name__).lower()
    return ClipError(clip, f"it cannot be read ({reason})", "Check its permissions and the disk.")


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """A file opened by PyAV.

    Raises:
        ClipError: FFmpeg does not know the format, or the header is damaged.
    """
    try:
        container = _open(path)
    except av.FFmpegError as error:
        if isinstance(error, OSError):
            raise unreadable(str(path), error) from error
        raise _no_video(path) from error
    with container:
        yield container


def _no_video(path: Path) -> ClipError:
    """Why FFmpeg opens a file not, as well as its bytes tell."""
    try:
        with path.open("rb") as file:
            known = what_it_is(path, file.read(_HEAD_BYTES))
    except OSError as error:
        return unreadable(str(path), error)
    reason, advice = known or (
        "it is not a video file, or its header is damaged or cut off",
        REPAIR,
    )
    return ClipError(str(path), reason, advice)


def _open(path: Path) -> InputContainer:
    # An absolute path, so that FFmpeg takes no name ("rtsp:x.mp4") for an address.
    name = os.path.abspath(path)  # noqa: PTH100 - resolve() would follow links, and change the name
    options = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
    try:
        return av.open(name, "r", options=options)
    except UnicodeDecodeError:  # a title in some other encoding; PyAV 19 no longer minds
        return av.open(name, "r", options=options, metadata_errors="replace")


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The video stream a player would show.

    Raises:
        ClipError: there is none, or its codec is unknown here.
    """
    stream = next(iter(container.streams.video), None)
    best = container.streams.best("video")
    for candidate in container.streams.video:
        if best is not None and candidate.index == best.index:
            stream = candidate
    if stream is None or stream.disposition & Disposition.attached_pic:
        raise ClipError(str(path), "it holds no video", "Give a file with a video track.")
    if not getattr(stream, "codec_context", None) or not stream.codec_context.width:
        raise ClipError(
            str(path),
            "its video cannot be decoded: it is damaged, its pictures are far too large, or its "
            "format is not known here",
            REPAIR,
        )
    return stream


def prepare_decoder(stream: VideoStream, *, threads: int) -> None:
    """Set up the decoder of a stream that nothing has been decoded from yet.

    Args:
        stream: A video stream.
        threads: 1 decodes in the calling thread, so that an error belongs to the packet just sent.
    """
    context = stream.codec_context
    parallel = "AUTO" if context.name in REFUSING else "FRAME"
    context.thread_type = parallel if threads > 1 else "NONE"
    context.thread_count = threads
    # A picture that grows in mid-stream is refused before memory is taken for it. Twice, since
    # decoders round sides up.
    limit = {"max_pixels": str(2 * most_pixels())}
    context.options = limit | _OPTIONS.get(context.name, {})


def _is_text(head: bytes) -> bool:
    if b"\0" in head:
        return False
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4 or not head[: error.start]:
            return False
        text = head[: error.start].decode()
    return all(char.isprintable() or char in "\t\n\v\f\r\ufeff" for char in text)
