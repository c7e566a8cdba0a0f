"""`--estimate`: what a job would ask of models, counted before anything is asked.

The questions are made as the job would make them, of empty pictures and of captions of a usual
length, and put to a listener. What depends on answers (which frames are in dispute, how many rules
are found) cannot be counted; the estimate says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ruler.errors import ClipError
from ruler.jobs.induce import InduceRequest, as_the_scene, models_for
from ruler.jobs.inputs import open_all
from ruler.jobs.metering import CAPTION_WORDS, Part
from ruler.jobs.models import joined
from ruler.jobs.questions_counted import (
    Work,
    captions_part,
    clips_part,
    matching_part,
    proposing_part,
    taxonomy_part,
)
from ruler.jobs.tools import Machine, Tools, tools_for
from ruler.reasoners.llm import LlmReasoner
from ruler.reporting.words import count
from ruler.schemas.runs import Every, RunSpec
from ruler.steps.samples import samples_of
from ruler.steps.viewing import View
from ruler.video.frames import Clip
from ruler.video.sampling import sample_indices
from rules_store.store import Store


@dataclass(frozen=True)
class Estimate:
    """What a job would ask.

    Attributes:
        title: Whose rules, or which scene.
        clips, every, frames, stored: How many clips are sampled how densely, how many frames that
            are, and how many of them have a caption in the store.
        parts: What each model is asked for each purpose.
        more: What else is asked, which cannot be counted beforehand.
        unread: Clips that cannot be read.
    """

    title: str
    clips: int
    every: Every
    frames: int
    stored: int
    parts: tuple[Part, ...]
    more: tuple[str, ...]
    unread: tuple[ClipError, ...] = ()

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {
            **asdict(replace(self, unread=())),
            "every": str(self.every),
            "unread": [str(error) for error in self.unread],
        }

    def lines(self) -> list[str]:
        """For people."""
        sampled = f"{count(self.frames, 'frame')} sampled in {count(self.clips, 'clip')}"
        said = [f"Estimate for {self.title}: {sampled} ({self.every}), {self.stored} known before."]
        said += [line for part in self.parts for line in part.lines()]
        said += [f"  and        {what}" for what in self.more]
        return said + (list(_footnotes(self.parts)) if self.parts else ["  No model is asked."])


def _footnotes(parts: Sequence[Part]) -> Iterator[str]:
    """What the figures rest on."""
    yield f"Tokens: 4 for 3 words of the prompts, with captions of {CAPTION_WORDS} words."
    for rule in dict.fromkeys(part.pictures_by for part in parts if part.pictures):
        yield f"Tokens of a picture: {rule}."
    yield "Failed calls are repeated, which adds some; near-duplicates share captions, which saves."
    yield "Nothing was asked."


def estimate_run(spec: RunSpec, machine: Machine) -> Estimate:
    """What a detection would ask, or what is left of one.

    Raises:
        InputError: as the detection itself would before it asks; or no clip can be read.
    """
    options = {name: value for name, value in machine.options.items() if name != "record"}
    tools = tools_for(spec, replace(machine, options=options))
    captioner, asked = tools.view.captioner, joined(options, spec.asking)
    clips, unread = _opened(open_all(spec.clips, spec.frame_rate, machine.reader, machine.limits))
    works = [_left(tools, number, clip) for number, clip in clips]
    parts = [
        captions_part(captioner, spec.captioner, asked, works),
        matching_part(tools, asked, works),
        clips_part(tools, asked, works),
    ]
    again = ("a call for each frame in dispute and for each event, to look again",)
    return Estimate(
        title=str(spec.revision),
        clips=len(works),
        every=spec.every or captioner.default_every,
        frames=sum(work.samples for work in works),
        stored=sum(work.samples - len(work.missing) for work in works),
        parts=tuple(part for part in parts if part),
        more=again if parts[1] else (),
        unread=tuple(unread),
    )


def estimate_learning(request: InduceRequest, store: Store) -> Estimate:
    """What an induction would ask.

    Raises:
        InputError: as the induction itself would before it asks; or no reference can be read.
    """
    request = as_the_scene(request, store)
    options = {name: value for name, value in request.options.items() if name != "record"}
    models = models_for(replace(request, options=options), store)
    captioner = models.captioner(request.captioner)
    by_model = isinstance(models.reasoner(request.reasoner), LlmReasoner)
    asks = by_model and not captioner.measured
    by_items = by_model and request.taxonomy is not None
    every = request.every or captioner.default_every
    clips, unread = _opened(
        open_all(request.references, request.frame_rate, request.reader, request.limits)
    )
    view = View(captioner, None)
    works = [_whole(view, store, clip, sample_indices(clip.times, every)) for _, clip in clips]
    parts = [
        captions_part(captioner, request.captioner, options, works),
        proposing_part(request, captioner, options, works) if asks else None,
        taxonomy_part(request, captioner, options) if by_items else None,
    ]
    later = ("a call for each rule that is found, and some to aggregate and to verify them",)
    return Estimate(
        title=f"scene {request.scene}",
        clips=len(works),
        every=every,
        frames=sum(work.samples for work in works),
        stored=sum(work.samples - len(work.missing) for work in works),
        parts=tuple(part for part in parts if part),
        more=later if parts[1] else (),
        unread=tuple(unread),
    )


def _opened(found: Sequence[Clip | ClipError]) -> tuple[list[tuple[int, Clip]], list[ClipError]]:
    clips = [(number, clip) for number, clip in enumerate(found) if not isinstance(clip, ClipError)]
    unread = [clip for clip in found if isinstance(clip, ClipError)]
    if not clips:
        raise unread[0]
    return clips, unread


def _left(tools: Tools, number: int, clip: Clip) -> Work:
    """What a detection has to do on a clip; of one that was begun, what is left."""
    deps = tools.deps(number, clip)
    done = tools.machine.store.traces.chunks_done(tools.spec.id, number) - deps.again
    left = [deps.chunk_samples(chunk) for chunk in range(deps.chunks) if chunk not in done]
    known = tools.machine.store.runs.verdict(tools.spec.id, number)
    is_concluded = known is not None and not (known.is_unanswered or left)
    work = _whole(tools.view, tools.machine.store, clip, deps.frames)
    return replace(work, chunks=left, is_concluded=is_concluded)


def _whole(view: View, store: Store, clip: Clip, frames: NDArray[np.int64]) -> Work:
    """All of a clip, as one chunk."""
    wanted = frames.tolist()
    known = store.captions.samples(clip.info.sha256, view.sha256(clip.info.name, frames), wanted)
    missing = [frame for frame in wanted if frame not in known]
    return Work(clip, len(wanted), missing, [samples_of(clip, frames)])
