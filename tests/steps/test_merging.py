"""Three-way merging: what an expert did is never undone by induction (invariant 5)."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ruler.schemas.rules import Rule, RuleSet
from ruler.steps.merging import as_proposal, draft_of, learned_so_far, merge, without_rejected
from ruler.steps.merging_edits import merge_edits
from tests.support import make_rule, make_rules

SLUGS = [f"r{number}" for number in range(5)]


@st.composite
def rule_sets(draw: st.DrawFn) -> RuleSet:
    """Some of five rules in some order, each in one of three versions."""
    slugs = draw(
        st.permutations(SLUGS).flatmap(lambda all_: st.sampled_from([all_[:n] for n in range(6)]))
    )
    rules = [make_rule(slug, weight=draw(st.sampled_from([0.2, 0.5, 0.8]))) for slug in slugs]
    return make_rules(*rules, threshold=draw(st.sampled_from([0.4, 0.5, 0.6])))


def by_id(rules: RuleSet) -> dict[str, Rule]:
    return {rule.id: rule for rule in rules.rules}


@given(rule_sets() | st.none(), rule_sets())
def test_a_first_induction_is_taken_as_it_is(base: RuleSet | None, theirs: RuleSet) -> None:
    assert merge(base, None, theirs).rule_set == theirs


@given(rule_sets() | st.none(), rule_sets(), rule_sets())
def test_every_rule_by_the_table(base: RuleSet | None, ours: RuleSet, theirs: RuleSet) -> None:
    done = merge(base, ours, theirs)
    merged, notes = by_id(done.rule_set), dict(done.notes)
    b, o, t = (by_id(side) if side else {} for side in (base, ours, theirs))
    for rule_id in {*b, *o, *t}:
        before, mine, new = b.get(rule_id), o.get(rule_id), t.get(rule_id)
        if mine is None:
            # Deleted by the expert: stays deleted. New to both: added.
            is_added = before is None and new is not None
            assert merged.get(rule_id) == (new if is_added else None)
            assert notes.get(rule_id) == ("added" if is_added else None)
        elif mine != before:
            assert merged[rule_id] == mine
            is_conflict = before is not None and new is not None and new not in (before, mine)
            assert notes.get(rule_id) == ("conflict" if is_conflict else None)
            if is_conflict:
                assert new is not None
                assert merged[f"{rule_id}.proposed"] == draft_of(new)
                assert notes[f"{rule_id}.proposed"] == "added"
        elif new is None:
            assert rule_id not in merged
            assert notes[rule_id] == "removed"
        else:
            assert merged[rule_id] == new
            assert notes.get(rule_id) == (None if new == mine else "updated")
    assert list(done.conflicts) == [key for key, what in done.notes if what == "conflict"]


@given(rule_sets(), rule_sets())
def test_nothing_new_changes_nothing(base: RuleSet, ours: RuleSet) -> None:
    done = merge(base, ours, base)
    assert done.rule_set == ours
    assert done.notes == ()


@given(rule_sets(), rule_sets(), rule_sets())
def test_merging_again_changes_nothing(base: RuleSet, ours: RuleSet, theirs: RuleSet) -> None:
    once = merge(base, ours, theirs).rule_set
    again = merge(theirs, once, theirs)
    assert again.rule_set == once
    assert again.notes == ()


@given(rule_sets(), rule_sets(), st.lists(rule_sets(), max_size=4))
def test_an_edit_outlives_any_number_of_inductions(
    base: RuleSet, ours: RuleSet, proposals: list[RuleSet]
) -> None:
    """As long as the base is what was proposed, not what came out of the merge."""
    edited = {key: rule for key, rule in by_id(ours).items() if by_id(base).get(key) != rule}
    deleted = set(by_id(base)) - set(by_id(ours))
    active = ours
    for theirs in proposals:
        # A deletion is remembered while the proposals keep naming the rule.
        deleted &= set(by_id(base))
        edited = {key: rule for key, rule in edited.items() if by_id(base).get(key) != rule}
        active, base = merge(base, active, theirs).rule_set, theirs
        assert all(by_id(active)[key] == rule for key, rule in edited.items())
        assert not deleted & set(by_id(active))


@given(rule_sets() | st.none(), rule_sets(), rule_sets())
def test_the_threshold_and_the_order_are_the_experts(
    base: RuleSet | None, ours: RuleSet, theirs: RuleSet
) -> None:
    merged = merge(base, ours, theirs).rule_set
    is_edited = base is None or ours.threshold != base.threshold
    assert merged.threshold == (ours.threshold if is_edited else theirs.threshold)
    kept = [rule.id for rule in merged.rules if rule.id in by_id(ours)]
    assert kept == [rule.id for rule in ours.rules if rule.id in kept]
    assert [rule.id for rule in merged.rules[: len(kept)]] == kept


Line = list[tuple[RuleSet, bool]]


@settings(max_examples=50)
@given(rule_sets(), st.lists(st.tuples(st.booleans(), rule_sets()), min_size=3, max_size=5))
def test_an_edit_outlives_what_was_merged_over_it(
    first: RuleSet, steps: list[tuple[bool, RuleSet]]
) -> None:
    """Inductions and edits follow one another: the expert's last word on a rule stands."""
    line: Line = [(first, True)]
    said: dict[str, Rule | None] = {}
    for number, (by_induction, other) in enumerate(steps, 1):
        active, learned = line[-1][0], learned_so_far(line)
        assert learned is not None
        if by_induction:
            active = merge(learned, active, other).rule_set
            assert {rule_id: by_id(active).get(rule_id) for rule_id in said} == said
        else:
            # No version is induction's own, for that would take an edit back.
            edits = [rule.model_copy(update={"weight": number / 100}) for rule in other.rules]
            before, active = active, other.model_copy(update={"rules": tuple(edits)})
            kept = {key: None for key, rule in said.items() if rule is None}
            deleted = {key: None for key in by_id(before) if learned.rule(key) is not None}
            said = {**kept, **deleted, **by_id(active)}
        line.append((active, by_induction))


def test_nothing_was_learned_yet() -> None:
    assert learned_so_far([]) is None
    assert learned_so_far([(make_rules(make_rule()), False)]) is None
    assert learned_so_far([(make_rules(make_rule()), True)]) == make_rules(make_rule())


def test_an_edit_and_a_deletion_outlive_two_inductions() -> None:
    line: Line = [(make_rules(make_rule("r0"), make_rule("r1"), make_rule("r2")), True)]
    edited = make_rule("r0", title="As the expert wants it")
    line.append((make_rules(edited, make_rule("r2")), False))
    for weight in (0.7, 0.8, 0.9):
        theirs = make_rules(*(make_rule(slug, weight=weight) for slug in ("r0", "r1", "r2")))
        merged = merge(learned_so_far(line), line[-1][0], theirs).rule_set
        kept = draft_of(make_rule("r0", weight=weight))
        assert merged == make_rules(edited, make_rule("r2", weight=weight), kept)
        line.append((merged, True))


def test_what_was_rejected_is_not_proposed_again() -> None:
    fast = make_rule("fast", measures=[{"fact": "speed_ratio", "above": 1.8}])
    faster = make_rule("quick", measures=[{"fact": "speed_ratio", "above": 1.9}])
    fastest = make_rule("fastest", measures=[{"fact": "speed_ratio", "above": 4}])
    left, notes = without_rejected(None, make_rules(faster, fastest), [fast])
    assert left == make_rules(fastest)
    assert notes == [("gate.quick", "rejected")]


def test_a_rejected_change_leaves_the_rule_as_it_was() -> None:
    before = make_rule("fast", measures=[{"fact": "speed_ratio", "above": 1.8}], weight=0.9)
    change = make_rule("fast", measures=[{"fact": "speed_ratio", "above": 1.9}])
    base = make_rules(before)
    left, notes = without_rejected(base, make_rules(change), [change])
    assert left == base
    assert notes == [("gate.fast", "rejected")]
    assert merge(base, base, left).notes == ()
    # What is proposed as it stands is no news, and nothing to reject.
    assert without_rejected(base, base, [before]) == (base, [])


def test_a_proposal_holds_its_news_as_drafts() -> None:
    ours = make_rules(make_rule("r0"), make_rule("r1", status="stable"))
    merged = make_rules(make_rule("r0", weight=0.3), make_rule("r1", status="stable"))
    drafts = as_proposal(merged, ours)
    assert [rule.status for rule in drafts.rules] == ["draft", "stable"]
    assert [rule.id for rule in drafts.live] == ["gate.r1"]


# Two people's edits.


@given(rule_sets(), rule_sets())
def test_what_one_side_alone_edited_is_taken(base: RuleSet, edited: RuleSet) -> None:
    for ours, theirs in ((base, edited), (edited, base)):
        done = merge_edits(base, ours, theirs)
        assert by_id(done.rule_set) == by_id(edited)
        assert done.rule_set.threshold == edited.threshold
        assert done.conflicts == ()


@given(rule_sets(), rule_sets(), rule_sets())
def test_no_edit_of_either_side_is_lost(base: RuleSet, ours: RuleSet, theirs: RuleSet) -> None:
    done = merge_edits(base, ours, theirs)
    merged = by_id(done.rule_set)
    b, o, t = by_id(base), by_id(ours), by_id(theirs)
    for rule_id in {*b, *o, *t}:
        before, mine, other = b.get(rule_id), o.get(rule_id), t.get(rule_id)
        if mine not in (before, None):
            assert merged[rule_id] == mine
        if other not in (before, mine, None):
            kept = [merged.get(rule_id), merged.get(f"{rule_id}.proposed")]
            assert other in kept or draft_of(other) in kept


@given(rule_sets(), rule_sets(), rule_sets())
def test_merging_edits_again_changes_nothing(base: RuleSet, ours: RuleSet, theirs: RuleSet) -> None:
    once = merge_edits(base, ours, theirs).rule_set
    assert merge_edits(theirs, once, theirs).rule_set == once


def test_two_fields_of_one_rule_by_two_people() -> None:
    base = make_rules(make_rule("r0"))
    done = merge_edits(
        base, make_rules(make_rule("r0", weight=0.3)), make_rules(make_rule("r0", title="Better"))
    )
    assert done.rule_set == make_rules(make_rule("r0", weight=0.3, title="Better"))
    assert done.notes == (("gate.r0", "merged"),)


def test_one_field_by_two_people_keeps_both_versions() -> None:
    base, mine, other = (make_rules(make_rule("r0", weight=w)) for w in (1.0, 0.3, 0.6))
    done = merge_edits(base, mine, other)
    assert done.conflicts == ("gate.r0",)
    assert done.rule_set == make_rules(*mine.rules, draft_of(other.rules[0]))


def test_an_edit_of_what_the_other_took_out_stays() -> None:
    base, edited = make_rules(make_rule("r0")), make_rules(make_rule("r0", weight=0.3))
    for ours, theirs in ((edited, make_rules()), (make_rules(), edited)):
        done = merge_edits(base, ours, theirs)
        assert by_id(done.rule_set) == by_id(edited)
        assert done.conflicts == ("gate.r0",)
