"""Deduction over a clip whose captions are at hand: match, smooth, reason, reflect, judge.

The deduction graph goes through the same stages with the store between them, so that a run can be
resumed and memory stays flat. Here all traces of one clip are held: for measuring on recorded
captions and for trying a changed rule set on stored ones, where no pixel is looked at.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ruler.reasoners.base import MatchContext, Reasoner
from ruler.schemas.observations import Observation
from ruler.schemas.rules import RevisionRef
from ruler.schemas.runs import By, Smoothing
from ruler.schemas.taxonomy import Taxonomy
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import ClipVerdict, Event, Reflection, Verdict
from ruler.steps import disturbing, eventing, reasoning, reflection, scoring
from ruler.steps.concluding import Concluder
from ruler.steps.judging import Judge
from ruler.steps.linking import Carry, link
from ruler.steps.smoothing import smooth
from ruler.steps.windows import with_neighbours


@dataclass(frozen=True)
class Deduction:
    """What a rule set says of one clip; `reflections` are of frames [start, stop)."""

    traces: Sequence[Trace]
    verdicts: Sequence[Verdict]
    events: Sequence[Event]
    reflections: Sequence[tuple[int, int, Reflection]] = ()


@dataclass(frozen=True)
class Deducer:
    """Everything the clips of one deduction share."""

    reasoner: Reasoner
    context: MatchContext
    revision: RevisionRef
    taxonomy: Taxonomy
    smoothing: Smoothing

    def smoothed_by(self, smoothing: Smoothing) -> Deducer:
        """The same with another smoothing."""
        return replace(self, smoothing=smoothing)

    def at_threshold(self, threshold: float) -> Deducer:
        """The same with another threshold."""
        rule_set = self.context.rule_set.model_copy(update={"threshold": threshold})
        return replace(self, context=replace(self.context, rule_set=rule_set))

    def deduce(
        self,
        clip: str,
        observations: Sequence[Observation],
        second_at: Callable[[int], float],
        linked: Sequence[Observation] | None = None,
    ) -> Deduction:
        """Judge one clip.

        Args:
            clip: Its name, for verdicts and events.
            observations: In order of time.
            second_at: Presentation time of a frame, also of the one past the last.
            linked: The same after linking, where that was done before.
        """
        return self.conclude(clip, self.match(observations, linked), second_at)

    def conclude(
        self, clip: str, matched: Sequence[Trace], second_at: Callable[[int], float]
    ) -> Deduction:
        """All stages after the first match."""
        return self.settle(clip, self._smoothed(matched), second_at)

    def settle(
        self, clip: str, smoothed: Sequence[Trace], second_at: Callable[[int], float]
    ) -> Deduction:
        """All stages after smoothing."""
        return self.settle_part(clip, smoothed, slice(0, len(smoothed)), second_at)

    def settle_part(
        self, clip: str, smoothed: Sequence[Trace], part: slice, second_at: Callable[[int], float]
    ) -> Deduction:
        """The same for some frames of a clip.

        Args:
            clip: Its name.
            smoothed: The frames, and around them those within `support_seconds`.
            part: Which of them are judged. No candidate event goes on beyond them.
            second_at: As in `deduce`.
        """
        rule_set = self.context.rule_set
        reasoned = list(
            reasoning.reason(
                smoothed,
                self.reasoner.check,
                rule_set=rule_set,
                is_causal=self.smoothing.is_causal,
            )
        )
        traces, reflections = self._reflected(reasoned[part])
        around = [*reasoned[: part.start], *traces, *reasoned[part.stop :]]
        verdicts = self._judged(clip, around, part)
        events = eventing.find_events(
            verdicts,
            {rule.id: rule for rule in rule_set.rules},
            second_at=second_at,
            reflection_at=lambda frame: next(
                (said for start, stop, said in reflections if start <= frame < stop), None
            ),
        )
        return Deduction(traces, verdicts, list(events), tuple(reflections))

    @property
    def support_seconds(self) -> float:
        """How far from a frame lie those that its verdict rests on."""
        return max(self.smoothing.support_seconds, reasoning.NEIGHBOUR_SECONDS)

    def conclude_clip(self, clip: str, found: Deduction, *, by: By = "frame") -> ClipVerdict:
        """What a clip that was deduced comes to as a whole."""
        frames = [trace.observation.frame_index for trace in found.traces]
        concluder = Concluder(
            self.reasoner, self.context.rule_set, self.revision, self.taxonomy, by
        )
        return concluder.conclude(
            clip,
            ((verdict.frame_index, verdict.outcome, verdict.score) for verdict in found.verdicts),
            found.events,
            lambda wanted: [found.traces[bisect.bisect_left(frames, one)] for one in wanted],
        )

    def match(
        self, observations: Sequence[Observation], linked: Sequence[Observation] | None = None
    ) -> list[Trace]:
        """Match captions and linked figures, and make each frame's first score."""
        weights = scoring.weights_of(self.context.rule_set.live)
        first = disturbing.match(self.reasoner, observations, self.context)
        if any(rule.is_linked for rule in self.context.rule_set.live) or any(
            seen.figures or disturbing.disturbed(seen) for seen in observations
        ):
            observations = linked or _linked(observations)
            context = replace(self.context, linked=True)
            second = disturbing.match(self.reasoner, observations, context)
            first = [scoring.joined(a, b) for a, b in zip(first, second, strict=True)]
        return [
            Trace(seen, matched, match=scoring.first_score(seen, matched, weights))
            for seen, matched in zip(observations, first, strict=True)
        ]

    def _smoothed(self, traces: Sequence[Trace]) -> list[Trace]:
        points = ((trace.time_seconds, trace.match) for trace in traces)
        return [
            trace.smoothed(score)
            for trace, score in zip(traces, smooth(points, self.smoothing), strict=True)
        ]

    def _reflected(
        self, traces: Sequence[Trace]
    ) -> tuple[list[Trace], list[tuple[int, int, Reflection]]]:
        rule_set = self.context.rule_set
        done = [trace.reflected(trace.reason) for trace in traces]
        frames = [trace.observation.frame_index for trace in traces]
        said: list[tuple[int, int, Reflection]] = []

        def places(start: int, stop: int) -> slice:
            return slice(bisect.bisect_left(frames, start), bisect.bisect_left(frames, stop))

        reflected = reflection.reflect(
            ((t.observation.frame_index, t.time_seconds, t.reason) for t in traces),
            lambda start, stop: traces[places(start, stop)],
            reasoner=self.reasoner,
            rule_set=rule_set,
            taxonomy=self.taxonomy,
            is_causal=self.smoothing.is_causal,
        )
        for question, answer in reflected:
            said.append((question.start_frame, question.stop_frame, answer))
            if answer.first != answer.second:
                part = places(question.start_frame, question.stop_frame)
                done[part] = reflection.apply(done[part], answer, rule_set.threshold)
        return done, said

    def _judged(self, clip: str, traces: Sequence[Trace], part: slice) -> list[Verdict]:
        rule_set = self.context.rule_set
        judge = Judge(clip, self.revision, rule_set.live, rule_set.threshold)
        around = with_neighbours(
            traces,
            lambda trace: trace.time_seconds,
            self.support_seconds,
            is_causal=self.smoothing.is_causal,
        )
        return [
            judge.judge(trace, (*before, trace, *after))
            for before, trace, after in itertools.islice(around, part.start, part.stop)
        ]


def _linked(observations: Sequence[Observation]) -> list[Observation]:
    carry, linked = Carry(), []
    for seen in observations:
        carry, observation = link(carry, seen)
        linked.append(observation)
    return linked
