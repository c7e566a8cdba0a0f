"""What the processes that decode clips may take."""

from __future__ import annotations

from dataclasses import dataclass

MAX_PIXELS = 100_000_000
"""Larger pictures are refused before they are decoded: one frame would take 300 MB and more."""


@dataclass(frozen=True)
class Limits:
    """What a decoder process may take.

    Attributes:
        seconds: How long it may show no sign of life (no packet, picture or block of bytes read).
        megabytes: Memory beyond what it needs for itself.
        pixels: The largest picture it may decode.
    """

    seconds: float = 30.0
    megabytes: int = 4096
    pixels: int = MAX_PIXELS


DEFAULT_LIMITS = Limits()
