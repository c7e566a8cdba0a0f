"""Induction: from a few normal references to a rule-set revision (DESIGN section 3).

    load_references ─► fit ─► caption × clip ─► propose × batch
      ─► aggregate ─► verify ─► merge ─► save

The state holds hashes, keys and the few rules themselves; captions live in the store.
"""

from __future__ import annotations

import operator
from typing import Annotated, TypedDict

from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Send

from graphs import learning, saving
from graphs.deps import InductionDeps
from ruler.schemas.induction import Checkup, Consensus
from ruler.schemas.rules import RuleSet


class InductionState(TypedDict, total=False):
    """What induction carries between its nodes; all of it small and bounded."""

    references: list[str]
    scene_model: str | None
    proposals: Annotated[list[str], operator.add]
    consensus: Consensus
    checkups: dict[str, Checkup]
    proposed: RuleSet
    merged: RuleSet
    notes: list[tuple[str, str]]
    revision: int | None
    is_new: bool


class ClipTask(TypedDict):
    """What captioning one reference is told."""

    position: int
    scene_model: str | None


class BatchTask(TypedDict):
    """What proposing from one batch is told."""

    batch: str


Graph = StateGraph[InductionState, InductionDeps, InductionState, InductionState]


def load_references(state: InductionState, runtime: Runtime[InductionDeps]) -> InductionState:
    """Name the references; they were opened, and refused if unreadable, before the graph began."""
    return {"references": [clip.info.name for clip in runtime.context.clips]}


def fit(state: InductionState, runtime: Runtime[InductionDeps]) -> InductionState:
    """Let the captioner learn the scene, and keep its scene model."""
    get_stream_writer()({"doing": "learning the scene"})
    return {"scene_model": learning.fit_scene(runtime.context)}


def each_clip(state: InductionState) -> list[Send]:
    """Caption the references side by side."""
    return [
        Send("caption", {"position": position, "scene_model": state["scene_model"]})
        for position in range(len(state["references"]))
    ]


def caption(state: ClipTask, runtime: Runtime[InductionDeps]) -> InductionState:
    """Caption one reference; what the store has is not captioned again."""
    name = learning.caption_reference(runtime.context, state["position"], state["scene_model"])
    get_stream_writer()({"captioned": name})
    return {}


def gather(state: InductionState) -> InductionState:
    """All references are captioned."""
    return {}


def each_batch(state: InductionState, runtime: Runtime[InductionDeps]) -> list[Send]:
    """One proposal for each small batch, side by side."""
    return [Send("propose", {"batch": name}) for name in learning.batches_of(runtime.context)]


def propose(state: BatchTask, runtime: Runtime[InductionDeps]) -> InductionState:
    """What one batch suggests is normal."""
    return {"proposals": [learning.propose_batch(runtime.context, state["batch"])]}


def aggregate(state: InductionState, runtime: Runtime[InductionDeps]) -> InductionState:
    """Vote over the proposals."""
    return {"consensus": learning.vote(runtime.context, state["proposals"])}


def verify(state: InductionState, runtime: Runtime[InductionDeps]) -> InductionState:
    """Contrast into anomaly rules, and try them on references that were left out."""
    checkups = learning.check_rules(runtime.context, state["proposals"])
    proposed, tried = learning.write(runtime.context, state["consensus"], checkups)
    return {"checkups": tried, "proposed": proposed}


def merge(state: InductionState, runtime: Runtime[InductionDeps]) -> InductionState:
    """Three-way, against the last induced revision and the expert's edits."""
    merged = saving.merged_with(runtime.context.store, state["proposed"])
    return {"merged": merged.rule_set, "notes": list(merged.notes)}


def save(state: InductionState, runtime: Runtime[InductionDeps]) -> InductionState:
    """Append a revision, unless the content equals the active one."""
    number, is_new = learning.save_rules(runtime.context, state["merged"], state["scene_model"])
    return {"revision": number, "is_new": is_new}


def builder() -> Graph:
    """The wiring, not compiled: a job compiles it."""
    wiring: Graph = StateGraph(InductionState, context_schema=InductionDeps)
    wiring.add_node("caption", caption, input_schema=ClipTask)
    wiring.add_node("propose", propose, input_schema=BatchTask)
    for node in (load_references, fit, gather, aggregate, verify, merge, save):
        wiring.add_node(node.__name__, node)
    wiring.add_edge(START, "load_references")
    wiring.add_edge("load_references", "fit")
    wiring.add_conditional_edges("fit", each_clip, ["caption"])
    wiring.add_edge("caption", "gather")
    wiring.add_conditional_edges("gather", each_batch, ["propose"])
    wiring.add_edge("propose", "aggregate")
    wiring.add_edge("aggregate", "verify")
    wiring.add_edge("verify", "merge")
    wiring.add_edge("merge", "save")
    wiring.add_edge("save", END)
    return wiring


def graph() -> CompiledStateGraph[InductionState, InductionDeps, InductionState, InductionState]:
    """The compiled graph without a checkpointer (what `langgraph.json` names)."""
    return builder().compile(name="induction")
