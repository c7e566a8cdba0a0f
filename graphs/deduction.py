"""Deduction: a map over the chunks of a clip, then a reduce over the clip (DESIGN section 3).

    plan ─► chunk × wave ─► advance ─┐       (until all chunks are stored)
              ▲──────────────────────┘
    link ─► smooth ─► reason ─► reflect ─► score ─► events ─► conclude

A clip that fits into memory, judged by a reasoner that asks nobody, goes from its last chunk to
`judge` instead: the same steps in one node, stored at once. To go through the store after each of
them costs more than they do.

The state is a cursor; frames, captions, matches and scores live in the store. Each node may be
repeated: it reads what the one before stored and writes the same again.
"""

from __future__ import annotations

from typing import TypedDict

from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Send

from graphs import stages
from graphs.deps import ROW, ClipDeps


class ClipState(TypedDict, total=False):
    """The whole state of a clip's detection: the wave of chunks [cursor, until) in work.

    The wave's end is kept, too: an attempt with other workers goes on with the wave as it was sent.
    """

    cursor: int
    until: int


class ChunkState(TypedDict):
    """What one chunk's task is told."""

    chunk: int


Graph = StateGraph[ClipState, ClipDeps, ClipState, ClipState]


def plan(state: ClipState, runtime: Runtime[ClipDeps]) -> ClipState:
    """Begin with the first wave of chunks."""
    return _wave(0, runtime.context)


def fan_out(state: ClipState, runtime: Runtime[ClipDeps]) -> list[Send] | str:
    """Send the next wave of chunks, or go on to the reduce."""
    if state["cursor"] >= runtime.context.chunks:
        return "judge" if runtime.context.fits_memory else "link"
    first = state["cursor"]
    # Each worker gets chunks that lie behind one another: a decoder then goes on where it was.
    wave = sorted(range(first, state["until"]), key=lambda number: (number - first) % ROW)
    return [Send("chunk", {"chunk": number}) for number in wave]


def chunk(state: ChunkState, runtime: Runtime[ClipDeps]) -> ClipState:
    """Sample, caption and match one chunk, and store it; a stored chunk is left as it is."""
    frames = stages.detect_chunk(runtime.context, state["chunk"])
    get_stream_writer()({"chunk": state["chunk"], "frames": frames})
    return {}


def advance(state: ClipState, runtime: Runtime[ClipDeps]) -> ClipState:
    """Move the cursor past a finished wave."""
    return _wave(state["until"], runtime.context)


def _wave(first: int, deps: ClipDeps) -> ClipState:
    return {"cursor": first, "until": min(first + deps.wave, deps.chunks)}


def judge(state: ClipState, runtime: Runtime[ClipDeps]) -> ClipState:
    """All stages of the reduce, in memory; the clip is done."""
    stages.judge_at_once(runtime.context)
    return {}


def link(state: ClipState, runtime: Runtime[ClipDeps]) -> ClipState:
    """Follow figures across chunks; match the rules that need tracks."""
    stages.link_clip(runtime.context)
    return {}


def smooth(state: ClipState, runtime: Runtime[ClipDeps]) -> ClipState:
    """Perception smoothing, over scores."""
    stages.smooth_clip(runtime.context)
    return {}


def reason(state: ClipState, runtime: Runtime[ClipDeps]) -> ClipState:
    """Robust reasoning on disputed frames."""
    stages.reason_clip(runtime.context)
    return {}


def reflect(state: ClipState, runtime: Runtime[ClipDeps]) -> ClipState:
    """Hold each candidate event against the taxonomy."""
    stages.reflect_clip(runtime.context)
    return {}


def score(state: ClipState, runtime: Runtime[ClipDeps]) -> ClipState:
    """One verdict a frame, with its evidence checked."""
    stages.judge_clip(runtime.context)
    return {}


def events(state: ClipState, runtime: Runtime[ClipDeps]) -> ClipState:
    """Runs of anomalous frames become events."""
    stages.find_events(runtime.context)
    return {}


def conclude(state: ClipState, runtime: Runtime[ClipDeps]) -> ClipState:
    """Reflect on the clip as a whole; it is done."""
    stages.conclude_clip(runtime.context)
    return {}


def builder() -> Graph:
    """The wiring, not compiled: a job compiles it with its checkpointer."""
    wiring: Graph = StateGraph(ClipState, context_schema=ClipDeps)
    wiring.add_node("plan", plan)
    wiring.add_node("chunk", chunk, input_schema=ChunkState)
    for node in (advance, judge, link, smooth, reason, reflect, score, events, conclude):
        wiring.add_node(node.__name__, node)
    wiring.add_edge(START, "plan")
    wiring.add_conditional_edges("plan", fan_out, ["chunk", "judge", "link"])
    wiring.add_edge("chunk", "advance")
    wiring.add_conditional_edges("advance", fan_out, ["chunk", "judge", "link"])
    wiring.add_edge("judge", END)
    wiring.add_edge("link", "smooth")
    wiring.add_edge("smooth", "reason")
    wiring.add_edge("reason", "reflect")
    wiring.add_edge("reflect", "score")
    wiring.add_edge("score", "events")
    wiring.add_edge("events", "conclude")
    wiring.add_edge("conclude", END)
    return wiring


def graph() -> CompiledStateGraph[ClipState, ClipDeps, ClipState, ClipState]:
    """The compiled graph without a checkpointer (what `langgraph.json` names)."""
    return builder().compile(name="deduction")
