"""A false alarm: the rules it rests on are changed one after another, until it is gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

from ruler.jobs.said import Answered
from ruler.jobs.trying import Trial
from ruler.schemas.rules import Rule
from ruler.steps.approving import as_approved
from ruler.steps.deducing import Deduction
from ruler.steps.feedback import Change, carried
from ruler.steps.silencing import silencing

_MOST_RULES = 4
_LAST_RESORTS = ("phrase", "weight")


class Silencer:
    """Finds the changes that end a false alarm.

    Where an open proposal of a person changes the same rule, its change is carried along: two
    proposals that each change a rule could not both be approved.
    """

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def answer(self) -> Answered:
        """The changes, and what they do; none where the alarm is gone already."""
        trial = self._trial
        now = trial.before[trial.number]
        if not trial.here(now):
            return trial.answered(note=f"{trial.active.ref} raises no alarm there any more")
        changes: list[Change] = []
        built_on: dict[str, str] = {}
        while trial.here(now) and len(changes) < _MOST_RULES:
            found = self._next(now, changes, built_on)
            if found is None:
                break
            changes.append(found)
            now = trial.deduce(changes)
        if changes and all(change.sort == "carried" for change in changes):
            names = " and ".join(dict.fromkeys(built_on.values()))
            return trial.answered(note=f"{names} ends it already, once it is approved")
        return trial.told(changes, built_on) if changes else trial.answered()

    def _next(
        self, now: Deduction, changes: Sequence[Change], built_on: dict[str, str]
    ) -> Change | None:
        """The change of the rule that the event rests on most, of those not changed yet."""
        trial = self._trial
        done = {change.rule.id for change in changes}
        standing = dict.fromkeys(rule for event in trial.here(now) for rule in event.rules)
        for rule_id in standing:
            if rule_id in done:
                continue
            rule = trial.active.rule_set.rule(rule_id)
            assert rule is not None
            if name := self._carried.get(rule_id):
                rule = self._as_proposed(rule_id, name)
                along = Change(rule, "carried", f"is changed as {name} has it")
                now = trial.deduce([*changes, along])
                if not trial.here(now):
                    built_on[rule_id] = name
                    return along
            tried = silencing(rule, trial.moment(now), trial.active.rule_set.threshold)
            found = self._first_that_holds(changes, tried)
            if found is not None:
                built_on |= {rule_id: name} if name else {}
                return found
        return None

    def _as_proposed(self, rule_id: str, name: str) -> Rule:
        """A rule as an open proposal would have it."""
        active = self._trial.active.rule_set
        [proposal] = [one for one in self._trial.proposals if str(one.ref) == name]
        rule = as_approved(proposal.rule_set, active, [rule_id]).rule(rule_id)
        assert rule is not None
        return rule

    @cached_property
    def _carried(self) -> dict[str, str]:
        """By rule id, the open proposal of a person that changes it."""
        scenes, active = self._trial.store.scenes, self._trial.active
        return carried(
            active.rule_set,
            [
                (str(one.ref), one.rule_set, scenes.revision(one.ref.scene, one.parent).rule_set)
                for one in self._trial.proposals
            ],
        )

    def _first_that_holds(
        self, changes: Sequence[Change], tried: Iterator[Change]
    ) -> Change | None:
        """The first change that ends the event, else the first that its rule's tests allow; what
        is a last resort only where nothing else is allowed."""
        trial = self._trial
        allowed: Change | None = None
        for change in tried:
            if change.sort in _LAST_RESORTS and allowed and allowed.sort not in _LAST_RESORTS:
                break
            if not trial.passes([*changes, change]):
                continue
            if not trial.here(trial.deduce([*changes, change])):
                return change
            allowed = allowed or change
        return allowed
