"""What a model was asked about an event, and what it answered: found again in the store.

A run keeps what became of answers, not the answers. Its questions are made anew, from the traces
that the store holds, and put to a listener that looks their answers up; nothing is asked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ruler.errors import RulerError
from ruler.jobs.listening import Listener
from ruler.llm.dialects import OLLAMA
from ruler.llm.fencing import fence
from ruler.llm.keys import answer_key, facts_of
from ruler.llm.options import ChatOptions
from ruler.llm.questions import Question
from ruler.llm.recording import Replay
from ruler.reasoners.base import Checked, Disputed, MatchContext, Reasoner
from ruler.reasoners.llm import LlmReasoner, checking
from ruler.reasoners.llm.interview import language_named
from ruler.registry import ANY_CHAT, LOCAL_PROVIDERS, split_name
from ruler.schemas.rules import RuleSet
from ruler.schemas.runs import RunRecord
from ruler.schemas.traces import Trace
from ruler.steps import reasoning, reflection
from rules_store.store import Store
from rules_store.taxonomy_files import load_lexicon, load_taxonomy


@dataclass(frozen=True)
class Heard:
    """One question about an event, and what was answered.

    Attributes:
        prompt: The prompt's name.
        question: What was asked beside the part that all questions of the kind share.
        answer: The model's text, verbatim; None where it is not known any more.
    """

    prompt: str
    question: str
    answer: str | None


@dataclass(frozen=True)
class KeyFrame:
    """The clip of a run whose key frame is told about."""

    record: RunRecord
    store: Store
    clip: int
    frame: int

    def key(self) -> Trace | None:
        """The key frame's trace."""
        traces = self._read(self.frame, self.frame + 1)
        return traces[0] if traces else None

    def frames(self) -> list[tuple[int, float]]:
        """All sampled frames of the clip, with their seconds."""
        scores = self.store.traces.scores(self.record.spec.id, self.clip, "match")
        return [(frame, seconds) for frame, seconds, _ in scores]

    def traces(self, first: int, last: int, *, with_linked: bool = True) -> list[Trace]:
        """Traces of the frames from `first` to `last`."""
        return self._read(first, last + 1, with_linked=with_linked)

    def _read(self, first: int, stop: int, *, with_linked: bool = True) -> list[Trace]:
        return list(
            self.store.traces.read(
                self.record.spec.id,
                self.clip,
                first_frame=first,
                stop_frame=stop,
                with_linked=with_linked,
            )
        )


def hear(place: KeyFrame) -> list[Heard]:
    """The questions to the run's reasoner that concern the key frame: matching the captions that
    its own was asked about with, checking it again, and reflecting on its event."""
    spec = place.record.spec
    revision = place.store.scenes.revision(spec.scene, spec.revision.revision)
    listener = _listener(spec.reasoner, spec.asking, place.store)
    reasoner = LlmReasoner(listener, language_named(spec.asking.get("language")))
    found: list[Heard] = []
    for prompt, stage in _STAGES.items():
        listener.heard.clear()
        concerns = stage(place, reasoner, revision.rule_set)
        found += [
            Heard(prompt, asked.text, text)
            for asked, text in listener.heard
            if concerns(asked.text)
        ]
    return found


def _listener(name: str, asking: Mapping[str, object], store: Store) -> Listener:
    """Knows the answers of a recording, or of the store."""
    provider, model = split_name(name)
    if provider == ANY_CHAT:
        name, (provider, model) = model, split_name(model)
    if provider == "replay":
        return Listener(name, known=_recorded(Path(model)))
    chat = ChatOptions.of(asking)
    endpoint = chat.endpoint or (OLLAMA if provider == "ollama" else None)
    if provider in LOCAL_PROVIDERS:
        from ruler.llm.local.naming import stable_name

        name, endpoint = stable_name(provider, model), None

    def known(question: Question) -> str | None:
        key = answer_key(
            facts_of(question),
            model=name,
            endpoint=endpoint,
            temperature=chat.temperature,
            max_tokens=chat.max_tokens,
        )
        return store.answers.get([key]).get(key)

    return Listener(name, endpoint, known)


def _recorded(folder: Path) -> Callable[[Question], str | None]:
    replay = Replay(folder)

    def known(question: Question) -> str | None:
        [answer] = replay.ask([question])
        return answer.text or None

    return known


Concerns = Callable[[str], bool]
"""Whether a question is (also) about the key frame."""


def _about(said: Mapping[str, object]) -> Concerns:
    """A question that shows, in one of its lines of data, what is said here."""
    wanted = json.loads(fence(said)).items()

    def concerns(question: str) -> bool:
        lines = [line for line in question.splitlines() if line.startswith("{")]
        return any(all(item in json.loads(line).items() for item in wanted) for line in lines)

    return concerns


def _match(place: KeyFrame, reasoner: Reasoner, rule_set: RuleSet) -> Concerns:
    """The chunk of the key frame."""
    spec, frames = place.record.spec, [frame for frame, _ in place.frames()]
    start = frames.index(place.frame) // spec.chunk * spec.chunk
    chunk = frames[start : start + spec.chunk]
    info = place.record.clips[place.clip].info
    context = MatchContext(
        rule_set=rule_set,
        lexicon=load_lexicon(),
        clip_start=spec.start_time or (info.start_time if info else None),
        as_of=spec.as_of,
    )
    traces = place.traces(chunk[0], chunk[-1], with_linked=False)
    unlinked = [trace.observation.model_copy(update={"links": ()}) for trace in traces]
    reasoner.match(unlinked, context)
    key = next(trace for trace in traces if trace.observation.frame_index == place.frame)
    caption = key.observation.caption
    return _about({"text": caption.text if caption else ""})


def _check(place: KeyFrame, reasoner: Reasoner, rule_set: RuleSet) -> Concerns:
    """The lot of the key frame; nothing where it was not checked again."""
    shown: list[Mapping[str, object]] = []

    def check(disputed: Sequence[Disputed]) -> list[Checked]:
        keys = [one for one in disputed if one.observation.frame_index == place.frame]
        shown.extend(map(checking.shown, keys))
        return reasoner.check(disputed) if keys else [Checked(one.prior) for one in disputed]

    traces = place.store.traces.read(place.record.spec.id, place.clip)
    is_causal = place.record.spec.smoothing.is_causal
    for trace in reasoning.reason(traces, check, rule_set=rule_set, is_causal=is_causal):
        if trace.observation.frame_index == place.frame:
            break
    return _about(shown[0]) if shown else lambda _: False


def _reflect(place: KeyFrame, reasoner: Reasoner, rule_set: RuleSet) -> Concerns:
    """The question whose answer is for the key frame."""
    spec = place.record.spec
    scores = place.store.traces.scores(spec.id, place.clip, "reason")
    is_causal = spec.smoothing.is_causal
    for one in reflection.questions(scores, rule_set.threshold, is_causal=is_causal):
        if one.start_frame <= place.frame < one.stop_frame:
            reflection.reflect_span(
                place.traces(one.span.start_frame, one.span.stop_frame - 1),
                one.span,
                reasoner=reasoner,
                rule_set=rule_set,
                taxonomy=load_taxonomy(spec.taxonomy),
            )
    return lambda _: True


_STAGES: Mapping[str, Callable[[KeyFrame, Reasoner, RuleSet], Concerns]] = {
    "match_captions": _match,
    "check_again": _check,
    "reflect_event": _reflect,
}
"""By the prompt that each asks by."""


def hear_safely(place: KeyFrame) -> list[Heard] | str:
    """As `hear`; or why it cannot be told (a taxonomy, recording or model folder that is gone)."""
    try:
        return hear(place)
    except RulerError as error:
        return str(error)
