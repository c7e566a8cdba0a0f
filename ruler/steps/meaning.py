"""Whether two rules mean the same, whatever their ids and wording.

A rejected proposal is remembered by meaning, and two rules of one file that mean the same are told
of. What counts is what makes a rule fire: its kind, its gates, its measures with their bounds, and
the content words of its phrases; a rule that has neither measures nor phrases is what it states.
Origin, votes, weight, level and tests say nothing of meaning.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from ruler.schemas.rules import Measure, Rule, RuleKind, When
from ruler.text.analysis import analyse
from ruler.text.languages import Language, language_of
from ruler.text.phrases import wanted

ALIKE = 0.6
"""Sets of words or phrases are alike from this Jaccard index on."""

_BOUNDS_DIFFER = 0.25
"""Bounds are alike where they differ by at most this share of the larger one."""

Direction = Literal["above", "below"]


@dataclass(frozen=True)
class Meaning:
    """What makes a rule fire.

    Attributes:
        kind: Anomaly or normal.
        when: Its gates.
        bounds: By fact and direction, the bound that decides (the highest `above`, the lowest
            `below`).
        phrases: Each phrase by its content lemmas and the lemmas that must not be there.
        statement: The statement's content lemmas; a negated one begins with a minus.
    """

    kind: RuleKind
    when: When
    bounds: tuple[tuple[str, Direction, float], ...]
    phrases: frozenset[frozenset[str]]
    statement: frozenset[str]

    @property
    def is_stated_only(self) -> bool:
        """True where the statement alone says when the rule fires."""
        return not (self.bounds or self.phrases)


def same_meaning(a: Rule, b: Rule) -> bool:
    """Whether two rules would fire on much the same.

    They are of one kind, have the same gates, bound the same facts in the same direction at bounds
    that differ by at most a quarter, and look for phrases whose content is alike (a Jaccard index
    of 0.6 or more over phrases). Where neither has measures or phrases, the content words of their
    statements decide, by the same index.
    """
    return alike(meaning_of(a), meaning_of(b))


def alike(a: Meaning, b: Meaning) -> bool:
    """`same_meaning` of two rules whose meanings are at hand."""
    if a.kind != b.kind or a.when != b.when or not _same_bounds(a, b):
        return False
    if a.is_stated_only and b.is_stated_only:
        return jaccard(a.statement, b.statement) >= ALIKE
    return jaccard(a.phrases, b.phrases) >= ALIKE


@lru_cache(maxsize=8192)
def meaning_of(rule: Rule) -> Meaning:
    """The meaning of a rule."""
    language = language_of(rule.statement)
    return Meaning(
        kind=rule.kind,
        when=rule.when,
        bounds=_bounds(rule.measures),
        phrases=frozenset(phrase_key(phrase, language) for phrase in rule.look_for),
        statement=content_key(rule.statement),
    )


def phrase_key(phrase: str, language: Language) -> frozenset[str]:
    """The content lemmas of a phrase; those that must not be there begin with a minus, those that
    must be denied with "not "."""
    sought = wanted(phrase, language)
    absent = {f"-{lemma}" for lemma in sought.unwanted}
    return sought.content | absent | {f"not {lemma}" for lemma in sought.denied}


def content_key(text: str) -> frozenset[str]:
    """The content lemmas of a text; negated ones begin with a minus. A text of function words alone
    keeps them."""
    language = language_of(text)
    tokens = analyse(text, language)
    idle = language.function_words | language.negation
    kept = [token for token in tokens if token.lemma not in idle] or tokens
    return frozenset(f"-{token.lemma}" if token.is_negated else token.lemma for token in kept)


def jaccard(a: Set[Hashable], b: Set[Hashable]) -> float:
    """The share of what is in both among what is in either, in [0, 1]; two empty sets are equal."""
    either = len(a | b)
    return len(a & b) / either if either else 1.0


def _bounds(measures: Iterable[Measure]) -> tuple[tuple[str, Direction, float], ...]:
    found: dict[tuple[str, Direction], float] = {}
    for measure in measures:
        if measure.above is not None:
            above = found.get((measure.fact, "above"), measure.above)
            found[measure.fact, "above"] = max(above, measure.above)
        if measure.below is not None:
            below = found.get((measure.fact, "below"), measure.below)
            found[measure.fact, "below"] = min(below, measure.below)
    return tuple((fact, direction, bound) for (fact, direction), bound in sorted(found.items()))


def _same_bounds(a: Meaning, b: Meaning) -> bool:
    if [bound[:2] for bound in a.bounds] != [bound[:2] for bound in b.bounds]:
        return False
    return all(
        abs(mine[2] - other[2]) <= _BOUNDS_DIFFER * max(abs(mine[2]), abs(other[2]))
        for mine, other in zip(a.bounds, b.bounds, strict=True)
    )
