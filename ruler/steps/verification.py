"""Verification: rules are tried on normal references that they were not made from.

A rule with a bound that fires on more than a few of them is widened until it does not; where no
width will do, as one reference is unlike all others, its bound goes beyond all of them. A rule of
words that can alarm alone has no bound to widen: it loses weight with the share of normal captions
on which it fires, and is dropped where that is half of them. The reason stays with the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ruler.reasoners.matching import FIRES
from ruler.schemas.induction import Checkup
from ruler.schemas.rules import Rule
from ruler.schemas.verdicts import Matched

TOLERANCE = 0.1
"""Share of a left-out batch's frames on which a rule may fire. A bound stands at the upper
twentieth of the references, so a single clip may well exceed it for a moment."""

ALARMS = 0.5
"""Rules of less weight reach the usual threshold only together with others; they keep it."""

_WIDEN = 1.1
_MOST_ROUNDS = 12
_WEAKENS = 2.0
"""The share of weight that a rule of words loses for each share of normal captions it fires on."""

Checkups = dict[str, Checkup]
WriteWithout = Callable[[str, Mapping[str, Checkup]], Sequence[Rule]]
MatchOn = Callable[[str, Sequence[Rule]], Sequence[Matched]]


def verify(batches: Sequence[str], write_without: WriteWithout, match_on: MatchOn) -> Checkups:
    """Leave each batch out once, and try the rules of the others on it.

    Args:
        batches: Names of the batches; with fewer than two there is nothing to leave out.
        write_without: The rules made without a batch, given what has been asked so far.
        match_on: Applies rules to the frames of a batch.

    Returns:
        By rule id, what to do with each rule that fired too often, and why.
    """
    checkups: Checkups = {}
    if len(batches) < 2:
        return checkups
    for first_round in (True, *(False,) * (_MOST_ROUNDS - 1)):
        tried = _try(batches, write_without, match_on, checkups)
        if first_round:
            checkups |= _weakened(tried)
        noisy = {
            rule_id: worst
            for rule_id, trial in tried.items()
            if trial.has_bound and (worst := trial.worst)[0] > TOLERANCE
        }
        if not noisy:
            return checkups
        for rule_id, (share, batch) in noisy.items():
            checkups[rule_id] = _wider(rule_id, share, batch, checkups.get(rule_id))
    for rule_id in noisy:
        checkups[rule_id] = checkups[rule_id].model_copy(update={"action": "raised"})
    return checkups


def try_given(rules: Sequence[Rule], frames: Sequence[Matched]) -> Checkups:
    """Try rules that were made from no reference, such as a taxonomy's, on all of them.

    Returns:
        By rule id, what to do with each anomaly rule that fires on more than `TOLERANCE` of the
        frames, and why. They were written on purpose, so less costs them nothing.
    """
    checkups: Checkups = {}
    for rule in rules:
        fired = sum(_fires(rule.id, frame) for frame in frames)
        if rule.kind == "anomaly" and fired > TOLERANCE * len(frames):
            share = fired / len(frames)
            checkups[rule.id] = _less(
                rule.id, share, f"fires on {share:.1%} of the normal references"
            )
    return checkups


@dataclass
class _Trial:
    """One rule on all left-out batches: by batch, (frames it fires on, frames)."""

    has_bound: bool
    alarms: bool
    batches: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def worst(self) -> tuple[float, str]:
        """(largest share of a batch's frames on which the rule fires, which batch)."""
        share, batch = max(
            ((fired / frames, name) for name, (fired, frames) in self.batches.items()),
            key=lambda found: found[0],
        )
        return share, batch

    @property
    def share(self) -> float:
        """Share of all frames on which the rule fires."""
        counts = self.batches.values()
        return sum(fired for fired, _ in counts) / sum(frames for _, frames in counts)


def _weakened(tried: Mapping[str, _Trial]) -> Checkups:
    """What rules of words lose for firing on normal captions."""
    checkups: Checkups = {}
    for rule_id, trial in tried.items():
        share = trial.share
        if trial.has_bound or not trial.alarms or not share:
            continue
        why = f"fires on {share:.1%} of normal references that it was made without"
        checkups[rule_id] = _less(rule_id, share, why)
    return checkups


def _less(rule_id: str, share: float, why: str) -> Checkup:
    left = round(1.0 - _WEAKENS * share, 4)
    return Checkup(
        rule_id=rule_id,
        action="weakened" if left > 0 else "dropped",
        factor=left if left > 0 else 1.0,
        why=why,
    )


def _wider(rule_id: str, share: float, batch: str, before: Checkup | None) -> Checkup:
    """Ask for a wider bound; the first reason is the one that is kept."""
    why = f"fired on {share:.0%} of normal reference {batch} when made without it"
    factor = round((before.factor if before else 1.0) * _WIDEN, 4)
    return Checkup(
        rule_id=rule_id, action="widened", factor=factor, why=before.why if before else why
    )


def _try(
    batches: Sequence[str],
    write_without: WriteWithout,
    match_on: MatchOn,
    checkups: Mapping[str, Checkup],
) -> dict[str, _Trial]:
    """Every anomaly rule on every batch that it was made without."""
    tried: dict[str, _Trial] = {}
    for batch in batches:
        rules = write_without(batch, checkups)
        frames = match_on(batch, rules)
        for rule in rules:
            if rule.kind == "anomaly" and frames:
                trial = tried.setdefault(
                    rule.id, _Trial(bool(rule.measures), rule.weight >= ALARMS)
                )
                fired = sum(_fires(rule.id, frame) for frame in frames)
                trial.batches[batch] = (fired, len(frames))
    return tried


def _fires(rule_id: str, matched: Matched) -> bool:
    return any(m.rule_id == rule_id and m.strength >= FIRES for m in matched.matches)
