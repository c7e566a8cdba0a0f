"""The embedded captioner: classical vision that measures what moves, where, how fast, how large."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ruler.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from ruler.captioners.base import Captioner


def create(model: str, options: Mapping[str, object]) -> Captioner:
    """Build the `motion` captioner.

    Raises:
        UnknownNameError: a model was named; there is one `motion` captioner and it has no weights.
        InputError: an option was given; it has none.
    """
    if model:
        raise UnknownNameError(f"the motion captioner has no models, so not {model!r} either.")
    if options:
        given = ", ".join(sorted(options))
        raise InputError(f"the motion captioner takes no options; it was given: {given}.")
    from ruler.captioners.motion.captioner import MotionCaptioner

    return MotionCaptioner()
