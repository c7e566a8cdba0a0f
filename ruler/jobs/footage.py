"""Stored footage: what was said of a run's clips, and what rules make of it; no pixel is looked at
and no model is asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ruler.reasoners.base import MatchContext
from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.observations import Observation
from ruler.schemas.rules import RevisionRef, RuleSet
from ruler.schemas.runs import ClipOutcome, RunSpec
from ruler.steps.deducing import Deducer, Deduction
from rules_store.store import Store
from rules_store.taxonomy_files import load_lexicon, load_taxonomy


@dataclass(frozen=True)
class Footage:
    """A run's captions, clip by clip."""

    store: Store
    spec: RunSpec

    @cached_property
    def clips(self) -> dict[int, ClipOutcome]:
        """By number, the clips that could be read."""
        outcomes = enumerate(self.store.runs.outcomes(self.spec.id))
        return {number: one for number, one in outcomes if one.info is not None and not one.error}

    def clip_start(self, number: int) -> dt.datetime | None:
        """The clip's own clock at its first frame, if it is known."""
        info = self.clips[number].info
        return self.spec.start_time or (info.start_time if info else None)

    def observations(self, number: int) -> Iterator[Observation]:
        """What was said of a clip, as it was before linking."""
        for trace in self.store.traces.read(self.spec.id, number):
            yield trace.observation.model_copy(update={"links": ()})

    def deduce(self, number: int, rules: RuleSet, ref: RevisionRef) -> Deduction:
        """What rules make of a clip, by the symbolic reasoner.

        Args:
            number: The clip's.
            rules: The rules.
            ref: The revision that verdicts name.
        """
        outcome = self.clips[number]
        observations = list(self.observations(number))
        seconds = {seen.frame_index: seen.time_seconds for seen in observations}
        length = outcome.info.duration_seconds if outcome.info else 0.0
        deducer = Deducer(
            reasoner=SymbolicReasoner(),
            context=MatchContext(
                rule_set=rules,
                lexicon=load_lexicon(),
                clip_start=self.clip_start(number),
                as_of=self.spec.as_of,
            ),
            revision=ref,
            taxonomy=load_taxonomy(self.spec.taxonomy),
            smoothing=self.spec.smoothing,
        )
        return deducer.deduce(outcome.clip, observations, lambda frame: seconds.get(frame, length))
