"""Verification: rules are tried on normal references that they were not made from.

A rule with a bound that fires on more than a few of them is told so: one reference is unlike the
others, and the bound has to lie beyond that one, too. A rule of words that can alarm alone has no
bound: it loses weight with the share of normal captions on which it fires, and is dropped where
that is half of them. The reason stays with the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ruler.reasoners.matching import FIRES
from ruler.schemas.induction import Checkup
from ruler.schemas.rules import Rule
from ruler.schemas.verdicts import Matched

TOLERANCE = 0.1
"""Share of a left-out batch's frames on which a rule may fire: any clip may exceed a bound for a
moment."""

ALARMS = 0.5
"""Rules of less weight reach the usual threshold only together with others; they keep it."""

_WEAKENS = 2.0
"""The share of weight that a rule of words loses for each share of normal captions it fires on."""

Checkups = dict[str, Checkup]
WriteWithout = Callable[[str], Sequence[Rule]]
MatchOn = Callable[[str, Sequence[Rule]], Sequence[Matched]]


def verify(batches: Sequence[str], write_without: WriteWithout, match_on: MatchOn) -> Checkups:
    """Leave each batch out once, and try the rules of the others on it.

    Args:
        batches: Names of the batches; with fewer than two there is nothing to leave out.
        write_without: The rules made without a batch.
        match_on: Applies rules to the frames of a batch.

    Returns:
        By rule id, what to do with each rule that fired too often, and why.
    """
    if len(batches) < 2:
        return {}
    tried = _try(batches, write_without, match_on)
    checkups = _weakened(tried)
    for rule_id, trial in tried.items():
        share, batch = trial.worst
        if trial.has_bound and share > TOLERANCE:
            why = f"fired on {share:.0%} of normal reference {batch} when made without it"
            checkups[rule_id] = Checkup(rule_id=rule_id, action="raised", why=why)
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


def _try(
    batches: Sequence[str],
    write_without: WriteWithout,
    match_on: MatchOn,
) -> dict[str, _Trial]:
    """Every anomaly rule on every batch that it was made without."""
    tried: dict[str, _Trial] = {}
    for batch in batches:
        rules = write_without(batch)
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
