"""What can be decoded, and whether the process that decodes starts and answers."""

from __future__ import annotations

import importlib.util
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from ruler.errors import RulerError
from ruler.jobs.doctor.findings import Finding
from ruler.settings import Settings

_CODECS = {
    "h264": "H.264",
    "hevc": "H.265",
    "av1": "AV1",
    "vp9": "VP9",
    "vp8": "VP8",
    "mpeg4": "MPEG-4",
    "mpeg2video": "MPEG-2",
    "mjpeg": "Motion JPEG",
    "prores": "ProRes",
}
_PICTURES = (".jpg", ".png", ".bmp", ".tif", ".webp")
_FRAMES = 8


def readers() -> Finding:
    """Which codecs PyAV decodes; decord is a second reader and never needed."""
    try:
        import av
    except ImportError as error:
        return Finding("video", "bad", f"PyAV does not load ({error}): pip install av")
    missing = [name for codec, name in _CODECS.items() if not _decodes(codec)]
    known = [name for name in _CODECS.values() if name not in missing]
    has_decord = importlib.util.find_spec("decord") is not None
    second = f"decord {version('decord')} as second reader" if has_decord else "no decord here"
    said = f"PyAV {av.__version__} decodes {', '.join(known)}; {second}"
    if missing:
        said = f"{said}. Not decoded: {', '.join(missing)}; convert such clips with ffmpeg"
        return Finding("video", "note", said)
    return Finding("video", "ok", said)


def _decodes(codec: str) -> bool:
    import av

    try:
        return av.codec.Codec(codec, "r").type == "video"
    except (ValueError, av.error.FFmpegError):
        return False


def pictures() -> Finding:
    """OpenCV reads folders of frames and does the motion captioner's work."""
    try:
        import cv2
        import numpy as np
    except ImportError as error:
        return Finding("vision", "bad", f"OpenCV does not load ({error}); reinstall ruler-vad")
    grey = np.zeros((8, 8, 3), np.uint8)
    missing = [kind for kind in _PICTURES if not _round_trip(kind, grey)]
    said = f"OpenCV {cv2.__version__}"
    if missing:
        return Finding("vision", "note", f"{said} does not read {', '.join(missing)} pictures")
    return Finding("vision", "ok", f"{said} reads {', '.join(kind[1:] for kind in _PICTURES)}")


def _round_trip(kind: str, picture: object) -> bool:
    import cv2

    try:
        written, data = cv2.imencode(kind, picture)  # type: ignore[call-overload]
        return bool(written) and cv2.imdecode(data, cv2.IMREAD_COLOR) is not None
    except cv2.error:
        return False


def isolation(settings: Settings) -> Finding:
    """Clips are decoded in a process of their own: does it start, and read a small clip?"""
    from ruler.video.frames import Frame
    from ruler.video.isolation import open_isolated
    from ruler.video.limits import Limits

    limits = Limits(seconds=settings.decoder_seconds, megabytes=settings.decoder_megabytes)
    start = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="ruler-doctor-") as folder:
            path = Path(folder) / "small.mp4"
            _write(path)
            clip = open_isolated(path, limits=limits)
            read = [one for one in clip.frames(range(_FRAMES)) if isinstance(one, Frame)]
    except (RulerError, OSError, ValueError) as error:
        said = f"clips cannot be decoded in a process of their own: {error}"
        return Finding("isolation", "bad", said)
    seconds = time.monotonic() - start
    if len(read) < _FRAMES:
        said = (
            f"the decoder read {len(read)} of {_FRAMES} frames of a good clip; "
            "raise RULER_DECODER_MEGABYTES"
        )
        return Finding("isolation", "bad", said)
    said = (
        f"a decoder of its own read a clip in {seconds:.1f} s "
        f"(limits: {limits.seconds:g} s of silence, {limits.megabytes} MB)"
    )
    return Finding("isolation", "ok", said)


def _write(path: Path) -> None:
    import av
    import numpy as np

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for level in range(_FRAMES):
            picture = np.full((48, 64, 3), level * 20, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
