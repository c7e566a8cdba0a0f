"""The vote over batches: pooled ranges, shared words, and rules that several batches wrote."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.reasoners.symbolic.proposing import quantiles
from ruler.schemas.induction import FactRange, Proposal, Topic
from ruler.schemas.rules import Rule, Subject
from ruler.steps.voting import aggregate, pool
from tests.support import make_rule

VALUES = st.lists(st.floats(0, 10), min_size=1, max_size=60)


def spread(values: list[float], fact: str = "speed_ratio", peak: str = "clip#0") -> FactRange:
    return FactRange(
        fact=fact, frames=len(values), quantiles=quantiles(sorted(values)), peaks=(peak,)
    )


def proposal(
    batch: str,
    *ranges: FactRange,
    clips: tuple[str, ...] | None = None,
    captions: int = 10,
    topics: tuple[Topic, ...] = (),
    concepts: dict[str, int] | None = None,
    rules: tuple[Rule, ...] = (),
) -> Proposal:
    return Proposal(
        batch=batch,
        clips=clips or (batch,),
        captions=captions,
        ranges=ranges,
        topics=topics,
        concepts=concepts or {},
        rules=rules,
    )


@given(VALUES)
def test_quantiles_are_numpys(values: list[float]) -> None:
    expected = np.quantile(values, np.linspace(0, 1, 101))
    assert quantiles(sorted(values)) == pytest.approx(expected.tolist(), abs=1e-5)


@given(VALUES)
def test_one_batch_is_its_own_pool(values: list[float]) -> None:
    assert pool([spread(values)]) == spread(values)


@given(st.lists(VALUES, min_size=1, max_size=5))
def test_a_pool_is_ordered_and_exact_at_the_ends(batches: list[list[float]]) -> None:
    pooled = pool([spread(values) for values in batches])
    everything = [value for values in batches for value in values]
    assert pooled.frames == len(everything)
    assert list(pooled.quantiles) == sorted(pooled.quantiles)
    assert pooled.quantiles[0] == pytest.approx(min(everything), abs=1e-5)
    assert pooled.quantiles[-1] == pytest.approx(max(everything), abs=1e-5)


@given(st.integers(0, 999), st.lists(st.integers(101, 300), min_size=1, max_size=4))
def test_a_pool_is_close_to_the_raw_values(seed: int, sizes: list[int]) -> None:
    """A pooled quantile lies between the raw ones two steps below and above it."""
    random = np.random.default_rng(seed)
    batches = [random.gamma(2, 1 + number, size) for number, size in enumerate(sizes)]
    pooled = pool([spread(values.tolist()) for values in batches])
    shares = np.arange(101) / 100
    low = np.quantile(np.concatenate(batches), np.clip(shares - 0.021, 0, 1))
    high = np.quantile(np.concatenate(batches), np.clip(shares + 0.021, 0, 1))
    assert np.all(low - 1e-5 <= pooled.quantiles)
    assert np.all(pooled.quantiles <= high + 1e-5)


def test_large_batches_weigh_more() -> None:
    many, few = [1.0] * 900, [9.0] * 100
    pooled = pool([spread(many), spread(few)])
    assert pooled.quantile(0.5) == 1
    assert pooled.quantile(0.85) == 1
    assert pooled.quantile(0.95) == 9


def test_peaks_are_the_highest_batches() -> None:
    spreads = [spread([value], peak=f"clip#{value:.0f}") for value in (1.0, 4.0, 3.0, 2.0)]
    assert pool(spreads).peaks == ("clip#4", "clip#3", "clip#2")


def test_ranges_are_voted_by_fact() -> None:
    found = aggregate(
        [
            proposal("a", spread([1.0] * 50), spread([1.0], "fall_speed"), clips=("a", "x")),
            proposal("b", spread([1.1] * 50), clips=("b", "x")),
            proposal("c", spread([5.0] * 50), captions=5),
        ]
    )
    assert (found.batches, found.clips, found.captions) == (3, 4, 25)
    assert [one.fact for one in found.ranges] == ["fall_speed", "speed_ratio"]
    assert found.range_votes == {"fall_speed": 1, "speed_ratio": 3}
    unlike = aggregate([proposal("a", spread([1.0] * 99)), proposal("b", spread([5.0]))])
    assert unlike.range_votes == {"speed_ratio": 1}


def topic(
    phrase: str, captions: int = 4, *, key: str = "", subject: Subject = "environment"
) -> Topic:
    return Topic(
        subject=subject, key=tuple((key or phrase).split()), phrase=phrase, captions=captions
    )


def test_topics_add_up() -> None:
    found = aggregate(
        [
            proposal("a", topics=(topic("walls", 3, key="wall"), topic("bench", 1))),
            proposal("b", topics=(topic("wall", 4), topic("red wall", 2))),
            proposal("c", topics=(topic("bench", 9),)),
        ]
    )
    told = [(t.phrase, t.captions, t.votes) for t in found.topics]
    assert told == [("bench", 10, 2), ("walls", 7, 2), ("red wall", 2, 1)]


def test_a_topic_is_the_same_by_its_lemmas_and_its_subject() -> None:
    found = aggregate(
        [
            proposal("a", topics=(topic("walking", key="walk"),)),
            proposal("b", topics=(topic("walking", key="walk", subject="human_activity"),)),
            proposal("c", topics=(topic("walk walk"),)),
        ]
    )
    assert [(t.subject, t.key, t.votes) for t in found.topics] == [
        ("environment", ("walk",), 1),
        ("environment", ("walk", "walk"), 1),
        ("human_activity", ("walk",), 1),
    ]


TOPICS = st.lists(
    st.builds(topic, st.sampled_from(["wall", "bench", "red wall"]), st.integers(1, 9)),
    unique_by=lambda topic: topic.key,
).map(tuple)


@given(st.lists(TOPICS, min_size=1, max_size=5))
def test_no_caption_and_no_vote_is_lost(batches: list[tuple[Topic, ...]]) -> None:
    found = aggregate([proposal(f"b{n}", topics=given) for n, given in enumerate(batches)])
    everything = [topic for batch in batches for topic in batch]
    assert {t.key for t in found.topics} == {t.key for t in everything}
    assert sum(t.captions for t in found.topics) == sum(t.captions for t in everything)
    assert sum(t.votes for t in found.topics) == len(everything)
    assert all(t.votes <= len(batches) for t in found.topics)
    counts = [t.captions for t in found.topics]
    assert counts == sorted(counts, reverse=True)


def test_concepts_are_counted_even_where_none_voted() -> None:
    found = aggregate([proposal("a", concepts={"run": 0}), proposal("b", concepts={"run": 3})])
    [concept] = found.concepts
    assert (concept.votes, concept.share) == (1, 0.15)


def test_rules_keep_their_votes() -> None:
    shared, alone = make_rule("shared"), make_rule("alone")
    found = aggregate(
        [
            proposal("a", rules=(shared, alone)),
            proposal("b", rules=(shared,)),
            *(proposal(name) for name in "cd"),
        ]
    )
    [rule] = found.rules
    assert (rule.id, rule.origin.votes) == ("gate.shared", "2/4")


def test_a_batch_votes_once_for_a_rule() -> None:
    twice = proposal("a", rules=(make_rule(), make_rule(title="Again")))
    found = aggregate([twice, proposal("b"), proposal("c")])
    assert found.rules == ()
    assert aggregate([twice]).rules[0].origin.votes == "1/1"
