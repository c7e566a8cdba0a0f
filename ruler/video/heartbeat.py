"""A sign of life while a clip is read, so that whoever waits can tell slow work from none.

Reading code calls `beat` for each packet, picture or block of bytes. A decoder process counts the
beats where its parent sees them (`decoder_process`); elsewhere nobody listens and nothing happens.
"""

from __future__ import annotations

from collections.abc import Callable


def _nobody() -> None:
    """Where no one watches."""


_listener: Callable[[], None] = _nobody


def listen(listener: Callable[[], None]) -> None:
    """Call `listener` at each beat of this process."""
    global _listener  # noqa: PLW0603 - one process reads for one parent
    _listener = listener


def beat() -> None:
    """Say that reading goes on."""
    _listener()
