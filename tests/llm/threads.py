"""Counting the threads that engines keep; others come and go beside a test."""

from __future__ import annotations

import gc
import threading


def own_threads() -> int:
    """Threads of engines that somebody still holds."""
    gc.collect()
    return sum(thread.name.startswith("ruler-") for thread in threading.enumerate())
