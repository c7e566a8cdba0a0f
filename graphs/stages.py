"""What the deduction graph's nodes do: read the store, call the pure steps, write the store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from graphs.deps import ClipDeps
from ruler.schemas.observations import Observation
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import Matched, Verdict
from ruler.steps import captioning, eventing, reasoning, reflection, scoring
from ruler.steps.judging import Judge
from ruler.steps.linking import Carry, link
from ruler.steps.smoothing import smooth
from ruler.steps.windows import with_neighbours


def detect_chunk(deps: ClipDeps, number: int) -> int:
    """Caption and match one chunk unless it is stored already; the number of frames in it."""
    samples = deps.chunk_samples(number)
    if number in deps.store.runs.chunks_done(deps.run_id, deps.clip_number):
        return len(samples)
    observations, usage = captioning.caption_samples(
        deps.view, deps.clip, samples, deps.store.captions
    )
    matched = deps.reasoner.match(observations, deps.match_context(linked=False))
    traces = [
        Trace(observation=seen, matched=found)
        for seen, found in zip(observations, matched, strict=True)
    ]
    deps.store.runs.save_chunk(deps.run_id, deps.clip_number, number, traces, usage)
    return len(samples)


def link_clip(deps: ClipDeps) -> None:
    """Fold linking over the clip, match linked rules, and make each frame's first score."""
    runs, weights = deps.store.runs, scoring.weights_of(deps.revision.rule_set.live)
    context = deps.match_context(linked=True)

    def linked() -> Iterator[Trace]:
        carry = Carry()
        for trace in runs.traces(deps.run_id, deps.clip_number, with_linked=False):
            carry, observation = link(carry, trace.observation)
            [more] = deps.reasoner.match([observation], context)
            matched = scoring.joined(trace.matched, more)
            yield replace(
                trace,
                observation=observation,
                matched=matched,
                match=_first_score(observation, matched, weights),
            )

    runs.save_links(deps.run_id, deps.clip_number, linked())


def _first_score(
    observation: Observation, matched: Matched, weights: dict[str, float]
) -> float | None:
    """A frame that failed, or that a model left open and nothing else decides, has no score."""
    if observation.failure is not None or (matched.undetermined and not matched.matches):
        return None
    return scoring.frame_score(matched.matches, weights)


def smooth_clip(deps: ClipDeps) -> None:
    """Smooth the first scores over true time."""
    runs, place = deps.store.runs, (deps.run_id, deps.clip_number)
    points = ((time, score) for _, time, score in runs.scores(*place, "match"))
    frames = (frame for frame, _, _ in runs.scores(*place, "match"))
    runs.save_scores(*place, "smooth", zip(frames, smooth(points, deps.smoothing), strict=True))


def reason_clip(deps: ClipDeps) -> None:
    """Check disputed frames again."""
    place = (deps.run_id, deps.clip_number)
    # An earlier attempt's notes are dropped: this stage writes the first ones.
    traces = (replace(trace, notes=()) for trace in deps.store.runs.traces(*place))
    reasoned = reasoning.reason(
        traces,
        deps.reasoner.check,
        threshold=deps.revision.rule_set.threshold,
        is_causal=deps.smoothing.is_causal,
    )
    deps.store.runs.save_reasoned(*place, "reason", reasoned)


def reflect_clip(deps: ClipDeps) -> None:
    """Reflect on candidate events; frames outside of them keep their score."""
    runs, place = deps.store.runs, (deps.run_id, deps.clip_number)
    rule_set = deps.revision.rule_set
    runs.clear_reflections(*place)
    runs.save_scores(*place, "reflect", ((f, s) for f, _, s in runs.scores(*place, "reason")))
    for span in reflection.candidates(runs.scores(*place, "reason"), rule_set.threshold):
        frames = (span.start_frame, span.stop_frame)
        answer = reflection.reflect_span(
            runs.traces(*place, first_frame=frames[0], stop_frame=frames[1]),
            span,
            reasoner=deps.reasoner,
            rule_set=rule_set,
            taxonomy=deps.taxonomy,
        )
        runs.save_reflection(*place, frames, answer)
        if answer.first != answer.second:
            traces = runs.traces(*place, first_frame=frames[0], stop_frame=frames[1])
            moved = reflection.apply(traces, answer, rule_set.threshold)
            runs.save_reasoned(*place, "reflect", moved)


def judge_clip(deps: ClipDeps) -> None:
    """Turn every trace into a verdict."""
    deps.store.runs.save_verdicts(
        deps.run_id, deps.clip_number, (verdict for verdict, _ in verdicts(deps))
    )


def verdicts(deps: ClipDeps) -> Iterator[tuple[Verdict, Trace]]:
    """Verdicts of a clip in order, each with its trace; derived from the store, memory flat."""
    judge = Judge(
        deps.clip.info.name,
        deps.revision.ref,
        deps.revision.rule_set.live,
        deps.revision.rule_set.threshold,
    )
    around = with_neighbours(
        deps.store.runs.traces(deps.run_id, deps.clip_number),
        lambda trace: trace.time_seconds,
        max(deps.smoothing.support_seconds, reasoning.NEIGHBOUR_SECONDS),
        is_causal=deps.smoothing.is_causal,
    )
    for before, trace, after in around:
        yield judge.judge(trace, (*before, trace, *after)), trace


def find_events(deps: ClipDeps) -> None:
    """Store the events of a clip and mark it as done."""
    runs, place = deps.store.runs, (deps.run_id, deps.clip_number)
    found = eventing.find_events(
        (verdict for verdict, _ in verdicts(deps)),
        {rule.id: rule for rule in deps.revision.rule_set.rules},
        second_at=deps.second_at,
        reflection_at=lambda frame: runs.reflection(*place, frame),
    )
    runs.save_events(*place, list(found))
    runs.set_clip(*place, done=True)
