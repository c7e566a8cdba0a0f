"""The tests beside rules run through detection's own matching."""

from __future__ import annotations

import datetime as dt

import pytest

from ruler.reasoners.symbolic.reasoner import SymbolicReasoner
from ruler.schemas.captions import Caption
from ruler.schemas.observations import Observation
from ruler.schemas.rules import Measure, Rule, RuleException, RuleSet, RuleTests, When
from ruler.steps.rule_test_entries import EntryError, read_entry
from ruler.steps.rule_tests import Bench, Outcome, Recorded, run_tests
from ruler.text.nearest import nearest
from rules_store.taxonomy_files import load_lexicon

_DAY = dt.date(2026, 5, 6)  # a Wednesday


def _nothing(reference: str) -> Recorded:
    raise EntryError(f"the store has no {reference}")


def _rule(**given: object) -> Rule:
    usual: dict[str, object] = {
        "id": "door.rule",
        "title": "A rule",
        "kind": "anomaly",
        "statement": "Something.",
    }
    return Rule.model_validate({**usual, **given})


def _run(*rules: Rule, resolve: object = _nothing) -> list[Outcome]:
    bench = Bench(SymbolicReasoner(), load_lexicon(), _DAY, resolve)  # type: ignore[arg-type]
    return run_tests(RuleSet(scene="door", rules=rules), bench)


def _states(**given: object) -> list[str]:
    return [outcome.state for outcome in _run(_rule(**given))]


def test_words_fire_and_stay_quiet() -> None:
    tests = RuleTests(
        fire=("A man is running.", "A man walks."),
        quiet=("Nobody is running.", "A boy is running."),
        todo=("A man sprints.", "They are running."),
    )
    states = _states(look_for=["running"], tests=tests)
    assert states == ["passed", "failed", "passed", "failed", "todo", "promote"]


@pytest.mark.parametrize(
    ("caption", "why"),
    [
        ("Nobody tries the handle.", "negated"),
        ("A man might be trying the handle.", "guessed at"),
        ("A man holds the handle.", '"try" is missing'),
        ("A tree.", "no word"),
    ],
)
def test_silence_is_explained(caption: str, why: str) -> None:
    [outcome] = _run(_rule(look_for=["trying the handle"], tests=RuleTests(fire=(caption,))))
    assert outcome.state == "failed"
    assert why in outcome.why


def test_an_exception_and_what_fires_instead_are_told() -> None:
    first = _rule(
        look_for=["at the door"],
        exceptions=[RuleException(name="courier", unless="parcel")],
        tests=RuleTests(fire=("A man with a parcel runs at the door.",)),
    )
    [outcome] = _run(first, _rule(id="door.runs", look_for=["running"]))
    assert "courier" in outcome.why
    assert [match.rule_id for match in outcome.fired] == ["door.runs"]


def test_an_override_is_told() -> None:
    tests = RuleTests(fire=("A gardener drives a car.",))
    normal = _rule(
        id="door.gardener", kind="normal", look_for=["gardener"], overrides=["door.rule"]
    )
    [outcome] = _run(_rule(look_for=["car"], tests=tests), normal)
    assert outcome.why == "door.gardener overrides it here"


def test_measures_need_facts_where_there_are_no_words() -> None:
    tests = RuleTests(
        fire=("speed_ratio=2.3", "A man runs.", "sped_ratio=2.3"), quiet=("speed_ratio=1.2",)
    )
    outcomes = _run(_rule(measures=[Measure(fact="speed_ratio", above=2)], tests=tests))
    assert [o.state for o in outcomes] == ["passed", "not-evaluable", "failed", "passed"]
    assert "begin it with speed_ratio=" in outcomes[1].why
    assert "did you mean `speed_ratio`" in outcomes[2].why


def test_measures_beside_words_hold_unless_the_test_measures() -> None:
    rule = {"look_for": ["standing"], "measures": [Measure(fact="dwell_seconds", above=8)]}
    caption = "A man is standing there."
    tests = RuleTests(
        fire=(caption, f"dwell_seconds=20 {caption}"), quiet=(f"dwell_seconds=2 {caption}",)
    )
    assert _states(**rule, tests=tests) == ["passed"] * 3


def test_gates_are_open_unless_the_test_says_when() -> None:
    tests = RuleTests(
        fire=("A man.", "at=23:30 A man.", "at=23:30 on=fri A man."),
        quiet=("at=12:00 A man.", "on=sun A man.", "on=2026-05-09 A man."),
    )
    when = When(hours="23:00-05:00", weekdays=("wed", "fri"))
    assert _states(look_for=["man"], when=when, tests=tests) == ["passed"] * 6


def test_an_exception_expires_on_the_day_of_the_test() -> None:
    exception = RuleException(name="fair", unless="man", until=dt.date(2026, 6, 1))
    tests = RuleTests(fire=("on=2026-06-02 A man.",), quiet=("A man.",))
    assert _states(look_for=["man"], exceptions=[exception], tests=tests) == ["passed"] * 2


def test_a_statement_alone_is_for_a_model() -> None:
    [outcome] = _run(_rule(tests=RuleTests(fire=("A man.",))))
    assert (outcome.state, outcome.is_failure) == ("not-evaluable", False)


def test_a_draft_is_tested_in_the_place_of_the_rule_it_replaces() -> None:
    tests = RuleTests(fire=("A boy runs.",), quiet=("A man.",))
    old = _rule(look_for=["man"], status="deprecated", tests=tests)
    new = _rule(
        id="door.new", status="draft", replaces="door.rule", look_for=["running"], tests=tests
    )
    outcomes = _run(old, new)
    assert [(o.rule_id, o.state) for o in outcomes] == [("door.new", "passed")] * 2


def test_a_reference_leads_to_a_stored_caption() -> None:
    caption = Caption(key="k", captioner="motion", text="A man is running.")
    seen = Observation(frame_index=7, until_frame=8, time_seconds=1.0, caption=caption)
    tests = RuleTests(fire=(f"caption:{caption.sha256[:12]}",))
    [outcome] = _run(_rule(look_for=["running"], tests=tests), resolve=lambda _: Recorded(seen))
    assert (outcome.state, outcome.text) == ("passed", caption.text)
    [lost] = _run(_rule(look_for=["running"], tests=tests))
    assert lost.is_failure
    assert "no caption:" in lost.why


@pytest.mark.parametrize(
    "written", ["at=25:00 A man.", "on=noon A man.", "speed_ratio=fast", "motion_disorder=3", " "]
)
def test_entries_that_make_no_sense_are_refused(written: str) -> None:
    with pytest.raises(EntryError):
        read_entry(written)


def test_what_a_phrase_denies_is_missed_by_name() -> None:
    near = nearest("A man with a helmet walks by.", ["man without a helmet"])
    assert near is not None
    assert near.why == '"helmet" is not denied there'


def test_the_nearest_phrase_quotes_its_words() -> None:
    near = nearest("A man is not trying the handle.", ["climbing", "trying the handle"])
    assert near is not None
    assert [("A man is not trying the handle."[a:b]) for a, b in near.spans] == ["trying", "handle"]
