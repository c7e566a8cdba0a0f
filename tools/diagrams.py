"""Draws the Mermaid that LangGraph writes as SVG, so that the documentation needs no script.

It knows what `draw_mermaid(with_styles=False)` writes and nothing else: nodes by their names, and
the arrows `-->` and `-.->`. Nodes stand in one column in their order; an arrow that leaves nodes
out runs on the right, one that goes back on the left.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

_ARROW = re.compile(r"\s*(\w+) (-->|-\.->) (\w+);")
_HEAD = "graph TD;"
_WIDTH, _HEIGHT, _STEP, _MIDDLE = 190, 34, 62, 230
_TIP = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
    'orient="auto"><path d="M0 0L8 4L0 8z" fill="currentColor" stroke="none"/></marker></defs>'
)
_SHOWN = {"__start__": "start", "__end__": "end"}

Edge = tuple[str, str, bool]
"""From, to, and whether it is always taken."""


def parse(source: str) -> tuple[Edge, ...]:
    """The arrows of a drawing.

    Raises:
        ValueError: a line is nothing that LangGraph draws.
    """
    head, *lines = source.strip().splitlines()
    found = [_ARROW.fullmatch(line) for line in lines]
    if head.strip() != _HEAD or not lines or not all(found):
        raise ValueError("this is no graph that LangGraph drew")
    return tuple((one[1], one[3], one[2] == "-->") for one in found if one)


def ordered(edges: tuple[Edge, ...], first: str = "__start__") -> tuple[str, ...]:
    """Nodes so that arrows lead down, but for those that close a circle."""
    done: list[str] = []
    seen: set[str] = set()

    def visit(node: str) -> None:
        seen.add(node)
        # What is always taken comes last here, and so stands right below.
        for start, stop, _ in sorted(edges, key=lambda edge: edge[1], reverse=True):
            if start == node and stop not in seen:
                visit(stop)
        done.append(node)

    visit(first)
    return tuple(reversed(done))


def svg(source: str) -> str:
    """The drawing as an SVG element that takes its colours from the page."""
    edges = parse(source)
    nodes = ordered(edges)
    places = {node: number for number, node in enumerate(nodes)}
    height = _STEP * len(nodes) - _STEP + _HEIGHT + 4
    said = " then ".join(_SHOWN.get(node, node) for node in nodes)
    return "".join(
        (
            (
                f'<svg class="graph" role="img" viewBox="0 0 {2 * _MIDDLE} {height}" '
                f'width="{2 * _MIDDLE}" aria-label="{html.escape(said)}" '
                'fill="none" stroke="currentColor" font-size="14">'
            ),
            _TIP,
            *(_arrow(places[start], places[stop], always) for start, stop, always in edges),
            *_boxes(nodes),
            "</svg>",
        )
    )


def _arrow(start: int, stop: int, always: bool) -> str:
    top, bottom = start * _STEP + _HEIGHT + 2, stop * _STEP
    dashes = "" if always else ' stroke-dasharray="5 4"'
    if stop == start + 1:
        path = f"M{_MIDDLE} {top}V{bottom}"
    else:
        side = 1 if stop > start else -1
        edge, far = _MIDDLE + side * _WIDTH // 2, _MIDDLE + side * (_WIDTH // 2 + 70)
        begin, end = start * _STEP + _HEIGHT // 2 + 2, stop * _STEP + _HEIGHT // 2 + 2
        path = f"M{edge} {begin}C{far} {begin} {far} {end} {edge + side * 2} {end}"
    return f'<path d="{path}" stroke-width="1.4"{dashes} marker-end="url(#tip)"/>'


def _boxes(nodes: tuple[str, ...]) -> Iterator[str]:
    for number, node in enumerate(nodes):
        round_ = _HEIGHT // 2 if node in _SHOWN else 6
        yield (
            f'<rect x="{_MIDDLE - _WIDTH // 2}" y="{number * _STEP + 2}" width="{_WIDTH}" '
            f'height="{_HEIGHT}" rx="{round_}" stroke-width="1.4"/>'
            f'<text x="{_MIDDLE}" y="{number * _STEP + _HEIGHT // 2 + 7}" text-anchor="middle" '
            f'fill="currentColor" stroke="none">{html.escape(_SHOWN.get(node, node))}</text>'
        )


def fence(source: str, *_: Any, **__: Any) -> str:
    """What pymdownx.superfences calls for a `mermaid` block."""
    return f"<p>{svg(source)}</p>"
