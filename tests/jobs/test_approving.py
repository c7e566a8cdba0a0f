"""Proposals become rules, or are remembered; what an expert changed stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from ruler.errors import InputError, NotFoundError
from ruler.jobs.approving import Choice, approve, open_choices, reject, the_proposal, trial_of
from ruler.jobs.proposed import as_if_approved
from ruler.jobs.rules import Import, import_file
from ruler.schemas.rules import Rule, RuleSet, RuleTests
from ruler.steps.differing import difference
from rules_store.rule_files import edit_rules
from rules_store.scenes import NewRevision
from tests.scenes import SCENE, Workplace, wavy, write_pictures

FAST, LINGERING = f"{SCENE}.fast", f"{SCENE}.lingering"


def propose(place: Workplace, level: int = 60) -> int:
    """Learn again from references in which people move faster: a proposal's number."""
    levels = [value + level for value in wavy(30, seed=level)]
    folder = write_pictures(place.folder / f"more-{level}", levels)
    learned = place.induce([*place.references, folder])
    assert learned.is_new and learned.revision is not None
    return learned.revision


def choice(number: int | None, *rules: str) -> Choice:
    return Choice(SCENE, number, rules, "ann", "looks right")


def active(place: Workplace) -> RuleSet:
    return place.store.scenes.revision(SCENE).rule_set


def rule(rules: RuleSet, rule_id: str = FAST) -> Rule:
    found = rules.rule(rule_id)
    assert found is not None, [one.id for one in rules.rules]
    return found


def edit(place: Workplace, **changes: object) -> None:
    """An expert edits the rule `fast`."""
    now = place.store.scenes.revision(SCENE)
    rules = [
        one.model_copy(update=changes) if one.id == FAST else one for one in now.rule_set.rules
    ]
    source = edit_rules(now.source, now.rule_set.model_copy(update={"rules": tuple(rules)}))
    path = Path(place.folder / "edited.yaml")
    path.write_text(source)
    import_file(place.store, Import(path, "kim"))


def test_an_approved_proposal_is_in_force_with_its_scene_model(yard: Workplace) -> None:
    before = yard.store.scenes.revision(SCENE)
    number = propose(yard)
    assert the_proposal(yard.store, SCENE) == number
    [waiting] = open_choices(yard.store, SCENE).values()
    done = approve(yard.store, choice(number))
    assert done.change == waiting and FAST in [one.rule_id for one in done.change.rules]
    assert done.revision.is_active and done.revision.author == "ann"
    proposal = yard.store.scenes.revision(SCENE, number)
    assert done.revision.scene_model_sha256 == proposal.scene_model_sha256
    assert rule(active(yard)).status == rule(before.rule_set).status
    assert rule(active(yard)).measures == rule(proposal.rule_set).measures
    assert yard.store.decisions.open_proposals(SCENE) == []
    with pytest.raises(InputError, match="was decided already"):
        approve(yard.store, choice(number))
    assert yard.detect([yard.clip("one", wavy(20))]).exit_code == 0


def test_the_next_induction_builds_on_what_was_approved(yard: Workplace) -> None:
    approve(yard.store, choice(propose(yard)))
    learned = yard.induce([*yard.references, str(yard.folder / "more-60")])
    assert learned.is_new is False


def test_a_rejected_proposal_is_not_made_again(yard: Workplace) -> None:
    number = propose(yard)
    before = active(yard)
    done = reject(yard.store, choice(number))
    assert done.change.is_empty and active(yard) == before
    assert yard.store.decisions.open_proposals(SCENE) == []
    learned = yard.induce([*yard.references, str(yard.folder / "more-60")], is_dry_run=True)
    assert dict(learned.notes)[FAST] == "rejected"
    assert learned.rule_set == before


def test_part_of_a_proposal(yard: Workplace) -> None:
    number = propose(yard)
    proposed = [one.rule_id for one in open_choices(yard.store, SCENE)[number].rules]
    others = [name for name in proposed if name != FAST]
    assert others, "one rule alone tests nothing"
    before = active(yard)
    done = approve(yard.store, choice(number, FAST))
    assert [one.rule_id for one in done.change.rules] == [FAST]
    assert done.still_open == tuple(others)
    assert [rule(active(yard), name) for name in others] == [rule(before, n) for n in others]
    assert the_proposal(yard.store, SCENE) == number
    reject(yard.store, choice(number, *others))
    with pytest.raises(NotFoundError, match="nothing of scene"):
        the_proposal(yard.store, SCENE)


def test_what_an_expert_changed_meanwhile_stands(yard: Workplace) -> None:
    number = propose(yard)
    edit(yard, weight=0.25, title="As Kim wants it")
    kept = rule(active(yard))
    done = approve(yard.store, choice(number))
    assert rule(active(yard)) == kept
    assert FAST in done.conflicts
    draft = rule(active(yard), f"{FAST}.proposed")
    assert (draft.status, draft.replaces) == ("draft", FAST)


def test_a_conflict_is_kept_as_a_draft_until_it_is_named(yard: Workplace) -> None:
    edit(yard, weight=0.25)
    number = propose(yard)
    draft = f"{FAST}.proposed"
    done = approve(yard.store, choice(number))
    assert rule(active(yard)).weight == 0.25
    assert draft in done.still_open
    approve(yard.store, choice(number, draft))
    assert rule(active(yard)).weight != 0.25
    assert active(yard).rule(draft) is None
    assert yard.store.decisions.open_proposals(SCENE) == []


def test_a_backtest_and_a_list_show_what_approval_would_do(yard: Workplace) -> None:
    """Also of what would replace an expert's rule, which approval leaves until it is named."""
    clip = yard.clip("seen", wavy(40, seed=5))
    yard.detect([clip])
    edit(yard, weight=0.25)
    number = propose(yard)
    [listed] = open_choices(yard.store, SCENE).values()
    proposal, before = yard.store.scenes.revision(SCENE, number), active(yard)
    tried = as_if_approved(yard.store, yard.store.scenes.revision(SCENE), proposal)
    assert rule(tried).weight == 0.25
    approve(yard.store, choice(number))
    assert active(yard).live == tried.live
    assert difference(before, active(yard)) == listed


def test_rules_whose_tests_fail_are_told_of(yard: Workplace) -> None:
    wrong = RuleTests(fire=("Nobody is here.",))
    edit(yard, status="draft", look_for=("running",), measures=(), tests=wrong)
    run = trial_of(yard.store, choice(None, FAST))
    assert run.is_failure
    assert [outcome.rule_id for outcome in run.outcomes] == [FAST]
    edit(yard, tests=RuleTests(fire=("A man is running.",)))
    assert not trial_of(yard.store, choice(None, FAST)).is_failure


def test_a_newer_proposal_takes_the_place_of_an_older_one(yard: Workplace) -> None:
    first, second = propose(yard, 50), propose(yard, 70)
    with pytest.raises(InputError, match="2 proposals wait for approval"):
        the_proposal(yard.store, SCENE)
    approve(yard.store, choice(second))
    assert yard.store.decisions.open_proposals(SCENE) == []
    verdicts = {one.revision: one.verdict for one in yard.store.decisions.of_scene(SCENE)}
    assert verdicts == {first: "superseded", second: "approved"}


def test_a_rule_in_force_is_rejected_and_stays_away(yard: Workplace) -> None:
    done = reject(yard.store, choice(None, FAST))
    assert done.revision.ref.revision == 2
    assert active(yard).rule(FAST) is None and active(yard).rule(LINGERING) is not None
    learned = yard.induce([*yard.references], activate=True)
    assert active(yard).rule(FAST) is None
    assert dict(learned.notes).get(FAST) in (None, "rejected")
    with pytest.raises(NotFoundError, match="has no rule"):
        reject(yard.store, choice(None, f"{SCENE}.nothing"))


def test_a_draft_in_force_is_approved_by_its_id(yard: Workplace) -> None:
    edit(yard, status="draft")
    other = rule(active(yard), LINGERING)
    done = approve(yard.store, choice(None, FAST))
    assert rule(active(yard)).status == "experimental"
    assert [one.rule_id for one in done.change.rules] == [FAST]
    assert rule(active(yard), LINGERING) == other


def test_only_a_proposal_is_approved(yard: Workplace) -> None:
    with pytest.raises(InputError, match="is no proposal; go back to an older revision"):
        approve(yard.store, choice(1))
    with pytest.raises(NotFoundError, match="has no revision 9"):
        approve(yard.store, choice(9))
    number = propose(yard)
    with pytest.raises(NotFoundError, match=r"proposes nothing about 'yard\.nothing'"):
        approve(yard.store, choice(number, f"{SCENE}.nothing"))


def test_a_proposal_by_a_person_keeps_the_scene_model(yard: Workplace) -> None:
    now = yard.store.scenes.revision(SCENE)
    rules = [
        one.model_copy(update={"status": "draft", "weight": 0.1}) for one in now.rule_set.rules
    ]
    asked = NewRevision(
        scene=SCENE,
        source=edit_rules(now.source, now.rule_set.model_copy(update={"rules": tuple(rules)})),
        author="kim",
        reason="feedback",
        is_proposal=True,
    )
    number = yard.store.scenes.save(asked).ref.revision
    done = approve(yard.store, choice(number))
    assert done.revision.scene_model_sha256 == now.scene_model_sha256
    assert {one.weight for one in active(yard).rules} == {0.1}
    assert not any(one.status == "draft" for one in active(yard).rules)
