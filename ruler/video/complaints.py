"""What FFmpeg complains about while it decodes.

With frame threads a decoder copies the damage mark of a reordered picture while another thread may
still be decoding it, so now and then the mark is missed. But whatever it patches up, it also writes
to its log while it decodes that picture, and a picture is given out only after every packet up to
its own is done. So a picture that comes out of a silent decoder is whole, however many threads.

A decoder process listens; elsewhere nobody does, since FFmpeg has one log for a whole process.
"""

from __future__ import annotations

import os

import av

_MOST_BYTES = 1 << 20
_NO_DAMAGE = (b"[swscaler @", b"[swscale @")
"""Of the conversion to RGB, say of a format that it calls deprecated."""

_log: int | None = None
_known = 0
_turn = 0


def listen(descriptor: int) -> None:
    """Let FFmpeg write its complaints into a file of this process; once, before anything is read.

    FFmpeg writes them itself: a callback in Python would take the interpreter's lock in a decoding
    thread, for which another may wait that holds it.

    Args:
        descriptor: An empty regular file.
    """
    import fcntl  # POSIX alone has it, as decoder processes

    global _log  # noqa: PLW0603 - FFmpeg has one log a process
    fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_APPEND)
    os.dup2(descriptor, 2)
    av.logging.set_libav_level(av.logging.INFO)
    av.logging.restore_default_callback()
    _log = descriptor


def are_heard() -> bool:
    """Whether this process listens."""
    return _log is not None


def forget() -> None:
    """Begin anew; call it while nothing is decoded."""
    global _known, _turn  # noqa: PLW0603
    _turn += 1
    if _log is not None:
        os.ftruncate(_log, 0)
        _known = 0


def turn() -> int:
    """How often it was begun anew."""
    return _turn


def heard() -> bool:
    """Whether there was any complaint since `forget`, or since the last call that found none."""
    global _known  # noqa: PLW0603
    if _log is None or (size := os.lseek(_log, 0, os.SEEK_END)) == _known:
        return False
    said = os.pread(_log, _MOST_BYTES, _known)
    is_harmless = all(line.startswith(_NO_DAMAGE) for line in said.splitlines() if line)
    if is_harmless and _known + len(said) == size:
        _known = size
        return False
    return True
