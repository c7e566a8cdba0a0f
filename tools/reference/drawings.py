"""The page of graphs: each drawn by LangGraph itself, each node told by its docstring."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import ModuleType

from graphs import deduction, induction
from tools.diagrams import ordered, parse
from tools.reference.tables import table

_INTRODUCTION = """\
# The two graphs

ruler is two LangGraph graphs. `ruler induce` runs the first, `ruler detect` the second, once for
each clip. The drawings are made from the graphs that run; a dotted arrow is taken or not, by what
the node finds. LangGraph Studio shows the same with `langgraph.json`.

A graph's state holds cursors and names, never pixels or captions: those lie in the store, and each
node reads what the one before stored. So a killed run goes on where it was, and memory does not
grow with a clip's length.
"""
_SAID = {
    induction: "## Induction: from normal clips to rules",
    deduction: "## Deduction: from a clip to events",
}


def page() -> str:
    """The page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _INTRODUCTION
    for module, title in _SAID.items():
        yield f"{title}\n"
        yield f"```mermaid\n{drawing(module)}\n```\n"
        yield from table(("node", "what it does"), _nodes(module))
        yield ""
    yield (
        "What the nodes do stands in `graphs/learning.py` and `graphs/stages.py`, the pure steps "
        "in `ruler/steps`. [How scores are made](../scores.md) goes through the second graph."
    )


def drawing(module: ModuleType) -> str:
    """The graph of a module as Mermaid, the way LangGraph draws it, without colours."""
    drawn: str = module.graph().get_graph().draw_mermaid(with_styles=False)
    return drawn.strip().replace("\t", "  ")


def _nodes(module: ModuleType) -> Iterator[tuple[str, str]]:
    for name in ordered(parse(drawing(module))):
        if not name.startswith("__"):
            said = inspect.getdoc(getattr(module, name)) or ""
            yield f"`{name}`", said.split("\n\n")[0]
