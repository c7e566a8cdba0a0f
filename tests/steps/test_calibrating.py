"""Events at other thresholds, counted over stretches, are those of the whole clip; and choosing."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ruler.reasoners.base import MatchContext
from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.observations import Observation
from ruler.schemas.rules import RevisionRef
from ruler.schemas.runs import Smoothing
from ruler.steps.calibrating import (
    Row,
    choose,
    coarse_thresholds,
    events_at,
    fine_thresholds,
    pad_seconds,
    stretches,
)
from ruler.steps.deducing import Deducer
from ruler.steps.rates import Budget
from tests.steps.yard import LEXICON, RULE_SET, TAXONOMY, scenes
from tests.support import make_caption, observe

THRESHOLDS = (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95)
SMOOTHINGS = st.sampled_from(
    [
        Smoothing(method="none"),
        Smoothing(seconds=0.3),
        Smoothing(),
        Smoothing(method="ema", seconds=0.5, is_causal=True),
        Smoothing(method="majority", seconds=0.3),
    ]
)


def deducer(smoothing: Smoothing) -> Deducer:
    return Deducer(
        reasoner=SymbolicReasoner(),
        context=MatchContext(
            rule_set=RULE_SET, lexicon=LEXICON, clip_start=None, as_of=dt.date(2026, 3, 1)
        ),
        revision=RevisionRef(scene=RULE_SET.scene, revision=1, sha256="0" * 64),
        taxonomy=TAXONOMY,
        smoothing=smoothing,
    )


def end(frame: int) -> float:
    return frame / 10


def wide(seen: list[Observation], gaps: list[int]) -> list[Observation]:
    """The clip with pauses in it, so that it falls into stretches."""
    shift, out = 0, []
    for number, one in enumerate(seen):
        shift += gaps[number % len(gaps)]
        frame = one.frame_index + shift
        out.append(
            one.model_copy(
                update={
                    "frame_index": frame,
                    "until_frame": one.until_frame + shift,
                    "time_seconds": frame / 10,
                }
            )
        )
    return out


@settings(max_examples=60)
@given(scenes(), st.lists(st.integers(0, 30), min_size=1, max_size=9), SMOOTHINGS)
def test_stretches_hold_all_events(
    seen: list[Observation], gaps: list[int], smoothing: Smoothing
) -> None:
    clip = wide(seen, gaps)
    by = deducer(smoothing)
    matched = by.match(clip)
    # What a run at the rule set's own threshold left must not show through.
    smoothed = by.conclude("clip", matched, end).traces
    found = events_at(by, "clip", smoothed, THRESHOLDS)
    for threshold in THRESHOLDS:
        whole = by.at_threshold(threshold).conclude("clip", matched, end).events
        assert [
            (e.start_frame, e.stop_frame, e.key_frame, e.peak_score, e.rules)
            for e in found[threshold]
        ] == [(e.start_frame, e.stop_frame, e.key_frame, e.peak_score, e.rules) for e in whole]


def test_quiet_footage_is_left_out() -> None:
    frames = [(n, n / 10, 0.9 if 400 <= n < 410 else 0.1) for n in range(1000)]
    by = deducer(Smoothing())
    assert pad_seconds(by) == 3.0
    [(start, stop)] = stretches(frames, 0.5, pad_seconds(by))
    assert (start, stop) == (370, 440)
    assert list(stretches(frames, 0.1, 3.0)) == [(0, 1000)]
    assert list(stretches([(0, 0.0, None)], 0.1, 3.0)) == []


def test_events_need_not_grow_fewer() -> None:
    """One alarm with a dip falls apart into two at a higher threshold."""
    clip = [
        observe(make_caption("a man is falling down" if n < 30 or n > 70 else "standing"), frame=n)
        for n in range(100)
    ]
    by = deducer(Smoothing(method="none"))
    found = events_at(by, "clip", by.conclude("clip", by.match(clip), end).traces, (0.5, 0.9))
    assert (len(found[0.5]), len(found[0.9])) == (1, 2)


def rows(*events: int) -> list[Row]:
    return [Row((n + 1) / 10, count) for n, count in enumerate(events)]


@pytest.mark.parametrize(
    ("events", "sure", "chosen"),
    [
        ((9, 4, 2, 1, 0), False, 0.4),
        ((0, 0, 0), False, 0.1),
        ((1, 3, 0), False, 0.3),  # what is low and keeps it by chance is not taken
        ((5, 4, 3), False, None),
        ((9, 4, 2, 1, 0), True, None),
    ],
)
def test_the_lowest_that_keeps_the_budget(
    events: tuple[int, ...], sure: bool, chosen: float | None
) -> None:
    found = choose(rows(*events), Budget(1), 1.0, is_sure=sure)
    assert (found.threshold if found else None) == chosen


def test_sure_needs_footage() -> None:
    assert choose(rows(0), Budget(1), 3.68, is_sure=True) is None
    assert choose(rows(0), Budget(1), 3.70, is_sure=True) is not None


@given(st.lists(st.integers(0, 6), min_size=1, max_size=12), st.floats(0.01, 9))
def test_a_choice_keeps_its_word(events: list[int], days: float) -> None:
    budget = Budget(1)
    found = choose(rows(*events), budget, days, is_sure=False)
    kept = [row.events / days <= 1 + 1e-9 for row in rows(*events)]
    if found is None:
        assert not kept[-1]
        return
    place = round(found.threshold * 10) - 1
    assert all(kept[place:])
    assert place == 0 or not kept[place - 1]


def test_candidates() -> None:
    tried = coarse_thresholds(0.333)
    assert tried == sorted(set(tried)) and {0.05, 0.333, 0.95, 0.99} <= set(tried)
    assert tried[0] > 0 and tried[-1] < 1
    assert fine_thresholds([Row(t) for t in tried], Row(0.3)) == [0.26, 0.27, 0.28, 0.29]
    assert fine_thresholds([Row(t) for t in tried], Row(0.05)) == []
    assert coarse_thresholds(1.0)[-1] == 0.99
