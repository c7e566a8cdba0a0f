"""The scene model of the motion captioner, and its bytes."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from dataclasses import asdict, dataclass

import numpy as np
from numpy.lib import format as npy

from ruler.captioners.motion.arrays import Grey
from ruler.captioners.motion.clutter import Usual
from ruler.captioners.motion.lines import RowLine
from ruler.files import parse_json

_MOST_BYTES = 64_000_000


@dataclass(frozen=True, eq=False)
class Scene:
    """What the references taught. All lengths are relative, so that a scene without a background
    of its own ("many cameras") holds for any image size.

    Attributes:
        background: Grey levels (height, width) of the empty scene; None where the references share
            no view, and then what moves is the foreground.
        figure_height: Typical height of a figure by row, share of the image height.
        usual_speed: Typical speed by row, image widths per 0.1 s.
        usual_fill: High share of foreground in the wide window by row, in [0, 1].
        is_own: Whether the background is one clip's own first second, and not the references'.
        fast_ratio: Ratio to the usual speed that hardly any reference window exceeded.
        usual: How cluttered and how lively the references' pictures were; None without a background
            of theirs.
    """

    background: Grey | None
    figure_height: RowLine
    usual_speed: RowLine
    usual_fill: RowLine
    fast_ratio: float
    is_own: bool = False
    usual: Usual | None = None

    @property
    def shape(self) -> tuple[int, int] | None:
        """(height, width) of the background."""
        if self.background is None:
            return None
        height, width = self.background.shape
        return height, width

    def to_bytes(self) -> bytes:
        """The same bytes for the same scene: an uncompressed npz, whose members carry no date."""
        numbers = {
            "figure_height": asdict(self.figure_height),
            "usual_speed": asdict(self.usual_speed),
            "usual_fill": asdict(self.usual_fill),
            "fast_ratio": self.fast_ratio,
            "is_own": self.is_own,
            "usual": asdict(self.usual) if self.usual else None,
        }
        text = json.dumps(numbers, sort_keys=True).encode()
        packed = np.frombuffer(text, dtype=np.uint8)
        buffer = io.BytesIO()
        if self.background is None:
            np.savez(buffer, numbers=packed)
        else:
            np.savez(buffer, numbers=packed, background=self.background)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, payload: bytes) -> Scene:
        """Read what `to_bytes` wrote.

        Raises:
            ValueError: the bytes are damaged or of another kind.
        """
        try:
            arrays = _arrays(payload)
            numbers = parse_json(arrays["numbers"].tobytes())
            return cls(
                background=arrays.get("background"),
                figure_height=_line(numbers["figure_height"]),
                usual_speed=_line(numbers["usual_speed"]),
                usual_fill=_line(numbers["usual_fill"]),
                fast_ratio=float(numbers["fast_ratio"]),
                is_own=bool(numbers["is_own"]),
                usual=_usual(numbers["usual"]),
            )
        except _UNREADABLE as error:
            raise ValueError(f"the scene model cannot be read: {error}") from error


_UNREADABLE = (
    *(KeyError, TypeError, ValueError, OSError, EOFError, OverflowError, MemoryError),
    *(NotImplementedError, zipfile.BadZipFile, zlib.error, struct.error, SyntaxError),
)
"""What numpy and zipfile raise on bytes of others."""


def _arrays(payload: bytes) -> dict[str, Grey]:
    """The arrays of a scene model: the background two-dimensional, all of grey levels or bytes."""
    with zipfile.ZipFile(io.BytesIO(payload)) as held:
        if sum(member.file_size for member in held.infolist()) > _MOST_BYTES:
            raise ValueError(f"it unpacks to more than {_MOST_BYTES} bytes")
        # Read by themselves: numpy makes room for as much as a member's head says it has.
        arrays = {
            member.removesuffix(".npy"): _array(held.read(member)) for member in held.namelist()
        }
    if (background := arrays.get("background")) is not None and background.ndim != 2:
        raise ValueError("its background is no picture")
    return arrays


def _array(member: bytes) -> Grey:
    file = io.BytesIO(member)
    version = npy.read_magic(file)
    read_head = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, is_fortran, kind = read_head(file)
    if kind != np.uint8 or is_fortran or not all(0 < side < _MOST_BYTES for side in shape):
        raise ValueError("an array of it is not of grey levels")
    return np.frombuffer(member, np.uint8, offset=file.tell()).reshape(shape).copy()


def _line(numbers: object) -> RowLine:
    return RowLine(**_finite(numbers))


def _usual(numbers: object) -> Usual | None:
    return None if numbers is None else Usual(**_finite(numbers))


def _finite(numbers: object) -> dict[str, float]:
    """Numbers by name.

    Raises:
        ValueError: they are no such thing.
    """
    if not isinstance(numbers, dict) or not all(
        isinstance(number, int | float) and abs(number) < 1e6 for number in numbers.values()
    ):
        raise ValueError("a line of it is not of numbers")
    return numbers
