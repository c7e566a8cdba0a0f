"""Judging a clip whose captions the store has, by a reasoner that asks nobody: in memory, at once.

This is what a changed rule costs. Nothing is decoded and nothing asked, so a checkpoint could save
nothing: a run that is killed here begins the clip anew. The results are those of the graph.
"""

from __future__ import annotations

from collections.abc import Sequence

from graphs.deps import ClipDeps
from graphs.stages import judge_at_once
from ruler.schemas.observations import Observation
from ruler.schemas.runs import RunSpec, Usage
from ruler.steps.captioning import recall_samples
from ruler.steps.samples import samples_of


def judge_known(deps: ClipDeps, spec: RunSpec) -> bool:
    """Judge a clip and store all about it; False where that has to be done by the graph.

    Args:
        deps: The clip, of which nothing is stored for this run.
        spec: What its run was asked.
    """
    if not deps.fits_memory or deps.store.traces.chunks_done(deps.run_id, deps.clip_number):
        return False
    samples = samples_of(deps.clip, deps.frames)
    seen = recall_samples(deps.view, deps.clip, samples, deps.store.captions)
    if seen is None:
        return False
    judge_at_once(deps, seen, _linked(deps, spec, seen), dict(enumerate(_usage(deps))))
    return True


def _linked(deps: ClipDeps, spec: RunSpec, seen: Sequence[Observation]) -> list[Observation] | None:
    """The frames as an earlier run linked these very captions, by the code of today: rules do not
    change it. None where none has."""
    if spec.version is None:
        return None
    rows = deps.store.recall.links(spec.scene, deps.clip.info.sha256, spec.version)
    asked = [(o.frame_index, o.time_seconds, o.caption and o.caption.key) for o in seen]
    if [(row.frame_index, row.time_seconds, row.caption_key) for row in rows] != asked:
        return None
    return [
        Observation.unchecked({**one.__dict__, **row.links}) if row.links else one
        for one, row in zip(seen, rows, strict=True)
    ]


def _usage(deps: ClipDeps) -> list[Usage]:
    """What each chunk cost: nothing but looking its captions up."""
    sizes = (min(deps.chunk, len(deps.frames) - n * deps.chunk) for n in range(deps.chunks))
    return [Usage(captions_cached=size) for size in sizes]
