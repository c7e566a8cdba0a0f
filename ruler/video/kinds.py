"""What a file is that FFmpeg takes for no video: said in words, by its first bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_OTHERS = {
    b"PK\x03\x04": ("a ZIP archive", "Unpack it, and give the video in it."),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", "Unpack it, and give the video in it."),
    b"Rar!\x1a\x07": ("a RAR archive", "Unpack it, and give the video in it."),
    b"\x1f\x8b": ("a file packed by gzip", "Unpack it, and give the video in it."),
    b"BZh": ("a file packed by bzip2", "Unpack it, and give the video in it."),
    b"\xfd7zXZ\0": ("a file packed by xz", "Unpack it, and give the video in it."),
    b"#EXTM3U": ("a playlist that names other files", "Give the videos themselves."),
    b"ffconcat": ("a list that names other files", "Give the videos themselves."),
    b"v=0\n": ("the address of a stream", "Record the stream, and give the recording."),
    b"<?xml": ("an XML document", "Give a video file or a folder."),
    b"%PDF": ("a PDF document", "Give a video file or a folder."),
    b"\x7fELF": ("a program", "Give a video file or a folder."),
    b"MZ": ("a program", "Give a video file or a folder."),
    b"SQLite format 3": ("a database", "Give a video file or a folder."),
}
_MOST_BOXES = 100_000

_UNFINISHED = (
    "its table of contents ('moov') is missing or cut off: the recording or copy was not finished",
    "Copy it again; else tools like untrunc can rebuild it with a sound recording of that camera.",
)
_BLANK = (
    "it begins with zeros where a video has its header: it was not written or copied whole",
    "Record or copy it again.",
)


def what_it_is(path: Path, head: bytes) -> tuple[str, str] | None:
    """What is wrong with a file that cannot be opened, and what to do; None where its first bytes
    say no more than that.

    Args:
        path: The file.
        head: Its first bytes, a few hundred at least.

    Raises:
        OSError: it cannot be read.
    """
    for start, (kind, advice) in _OTHERS.items():
        if head.startswith(start):
            return f"it is {kind}", advice
    if not head.strip(b"\0"):
        return _BLANK
    if head[4:8] in {b"ftyp", b"mdat", b"wide", b"skip"} and not _has_contents(path):
        return _UNFINISHED
    return None


def holds_film(head: bytes) -> bool:
    """Whether bytes are the start of one of the usual containers, whatever the file's name."""
    return (
        head[4:8] == b"ftyp"
        or head.startswith((b"\x1a\x45\xdf\xa3", b"FLV\x01", b"\0\0\x01\xba"))
        or (head[:4] == b"RIFF" and head[8:11] == b"AVI")
        or (head[:1] == b"G" and head[188:189] == b"G" and head[376:377] == b"G")
    )


def _has_contents(path: Path) -> bool:
    """Whether the table of contents of an MP4 file is there as a whole (ISO/IEC 14496-12)."""
    size, at = path.stat().st_size, 0
    with path.open("rb") as file:
        for _ in range(_MOST_BOXES):
            file.seek(at)
            head = file.read(16)
            length = int.from_bytes(head[:4], "big")
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            if head[4:8] == b"moov":
                return length == 0 or at + length <= size
            if len(head) < 8 or length < 8:
                return False
            at += length
    return True
