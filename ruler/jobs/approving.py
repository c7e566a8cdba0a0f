"""`ruler rules approve` and `reject`: proposals and drafts become rules, or are remembered."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ruler.errors import InputError, NotFoundError
from ruler.jobs.proposed import (
    as_if_approved,
    check_known,
    in_force,
    parent_of,
    uncontested,
    undecided,
)
from ruler.jobs.rule_tests import RuleTestRun, run_rule_tests
from ruler.schemas.rules import Revision, Rule, RuleSet
from ruler.steps.approving import as_approved
from ruler.steps.differing import Difference, difference
from rules_store.decisions import Decision
from rules_store.rule_files import edit_rules
from rules_store.scenes import NewRevision
from rules_store.store import Store


@dataclass(frozen=True)
class Choice:
    """What somebody decides about: a proposal (by its number), or drafts and rules of the active
    revision (where `number` is None). No rules named means all of a proposal."""

    scene: str
    number: int | None
    rules: tuple[str, ...]
    author: str
    reason: str


@dataclass(frozen=True)
class Decided:
    """What came of it: the revision that is active now, and what changed against the one before.

    `still_open` names rules of the proposal that nobody decided about yet; `conflicts` rules that
    were changed here after the proposal was made: they stand as they are.
    """

    revision: Revision
    change: Difference
    still_open: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


def open_choices(store: Store, scene: str) -> dict[int, Difference]:
    """By number, what each open proposal of a scene would change if it were approved now."""
    active = store.scenes.revision(scene)
    found: dict[int, Difference] = {}
    for number in store.decisions.open_proposals(scene):
        proposal = store.scenes.revision(scene, number)
        found[number] = difference(active.rule_set, as_if_approved(store, active, proposal))
    return found


def the_proposal(store: Store, scene: str) -> int:
    """The one open proposal of a scene.

    Raises:
        NotFoundError: there is none.
        InputError: there are several.
    """
    numbers = store.decisions.open_proposals(scene)
    if not numbers:
        store.scenes.revision(scene)
        raise NotFoundError(f"nothing of scene {scene!r} waits for approval.")
    if len(numbers) > 1:
        named = ", ".join(f"{scene}@{number}" for number in numbers)
        raise InputError(f"{len(numbers)} proposals wait for approval; name one of {named}.")
    return numbers[0]


def approve(store: Store, choice: Choice) -> Decided:
    """Put a proposal, or some of it, in force as a new active revision.

    Rules that somebody changed since the proposal was made stand as they are, and what induction
    would put in the place of an expert's rule has to be named. The scene model of an induction
    comes along with its measured rules, whose bounds are in its measures.

    Raises:
        NotFoundError: no such revision or draft.
        InputError: the revision is no open proposal, or nothing was named among the active rules.
    """
    active = store.scenes.revision(choice.scene)
    if choice.number is None:
        return _approve_drafts(store, active, choice)
    proposal = _open(store, choice)
    open_ones = undecided(store, proposal, parent_of(store, proposal))
    chosen = choice.rules or tuple(uncontested(proposal, open_ones))
    done = in_force(store, active, proposal, chosen)
    model = proposal if _brings_model(proposal, chosen) else active
    saved = _save(store, active, done.rule_set, choice, model, by_induction=proposal.by_induction)
    left = tuple(name for name in open_ones if name not in chosen)
    _close(store, choice, proposal, chosen, "approved", left)
    return Decided(saved, difference(active.rule_set, saved.rule_set), left, tuple(done.conflicts))


def reject(store: Store, choice: Choice) -> Decided:
    """Turn down a proposal, some of its rules, or rules of the active revision.

    What they mean is remembered: induction proposes nothing of the same meaning again.

    Raises:
        NotFoundError, InputError: as `approve`.
    """
    active = store.scenes.revision(choice.scene)
    if choice.number is None:
        return _reject_active(store, active, choice)
    proposal = _open(store, choice)
    open_ones = undecided(store, proposal, parent_of(store, proposal))
    chosen = choice.rules or tuple(open_ones)
    check_known(chosen, open_ones, f"{proposal.ref} proposes nothing about")
    left = tuple(name for name in open_ones if name not in chosen)
    _close(store, choice, proposal, chosen, "rejected", left)
    return Decided(active, Difference(), left)


def _open(store: Store, choice: Choice) -> Revision:
    proposal = store.scenes.revision(choice.scene, choice.number)
    if not proposal.is_proposal:
        raise InputError(
            f"{proposal.ref} is no proposal; go back to an older revision with: "
            f"ruler rules rollback {choice.scene} {choice.number}"
        )
    if choice.number not in store.decisions.open_proposals(choice.scene):
        raise InputError(f"{proposal.ref} was decided already; see: ruler rules log {choice.scene}")
    return proposal


def _brings_model(proposal: Revision, chosen: Collection[str]) -> bool:
    """True where an induction's own scene model belongs to what was chosen."""
    if not proposal.by_induction:
        return False
    rules = [proposal.rule_set.rule(name) for name in chosen]
    return not chosen or any(rule is not None and rule.measures for rule in rules)


def _save(
    store: Store,
    active: Revision,
    rules: RuleSet,
    choice: Choice,
    model: Revision,
    *,
    by_induction: bool,
) -> Revision:
    source = edit_rules(active.source, rules)
    if source == active.source and model.scene_model_sha256 == active.scene_model_sha256:
        return active
    new = NewRevision(
        scene=choice.scene,
        source=source,
        author=choice.author,
        reason=choice.reason,
        scene_model_sha256=model.scene_model_sha256,
        captioner=model.captioner,
        asking=model.asking,
        by_induction=by_induction,
        expected=active.ref.revision,
    )
    return store.scenes.save(new)


def _close(
    store: Store,
    choice: Choice,
    proposal: Revision,
    chosen: Collection[str],
    verdict: str,
    left: Collection[str],
) -> None:
    """Keep what was decided, rule by rule, and close the proposal once nothing of it is left."""
    is_approved = verdict == "approved"
    about = [proposal.rule_set.rule(name) or _gone(store, proposal, name) for name in chosen]
    one = Decision(
        scene=choice.scene,
        revision=proposal.ref.revision,
        verdict="approved" if is_approved else "rejected",
        author=choice.author,
        reason=choice.reason,
    )
    decisions = [
        Decision(
            **{**vars(one), "rule": rule, "is_removal": proposal.rule_set.rule(rule.id) is None}
        )
        for rule in about
    ]
    if not left:
        decisions.append(one)
        if is_approved and proposal.by_induction:
            decisions += _superseded(store, one)
    store.decisions.add(decisions)


def _gone(store: Store, proposal: Revision, name: str) -> Rule:
    rule = parent_of(store, proposal).rule_set.rule(name)
    assert rule is not None, name
    return rule


def _superseded(store: Store, approved: Decision) -> list[Decision]:
    """Older proposals of induction that a newer one has taken the place of."""
    older = [
        number
        for number in store.decisions.open_proposals(approved.scene)
        if number < approved.revision and store.scenes.revision(approved.scene, number).by_induction
    ]
    reason = f"{approved.scene}@{approved.revision} was approved"
    return [
        Decision(
            scene=approved.scene,
            revision=number,
            verdict="superseded",
            author=approved.author,
            reason=reason,
        )
        for number in older
    ]


def trial_of(store: Store, choice: Choice) -> RuleTestRun:
    """The tests of the rules that a choice would put in force, as they would be then.

    Raises:
        NotFoundError, InputError: as `approve`.
    """
    active = store.scenes.revision(choice.scene)
    if choice.number is None:
        rules, named = _with_drafts(active, choice), f"{active.ref} with what is approved"
    else:
        proposal = _open(store, choice)
        open_ones = undecided(store, proposal, parent_of(store, proposal))
        chosen = choice.rules or tuple(uncontested(proposal, open_ones))
        rules, named = in_force(store, active, proposal, chosen).rule_set, str(proposal.ref)
    changed = {rule.id for rule in rules.rules if rule != active.rule_set.rule(rule.id)}
    return run_rule_tests(edit_rules(active.source, rules), store, name=named, chosen=changed)


def _approve_drafts(store: Store, active: Revision, choice: Choice) -> Decided:
    done = _with_drafts(active, choice)
    saved = _save(store, active, done, choice, active, by_induction=False)
    return Decided(saved, difference(active.rule_set, saved.rule_set))


def _with_drafts(active: Revision, choice: Choice) -> RuleSet:
    """The active rules with some of their drafts in force."""
    rules = as_approved(active.rule_set, active.rule_set, choice.rules)
    # What stays a draft in the active file is no news, and no draft of a proposal.
    kept = {rule.id for rule in rules.rules}
    replaced = {active.rule_set.rule(name) for name in choice.rules}
    gone = {name for rule in replaced if rule for name in (rule.id, rule.replaces) if name}
    order = list(rules.rules)
    order += [r for r in active.rule_set.rules if r.id not in kept and r.id not in gone]
    return rules.model_copy(update={"rules": tuple(order)})


def _reject_active(store: Store, active: Revision, choice: Choice) -> Decided:
    ids = [rule.id for rule in active.rule_set.rules]
    check_known(choice.rules, ids, f"{active.ref} has no rule")
    rules = tuple(rule for rule in active.rule_set.rules if rule.id not in choice.rules)
    done = active.rule_set.model_copy(update={"rules": rules})
    saved = _save(store, active, done, choice, active, by_induction=False)
    found = [active.rule_set.rule(name) for name in choice.rules]
    store.decisions.add(
        [
            Decision(
                scene=choice.scene,
                revision=active.ref.revision,
                verdict="rejected",
                author=choice.author,
                reason=choice.reason,
                rule=rule,
            )
            for rule in found
            if rule is not None
        ]
    )
    return Decided(saved, difference(active.rule_set, saved.rule_set))
