from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.reporting.curve import Curve
from ruler.reporting.model import CurveData
from ruler.schemas.verdicts import Verdict
from tests.reporting.builders import failed, verdict


def build(scores: list[float | None], points: int = 2000) -> tuple[list[Verdict], CurveData]:
    items = [
        failed(index) if score is None else verdict(index, score=score)
        for index, score in enumerate(scores)
    ]
    curve = Curve(points)
    for item in items:
        curve.add(item)
    return items, curve.finish()


def test_short_curves_are_kept_as_they_are() -> None:
    items, data = build([0.1, 0.9, None, 0.2])
    assert data.times == tuple(item.time_seconds for item in items)
    assert data.scores == (0.1, 0.9, None, 0.2)
    assert data.pooled == 1
    assert data.stop_seconds == pytest.approx(0.4)
    assert [(gap.outcome, gap.start_seconds) for gap in data.gaps] == [("failed", 0.2)]
    assert data.gaps[0].stop_seconds == pytest.approx(0.3)


@given(st.lists(st.none() | st.floats(0, 1), max_size=120), st.integers(2, 9))
def test_pooling_keeps_every_peak_and_every_gap(scores: list[float | None], points: int) -> None:
    items, data = build(scores, points)
    assert len(data.times) <= points
    assert list(data.times) == [item.time_seconds for item in items[:: data.pooled]]
    for at, found in enumerate(data.scores):
        part = [s for s in scores[at * data.pooled : (at + 1) * data.pooled] if s is not None]
        assert found == (max(part) if part else None)
    for item, score in zip(items, scores, strict=True):
        marked = any(g.start_seconds <= item.time_seconds < g.stop_seconds for g in data.gaps)
        assert marked or score is not None


def test_long_curves_stay_short_and_full() -> None:
    _, data = build([0.5] * 5000)
    assert 1000 <= len(data.times) <= 2000
    assert data.pooled == 4


def test_gaps_of_one_kind_join_and_kinds_stay_apart() -> None:
    curve = Curve()
    for item in (failed(0), failed(1), failed(2, "undetermined"), verdict(3), failed(4)):
        curve.add(item)
    gaps = [(g.outcome, g.start_seconds, g.stop_seconds) for g in curve.finish(5.0).gaps]
    assert gaps == [("undetermined", 0.2, 0.3), ("failed", 0.0, 0.2), ("failed", 0.4, 5.0)]


def test_edges() -> None:
    assert Curve().finish() == CurveData()
    assert Curve().finish(7.0).stop_seconds == 7.0
    with pytest.raises(ValueError, match="two points"):
        Curve(1)
    curve = Curve()
    curve.add(verdict(20))
    assert curve.finish(1.0).stop_seconds == 2.0  # never before its own last point
