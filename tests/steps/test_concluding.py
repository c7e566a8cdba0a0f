"""What a clip comes to as a whole: the first answer by its frames, and what is kept of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.reasoners.base import ClipEvidence
from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.taxonomy import Taxonomy
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import ClipAnswer, ClipVerdict, Event, Outcome, Reflection
from ruler.steps.concluding import MOST_ALARMS, MOST_FRAMES, Concluder, FrameOutcome, Thinned
from tests.reporting.builders import event
from tests.support import REVISION, make_rule, make_rules, observe, trace_of

RULES = make_rules(make_rule("odd"))
OUTCOMES = st.sampled_from(["normal", "anomaly", "undetermined", "failed"])


@dataclass
class Telling(SymbolicReasoner):
    """Says what it is told to, and keeps what it was shown."""

    second: Outcome | None = None
    answer: ClipAnswer | None = None
    shown: list[ClipEvidence] = field(default_factory=list)

    def answer_clip(self, clip: ClipEvidence) -> ClipAnswer:
        self.shown.append(clip)
        return self.answer or clip.first

    def reflect_clip(self, clip: ClipEvidence, taxonomy: Taxonomy) -> Reflection:
        self.shown.append(clip)
        first = clip.first.outcome
        item = "motion.fall" if self.second == "anomaly" else None
        evidence = event().evidence if self.second == "anomaly" else ()
        return Reflection(
            first=first, second=self.second or first, item=item, evidence=evidence, why="because"
        )


def read(frames: Sequence[int]) -> list[Trace]:
    return [trace_of(observe(frame=frame)) for frame in frames]


def conclude(
    frames: Sequence[FrameOutcome],
    events: Sequence[Event] = (),
    reasoner: Telling | None = None,
    by: str = "frame",
) -> ClipVerdict:
    taxonomy = Taxonomy(id="test", categories={})
    concluder = Concluder(reasoner or Telling(), RULES, REVISION, taxonomy, by)  # type: ignore[arg-type]
    return concluder.conclude("clip", iter(frames), events, read)


def frames_of(*outcomes: Outcome) -> list[FrameOutcome]:
    return [(n, one, 0.8 if one == "anomaly" else 0.2) for n, one in enumerate(outcomes)]


@pytest.mark.parametrize(
    ("outcomes", "first"),
    [
        ((), "failed"),
        (("failed",) * 3, "failed"),
        (("failed", "failed", "undetermined"), "undetermined"),
        (("normal", "undetermined"), "undetermined"),
        (("normal", "normal", "failed"), "normal"),
    ],
)
def test_the_first_answer_by_the_frames(outcomes: tuple[Outcome, ...], first: Outcome) -> None:
    found = conclude(frames_of(*outcomes))
    assert (found.first.outcome, found.outcome) == (first, first)
    assert (found.reflection is None) == (first == "failed")


def test_the_gravest_event_names_the_clip() -> None:
    events = [
        event(level="low", peak_score=0.99, rules=("walkway.a", "walkway.b")),
        event(level="high", peak_score=0.6, category="posture.fall", rules=("walkway.fast",)),
        event(level="high", peak_score=0.5),
        event(level="low", rules=("walkway.a",)),
    ]
    found = conclude(frames_of("normal", "anomaly", "failed"), events)
    assert found.first.rules == ("walkway.fast", "walkway.a")
    assert (found.category, found.level, found.score) == ("posture.fall", "high", 0.8)
    assert found.first.evidence == events[1].evidence
    assert found.why == "because"


@given(st.lists(OUTCOMES, max_size=400))
def test_the_score_is_the_greatest_of_a_decided_frame(outcomes: list[Outcome]) -> None:
    frames: list[FrameOutcome] = [(n, one, n / 400) for n, one in enumerate(outcomes)]
    events = [event()] if "anomaly" in outcomes else []
    found = conclude(frames, events)
    decided = [score for _, one, score in frames if one in ("normal", "anomaly")]
    assert found.score == max(decided, default=0.0)
    assert (found.first.outcome == "anomaly") == ("anomaly" in outcomes)
    if decided == []:
        assert found.outcome in ("failed", "undetermined")


def test_a_long_clip_is_shown_evenly_with_its_alarms() -> None:
    telling = Telling()
    outcomes: list[Outcome] = ["normal"] * 100_000
    outcomes[70_001:70_101] = ["anomaly"] * 100
    conclude(frames_of(*outcomes), [event()], telling)
    [shown] = telling.shown
    frames = [seen.frame_index for seen in shown.observations]
    assert frames == sorted(set(frames))
    assert len(frames) <= MOST_FRAMES + MOST_ALARMS
    assert all(70_001 <= frame < 70_101 for frame in shown.alarms)
    assert MOST_ALARMS / 2 <= len(shown.alarms) <= MOST_ALARMS
    assert shown.alarms <= set(frames)
    gaps = [b - a for a, b in itertools.pairwise(frames) if b < 70_000]
    assert len(set(gaps)) == 1


@given(st.integers(0, 5_000), st.sampled_from([2, 24, 60]))
def test_thinning_is_even_and_bounded(count: int, most: int) -> None:
    thinned = Thinned(most)
    for number in range(count):
        thinned.add(number)
    kept = thinned.kept
    assert len(kept) <= most
    assert len(kept) >= min(count, most // 2)
    assert len({b - a for a, b in itertools.pairwise(kept)}) <= 1
    assert kept[:1] == ([0] if count else [])


@pytest.mark.parametrize("second", ["normal", "anomaly", "undetermined"])
@pytest.mark.parametrize("first", ["normal", "anomaly", "undetermined"])
def test_the_second_answer_stands_beside_the_first(first: Outcome, second: Outcome) -> None:
    frames = {"normal": ["normal"], "anomaly": ["anomaly"], "undetermined": ["undetermined"]}
    events = [event()] if first == "anomaly" else []
    found = conclude(frames_of(*frames[first]), events, Telling(second=second))  # type: ignore[arg-type]
    assert (found.first.outcome, found.outcome) == (first, second)
    assert found.is_overturned == (first != second)
    assert (found.category is None) == (second != "anomaly" or first != "anomaly")


def test_by_clip_the_reasoner_answers_first() -> None:
    said = ClipAnswer(outcome="normal", by="captions", why="they walk")
    telling = Telling(answer=said)
    found = conclude(frames_of("anomaly"), [event()], telling, by="clip")
    assert found.first == said
    assert [one.first.outcome for one in telling.shown] == ["anomaly", "normal"]
    assert conclude(frames_of("failed"), by="clip", reasoner=telling).outcome == "failed"
    assert len(telling.shown) == 2  # a failed clip is asked about by nobody
