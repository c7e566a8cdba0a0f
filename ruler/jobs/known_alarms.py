"""What a scene's other footage holds that another threshold should keep: alarms that nobody called
false, and misses that somebody reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AnySet
from dataclasses import dataclass

from ruler.jobs.backtest import EMBEDDED
from ruler.jobs.rejudging import FrameSpan, StoredClip, events_of_clip
from ruler.schemas.rules import Revision
from rules_store.store import Store


@dataclass(frozen=True)
class KnownClip:
    """A clip with alarms nobody called false, and with reported misses, as frames [start, stop)."""

    clip: StoredClip
    alarms: tuple[FrameSpan, ...]
    misses: tuple[FrameSpan, ...]


@dataclass(frozen=True)
class Known:
    """All such clips of a scene."""

    clips: tuple[KnownClip, ...] = ()

    @property
    def alarms(self) -> int:
        """How many alarms there are."""
        return sum(len(known.alarms) for known in self.clips)

    @property
    def misses(self) -> int:
        """How many misses were reported."""
        return sum(len(known.misses) for known in self.clips)

    def at(self, store: Store, thresholds: Sequence[float]) -> Mapping[float, tuple[int, int]]:
        """By threshold: how many alarms stay, and at how many misses there is an alarm."""
        counts = dict.fromkeys(thresholds, (0, 0))
        for known in self.clips:
            spans = (*known.alarms, *known.misses)
            met: dict[float, set[FrameSpan]] = {threshold: set() for threshold in thresholds}
            for some in events_of_clip(store, known.clip, thresholds, only=spans):
                for threshold, events in some.items():
                    held = [(event.start_frame, event.stop_frame) for event in events]
                    met[threshold].update(span for span in spans if _meets(span, held))
            for threshold, (kept, found) in counts.items():
                counts[threshold] = (
                    kept + sum(span in met[threshold] for span in known.alarms),
                    found + sum(span in met[threshold] for span in known.misses),
                )
        return counts


def known_alarms(store: Store, active: Revision, without: AnySet[str]) -> Known:
    """The scene's footage with alarms or misses, each clip in its newest finished run.

    Runs that a model reasoned about are left out, since none is asked here, and so are those of
    another scene model, whose scores are not comparable.

    Args:
        store: Holds runs and feedback.
        active: The scene's active revision.
        without: Hashes of clips that are normal footage.
    """
    scene = active.ref.scene
    said = store.feedback.of_scene(scene)
    seen, found = set(without), []
    for run in store.runs.finished(scene):
        spec = store.runs.spec(run)
        by = store.scenes.revision(scene, spec.revision.revision)
        if spec.reasoner != EMBEDDED or by.scene_model_sha256 != active.scene_model_sha256:
            continue
        for number, outcome in enumerate(store.runs.outcomes(run)):
            if outcome.error or outcome.info is None or outcome.info.sha256 in seen:
                continue
            seen.add(outcome.info.sha256)
            here = [one for one in said if (one.run_id, one.clip) == (run, number)]
            marked = {
                kind: [(one.start_frame, one.stop_frame) for one in here if one.kind == kind]
                for kind in ("false-alarm", "missed")
            }
            events = [(e.start_frame, e.stop_frame) for e in store.events.of_clip(run, number)]
            alarms = tuple(span for span in events if not _meets(span, marked["false-alarm"]))
            if alarms or marked["missed"]:
                clip = StoredClip(spec, number, outcome)
                found.append(KnownClip(clip, alarms, tuple(marked["missed"])))
    return Known(tuple(found))


def _meets(span: FrameSpan, others: Sequence[FrameSpan]) -> bool:
    return any(span[0] < stop and start < span[1] for start, stop in others)
