"""Verification: rules are tried on normal references that they were not made from.

A rule that fires on more than a few of them is widened until it does not, or dropped where it has
no bound to widen; the reason stays with the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ruler.schemas.induction import Checkup
from ruler.schemas.rules import Rule
from ruler.schemas.verdicts import Matched

TOLERANCE = 0.1
"""Share of a left-out batch's frames on which a rule may fire. A bound stands at the upper
twentieth of the references, so a single clip may well exceed it for a moment."""

_FIRES = 0.5
_WIDEN = 1.1
_MOST_ROUNDS = 12

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
    for _ in range(_MOST_ROUNDS):
        worst = _worst_shares(batches, write_without, match_on, checkups)
        noisy = {rule_id: at for rule_id, at in worst.items() if at[0] > TOLERANCE}
        if not noisy:
            return checkups
        for rule_id, (share, batch, has_bound) in noisy.items():
            checkups[rule_id] = _stricter(rule_id, share, batch, has_bound, checkups.get(rule_id))
    for rule_id in noisy:
        checkups[rule_id] = checkups[rule_id].model_copy(update={"action": "dropped"})
    return checkups


def _stricter(
    rule_id: str, share: float, batch: str, has_bound: bool, before: Checkup | None
) -> Checkup:
    """Ask for a wider bound, or for the rule to go; the first reason is the one that is kept."""
    why = f"fired on {share:.0%} of normal reference {batch} when made without it"
    if not has_bound:
        return Checkup(rule_id=rule_id, action="dropped", why=why)
    factor = round((before.factor if before else 1.0) * _WIDEN, 4)
    return Checkup(
        rule_id=rule_id, action="widened", factor=factor, why=before.why if before else why
    )


def _worst_shares(
    batches: Sequence[str],
    write_without: WriteWithout,
    match_on: MatchOn,
    checkups: Mapping[str, Checkup],
) -> dict[str, tuple[float, str, bool]]:
    """By anomaly rule: (largest share of frames it fires on, in which batch, has it a bound)."""
    worst: dict[str, tuple[float, str, bool]] = {}
    for batch in batches:
        rules = write_without(batch, checkups)
        frames = match_on(batch, rules)
        for rule in rules:
            if rule.kind == "anomaly" and frames:
                share = sum(_fires(rule.id, frame) for frame in frames) / len(frames)
                if rule.id not in worst or share > worst[rule.id][0]:
                    worst[rule.id] = (share, batch, bool(rule.measures))
    return worst


def _fires(rule_id: str, matched: Matched) -> bool:
    return any(m.rule_id == rule_id and m.strength >= _FIRES for m in matched.matches)
