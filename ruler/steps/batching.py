"""Small batches of references, so that a vote can be taken and each can be left out once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ruler.schemas.induction import Reference
from ruler.steps.linking import Carry, link

MOST_BATCHES = 16
_FOLDS_OF_ONE = 4


def batches(references: Mapping[str, Sequence[Reference]]) -> dict[str, list[Reference]]:
    """Group references by clip.

    One clip is cut into four folds in time, so that something can be left out; more than sixteen
    clips go to sixteen batches in turn.

    Args:
        references: By clip name, its observations in order of time.

    Returns:
        By batch name, references; every reference is in exactly one batch, none is empty.
    """
    clips = {clip: list(seen) for clip, seen in references.items() if seen}
    if len(clips) == 1:
        [(clip, seen)] = clips.items()
        size = -(-len(seen) // _FOLDS_OF_ONE)
        folds = [seen[start : start + size] for start in range(0, len(seen), size)]
        return {f"{clip} part {number}": fold for number, fold in enumerate(folds, 1)}
    if len(clips) <= MOST_BATCHES:
        return clips
    grouped: dict[str, list[Reference]] = {}
    for position, seen in enumerate(clips.values()):
        grouped.setdefault(f"batch {position % MOST_BATCHES + 1}", []).extend(seen)
    return grouped


def linked(clip: str, references: Sequence[Reference]) -> list[Reference]:
    """The references of one clip with their figures linked over time."""
    carry, done = Carry(), []
    for reference in references:
        carry, observation = link(carry, reference.observation)
        done.append(Reference(clip=clip, observation=observation))
    return done
