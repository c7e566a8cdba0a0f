"""The deduction graph: what it is made of, and that a long clip costs no memory."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from graphs import deduction, induction, stages
from graphs import deps as context
from graphs.deps import ClipDeps
from ruler.jobs.tools import tools_for
from ruler.schemas.runs import RunSpec, Usage
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import Matched
from tests.scenes import FPS, SCENE, Workplace, wavy

ROOT = Path(__file__).resolve().parents[2]
REDUCE = (
    stages.link_clip,
    stages.smooth_clip,
    stages.reason_clip,
    stages.reflect_clip,
    stages.judge_clip,
    stages.find_events,
    stages.conclude_clip,
)


def test_langgraph_json_names_the_graphs() -> None:
    import importlib

    named = json.loads((ROOT / "langgraph.json").read_text())["graphs"]
    assert sorted(named) == ["deduction", "induction"]
    for place in named.values():
        module, _, attribute = place.partition(":")
        compiled = getattr(importlib.import_module(module), attribute)()
        assert compiled.checkpointer is None


def test_the_stages_are_in_the_order_of_the_design() -> None:
    drawn = deduction.graph().get_graph()
    edges = {edge.source: edge.target for edge in drawn.edges if not edge.conditional}
    node, path = "link", ["link"]
    while (node := edges[node]) != "__end__":
        path.append(node)
    assert path == ["link", "smooth", "reason", "reflect", "score", "events", "conclude"]


def test_induction_is_in_the_order_of_the_design() -> None:
    drawn = induction.graph().get_graph()
    nodes = [name for name in drawn.nodes if not name.startswith("__")]
    order = ["load_references", "fit", "caption", "gather", "propose"]
    assert [n for n in nodes if n in order] == [n for n in nodes if n in set(order)]
    edges = {(edge.source, edge.target) for edge in drawn.edges}
    names = ["load_references", "fit", "caption", "gather", "propose", "aggregate", "verify"]
    assert {*zip(names, [*names[1:], "merge"], strict=True), ("merge", "save")} <= edges


def test_the_state_holds_a_cursor_alone() -> None:
    assert set(deduction.ClipState.__annotations__) == {"cursor", "until"}


def deps_of(yard: Workplace, clip: str, run_id: str) -> ClipDeps:
    """The context of a run that has begun."""
    from ruler.jobs.inputs import open_all

    revision = yard.store.scenes.revision(SCENE)
    spec = RunSpec(
        id=run_id,
        scene=SCENE,
        revision=revision.ref,
        clips=(clip,),
        captioner="lightmeter",
        reasoner="symbolic",
        taxonomy="general",
        frame_rate=FPS,
        as_of="2026-03-01",  # type: ignore[arg-type]
        store=yard.store.place,
    )
    yard.store.runs.create(spec, [("one", clip)])
    [opened] = open_all([clip], FPS)
    return tools_for(spec, yard.machine()).deps(0, opened)  # type: ignore[arg-type]


@pytest.mark.parametrize(("first", "second"), [(1, 3), (3, 1), (2, 5)])
def test_a_wave_is_finished_as_it_was_sent(
    yard: Workplace, first: int, second: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An attempt with other workers must not step over chunks of the wave in work."""
    monkeypatch.setattr(context, "MOST_SAMPLES", 0)  # through the graph, though all is captioned
    clip = yard.clip("one", wavy(60, seed=3))
    whole = yard.detect([clip], runs="whole")
    work = stages.detect_chunk

    def dies(deps: ClipDeps, number: int) -> int:
        if number == 5:
            raise ArithmeticError
        return work(deps, number)

    with monkeypatch.context() as patched:
        patched.setattr(stages, "detect_chunk", dies)
        with pytest.raises(ArithmeticError):
            yard.detect([clip], chunk=2, workers=first, run_id="cut")
    found = yard.resume("cut", workers=second)
    assert found.record.coverage.total == 60
    frames = (found.folder / "frames.jsonl").read_bytes()
    assert frames == (whole.folder / "frames.jsonl").read_bytes()


def test_a_clip_is_concluded_after_a_crash(
    yard: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = yard.clip("one", wavy(60, seed=3, loud=[(20, 40)]))
    whole = yard.detect([clip], runs="whole")
    work = stages.conclude_clip

    def dies(deps: ClipDeps) -> None:
        work(deps)
        raise ArithmeticError

    with monkeypatch.context() as patched:
        patched.setattr(stages, "conclude_clip", dies)
        patched.setattr(context, "MOST_SAMPLES", 0)
        with pytest.raises(ArithmeticError):
            yard.detect([clip], run_id="cut")
    found = yard.resume("cut")
    assert found.record.clips[0].verdict == whole.record.clips[0].verdict
    for name in ("clips.jsonl", "frames.jsonl", "events.jsonl"):
        assert (found.folder / name).read_bytes() == (whole.folder / name).read_bytes()


def fill(deps: ClipDeps, frames: int, known: list[Trace]) -> None:
    """Store traces for a clip of so many frames, by repeating those of a real one."""
    for start in range(0, frames, 500):
        page = []
        for number in range(start, min(start + 500, frames)):
            like = known[number % len(known)]
            values = {
                "frame_index": number,
                "until_frame": number + 1,
                "time_seconds": number / FPS,
                "links": (),
            }
            seen = like.observation.model_copy(update=values)
            matches = tuple(
                match.model_copy(
                    update={
                        "evidence": tuple(
                            evidence.model_copy(update={"frame_index": number})
                            for evidence in match.evidence
                        )
                    }
                )
                for match in like.matched.matches
            )
            page.append(Trace(observation=seen, matched=Matched(matches=matches)))
        deps.store.traces.save_chunk(deps.run_id, deps.clip_number, start // 500, page, Usage())


def peak_of_reduce(deps: ClipDeps) -> int:
    """The most bytes that Python held at once in the reduce, above what it began with."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for stage in REDUCE:
            stage(deps)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_clip(
    yard: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("traces", "trace_reading"):  # so that both clips fill their pages
        monkeypatch.setattr(f"rules_store.{module}.PAGE", 32)
    clip = yard.clip("one", wavy(200, seed=4, loud=[(60, 80)]))
    monkeypatch.setattr(context, "MOST_SAMPLES", 0)
    found = yard.detect([clip])
    known = list(yard.store.traces.read(found.record.spec.id, 0, with_linked=False))
    peaks = {}
    # The first round fills the bounded caches of words and statements, and is not measured.
    # Both clips fill several lots of 256 frames that a reasoner looks at again together.
    for name, frames in (("warm", 700), ("long", 700), ("long", 3_500)):
        deps = deps_of(yard, clip, f"{name}-{frames}")
        fill(deps, frames, known)
        peaks[frames] = peak_of_reduce(deps)
        if name == "warm":
            continue
        assert yard.store.runs.outcomes(f"long-{frames}")[0].coverage.total == frames
        assert len(yard.store.events.of_clip(f"long-{frames}", 0)) == -(-(frames - 60) // 200)
    # Five times the frames: what grows is events, some kilobytes each, and no more. How pages and
    # garbage collection fall together moves a peak by a third either way.
    assert peaks[3_500] < 1.4 * peaks[700] + 14 * 10_000
