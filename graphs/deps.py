"""What the graphs' nodes work with: passed as LangGraph's run context, never kept in state."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graphs.places import Places
from ruler.captioners.base import Captioner
from ruler.reasoners.base import MatchContext, Reasoner
from ruler.schemas.induction import Brief, Reference
from ruler.schemas.rules import Cameras, Place, Revision
from ruler.schemas.runs import By, Every, Smoothing
from ruler.schemas.taxonomy import Lexicon, Taxonomy
from ruler.steps.samples import Sample, samples_of
from ruler.steps.viewing import View
from ruler.video.frames import Clip
from rules_store.store import Store

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_SAMPLES = 4096
"""Longer clips are judged page by page: memory must not grow with a clip's length."""

ROW = 4
"""Chunks of a wave that lie behind one another, for one worker."""


@dataclass(frozen=True)
class ClipDeps:
    """One clip of a detection.

    Attributes:
        run_id, clip_number: Where its results go in the store.
        frames: Indices of all sampled frames, ascending: int64 (samples,).
        chunk: Samples a chunk.
        wave: Chunks a super-step; one checkpoint is written after each wave.
        again: Chunks to work on although they are stored: frames of theirs failed before.
        judge: Who concludes the clip; None for the reasoner that worked on its frames.
        by: Whether the clip's first answer is what its frames say, or the judge's.
        places: Room for chunks in work; clips that go on beside one another share it.
        asks_nobody: Whether its reasoners are embedded ones, whose answers need not be kept.
    """

    store: Store
    run_id: str
    clip_number: int
    clip: Clip
    frames: NDArray[np.int64]
    view: View
    reasoner: Reasoner
    revision: Revision
    lexicon: Lexicon
    taxonomy: Taxonomy
    smoothing: Smoothing
    as_of: dt.date
    clip_start: dt.datetime | None
    chunk: int = 64
    wave: int = 8
    again: frozenset[int] = frozenset()
    judge: Reasoner | None = None
    by: By = "frame"
    places: Places = field(default_factory=lambda: Places(1))
    asks_nobody: bool = False

    @property
    def fits_memory(self) -> bool:
        """Whether the clip is judged in memory, at once: it is short enough, and a stage that is
        repeated after a crash asks nobody again."""
        return self.asks_nobody and len(self.frames) <= MOST_SAMPLES

    @property
    def chunks(self) -> int:
        """How many chunks the clip has."""
        return -(-len(self.frames) // self.chunk)

    def second_at(self, frame: int) -> float:
        """Presentation time of a frame; one frame's length past the last for the end."""
        times = self.clip.times
        if frame < len(times):
            return float(times[frame])
        return float(times[-1]) + 1.0 / self.clip.info.fps

    def chunk_samples(self, number: int) -> Sequence[Sample]:
        """The samples of one chunk."""
        start = number * self.chunk
        return samples_of(self.clip, self.frames, start, start + self.chunk)

    def match_context(self, *, linked: bool) -> MatchContext:
        """What the reasoner may look at when it matches."""
        return MatchContext(
            rule_set=self.revision.rule_set,
            lexicon=self.lexicon,
            clip_start=self.clip_start,
            as_of=self.as_of,
            linked=linked,
        )


@dataclass(frozen=True)
class InductionDeps:
    """One induction. `by_taxonomy` says that every item of the brief's taxonomy becomes a rule.
    `asking` is how its models are asked, and the taxonomy's name, as the revision keeps it.
    `observed` is filled by the `caption` node, by clip name; it can be derived from the store again
    at any time."""

    store: Store
    clips: Sequence[Clip]
    captioner: Captioner
    reasoner: Reasoner
    brief: Brief
    every: Every
    cameras: Cameras
    place: Place
    author: str
    reason: str
    as_of: dt.date
    local_only: bool = False
    is_dry_run: bool = False
    activate: bool = False
    by_taxonomy: bool = False
    asking: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    observed: dict[str, list[Reference]] = field(default_factory=dict)
