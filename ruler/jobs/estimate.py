"""`--estimate`: what a job would ask of models, counted before anything is asked.

The questions are made as the job would make them, of empty pictures and of captions of a usual
length, and put to a listener. What depends on answers (which frames are in dispute, how many rules
are found) cannot be counted; the estimate says so.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ruler.captioners.base import Captioner
from ruler.captioners.model import CaptionerOptions, ModelCaptioner
from ruler.errors import ClipError, ModelError
from ruler.jobs.induce import InduceRequest, as_the_scene, brief_of, models_for
from ruler.jobs.inputs import open_all
from ruler.jobs.listening import Listener
from ruler.jobs.metering import CAPTION_TOKENS, CAPTION_WORDS, CLAIM_TOKENS, Meter, Part
from ruler.jobs.models import joined, options_for
from ruler.jobs.tools import Machine, Tools, tools_for
from ruler.reasoners.base import MatchContext
from ruler.reasoners.llm import LlmReasoner
from ruler.reasoners.llm.interview import BATCH, language_named
from ruler.registry import split_name
from ruler.reporting.words import count
from ruler.schemas.captions import Caption
from ruler.schemas.induction import Reference
from ruler.schemas.observations import Observation
from ruler.schemas.rules import When
from ruler.schemas.runs import Every, RunSpec
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import Matched
from ruler.steps.batching import batches
from ruler.steps.captioning import Sample, View, samples_of
from ruler.steps.concluding import MOST_FRAMES, Concluder
from ruler.video.frames import Clip, Frame, FrameWindow
from ruler.video.sampling import WindowPlan, sample_indices
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


@dataclass(frozen=True)
class _Work:
    """One clip: its samples, those that nobody has captioned, the chunks that are to do, and
    whether it has a verdict as a whole."""

    clip: Clip
    samples: int
    missing: Sequence[int]
    chunks: Sequence[Sequence[Sample]]
    is_concluded: bool = False


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
        _captions(captioner, spec.captioner, asked, works),
        _matching(tools, asked, works),
        _concluding(tools, asked, works),
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
        _captions(captioner, request.captioner, options, works),
        _proposing(request, captioner, options, works) if asks else None,
        _wording(request, captioner, options) if by_items else None,
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


def _left(tools: Tools, number: int, clip: Clip) -> _Work:
    """What a detection has to do on a clip; of one that was begun, what is left."""
    deps = tools.deps(number, clip)
    done = tools.machine.store.traces.chunks_done(tools.spec.id, number) - deps.again
    left = [deps.chunk_samples(chunk) for chunk in range(deps.chunks) if chunk not in done]
    known = tools.machine.store.runs.verdict(tools.spec.id, number)
    is_concluded = known is not None and not (known.is_unanswered or left)
    work = _whole(tools.view, tools.machine.store, clip, deps.frames)
    return replace(work, chunks=left, is_concluded=is_concluded)


def _whole(view: View, store: Store, clip: Clip, frames: NDArray[np.int64]) -> _Work:
    """All of a clip, as one chunk."""
    wanted = frames.tolist()
    known = store.captions.samples(clip.info.sha256, view.sha256(clip.info.name, frames), wanted)
    missing = [frame for frame in wanted if frame not in known]
    return _Work(clip, len(wanted), missing, [samples_of(clip, frames)])


def _captions(
    captioner: Captioner, name: str, options: Mapping[str, object], works: Sequence[_Work]
) -> Part | None:
    """A question for each missing caption, where a model is asked."""
    if not isinstance(captioner, ModelCaptioner):
        return None
    place = {**options, **options_for("captioner", options)}
    meter, listener = Meter(name, place), Listener(name)
    asking = ModelCaptioner(listener, CaptionerOptions.of(options))
    for work in works:
        plan = WindowPlan(work.clip.times, captioner.window)
        counts = Counter(len(plan.window(frame)) for frame in work.missing)
        for pictures, times in counts.items():
            listener.heard.clear()
            list(asking.caption([_blank(pictures)], None))
            questions = [question for question, _ in listener.heard]
            meter.add(questions, CAPTION_TOKENS, times=times, size=_size(work.clip, captioner))
    return meter.part("captions")


def _matching(tools: Tools, options: Mapping[str, object], works: Sequence[_Work]) -> Part | None:
    """The questions about chunks of captions, as if no two were alike and all gates were open."""
    if not isinstance(tools.reasoner, LlmReasoner) or _is_replay(tools.spec.reasoner):
        return None
    place = {**options, **options_for("reasoner", options)}
    meter, listener = Meter(tools.spec.reasoner, place), Listener(tools.spec.reasoner)
    reasoner = LlmReasoner(listener, language_named(options.get("language")))
    rules = tuple(
        rule.model_copy(update={"when": When(), "exceptions": ()})
        for rule in tools.revision.rule_set.rules
    )
    context = MatchContext(
        rule_set=tools.revision.rule_set.model_copy(update={"rules": rules}),
        lexicon=tools.lexicon,
        clip_start=None,
        as_of=tools.spec.as_of,
    )
    lengths = Counter(len(chunk) for work in works for chunk in work.chunks)
    for length, times in lengths.items():
        listener.heard.clear()
        reasoner.match(_usual(length, tools.view.captioner.measured), context)
        questions = [question for question, _ in listener.heard]
        meter.add(questions, BATCH * CLAIM_TOKENS, times=times)
    return meter.part("matching")


def _concluding(tools: Tools, options: Mapping[str, object], works: Sequence[_Work]) -> Part | None:
    """The questions about each clip as a whole: reflection, and by clip a first answer, too."""
    if not isinstance(tools.judge, LlmReasoner) or _is_replay(tools.spec.reasoner):
        return None
    place = {**options, **options_for("reasoner", options)}
    meter, listener = Meter(tools.spec.reasoner, place), Listener(tools.spec.reasoner)
    judge = LlmReasoner(listener, language_named(options.get("language")))
    concluder = Concluder(
        judge, tools.revision.rule_set, tools.revision.ref, tools.taxonomy, tools.spec.by
    )
    left = Counter(work.samples for work in works if not work.is_concluded)
    for frames, times in left.items():
        listener.heard.clear()
        seen = _usual(min(frames, MOST_FRAMES), tools.view.captioner.measured)
        concluder.conclude(
            "",
            [(one.frame_index, "normal", 0.0) for one in seen],
            (),
            lambda wanted, seen=seen: [Trace(seen[frame], Matched()) for frame in wanted],  # type: ignore[misc]
        )
        meter.add([question for question, _ in listener.heard], CLAIM_TOKENS, times=times)
    return meter.part("clips")


def _proposing(
    request: InduceRequest,
    captioner: Captioner,
    options: Mapping[str, object],
    works: Sequence[_Work],
) -> Part | None:
    """A question for each batch of references."""
    if _is_replay(request.reasoner):
        return None
    place = {**options, **options_for("reasoner", options)}
    meter, listener = Meter(request.reasoner, place), Listener(request.reasoner)
    reasoner = LlmReasoner(listener, language_named(options.get("language")))
    references = {
        work.clip.info.name: [
            Reference(clip=work.clip.info.name, observation=seen)
            for seen in _usual(work.samples, captioner.measured)
        ]
        for work in works
    }
    for batch, seen in batches(references).items():
        listener.heard.clear()
        with contextlib.suppress(ModelError):  # a listener has no answer to give
            reasoner.propose(batch, seen, brief_of(request, captioner))
        questions = [question for question, _ in listener.heard]
        meter.add(questions, min(len(seen), _MOST_LEARNED) * CLAIM_TOKENS)
    return meter.part("proposing")


def _wording(
    request: InduceRequest, captioner: Captioner, options: Mapping[str, object]
) -> Part | None:
    """A question for each category of the taxonomy, whose items are worded for the scene."""
    if _is_replay(request.reasoner):
        return None
    place = {**options, **options_for("reasoner", options)}
    meter, listener = Meter(request.reasoner, place), Listener(request.reasoner)
    reasoner = LlmReasoner(listener, language_named(options.get("language")))
    brief = brief_of(request, captioner)
    with contextlib.suppress(ModelError):  # a listener has no answer to give
        reasoner.taxonomy_rules(brief)
    questions = [question for question, _ in listener.heard]
    items = len(brief.taxonomy.items) // max(1, len(questions))
    meter.add(questions, items * _ITEM_TOKENS)
    return meter.part("taxonomy")


_ITEM_TOKENS = 120
"""Tokens that a model usually writes about one item of a taxonomy: a statement and some phrases."""

_MOST_LEARNED = 24
"""Rules that the prompt asks for at most, in both kinds together."""


def _is_replay(name: str) -> bool:
    return split_name(name)[0] == "replay"


def _size(clip: Clip, captioner: Captioner) -> tuple[int, int]:
    """(width, height) of a clip's pictures as a captioner gets them."""
    info = clip.info
    width = min(info.width, captioner.window.width or info.width)
    return width, max(1, round(info.height * width / info.width))


def _blank(pictures: int) -> FrameWindow:
    """A window of small black pictures."""
    image = np.zeros((8, 8, 3), np.uint8)
    frames = tuple(Frame(number, number / 10, image) for number in range(pictures))
    return FrameWindow("", pictures - 1, frames[-1].time_seconds, frames)


def _usual(count: int, measured: tuple[str, ...]) -> list[Observation]:
    """Observations with captions of a usual length, no two of them alike."""
    return [
        Observation(
            frame_index=number,
            until_frame=number + 1,
            time_seconds=float(number),
            caption=Caption(
                key=str(number),
                captioner="",
                text=f"{number} {'word ' * (CAPTION_WORDS - 1)}".strip(),
                measured=measured,
            ),
        )
        for number in range(count)
    ]
