"""Counting a stored clip's events at other thresholds, stretch by stretch; no model is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ruler.reasoners.base import MatchContext
from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.rules import Revision
from ruler.schemas.runs import ClipOutcome, RunSpec
from ruler.schemas.verdicts import Event
from ruler.steps.calibrating import events_at, pad_seconds, stretches
from ruler.steps.deducing import Deducer
from ruler.steps.spans import ScoredFrame
from rules_store.store import Store
from rules_store.taxonomy_files import load_lexicon, load_taxonomy

FrameSpan = tuple[int, int]
"""Frames [start, stop)."""


@dataclass(frozen=True)
class StoredClip:
    """A clip of a finished run, with its number in it."""

    spec: RunSpec
    number: int
    outcome: ClipOutcome

    @property
    def sha256(self) -> str:
        """What names its content."""
        assert self.outcome.info is not None
        return self.outcome.info.sha256


def events_of_clip(
    store: Store,
    clip: StoredClip,
    thresholds: Sequence[float],
    only: Sequence[FrameSpan] | None = None,
) -> Iterator[Mapping[float, list[Event]]]:
    """The events of a clip at each threshold, for one stretch of it after the other.

    Matches and smoothed scores are the run's own, so rules are not matched again and one stretch is
    held at a time.

    Args:
        store: Holds the run.
        clip: Which clip of which run.
        thresholds: Each in (0, 1]; not empty.
        only: Where given, stretches that meet none of these frames are left out.
    """
    spec = clip.spec
    revision = store.scenes.revision(spec.scene, spec.revision.revision)
    deducer = _deducer(clip, revision)
    frames = _loudness(store, clip)
    for start, stop in stretches(frames, min(thresholds), pad_seconds(deducer)):
        first, end = frames[start][0], frames[stop - 1][0] + 1
        if only is not None and not any(a < end and first < b for a, b in only):
            continue
        traces = store.traces.read(spec.id, clip.number, first_frame=first, stop_frame=end)
        yield events_at(deducer, clip.outcome.clip, list(traces), thresholds)


def _loudness(store: Store, clip: StoredClip) -> list[ScoredFrame]:
    """As `calibrating.loudness`, without reading captions."""
    place = (clip.spec.id, clip.number)
    stages = (store.traces.scores(*place, "match"), store.traces.scores(*place, "smooth"))
    return [
        (frame, seconds, None if smooth is None else max(smooth, match or 0.0))
        for (frame, seconds, match), (_, _, smooth) in zip(*stages, strict=True)
    ]


def _deducer(clip: StoredClip, revision: Revision) -> Deducer:
    spec, info = clip.spec, clip.outcome.info
    return Deducer(
        reasoner=SymbolicReasoner(),
        context=MatchContext(
            rule_set=revision.rule_set,
            lexicon=load_lexicon(),
            clip_start=spec.start_time or (info.start_time if info else None),
            as_of=spec.as_of,
        ),
        revision=revision.ref,
        taxonomy=load_taxonomy(spec.taxonomy),
        smoothing=spec.smoothing,
    )
