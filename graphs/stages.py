"""What the deduction graph's nodes do: read the store, call the pure steps, write the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from graphs.deps import ClipDeps
from ruler.schemas.observations import Observation
from ruler.schemas.runs import Usage
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import Matched
from ruler.steps import captioning, disturbing, eventing, reasoning, reflection, scoring
from ruler.steps.concluding import Concluder
from ruler.steps.deducing import Deducer
from ruler.steps.judging import Judge
from ruler.steps.linking import Carry, link
from ruler.steps.smoothing import smooth
from ruler.steps.windows import with_neighbours
from rules_store.whole_clips import WholeClip


def detect_chunk(deps: ClipDeps, number: int) -> int:
    """Caption one chunk unless it is stored already, and match it where that is not done with the
    whole clip; the number of frames in it."""
    samples = deps.chunk_samples(number)
    done = deps.store.traces.chunks_done(deps.run_id, deps.clip_number)
    if number in done and number not in deps.again:
        return len(samples)
    with deps.places.one():
        observations, usage = captioning.caption_samples(
            deps.view, deps.clip, samples, deps.store.captions, sampled=deps.frames
        )
        traces = [
            Trace(observation=seen, matched=found)
            for seen, found in zip(observations, _matched(deps, observations), strict=True)
        ]
        deps.store.traces.save_chunk(deps.run_id, deps.clip_number, number, traces, usage)
    return len(samples)


def _matched(deps: ClipDeps, observations: Sequence[Observation]) -> list[Matched]:
    if deps.fits_memory:
        return [Matched()] * len(observations)
    return disturbing.match(deps.reasoner, observations, deps.match_context(linked=False))


def judge_at_once(
    deps: ClipDeps,
    observations: Sequence[Observation] | None = None,
    linked: Sequence[Observation] | None = None,
    usage: Mapping[int, Usage] | None = None,
) -> None:
    """Judge a clip in memory and store all about it in one transaction.

    Args:
        deps: The clip; nobody is asked about it.
        observations: Its frames in order; None for those that its chunks stored.
        linked: The same after linking, where that was done before.
        usage: What looking at it cost, by chunk; None where its chunks are stored.
    """
    store = deps.store
    if observations is None:
        observations = store.traces.observations(deps.run_id, deps.clip_number)
    deducer = Deducer(
        reasoner=deps.reasoner,
        context=deps.match_context(linked=False),
        revision=deps.revision.ref,
        taxonomy=deps.taxonomy,
        smoothing=deps.smoothing,
    )
    name = deps.clip.info.name
    found = deducer.deduce(name, observations, deps.second_at, linked)
    whole = WholeClip(
        usage=usage,
        traces=found.traces,
        verdicts=found.verdicts,
        reflections=found.reflections,
        events=found.events,
        verdict=deducer.conclude_clip(name, found, by=deps.by),
    )
    store.whole_clips.save(deps.run_id, deps.clip_number, whole)


def link_clip(deps: ClipDeps) -> None:
    """Fold linking over the clip, match linked rules, and make each frame's first score."""
    store, weights = deps.store.traces, scoring.weights_of(deps.revision.rule_set.live)
    context = deps.match_context(linked=True)

    def linked() -> Iterator[Trace]:
        carry = Carry()
        for trace in store.read(deps.run_id, deps.clip_number, with_linked=False):
            carry, observation = link(carry, trace.observation)
            [more] = disturbing.match(deps.reasoner, [observation], context)
            matched = scoring.joined(trace.matched, more)
            yield replace(
                trace,
                observation=observation,
                matched=matched,
                match=scoring.first_score(observation, matched, weights),
            )

    store.save_links(deps.run_id, deps.clip_number, linked())


def smooth_clip(deps: ClipDeps) -> None:
    """Smooth the first scores over true time."""
    store, place = deps.store.traces, (deps.run_id, deps.clip_number)
    points = ((time, score) for _, time, score in store.scores(*place, "match"))
    frames = (frame for frame, _, _ in store.scores(*place, "match"))
    store.save_scores(*place, "smooth", zip(frames, smooth(points, deps.smoothing), strict=True))


def reason_clip(deps: ClipDeps) -> None:
    """Check disputed frames again."""
    place = (deps.run_id, deps.clip_number)
    # An earlier attempt's notes are dropped: this stage writes the first ones.
    traces = (replace(trace, notes=()) for trace in deps.store.traces.read(*place))
    reasoned = reasoning.reason(
        traces,
        deps.reasoner.check,
        rule_set=deps.revision.rule_set,
        is_causal=deps.smoothing.is_causal,
    )
    deps.store.traces.save_reasoned(*place, "reason", reasoned)


def reflect_clip(deps: ClipDeps) -> None:
    """Reflect on candidate events; frames outside of them keep their score."""
    store, place = deps.store.traces, (deps.run_id, deps.clip_number)

    def read(start: int, stop: int) -> Iterator[Trace]:
        return store.read(*place, first_frame=start, stop_frame=stop)

    deps.store.events.clear_reflections(*place)
    store.save_scores(*place, "reflect", ((f, s) for f, _, s in store.scores(*place, "reason")))
    reflected = reflection.reflect(
        store.scores(*place, "reason"),
        read,
        reasoner=deps.reasoner,
        rule_set=deps.revision.rule_set,
        taxonomy=deps.taxonomy,
        is_causal=deps.smoothing.is_causal,
    )
    for question, answer in reflected:
        frames = (question.start_frame, question.stop_frame)
        deps.store.events.save_reflection(*place, frames, answer)
        if answer.first != answer.second:
            moved = reflection.apply(read(*frames), answer, deps.revision.rule_set.threshold)
            store.save_reasoned(*place, "reflect", moved)


def judge_clip(deps: ClipDeps) -> None:
    """Turn every trace into a verdict, by its neighbours within the smoothing support."""
    store, place = deps.store.traces, (deps.run_id, deps.clip_number)
    rule_set = deps.revision.rule_set
    judge = Judge(deps.clip.info.name, deps.revision.ref, rule_set.live, rule_set.threshold)
    around = with_neighbours(
        store.read(*place),
        lambda trace: trace.time_seconds,
        max(deps.smoothing.support_seconds, reasoning.NEIGHBOUR_SECONDS),
        is_causal=deps.smoothing.is_causal,
    )
    judged = (judge.judge(trace, (*before, trace, *after)) for before, trace, after in around)
    store.save_verdicts(*place, judged)


def find_events(deps: ClipDeps) -> None:
    """Store the events of a clip."""
    store, place = deps.store.events, (deps.run_id, deps.clip_number)
    found = eventing.find_events(
        deps.store.traces.verdicts(*place),
        {rule.id: rule for rule in deps.revision.rule_set.rules},
        second_at=deps.second_at,
        reflection_at=lambda frame: store.reflection(*place, frame),
    )
    store.save(*place, list(found))


def conclude_clip(deps: ClipDeps) -> None:
    """Reflect on the clip as a whole, and store what it comes to: it is done then."""
    store, place = deps.store, (deps.run_id, deps.clip_number)
    concluder = Concluder(
        deps.judge or deps.reasoner,
        deps.revision.rule_set,
        deps.revision.ref,
        deps.taxonomy,
        deps.by,
    )
    verdict = concluder.conclude(
        deps.clip.info.name,
        store.traces.outcomes(*place),
        store.events.of_clip(*place),
        lambda frames: store.traces.some(*place, frames),
    )
    store.runs.set_clip(*place, done=True, verdict=verdict)
