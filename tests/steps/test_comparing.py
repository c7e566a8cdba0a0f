"""Comparing what two rule sets say of the same captions."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.observations import Observation
from ruler.schemas.runs import Smoothing
from ruler.schemas.verdicts import Event
from ruler.steps.comparing import Difference, compare
from ruler.steps.deducing import Deducer, Deduction
from tests.steps.yard import LEXICON, RULES, TAXONOMY, scenes
from tests.support import REVISION, context_of


def deduced(seen: list[Observation], *, without: str = "") -> Deduction:
    rules = [rule for rule in RULES if rule.id != f"gate.{without}"]
    deducer = Deducer(
        reasoner=SymbolicReasoner(),
        context=context_of(*rules, words=LEXICON),
        revision=REVISION,
        taxonomy=TAXONOMY,
        smoothing=Smoothing(seconds=0.2),
    )
    return deducer.deduce("clip", seen, lambda frame: frame / 10)


@settings(max_examples=40)
@given(scenes())
def test_laws(seen: list[Observation]) -> None:
    whole, less = deduced(seen), deduced(seen, without="falling")
    there, back = compare(whole, less, 60.0), compare(less, whole, 60.0)
    assert (there.added, there.removed) == (back.removed, back.added)
    assert (there.gained, there.lost) == (back.lost, back.gained)
    assert there.changed == back.changed
    alarms = [sum(v.outcome == "anomaly" for v in one.verdicts) for one in (whole, less)]
    assert alarms[1] - alarms[0] == there.added - there.removed
    same = compare(whole, whole, 60.0)
    assert (same.added, same.removed, same.changed, same.gained, same.lost) == (0, 0, 0, (), ())


def event(start: int, stop: int) -> Event:
    return Event.model_construct(start_frame=start, stop_frame=stop)


def test_events_that_overlap_are_the_same_alarm() -> None:
    old = Deduction([], [], [event(0, 10), event(20, 30)])
    new = Deduction([], [], [event(9, 15), event(30, 40)])
    found = compare(old, new, 43_200.0)
    assert [one.start_frame for one in found.gained] == [30]
    assert [one.start_frame for one in found.lost] == [20]
    assert found.a_day(found.after) == 4.0
    assert found.speaks_of_a_day


def test_clips_add_up() -> None:
    one = Difference(frames=3, seconds=10.0, added=1, after=2, fired={"gate.odd": 2})
    both = one + replace(one, fired={"gate.odd": 1, "gate.even": 1})
    assert (both.frames, both.seconds, both.added, both.after) == (6, 20.0, 2, 4)
    assert both.fired == {"gate.odd": 3, "gate.even": 1}
    assert Difference().a_day(0) is None
    assert not both.speaks_of_a_day


def test_a_little_footage_gives_no_rate_but_a_lower_end() -> None:
    short = Difference(frames=60, seconds=60.0, before=1, after=9)
    assert short.a_day(short.after) is None
    assert 1000 < short.at_least_a_day(short.after) < 9 * 1440
    assert short.at_least_a_day(0) == 0
    assert Difference().at_least_a_day(0) == 0
    whole = Difference(frames=3600, seconds=3600.0, after=2)
    assert whole.a_day(whole.after) == 48.0
