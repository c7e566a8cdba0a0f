"""Score curves: as figures for plotly, and as still pictures for paper and for no JavaScript.

A figure is the plain JSON that plotly.js draws. Plotly reads markup in its texts, so every text
that comes from outside goes through `plot_text`. A colour such as `@ink` is a variable of the
report's style sheet; the page puts it in, so that a chart follows light and dark.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from ruler.reporting.model import ClipReport, CurveData
from ruler.reporting.words import clean, clock
from ruler.schemas.verdicts import Event

_NUMBERED: Final = 30
"""With more events than this their numbers would cover one another."""


def plot_text(text: str) -> str:
    """Text that plotly shows as it is: no tag, no link, no control character."""
    return (
        clean(text)
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("%{", "%&#123;")
    )


def plotly_figure(clip: ClipReport, curve: CurveData, threshold: float) -> dict[str, Any]:
    """A clip's chart: score, threshold, events and gaps."""
    events = [shown.event for shown in clip.events]
    return {
        "data": [*_gap_traces(curve), _score_trace(curve)],
        "layout": {
            "height": 250,
            "margin": {"l": 42, "r": 12, "t": 22, "b": 40},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"color": "@muted", "size": 12, "family": "system-ui, sans-serif"},
            "hovermode": "x",
            "hoverlabel": {"bgcolor": "@panel", "bordercolor": "@line", "font": {"color": "@ink"}},
            "dragmode": "zoom",
            "showlegend": False,
            "xaxis": _axis([0, max(curve.stop_seconds, 0.1)]) | {"ticksuffix": " s"},
            "yaxis": _axis([0, 1.03]) | {"fixedrange": True, "tickvals": [0, 0.25, 0.5, 0.75, 1]},
            "shapes": [*(_event_shape(event) for event in events), _threshold_shape(threshold)],
            "annotations": [_number(n, event) for n, event in enumerate(events, start=1)]
            if len(events) <= _NUMBERED
            else [],
        },
    }


def _axis(limits: list[float]) -> dict[str, Any]:
    return {
        "range": limits,
        "gridcolor": "@line",
        "linecolor": "@line",
        "zeroline": False,
        "automargin": False,
    }


def _score_trace(curve: CurveData) -> dict[str, Any]:
    times, scores = list(curve.times), list(curve.scores)
    if times:
        times.append(curve.stop_seconds)
        scores.append(scores[-1])
    return {
        "type": "scatter",
        "mode": "lines" if len(times) > 2 else "lines+markers",
        "x": [round(time, 3) for time in times],
        "y": [None if score is None else round(score, 4) for score in scores],
        "line": {"shape": "hv", "width": 2, "color": "@curve"},
        "hovertemplate": "%{x:.1f} s: score %{y:.2f}<extra></extra>",
    }


def _gap_traces(curve: CurveData) -> Iterator[dict[str, Any]]:
    for gap in curve.gaps:
        start, stop = round(gap.start_seconds, 3), round(gap.stop_seconds, 3)
        yield {
            "type": "scatter",
            "mode": "lines",
            "x": [start, start, stop, stop],
            "y": [0, 1, 1, 0],
            "fill": "toself",
            "line": {"width": 0},
            "fillcolor": "rgba(0,0,0,0)",
            "fillpattern": {
                "shape": "/" if gap.outcome == "undetermined" else "x",
                "fgcolor": f"@{gap.outcome}",
                "bgcolor": "rgba(0,0,0,0)",
                "size": 7,
                "solidity": 0.25,
            },
            "hoverinfo": "skip",
        }


def _event_shape(event: Event) -> dict[str, Any]:
    return {
        "type": "rect",
        "layer": "below",
        "yref": "paper",
        "x0": event.start_seconds,
        "x1": event.stop_seconds,
        "y0": 0,
        "y1": 1,
        "fillcolor": f"@{event.level}",
        "opacity": 0.22,
        "line": {"width": 0},
    }


def _threshold_shape(threshold: float) -> dict[str, Any]:
    line = {"width": 1.5, "dash": "dash", "color": "@threshold"}
    whole = {"xref": "paper", "x0": 0, "x1": 1, "y0": threshold, "y1": threshold}
    return {"type": "line", "line": line} | whole


def _number(number: int, event: Event) -> dict[str, Any]:
    return {
        "text": plot_text(str(number)),
        "x": (event.start_seconds + event.stop_seconds) / 2,
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"color": "@ink", "size": 12},
    }


@dataclass(frozen=True)
class Band:
    """A stretch of a still chart, in thousandths of the clip's length."""

    left: float
    width: float
    kind: str
    number: int = 0


@dataclass(frozen=True)
class StillChart:
    """A chart as shapes in a box 1000 wide and 100 high."""

    lines: tuple[str, ...]
    bands: tuple[Band, ...]
    gaps: tuple[Band, ...]
    threshold: float
    ticks: tuple[str, ...]


def still_chart(clip: ClipReport, curve: CurveData, threshold: float) -> StillChart:
    """The same chart for an inline SVG. Bands are at least 3 wide: a short event stays visible."""
    length = max(curve.stop_seconds, 0.1)

    def band(start: float, stop: float, kind: str, number: int = 0) -> Band:
        left = min(max(0.0, start / length * 1000), 997.0)
        width = min(max(3.0, (stop - start) / length * 1000), 1000 - left)
        return Band(round(left, 1), round(width, 1), kind, number)

    events = [shown.event for shown in clip.events]
    return StillChart(
        lines=tuple(_polylines(curve, length)),
        bands=tuple(
            band(event.start_seconds, event.stop_seconds, event.level, number)
            for number, event in enumerate(events, start=1)
        ),
        gaps=tuple(band(gap.start_seconds, gap.stop_seconds, gap.outcome) for gap in curve.gaps),
        threshold=round(100 - 100 * threshold, 1),
        ticks=tuple(clock(length * quarter / 4).replace(".0", "") for quarter in range(5)),
    )


def _polylines(curve: CurveData, length: float) -> Iterator[str]:
    """Step-wise runs of points, broken where nothing was decided."""
    run: list[str] = []
    ends = [*curve.times[1:], curve.stop_seconds]
    for time, end, score in zip(curve.times, ends, curve.scores, strict=False):
        if score is None:
            if run:
                yield " ".join(run)
            run = []
            continue
        y = f"{100 - 100 * score:.1f}".removesuffix(".0")
        run += [f"{1000 * at / length:.1f},{y}" for at in (time, end)]
    if run:
        yield " ".join(run)
