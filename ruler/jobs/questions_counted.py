"""The questions that an estimate counts: made as the job would make them, put to a listener."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ruler.captioners.base import Captioner
from ruler.captioners.model import CaptionerOptions, ModelCaptioner
from ruler.errors import ModelError
from ruler.jobs.induce import InduceRequest, brief_of
from ruler.jobs.listening import Listener
from ruler.jobs.metering import CAPTION_TOKENS, CAPTION_WORDS, CLAIM_TOKENS, Meter, Part
from ruler.jobs.models import options_for
from ruler.jobs.tools import Tools
from ruler.reasoners.base import MatchContext
from ruler.reasoners.llm import LlmReasoner
from ruler.reasoners.llm.interview import BATCH, language_named
from ruler.registry import split_name
from ruler.schemas.captions import Caption
from ruler.schemas.induction import Reference
from ruler.schemas.observations import Observation
from ruler.schemas.rules import When
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import Matched
from ruler.steps.batching import batches
from ruler.steps.concluding import MOST_FRAMES, Concluder
from ruler.steps.samples import Sample
from ruler.video.frames import Clip, Frame, FrameWindow
from ruler.video.sampling import WindowPlan


@dataclass(frozen=True)
class Work:
    """One clip: its samples, those that nobody has captioned, the chunks that are to do, and
    whether it has a verdict as a whole."""

    clip: Clip
    samples: int
    missing: Sequence[int]
    chunks: Sequence[Sequence[Sample]]
    is_concluded: bool = False


def captions_part(
    captioner: Captioner, name: str, options: Mapping[str, object], works: Sequence[Work]
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


def matching_part(
    tools: Tools, options: Mapping[str, object], works: Sequence[Work]
) -> Part | None:
    """The questions about chunks of captions, as if no two were alike and all gates were open."""
    if not isinstance(tools.reasoner, LlmReasoner) or _is_replay(tools.spec.reasoner):
        return None
    meter, listener, reasoner = _overheard(tools.spec.reasoner, options)
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


def clips_part(tools: Tools, options: Mapping[str, object], works: Sequence[Work]) -> Part | None:
    """The questions about each clip as a whole: reflection, and by clip a first answer, too."""
    if not isinstance(tools.judge, LlmReasoner) or _is_replay(tools.spec.reasoner):
        return None
    meter, listener, judge = _overheard(tools.spec.reasoner, options)
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


def proposing_part(
    request: InduceRequest,
    captioner: Captioner,
    options: Mapping[str, object],
    works: Sequence[Work],
) -> Part | None:
    """A question for each batch of references."""
    if _is_replay(request.reasoner):
        return None
    meter, listener, reasoner = _overheard(request.reasoner, options)
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


def taxonomy_part(
    request: InduceRequest, captioner: Captioner, options: Mapping[str, object]
) -> Part | None:
    """A question for each category of the taxonomy, whose items are worded for the scene."""
    if _is_replay(request.reasoner):
        return None
    meter, listener, reasoner = _overheard(request.reasoner, options)
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


def _overheard(name: str, options: Mapping[str, object]) -> tuple[Meter, Listener, LlmReasoner]:
    """A reasoner that puts its questions to a listener, and the meter that counts them."""
    meter = Meter(name, {**options, **options_for("reasoner", options)})
    listener = Listener(name)
    return meter, listener, LlmReasoner(listener, language_named(options.get("language")))


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
