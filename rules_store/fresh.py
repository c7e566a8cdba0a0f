"""Verdicts that were just stored: whoever wants them next need not read them back."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from ruler.schemas.verdicts import Verdict

MOST_FRAMES = 8192
"""Verdicts that are held at most, over all clips; the oldest clips go first."""


class Fresh:
    """The verdicts of clips that were judged last, each clip's until they are asked for once."""

    def __init__(self) -> None:
        self._clips: OrderedDict[tuple[str, int], Sequence[Verdict]] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, run_id: str, clip: int, verdicts: Sequence[Verdict]) -> None:
        """Hold all verdicts of a clip, which are stored now."""
        with self._lock:
            self._clips.pop((run_id, clip), None)
            self._clips[run_id, clip] = verdicts
            while sum(map(len, self._clips.values())) > MOST_FRAMES:
                self._clips.popitem(last=False)

    def take(self, run_id: str, clip: int) -> Sequence[Verdict] | None:
        """The verdicts of a clip, which are held no longer; None where they are not at hand. Who
        writes into the clip takes them first."""
        with self._lock:
            return self._clips.pop((run_id, clip), None)
