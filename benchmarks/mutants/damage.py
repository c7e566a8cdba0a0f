"""Ways to damage a clip as bytes, and the pictures that this reaches."""

from __future__ import annotations

import io
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import av

from mutants.headers import fields

Damage = Callable[[bytearray, random.Random], None]


def flipped(data: bytearray, chance: random.Random) -> None:
    """A few bytes anywhere."""
    for _ in range(chance.choice((1, 8, 64, 512))):
        data[chance.randrange(len(data))] ^= chance.randrange(1, 256)


def header(data: bytearray, chance: random.Random) -> None:
    """A few bytes of the first or last two kilobytes, where containers keep their tables."""
    span = min(len(data), 2048)
    start = chance.choice((0, len(data) - span))
    for _ in range(chance.choice((1, 4, 32))):
        data[start + chance.randrange(span)] = chance.choice((0, 0xFF, chance.randrange(256)))


def cut(data: bytearray, chance: random.Random) -> None:
    """The tail is gone."""
    del data[chance.randrange(len(data)) :]


def beheaded(data: bytearray, chance: random.Random) -> None:
    """The head is gone."""
    del data[: chance.randrange(1, len(data))]


def zeroed(data: bytearray, chance: random.Random) -> None:
    """A stretch of zeros, as of a hole on a disk."""
    start = chance.randrange(len(data))
    stop = min(len(data), start + chance.randrange(1, 8192))
    data[start:stop] = bytes(stop - start)


def repeated(data: bytearray, chance: random.Random) -> None:
    """A stretch comes again, many times."""
    start = chance.randrange(len(data))
    data[start:start] = bytes(data[start : start + 4096]) * chance.randrange(1, 200)


def huge(data: bytearray, chance: random.Random) -> None:
    """What may be a dimension becomes an enormous one, wherever it is written in the header."""
    head, tail = bytes(data[:4096]), bytes(data[4096:])
    for size in (320, 180, 360, 480, 640, 768, 432, 240):
        for order in ("big", "little"):
            large = chance.choice((30_000, 0x7FFF, 0xFFFF, 16_000))
            head = head.replace(size.to_bytes(2, order), large.to_bytes(2, order))
    data[:] = head + tail


def lengths(data: bytearray, chance: random.Random) -> None:
    """Four bytes become a length that is much too large or none."""
    for _ in range(chance.choice((1, 3))):
        at = chance.randrange(max(1, len(data) - 4))
        data[at : at + 4] = chance.choice((b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"))


def packets(data: bytes) -> list[tuple[int, int]]:
    """Where the coded pictures lie, and how long they are."""
    try:
        with av.open(io.BytesIO(data)) as container:
            return [
                (packet.pos, packet.size)
                for packet in container.demux(video=0)
                if packet.pos is not None and packet.size
            ]
    except av.FFmpegError:
        return []


def pictures(data: bytearray, chance: random.Random) -> None:
    """Bytes inside of the coded pictures alone: the container stays whole, and so do the times."""
    places = packets(bytes(data))
    for at, size in chance.sample(places, min(len(places), chance.choice((1, 2, 5)))):
        for _ in range(4):
            # Behind the first bytes, where some containers keep marks of their own.
            data[at + chance.randrange(size // 3, max(size // 3 + 1, size))] ^= 0x5A


def middle(data: bytearray, chance: random.Random) -> None:
    """The pictures of a stretch in the middle are noise; those before and after it are whole."""
    places = packets(bytes(data))
    count = len(places)
    start = chance.randrange(count // 3, max(count // 3 + 1, count // 2)) if places else 0
    for at, size in places[start : start + chance.choice((2, 5, 15))]:
        skipped = min(size, 32)  # marks of the container's own
        data[at + skipped : at + size] = chance.randbytes(size - skipped)


def hollow(data: bytearray, chance: random.Random) -> None:
    """Zeros in some pictures, as of holes in a download."""
    for at, size in chance.sample(found := packets(bytes(data)), min(len(found), 3)):
        start = at + size // 3
        data[start : at + size - 8] = bytes(max(0, at + size - 8 - start))


INSIDE: Sequence[Damage] = (pictures, middle, hollow)
"""Those that leave every time as it was."""

DAMAGE: Sequence[Damage] = (
    *(flipped, header, cut, beheaded, zeroed, repeated, huge, lengths, fields, fields),
    *INSIDE,
    *INSIDE[:2],
)


def mutant(source: Path, folder: Path, number: int, seed: int, kind: Damage) -> Path:
    """A damaged copy; the same for the same seed, number and source."""
    chance = random.Random(f"{seed}/{number}/{source.stem}")
    if source.is_dir():
        return with_holes(source, folder / f"{number:04}-{kind.__name__}-{source.name}", chance)
    data = bytearray(source.read_bytes())
    kind(data, chance)
    other = chance.choice((".mp4", ".avi", ".mkv", ".ts", ".mpg", ".flv", ".txt", ".jpg", ""))
    is_renamed = kind not in INSIDE and chance.random() < 0.15
    suffix = other if is_renamed else source.suffix
    path = folder / f"{number:04}-{kind.__name__}-{source.stem}{suffix}"
    path.write_bytes(data)
    return path


def with_holes(source: Path, folder: Path, chance: random.Random) -> Path:
    """A folder of pictures of which some are gone, empty, cut, garbage or of another kind."""
    shutil.copytree(source, folder)
    for picture in chance.sample(sorted(folder.iterdir()), 6):
        picture.chmod(0o644)
        data = picture.read_bytes()
        match chance.randrange(5):
            case 0:
                picture.unlink()
            case 1:
                picture.write_bytes(b"")
            case 2:
                picture.write_bytes(data[: len(data) // 2])
            case 3:
                picture.write_bytes(chance.randbytes(500))
            case _:
                picture.rename(picture.with_suffix(".png"))
    return folder
