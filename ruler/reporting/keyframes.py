"""Key frames: the picture of an event with a box around what it is about."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, cast

from ruler.reporting.words import fact_name, number
from ruler.schemas.captions import Box
from ruler.schemas.verdicts import Event, FactEvidence

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_WIDTH: Final = 960
MIN_WIDTH: Final = 640
JPEG_QUALITY: Final = 85

_STROKE: Final = (255, 176, 32)  # amber, RGB: stands out from lawn, stone and night alike
_INK: Final = (24, 20, 12)
_LETTER: Final = 4  # letters are drawn this many times larger, then shrunk

LabelledBox = tuple[Box, str]


def key_boxes(event: Event) -> tuple[LabelledBox, ...]:
    """Where an event's measured evidence lies on its key frame, with what was measured there.

    Falls back to the frame nearest to it that has evidence with a place; empty where none has.
    """
    placed = [e for e in event.evidence if isinstance(e, FactEvidence) and e.box is not None]
    if not placed:
        return ()
    nearest = min(abs(e.frame_index - event.key_frame) for e in placed)
    labels: dict[Box, list[str]] = {}
    for evidence in placed:
        if abs(evidence.frame_index - event.key_frame) == nearest and evidence.box is not None:
            label = short_fact(evidence.fact, evidence.value)
            found = labels.setdefault(evidence.box, [])
            if label not in found:
                found.append(label)
    return tuple((box, ", ".join(parts)) for box, parts in labels.items())


def short_fact(fact: str, value: float) -> str:
    """A fact in a few letters, for a label: `speed 2.6x`."""
    if fact.endswith("_ratio"):
        return f"{fact_name(fact.removesuffix('_ratio'))} {number(value)}x"
    if fact.endswith("_seconds"):
        return f"{fact_name(fact)} {number(value)} s"
    return f"{fact_name(fact)} {number(value)}"


def draw_key_frame(image: NDArray[np.uint8], boxes: Sequence[LabelledBox]) -> bytes:
    """Draw boxes with labels on a frame.

    Args:
        image: uint8 array (height, width, 3), RGB; it is not changed.
        boxes: Relative places and what to write beside each. OpenCV has no letters beyond ASCII:
            accents are dropped, and a label of other letters is left out.

    Returns:
        A JPEG at most 960 pixels wide; a small picture is enlarged, so that letters can be read.
    """
    import cv2

    height, width = image.shape[:2]
    scale = min(MAX_WIDTH, max(MIN_WIDTH, width)) / width
    size = (round(width * scale), max(1, round(height * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    picture = cast("NDArray[np.uint8]", cv2.resize(image, size, interpolation=how))
    for box, _ in boxes:
        _draw_box(picture, _corners(box, size))
    for box, label in boxes:
        _draw_label(picture, _corners(box, size), ascii_only(label))
    done, data = cv2.imencode(
        ".jpg",
        cv2.cvtColor(picture, cv2.COLOR_RGB2BGR),
        [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY],
    )
    if not done:
        raise ValueError(f"a picture of {width} x {height} cannot be written as JPEG")
    return data.tobytes()


def ascii_only(text: str) -> str:
    """Text in the letters OpenCV can draw, at most 48 of them."""
    plain = unicodedata.normalize("NFKD", text.replace("×", "x").replace("–", "-"))
    kept = "".join(letter for letter in plain if " " <= letter <= "~").strip()
    return kept if len(kept) <= 48 else kept[:45] + "..."


_Corners = tuple[int, int, int, int]


def _corners(box: Box, size: tuple[int, int]) -> _Corners:
    """(left, top, right, bottom) in pixels, a little larger than the box and inside the picture."""
    width, height = size
    room = 4
    left, right = round(box.left * width) - room, round(box.right * width) + room
    top, bottom = round(box.top * height) - room, round(box.bottom * height) + room
    return max(2, left), max(2, top), min(width - 3, right), min(height - 3, bottom)


def _draw_box(picture: NDArray[np.uint8], corners: _Corners) -> None:
    """A bright frame between two dark hairlines: it reads on any ground."""
    import cv2

    left, top, right, bottom = corners
    for colour, thickness in ((_INK, 5), (_STROKE, 3)):
        cv2.rectangle(picture, (left, top), (right, bottom), colour, thickness, cv2.LINE_AA)


def _draw_label(picture: NDArray[np.uint8], corners: _Corners, label: str) -> None:
    """A tag that sits on the box's upper edge, or inside it at the top of the picture."""
    if not label:
        return
    import cv2
    import numpy as np

    face, letter, weight = cv2.FONT_HERSHEY_DUPLEX, 0.52 * _LETTER, _LETTER
    (wide, high), below = cv2.getTextSize(label, face, letter, weight)
    pad = 7 * _LETTER
    large = np.zeros((high + below + pad, wide + 2 * pad), np.uint8)
    place = (pad, high + pad // 2 + _LETTER)
    cv2.putText(large, label, place, face, letter, 255, weight, cv2.LINE_AA)
    size = large.shape[1] // _LETTER, large.shape[0] // _LETTER
    mask = cv2.resize(large, size, interpolation=cv2.INTER_AREA)[..., None] / 255.0
    left, top, _, _ = corners
    x = max(0, min(left - 2, picture.shape[1] - size[0]))
    y = top - size[1] if top >= size[1] else top
    under = picture[y : y + size[1], x : x + size[0]]
    mask = mask[: under.shape[0], : under.shape[1]]
    tag = np.array(_STROKE) * (1 - mask) + np.array(_INK) * mask
    under[:] = np.round(tag).astype(np.uint8)
