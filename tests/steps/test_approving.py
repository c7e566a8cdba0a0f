"""A proposal as if it were approved: what each draft becomes, and where it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.errors import InputError, NotFoundError
from ruler.schemas.rules import RuleSet
from ruler.steps.approving import as_approved
from tests.support import make_rule, make_rules

ACTIVE = make_rules(
    make_rule("fast", status="stable", weight=0.5),
    make_rule("slow", weight=0.5),
    make_rule("idea", status="draft"),
    make_rule("usual", kind="normal", overrides=["gate.slow"]),
)


def shape(rule_set: RuleSet) -> list[tuple[str, str, float]]:
    return [(rule.id.removeprefix("gate."), rule.status, rule.weight) for rule in rule_set.rules]


def proposal(*rules: object) -> RuleSet:
    return RuleSet.model_validate({"scene": "gate", "rules": rules})


def test_a_changed_rule_takes_the_status_of_the_active_one() -> None:
    changed = proposal(make_rule("fast", status="draft", weight=0.9), *ACTIVE.rules[1:])
    assert shape(as_approved(changed, ACTIVE))[0] == ("fast", "stable", 0.9)


def test_a_new_rule_is_experimental() -> None:
    grown = proposal(*ACTIVE.rules, make_rule("new", status="draft"))
    assert shape(as_approved(grown, ACTIVE))[-1] == ("new", "experimental", 1.0)
    assert shape(as_approved(proposal(make_rule("new", status="draft")), None)) == [
        ("new", "experimental", 1.0)
    ]


def test_a_draft_that_replaces_takes_id_place_and_status() -> None:
    other = make_rule("fast-2", status="draft", weight=0.9, replaces="gate.fast")
    done = as_approved(proposal(*ACTIVE.rules, other), ACTIVE)
    assert shape(done) == [("fast", "stable", 0.9), *shape(ACTIVE)[1:]]
    assert all(rule.replaces is None for rule in done.rules)


def test_what_is_replaced_may_be_gone() -> None:
    other = make_rule("fast-2", status="draft", replaces="gate.fast")
    done = as_approved(proposal(*ACTIVE.rules[1:], other), ACTIVE)
    assert shape(done)[-1] == ("fast", "stable", 1.0)


def test_a_rule_that_names_a_draft_names_what_it_becomes() -> None:
    draft = make_rule("slow-2", status="draft", replaces="gate.slow")
    pardon = make_rule("pardon", kind="normal", status="draft", overrides=["gate.slow-2"])
    done = as_approved(proposal(*ACTIVE.rules, draft, pardon), ACTIVE)
    assert done.rules[-1].overrides == ("gate.slow",)


def test_only_the_chosen_ones() -> None:
    changed = make_rule("fast", status="draft", weight=0.9)
    new = make_rule("new", status="draft")
    both = proposal(changed, *ACTIVE.rules[1:], new)
    assert shape(as_approved(both, ACTIVE, ["gate.new"])) == [
        *shape(ACTIVE),
        ("new", "experimental", 1.0),
    ]
    assert shape(as_approved(both, ACTIVE, ["gate.fast"])) == [
        ("fast", "stable", 0.9),
        *shape(ACTIVE)[1:],
    ]


def test_a_draft_of_the_active_rules_waits_until_it_is_chosen() -> None:
    assert as_approved(ACTIVE, ACTIVE) == ACTIVE
    assert as_approved(ACTIVE, ACTIVE, []) == ACTIVE
    assert shape(as_approved(ACTIVE, ACTIVE, ["gate.idea"]))[2] == ("idea", "experimental", 1.0)
    reworded = proposal(*ACTIVE.rules[:2], make_rule("idea", status="draft", weight=0.1))
    assert shape(as_approved(reworded, ACTIVE))[2] == ("idea", "draft", 0.1)
    assert shape(as_approved(reworded, ACTIVE, []))[2] == ("idea", "draft", 1.0)


def test_what_cannot_be_approved_is_said() -> None:
    with pytest.raises(NotFoundError, match=r"no draft 'gate\.no'; its drafts: gate\.idea"):
        as_approved(ACTIVE, ACTIVE, ["gate.no"])
    rivals = [
        make_rule(slug, status="draft", replaces="gate.fast") for slug in ("fast-2", "fast-3")
    ]
    with pytest.raises(InputError, match=r"fast-2 and gate\.fast-3 .* become gate\.fast"):
        as_approved(proposal(*ACTIVE.rules, *rivals), ACTIVE)
    assert shape(as_approved(proposal(*ACTIVE.rules, *rivals), ACTIVE, ["gate.fast-3"])) == shape(
        proposal(make_rule("fast", status="stable"), *ACTIVE.rules[1:])
    )


@st.composite
def revised(draw: st.DrawFn) -> tuple[RuleSet, RuleSet]:
    """Rules in force, and a proposal that changes, drops, adds and replaces some."""
    statuses = st.sampled_from(["stable", "experimental", "deprecated", "draft"])
    slugs = [f"r{number}" for number in range(4)]
    active = [make_rule(slug, status=draw(statuses)) for slug in slugs]
    theirs = []
    for rule in active:
        what = draw(st.sampled_from(["same", "changed", "dropped", "replaced"]))
        changed = rule.model_copy(update={"status": "draft", "weight": 0.3})
        if what != "dropped":
            theirs.append(changed if what == "changed" else rule)
        if what == "replaced":
            slug = rule.id.removeprefix("gate.") + "-2"
            theirs.append(make_rule(slug, status="draft", weight=0.4, replaces=rule.id))
    theirs += [make_rule(f"n{number}", status="draft") for number in range(draw(st.integers(0, 2)))]
    return make_rules(*active), make_rules(*draw(st.permutations(theirs)))


@given(revised(), st.data())
def test_laws(pair: tuple[RuleSet, RuleSet], data: st.DataObject) -> None:
    active, theirs = pair
    drafts = [rule.id for rule in theirs.rules if rule.status == "draft"]
    chosen = data.draw(st.none() | st.lists(st.sampled_from(drafts or [""]), unique=True))
    chosen = None if chosen is not None and not drafts else chosen
    targets = [r.replaces or r.id for r in theirs.rules if chosen and r.id in chosen]
    if len(set(targets)) < len(targets):
        with pytest.raises(InputError):
            as_approved(theirs, active, chosen)
        return
    done = as_approved(theirs, active, chosen)
    # It is a rule set like any other, and what it leaves as a draft was one before.
    assert RuleSet.model_validate(done.model_dump()) == done
    for rule in done.rules:
        before = active.rule(rule.id)
        if rule.status == "draft":
            assert before is not None and before.status == "draft"
        if before is not None and before.status != "draft":
            assert rule.status == before.status
    # Approving twice changes nothing more.
    assert as_approved(done, done) == done
    if chosen == []:
        assert {rule.id for rule in done.rules} <= {rule.id for rule in active.rules}
        assert all(active.rule(rule.id) == rule for rule in done.rules)
