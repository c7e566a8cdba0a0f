"""From the frames of a clip to what it comes to as a whole.

TRLC (SmartHome-Bench, CVPR-W 2025, section 4) gives each clip a first answer and reflects on it
with rules made from a taxonomy. Here the first answer is what the frames say, or a model's that
read the captions; frames and events are left as they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from ruler.reasoners.base import ClipEvidence, Reasoner
from ruler.schemas.rules import LEVELS, RevisionRef, RuleSet
from ruler.schemas.runs import By
from ruler.schemas.taxonomy import Taxonomy
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import ClipAnswer, ClipVerdict, Event, Outcome, Reflection

FrameOutcome = tuple[int, Outcome, float]
"""(frame index, outcome, score)."""

MOST_FRAMES = 60
"""Of a clip that is looked at as a whole, however long it is."""

MOST_ALARMS = 24
"""Frames that alarm, beside those."""


class Thinned:
    """Keeps items of a stream that lie evenly in it: at most `most`, and at least half of so many
    where there are that many; nothing else is held."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._stride = 1
        self._seen = 0
        self.kept: list[int] = []

    def add(self, item: int) -> None:
        """One item more."""
        if self._seen % self._stride == 0:
            if len(self.kept) == self._most:
                self.kept = self.kept[::2]
                self._stride *= 2
            if self._seen % self._stride == 0:
                self.kept.append(item)
        self._seen += 1


@dataclass
class _Gist:
    """What is kept of a clip's frames."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    score: float = 0.0
    frames: Thinned = field(default_factory=lambda: Thinned(MOST_FRAMES))
    alarms: Thinned = field(default_factory=lambda: Thinned(MOST_ALARMS))

    @classmethod
    def of(cls, frames: Iterable[FrameOutcome]) -> _Gist:
        """The gist of all frames, in one pass."""
        gist = cls()
        for frame, outcome, score in frames:
            gist.counts[outcome] += 1
            gist.frames.add(frame)
            if outcome in ("normal", "anomaly"):
                gist.score = max(gist.score, score)
            if outcome == "anomaly":
                gist.alarms.add(frame)
        return gist

    def answer(self, events: Sequence[Event]) -> ClipAnswer:
        """The first answer: an anomaly where a frame alarms; it takes kind, level and grounds from
        the gravest event."""
        if events:
            gravest = max(events, key=lambda event: (LEVELS.index(event.level), event.peak_score))
            leading = Counter(event.rules[0] for event in events)
            rules = dict.fromkeys([gravest.rules[0], *(rule for rule, _ in leading.most_common())])
            return ClipAnswer(
                outcome="anomaly",
                rules=tuple(rules),
                category=gravest.category,
                level=gravest.level,
                evidence=gravest.evidence,
                why=gravest.rationale,
            )
        total = self.counts.total()
        if total == self.counts["failed"]:
            return ClipAnswer(outcome="failed", why="no frame of the clip could be looked at")
        if 2 * self.counts["normal"] <= total:
            left = total - self.counts["normal"]
            return ClipAnswer(
                outcome="undetermined", why=f"{left} of {total} frames could not be judged"
            )
        return ClipAnswer(outcome="normal", why="no frame alarms")


@dataclass(frozen=True)
class Concluder:
    """Everything that the clips of one deduction share where they are concluded.

    `by` says who gives the first answer: the frames, or the reasoner from the captions.
    """

    reasoner: Reasoner
    rule_set: RuleSet
    revision: RevisionRef
    taxonomy: Taxonomy
    by: By = "frame"

    def conclude(
        self,
        clip: str,
        frames: Iterable[FrameOutcome],
        events: Sequence[Event],
        read: Callable[[Sequence[int]], Iterable[Trace]],
    ) -> ClipVerdict:
        """The verdict on a clip.

        Args:
            clip: Its name.
            frames: What became of all its sampled frames, in order.
            events: Its events, in order.
            read: The traces of some frames, given in order.
        """
        gist = _Gist.of(frames)
        first = gist.answer(events)
        if first.outcome == "failed":
            return self._verdict(clip, gist.score, first, None)
        traces = list(read(sorted({*gist.frames.kept, *gist.alarms.kept})))
        seen = ClipEvidence(
            observations=[trace.observation for trace in traces],
            matched=[trace.matched for trace in traces],
            alarms=frozenset(gist.alarms.kept),
            first=first,
            rule_set=self.rule_set,
        )
        if self.by == "clip":
            first = self.reasoner.answer_clip(seen)
            seen = replace(seen, first=first)
        told = self.reasoner.reflect_clip(seen, self.taxonomy)
        return self._verdict(clip, gist.score, first, told)

    def _verdict(
        self, clip: str, score: float, first: ClipAnswer, told: Reflection | None
    ) -> ClipVerdict:
        return ClipVerdict(
            clip=clip,
            outcome=told.second if told else first.outcome,
            score=score,
            first=first,
            reflection=told,
            revision=self.revision,
        )
