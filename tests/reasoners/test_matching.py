"""How one rule fires on one caption."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.reasoners.matching import (
    FAINT,
    FIRES,
    best_figure,
    logistic,
    match_found,
    match_rule,
    measure_strength,
)
from ruler.schemas.observations import FigureLink, Observation
from ruler.schemas.rules import Measure, Rule
from ruler.schemas.verdicts import FactEvidence, Match, NotEvaluable, WordEvidence, evidence_holds
from ruler.text.phrases import Found, find_any
from tests.support import (
    captions,
    context_of,
    failed,
    make_box,
    make_caption,
    make_figure,
    make_rule,
    observe,
)

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
FAST = make_rule("fast", measures=[{"fact": "speed_ratio", "above": 2.0, "softness": 0.2}])


def apply(rule: Rule, seen: Observation | str) -> Match | NotEvaluable | None:
    said = observe(seen) if isinstance(seen, str) else seen
    return match_rule(rule, said, context_of(rule))


def strength(rule: Rule, seen: Observation | str) -> float:
    found = apply(rule, seen)
    assert not isinstance(found, NotEvaluable)
    return found.strength if found else 0.0


@given(NUMBERS)
def test_the_logistic_never_overflows(z: float) -> None:
    assert 0 <= logistic(z) <= 1
    assert logistic(z) + logistic(-z) == pytest.approx(1)


@given(NUMBERS, NUMBERS, st.floats(1e-9, 1e9))
def test_a_measure_is_a_half_at_its_bound_and_rises(a: float, b: float, softness: float) -> None:
    low, high = sorted((a, b))
    above = Measure(fact="speed_ratio", above=1.5, softness=softness)
    assert measure_strength(above, 1.5) == 0.5
    assert 0 <= measure_strength(above, low) <= measure_strength(above, high) <= 1
    below = Measure(fact="speed_ratio", below=1.5, softness=softness)
    assert measure_strength(below, low) >= measure_strength(below, high)
    total = measure_strength(above, low) + measure_strength(below, low)
    assert total == pytest.approx(1)


def test_softness_is_a_tenth_of_the_bound() -> None:
    rising = measure_strength(Measure(fact="speed_ratio", above=2.0), 2.2)
    assert rising == pytest.approx(1 / (1 + math.exp(-1)))
    assert measure_strength(Measure(fact="speed_ratio", above=0.0), 0.1) == pytest.approx(1)


def test_a_band_needs_both_bounds() -> None:
    band = Measure(fact="direction_degrees", above=80, below=100, softness=1)
    assert measure_strength(band, 90) > 0.99
    assert measure_strength(band, 70) < 0.01
    assert measure_strength(band, 110) < 0.01


def test_the_fastest_figure_is_named_with_its_box() -> None:
    boxes = [make_box(0.1), make_box(0.4), make_box(0.7)]
    figures = [
        make_figure(box, speed_ratio=s) for box, s in zip(boxes, (1.0, 5.0, 2.0), strict=True)
    ]
    found = apply(FAST, observe(make_caption("Three walk.", figures), frame=7))
    assert isinstance(found, Match)
    [evidence] = found.evidence
    assert isinstance(evidence, FactEvidence)
    assert (evidence.figure, evidence.box, evidence.value) == (1, boxes[1], 5.0)
    assert (evidence.fact, evidence.frame_index) == ("speed_ratio", 7)
    assert found.strength > 0.99


def test_all_measures_hold_on_one_and_the_same_figure() -> None:
    rule = make_rule(
        measures=[{"fact": "speed_ratio", "above": 2}, {"fact": "height_ratio", "above": 2}]
    )
    apart = [
        make_figure(speed_ratio=9, height_ratio=0.5),
        make_figure(speed_ratio=0.5, height_ratio=9),
    ]
    assert strength(rule, observe(make_caption(figures=apart))) == 0
    both = make_figure(speed_ratio=9, height_ratio=9)
    assert strength(rule, observe(make_caption(figures=[*apart, both]))) > 0.99
    half = make_figure(speed_ratio=9)
    assert strength(rule, observe(make_caption(figures=[half]))) == 0


def test_a_fact_of_the_frame_needs_no_figure() -> None:
    rule = make_rule(measures=[{"fact": "novelty", "above": 1}])
    found = apply(rule, observe(make_caption(novelty=3.0)))
    assert isinstance(found, Match)
    [evidence] = found.evidence
    assert isinstance(evidence, FactEvidence)
    assert (evidence.figure, evidence.box) == (None, None)
    mixed = make_rule(
        measures=[{"fact": "novelty", "above": 1}, {"fact": "speed_ratio", "above": 2}]
    )
    assert strength(mixed, observe(make_caption(novelty=3.0))) == 0
    fast = make_caption(figures=[make_figure(speed_ratio=5)], novelty=3.0)
    assert strength(mixed, observe(fast)) > 0.99


def test_of_words_and_measures_the_smaller_strength_counts() -> None:
    rule = make_rule(look_for=["standing at the door"], measures=FAST.measures)
    seen = observe(make_caption("He stands by the door.", [make_figure(speed_ratio=9)]))
    found = apply(rule, seen)
    assert isinstance(found, Match)
    assert found.strength == 0.75
    assert [one.kind for one in found.evidence] == ["words", "fact"]
    slow = make_caption("He stands at the door.", [make_figure(speed_ratio=2.0)])
    assert strength(rule, observe(slow)) == 0.5
    assert strength(rule, observe(make_caption("No.", [make_figure(speed_ratio=9)]))) == 0


def test_words_are_quoted() -> None:
    rule = make_rule(look_for=["falling", "running away"])
    found = apply(rule, observe("One walks. A man runs quickly away.", frame=3))
    assert isinstance(found, Match)
    [evidence] = found.evidence
    assert isinstance(evidence, WordEvidence)
    assert (evidence.quote, evidence.frame_index) == ("runs quickly away", 3)


def test_faint_is_nothing() -> None:
    assert apply(FAST, observe(make_caption(figures=[make_figure(speed_ratio=0.5)]))) is None
    assert logistic((0.5 - 2.0) / 0.2) < FAINT


def test_what_is_not_measured_is_not_evaluable() -> None:
    found = apply(FAST, "A man runs.")
    assert isinstance(found, NotEvaluable)
    assert found.reason == "test does not measure speed_ratio"
    linger = make_rule(measures=[{"fact": "dwell_seconds", "above": 5}])
    assert isinstance(apply(linger, "A man runs."), NotEvaluable)
    assert apply(linger, observe(make_caption(figures=[make_figure()]))) is None


def test_gates_go_first() -> None:
    """A closed gate is quiet, even where the facts could not be told."""
    night = make_rule(measures=FAST.measures, when={"hours": "23:00-05:00"})
    noon = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    assert match_rule(night, observe("x"), context_of(night, clip_start=noon)) is None
    midnight = noon.replace(hour=0)
    found = match_rule(night, observe("x"), context_of(night, clip_start=midnight))
    assert isinstance(found, NotEvaluable)


def test_failed_frames_and_bare_statements_are_quiet() -> None:
    assert apply(FAST, failed()) is None
    assert apply(make_rule(), "A man runs.") is None


def test_a_bound_reached_fires() -> None:
    assert measure_strength(FAST.measures[0], 2.0) == FIRES


def test_a_phrase_that_was_looked_up_before_counts_as_if_found_here() -> None:
    rule = make_rule(look_for=["falling", "running away"])
    seen = observe("One walks. A man runs quickly away.", frame=3)
    assert seen.caption is not None
    found = find_any(seen.caption.text, rule.look_for)
    assert match_found(rule, found, seen, context_of(rule)) == apply(rule, seen)
    elsewhere = Found(phrase="falling", start=4, stop=9, strength=0.7)
    other = match_found(rule, elsewhere, seen, context_of(rule))
    assert isinstance(other, Match)
    assert other.strength == 0.7
    assert [one.quote for one in other.evidence if isinstance(one, WordEvidence)] == ["walks"]
    assert match_found(rule, None, seen, context_of(rule)) is None
    assert match_found(rule, elsewhere, failed(), context_of(rule)) is None


def test_what_was_looked_up_opens_no_gate() -> None:
    noon = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    rule = make_rule(look_for=["man"], when={"hours": "23:00-05:00"})
    found = Found(phrase="man", start=2, stop=5, strength=1.0)
    seen = observe("A man runs.")
    assert match_found(rule, found, seen, context_of(rule, clip_start=noon)) is None
    assert isinstance(match_found(rule, found, seen, context_of(rule)), NotEvaluable)
    midnight = context_of(rule, clip_start=noon.replace(hour=0))
    assert isinstance(match_found(rule, found, seen, midnight), Match)
    excused = make_rule(look_for=["man"], exceptions=[{"name": "runner", "unless": "running"}])
    assert match_found(excused, found, seen, context_of(excused)) is None


def test_dwell_comes_from_links() -> None:
    linger = make_rule(measures=[{"fact": "dwell_seconds", "above": 5}])
    seen = observe(make_caption(figures=[make_figure(), make_figure(make_box(0.6))]))
    links = tuple(FigureLink(track=n, dwell_seconds=s) for n, s in enumerate((1.0, 20.0)))
    linked = seen.model_copy(update={"links": links})
    found = apply(linger, linked)
    assert isinstance(found, Match)
    [evidence] = found.evidence
    assert isinstance(evidence, FactEvidence)
    assert (evidence.figure, evidence.value) == (1, 20.0)
    assert linked.caption is not None
    assert evidence_holds(evidence, linked.caption, links)


@given(captions(), st.floats(0, 8), st.booleans())
def test_every_match_holds(caption: object, bound: float, has_words: bool) -> None:
    rule = make_rule(
        look_for=["man running", "falling down"] if has_words else [],
        measures=[{"fact": "speed_ratio", "above": bound}],
    )
    seen = observe(caption)  # type: ignore[arg-type]
    before = seen.model_dump_json()
    found = apply(rule, seen)
    assert seen.model_dump_json() == before
    if isinstance(found, Match):
        assert seen.caption is not None
        assert FAINT <= found.strength <= 1
        assert all(evidence_holds(one, seen.caption) for one in found.evidence)
        assert best_figure(rule.measures, seen)[0] >= found.strength - 1e-6


FIGURE_FACTS = ("speed_ratio", "fill_ratio", "dwell_seconds")
VALUES = st.floats(0, 50) | st.sampled_from([0.0, 1.0, 1.9, 2.0])


@st.composite
def crowds(draw: st.DrawFn) -> Observation:
    """Figures that have some of the facts, linked or not."""
    facts = st.dictionaries(st.sampled_from(FIGURE_FACTS[:2]), VALUES)
    figures = [make_figure(**draw(facts)) for _ in range(draw(st.integers(0, 4)))]
    seen = observe(make_caption("They walk.", figures=figures))
    if not draw(st.booleans()):
        return seen
    dwells = draw(st.lists(st.floats(0, 50), min_size=len(figures), max_size=len(figures)))
    links = tuple(FigureLink(track=n, dwell_seconds=one) for n, one in enumerate(dwells))
    return seen.model_copy(update={"links": links})


def measures() -> st.SearchStrategy[Measure]:
    bounds = st.tuples(VALUES | st.none(), VALUES | st.none())
    return st.builds(
        lambda fact, bound: Measure(fact=fact, above=bound[0], below=bound[1], softness=0.5),
        st.sampled_from(FIGURE_FACTS),
        bounds.filter(lambda b: b != (None, None) and (None in b or (b[0] or 0.0) < (b[1] or 0.0))),
    )


def plain_best(asked: list[Measure], seen: Observation) -> tuple[float, int | None]:
    """The best figure, each tried in turn."""
    best: tuple[float, int | None] = (0.0, None)
    for place in range(len(seen.figures)):
        known = seen.figure_facts(place)
        values = [known.get(one.fact) for one in asked]
        if None in values:
            continue
        found = [
            measure_strength(m, v) for m, v in zip(asked, values, strict=True) if v is not None
        ]
        if min(found) > best[0]:
            best = (min(found), place)
    return best if best[0] >= FAINT else (0.0, None)


@given(st.lists(measures(), min_size=1, max_size=2), crowds())
def test_the_best_figure_is_that_of_trying_each(asked: list[Measure], seen: Observation) -> None:
    strongest, evidence = best_figure(asked, seen)
    wanted, place = plain_best(asked, seen)
    assert strongest == wanted
    assert [one.figure for one in evidence] == ([place] * len(asked) if place is not None else [])
