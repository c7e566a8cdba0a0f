"""What the store counts of a scene's matches: finished runs only, by rule, run and clip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ruler.schemas.runs import Usage
from ruler.schemas.traces import Trace
from rules_store.health import Hits
from rules_store.store import Store
from tests import support
from tests.conformance.stores import caption_of, match_of, new, spec_of

SCENE = "front-door"
ODD, NEW = f"{SCENE}.odd", f"{SCENE}.uncovered"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Two finished runs and one that was cut off, of two clips each."""
    with Store(tmp_path / "store") as opened:
        revision = opened.scenes.save(new())
        for number, run in enumerate(("first", "second", "cut")):
            opened.runs.create(spec_of(revision, run), [("a", "/a"), ("b", "/b")])
            traces = [watched(frame) for frame in range(4 + number)]
            opened.captions.put(t.observation.caption for t in traces if t.observation.caption)
            for clip in (0, 1):
                opened.traces.save_chunk(run, clip, 0, traces, Usage())
            if run != "cut":
                opened.runs.finish(run, "done")
        yield opened


def watched(frame: int) -> Trace:
    """A frame on which a rule grows stronger, and from the third on something is new."""
    seen = support.observe(caption_of(frame), frame=frame)
    matches = [match_of(frame, 0.3 + 0.1 * frame)]
    if frame >= 2:
        words = "walks" if frame == 2 else "light"
        matches.append(support.match_of(NEW, 0.6, support.quote(seen, words)))
    return support.trace_of(seen, *matches)


def test_finished_runs_are_counted(store: Store) -> None:
    assert store.health.sampled(SCENE) == {
        ("first", 0): 4,
        ("first", 1): 4,
        ("second", 0): 5,
        ("second", 1): 5,
    }
    assert store.health.sampled("elsewhere") == {}


def test_hits_by_run_and_clip(store: Store) -> None:
    assert sorted(store.health.hits(SCENE, [ODD], 0.5), key=str) == [
        Hits(ODD, "first", 0, 2, 3),
        Hits(ODD, "first", 1, 2, 3),
        Hits(ODD, "second", 0, 3, 4),
        Hits(ODD, "second", 1, 3, 4),
    ]
    assert store.health.hits(SCENE, [], 0.5) == []
    assert store.health.hits("elsewhere", [ODD], 0.5) == []


def test_times_of_frames(store: Store) -> None:
    times = [
        trace.time_seconds
        for trace in store.traces.read("second", 0)
        if any(m.rule_id == ODD and m.strength >= 0.5 for m in trace.matched.matches)
    ]
    assert store.health.times("second", 0, ODD, 0.5) == times
    assert store.health.second_of("second", 0, 4) == times[-1]


def test_what_was_quoted_most(store: Store) -> None:
    assert store.health.quoted(SCENE, [NEW], 0.5, 10) == [("light", 6), ("walks", 4)]
    assert store.health.quoted(SCENE, [NEW], 0.5, 1) == [("light", 6)]
    assert store.health.quoted(SCENE, [NEW], 0.7, 10) == []


def test_in_which_revisions_a_rule_is_live(store: Store) -> None:
    active = store.scenes.revision(SCENE)
    live = {rule.id for rule in active.rule_set.live}
    assert {rule for rule, numbers in store.health.revisions_of(SCENE).items() if 1 in numbers} == (
        live
    )
