"""Between two rule sets: what has to be matched anew, and what stands as it was found before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ruler.reasoners.symbolic.writing import UNCOVERED, UNCOVERED_DOINGS
from ruler.schemas.rules import Rule, RuleSet

UNSEEN = {"statement", "tests", "origin", "overrides", "replaces", "status"}
"""Fields of a live rule that change no verdict and no event by themselves (overrides do, and are
compared apart)."""

_MATCHING = ("kind", "look_for", "measures", "when", "exceptions")


@dataclass(frozen=True)
class Changes:
    """How the matches of a rule set follow from those of another.

    Attributes:
        kept: Ids of rules that match as before, with the strength and evidence of before.
        again: The rules to match anew; None where none has to be.
        fresh: Ids whose matches under `again` count.
        altered: Ids of rules that read or weigh otherwise; where one of them matched, before or
            now, everything that follows may differ.
    """

    kept: frozenset[str]
    again: RuleSet | None
    fresh: frozenset[str]
    altered: frozenset[str]

    @property
    def is_nothing(self) -> bool:
        """True where the same matches mean the same."""
        return not (self.altered or self.again)

    @property
    def phrases(self) -> tuple[str, ...] | None:
        """Phrases without one of which a caption gives no new match; None where others do, too."""
        rules = [rule for rule in self.again.live if rule.id in self.fresh] if self.again else []
        if not all(rule.look_for for rule in rules):
            return None
        return tuple(phrase for rule in rules for phrase in rule.look_for)


def changes(before: RuleSet, after: RuleSet) -> Changes:
    """What has to be matched anew.

    Args:
        before: The rules by which the matches were found.
        after: Those that are to be tried.
    """
    old = {rule.id: rule for rule in before.live}
    new = {rule.id: rule for rule in after.live}
    accusing = frozenset(name for name, rule in new.items() if rule.kind == "anomaly")
    news = frozenset(f"{after.scene}.{slug}" for slug in (UNCOVERED, UNCOVERED_DOINGS))
    altered = frozenset(
        name for name in old.keys() | new.keys() if _seen(old.get(name)) != _seen(new.get(name))
    )
    if _overriding(old) != _overriding(new) or _is_mixed(news, (*before.live, *after.live)):
        # A match that was overridden is not stored.
        return Changes(frozenset(), after, accusing, altered | news)
    if _known(old, news) != _known(new, news):
        altered |= news & (old.keys() | new.keys())
    fresh = frozenset(
        name
        for name in altered & accusing
        if name in news or _matching(old.get(name)) != _matching(new[name])
    )
    needed = tuple(rule for rule in after.live if rule.id in fresh or _helps(rule, fresh, news))
    return Changes(
        kept=accusing & old.keys() - fresh,
        again=after.model_copy(update={"rules": needed}) if fresh else None,
        fresh=fresh,
        altered=altered,
    )


def _seen(rule: Rule | None) -> dict[str, Any] | None:
    return None if rule is None else rule.model_dump(exclude=UNSEEN)


def _matching(rule: Rule | None) -> list[Any] | None:
    return None if rule is None else [getattr(rule, name) for name in _MATCHING]


def _overriding(rules: dict[str, Rule]) -> dict[str, Any]:
    """The rules that hold others back, with all that decides when."""
    return {
        name: [rule.overrides, *(_matching(rule) or ())]
        for name, rule in rules.items()
        if rule.kind == "normal" and rule.overrides
    }


def _is_mixed(news: frozenset[str], rules: Iterable[Rule]) -> bool:
    """Whether a rule for news has words or bounds of its own: two matches under one id."""
    return any(rule.id in news and (rule.look_for or rule.measures) for rule in rules)


def _known(rules: dict[str, Rule], news: frozenset[str]) -> list[Any]:
    """All that decides what is news."""
    normal = [
        (rule.look_for, rule.weight, rule.subject, rule.measures)
        for rule in rules.values()
        if rule.kind == "normal"
    ]
    contrasted = {m.fact for r in rules.values() if r.kind == "anomaly" for m in r.measures}
    return [normal, contrasted, [rules[name] for name in sorted(news & rules.keys())]]


def _helps(rule: Rule, fresh: frozenset[str], news: frozenset[str]) -> bool:
    """Whether matching the fresh rules depends on this one."""
    if rule.kind == "normal":
        return bool(rule.overrides or fresh & news)
    return bool(fresh & news and rule.measures)
