"""Proposing from one batch of references: ranges of facts, words, and concepts that are normal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from ruler.reasoners.matching import FIRES
from ruler.reasoners.symbolic.vocabulary import learn_topics
from ruler.schemas.base import rounded
from ruler.schemas.disturbances import disturbance
from ruler.schemas.facts import FACTS
from ruler.schemas.induction import QUANTILES, Brief, FactRange, Proposal, Reference
from ruler.schemas.observations import Observation
from ruler.schemas.taxonomy import Lexicon
from ruler.text.phrases import PhraseIndex

_PEAKS = 3

HELD = 9
"""Samples in a row of which a fact must be high on half: about what an alarm takes, which asks for
five without a break (`checking`) or half of what smoothing looks at."""


def propose(batch: str, references: Sequence[Reference], brief: Brief) -> Proposal:
    """What one batch of normal captions suggests is normal.

    Facts become ranges. Words count only where the captioner measures nothing: the words of a
    measuring captioner merely repeat its facts.
    """
    usable = [
        ref
        for ref in references
        if ref.observation.caption and not disturbance(ref.observation.caption.facts)
    ]
    clips = tuple(sorted({ref.clip for ref in references}))
    if brief.measured:
        ranges = tuple(fact_ranges(usable, brief.measured))
        seconds = max((ref.observation.time_seconds for ref in references), default=0.0)
        return Proposal(
            batch=batch, clips=clips, captions=len(usable), seconds=seconds, ranges=ranges
        )
    texts = [ref.observation.caption.text for ref in usable if ref.observation.caption]
    return Proposal(
        batch=batch,
        clips=clips,
        captions=len(usable),
        topics=learn_topics(texts, brief.lexicon),
        concepts=_concepts(texts, brief.lexicon),
    )


def fact_ranges(references: Sequence[Reference], measured: Iterable[str]) -> Iterable[FactRange]:
    """The spread over frames of each fact's largest value; a frame without figures counts as 0."""
    names = [*measured, *(name for name, spec in FACTS.items() if spec.source == "link")]
    for fact in sorted(set(names)):
        peaks = [(largest(ref.observation, fact), ref) for ref in references]
        if not peaks:
            continue
        values = sorted(value for value, _ in peaks)
        # The sort is stable, so equal peaks keep the order of the footage.
        top = sorted(peaks, key=lambda peak: -peak[0])[:_PEAKS]
        yield FactRange(
            fact=fact,
            frames=len(values),
            quantiles=quantiles(values),
            peaks=tuple(f"{ref.clip}#{ref.observation.frame_index}" for _, ref in top),
            levels=_levels(peaks),
        )


def _levels(peaks: Sequence[tuple[float, Reference]]) -> tuple[float, ...]:
    """The level that each clip held, in the order of the clips."""
    by_clip: dict[str, list[float]] = {}
    for value, ref in peaks:
        by_clip.setdefault(ref.clip, []).append(value)
    return tuple(round(held(values), 6) for values in by_clip.values())


def held(values: Sequence[float]) -> float:
    """The highest median of `HELD` values in a row (of all, where there are fewer).

    The largest single value says what noise can do; this says what would have alarmed.
    """
    runs = max(len(values) - HELD + 1, 1)
    return max(median(values[start : start + HELD]) for start in range(runs))


def largest(observation: Observation, fact: str) -> float:
    """The largest value of a fact in a frame; 0 where nothing has it."""
    if observation.caption and fact in observation.caption.facts:
        return observation.caption.facts[fact]
    values = (
        observation.figure_facts(position).get(fact, 0.0)
        for position in range(len(observation.figures))
    )
    return max(values, default=0.0)


def quantiles(values: Sequence[float]) -> tuple[float, ...]:
    """101 quantiles of ascending `values`, linear between neighbours (Hyndman and Fan's type 7)."""
    kept: list[float] = []
    for step in range(QUANTILES):
        place = step / (QUANTILES - 1) * (len(values) - 1)
        low = min(int(place), max(len(values) - 2, 0))
        high = min(low + 1, len(values) - 1)
        kept.append(values[low] + (values[high] - values[low]) * (place - low))
    return tuple(rounded({str(i): value for i, value in enumerate(kept)}, 6).values())


def _concepts(texts: Sequence[str], lexicon: Lexicon) -> dict[str, int]:
    """In how many captions each concept stands; those that stand nowhere are counted, too."""
    index = PhraseIndex([concept.phrases for concept in lexicon.concepts.values()])
    counts = dict.fromkeys(lexicon.concepts, 0)
    names = list(lexicon.concepts)
    for text in texts:
        for group, found in index.find(text).items():
            counts[names[group]] += found.strength >= FIRES
    return counts
