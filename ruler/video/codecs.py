"""Which codecs can be decoded on this machine."""

from __future__ import annotations

import av

_DECODERS = {
    "H.264": ("h264",),
    "H.265": ("hevc",),
    "AV1": ("libdav1d", "libaom-av1"),  # FFmpeg's own decoder of that name needs a graphics card
    "VP8": ("vp8",),
    "VP9": ("vp9",),
    "Motion JPEG": ("mjpeg",),
    "MPEG-4": ("mpeg4",),
    "MPEG-2": ("mpeg2video",),
}
"""What cameras and their recorders write, by the names people know, with FFmpeg's decoders."""


def decodable() -> dict[str, bool]:
    """By the name of each codec that cameras use, whether this PyAV decodes it."""
    return {codec: any(map(_is_there, names)) for codec, names in _DECODERS.items()}


def _is_there(decoder: str) -> bool:
    try:
        av.Codec(decoder, "r")
    except (ValueError, av.FFmpegError):  # PyAV's UnknownCodecError is a ValueError
        return False
    return True
