"""Rules that say the same, and rules that say the opposite."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from collections.abc import Set as AnySet

from ruler.schemas.rules import Rule, RuleSet
from ruler.steps.linting.base import Code, LintContext, Note
from ruler.steps.meaning import ALIKE, Meaning, alike, jaccard, meaning_of

CODES = (
    Code(
        "RL101",
        "warning",
        "Two rules mean the same",
        "Delete one of them, or make one rule of both; two weights for one sight count twice.",
    ),
    Code(
        "RL102",
        "warning",
        "Two statements say nearly the same",
        "Say in each statement what sets it apart, or make one rule of both.",
    ),
    Code(
        "RL103",
        "warning",
        "A normal and an anomaly rule contradict",
        "Take the shared phrases or range out of one of them, or gate one with `when`.",
    ),
)

_STATED_ALIKE = 0.85
_FEWEST_WORDS = 3
_MOST_COMPARED = 100
_SLACK = 0.05


def check(rules: RuleSet, context: LintContext) -> Iterator[Note]:
    """All findings of this family."""
    del context
    held = [(place, rule) for place, rule in enumerate(rules.rules) if _counts(rule)]
    meanings = [meaning_of(rule) for _, rule in held]
    told: set[int] = set()
    for first, second in _doubles(meanings):
        place, rule = held[second]
        told.add(second)
        other = held[first][1].id
        yield Note("RL101", ("rules", place), f"`{rule.id}` means the same as `{other}`")
    for first, second in _near(
        [meaning.statement if _is_worded(meaning) else frozenset() for meaning in meanings],
        _STATED_ALIKE,
    ):
        place, rule = held[second]
        if second not in told and meanings[first].kind == meanings[second].kind:
            said = f"says nearly the same as the statement of `{held[first][1].id}`"
            yield Note("RL102", ("rules", place, "statement"), said)
    yield from _contradictions(held, meanings)


def _counts(rule: Rule) -> bool:
    """A deprecated rule is out of use, and a draft that replaces a rule is like it on purpose."""
    return rule.status != "deprecated" and rule.replaces is None


def _is_worded(meaning: Meaning) -> bool:
    return len(meaning.statement) >= _FEWEST_WORDS


def _doubles(meanings: Sequence[Meaning]) -> Iterator[tuple[int, int]]:
    """(earlier, later) of rules of one meaning, each later one once."""
    keys: list[frozenset[Hashable]] = []
    for meaning in meanings:
        phrases: frozenset[Hashable] = frozenset(meaning.phrases)
        words: frozenset[Hashable] = frozenset(meaning.statement)
        bounds = frozenset((fact, direction) for fact, direction, _ in meaning.bounds)
        keys.append(phrases or bounds or words)
    yield from _near(keys, ALIKE, lambda a, b: alike(meanings[a], meanings[b]))


def _near(
    sets: Sequence[AnySet[Hashable]],
    least: float,
    accept: object = None,
) -> Iterator[tuple[int, int]]:
    """(earlier, later) of sets that are alike; each later one once, with the first found.

    Only sets that share one of their rarest members are compared: where the Jaccard index is
    `least` or more, one of the first (1 - least)·n + 1 members in any fixed order is shared.
    """
    accepts = accept if callable(accept) else lambda a, b: jaccard(sets[a], sets[b]) >= least
    counts: dict[Hashable, int] = {}
    for one in sets:
        for member in one:
            counts[member] = counts.get(member, 0) + 1
    index: dict[Hashable, list[int]] = {}
    for later, one in enumerate(sets):
        ordered = sorted(one, key=lambda member: (counts[member], str(member)))
        prefix = ordered[: int((1 - least) * len(ordered) + 1e-9) + 1]
        candidates = sorted({at for member in prefix for at in index.get(member, ())})
        for earlier in candidates[:_MOST_COMPARED]:
            if accepts(earlier, later):
                yield earlier, later
                break
        for member in prefix:
            bucket = index.setdefault(member, [])
            if len(bucket) < _MOST_COMPARED:
                bucket.append(later)


def _contradictions(
    held: Sequence[tuple[int, Rule]], meanings: Sequence[Meaning]
) -> Iterator[Note]:
    by_phrase: dict[frozenset[str], list[int]] = {}
    by_fact: dict[str, list[int]] = {}
    for at, meaning in enumerate(meanings):
        if meaning.kind != "normal":
            continue
        for phrase in meaning.phrases:
            by_phrase.setdefault(phrase, []).append(at)
        if len({fact for fact, *_ in meaning.bounds}) == 1 and not meaning.phrases:
            by_fact.setdefault(meaning.bounds[0][0], []).append(at)
    for at, meaning in enumerate(meanings):
        if meaning.kind != "anomaly":
            continue
        place = held[at][0]
        sharing = {
            n for phrase in meaning.phrases for n in by_phrase.get(phrase, ())[:_MOST_COMPARED]
        }
        for normal in sorted(sharing)[:_MOST_COMPARED]:
            if _gates_meet(meaning, meanings[normal]) and _shares_most(meaning, meanings[normal]):
                said = f"looks for what `{held[normal][1].id}` calls normal"
                yield Note("RL103", ("rules", place, "look_for"), said)
                break
        if len({fact for fact, *_ in meaning.bounds}) == 1 and not meaning.phrases:
            for normal in by_fact.get(meaning.bounds[0][0], ())[:_MOST_COMPARED]:
                if _gates_meet(meaning, meanings[normal]) and _overlap(meaning, meanings[normal]):
                    said = f"fires within the range that `{held[normal][1].id}` calls normal"
                    yield Note("RL103", ("rules", place, "measures"), said)
                    break


def _shares_most(anomaly: Meaning, normal: Meaning) -> bool:
    """Most of an anomaly rule's phrases are called normal, and no measure tells the two apart."""
    shared = len(anomaly.phrases & normal.phrases)
    return anomaly.bounds == normal.bounds and shared >= ALIKE * len(anomaly.phrases)


def _gates_meet(a: Meaning, b: Meaning) -> bool:
    """Both may be open at once; an anomaly that is gated is one on purpose."""
    return a.when.is_open or a.when == b.when


def _overlap(a: Meaning, b: Meaning) -> bool:
    """Two ranges of one fact have more in common than their rims."""
    low = max(
        bound for *_, way, bound in (*a.bounds, *b.bounds, ("", "above", -1e308)) if way == "above"
    )
    high = min(
        bound for *_, way, bound in (*a.bounds, *b.bounds, ("", "below", 1e308)) if way == "below"
    )
    return (
        high - low > _SLACK * max(abs(low), abs(high), 1e-9)
        if low > -1e308 or high < 1e308
        else True
    )
