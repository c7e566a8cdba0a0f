"""The scene model of the motion captioner, and its bytes."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict, dataclass

import numpy as np

from ruler.captioners.motion.arrays import Grey
from ruler.captioners.motion.lines import RowLine


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
    """

    background: Grey | None
    figure_height: RowLine
    usual_speed: RowLine
    usual_fill: RowLine
    fast_ratio: float
    is_own: bool = False

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
            with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
                numbers = json.loads(arrays["numbers"].tobytes())
                background = arrays.get("background")
            return cls(
                background=background,
                figure_height=RowLine(**numbers["figure_height"]),
                usual_speed=RowLine(**numbers["usual_speed"]),
                usual_fill=RowLine(**numbers["usual_fill"]),
                fast_ratio=float(numbers["fast_ratio"]),
                is_own=bool(numbers["is_own"]),
            )
        except (KeyError, TypeError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"the scene model cannot be read: {error}") from error
