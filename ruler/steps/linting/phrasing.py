"""Phrases of `look_for` that find too much, or nothing that is not found already."""

from __future__ import annotations

from collections.abc import Iterator

from ruler.schemas.rules import Rule, RuleSet
from ruler.steps.linting.base import Code, LintContext, Note
from ruler.text.languages import Language, language_of
from ruler.text.phrases import Wanted, wanted

CODES = (
    Code(
        "RL601",
        "warning",
        "A phrase without a word that says something",
        "Add a word that names what is seen, or delete the phrase.",
    ),
    Code(
        "RL602",
        "warning",
        "A phrase about the picture, not about what it shows",
        "Every caption may say it, in any scene: name what is seen instead.",
    ),
    Code(
        "RL603",
        "info",
        "A phrase that a shorter one covers",
        "Delete the longer phrase, or make the shorter one exact.",
    ),
)

_MOST_COMPARED = 200


def check(rules: RuleSet, context: LintContext) -> Iterator[Note]:
    """All findings of this family."""
    for place, rule in enumerate(rules.rules):
        language = language_of(rule.statement)
        for number, phrase in enumerate(rule.look_for):
            sought = wanted(phrase, language)
            here = ("rules", place, "look_for", number)
            if sought.content <= language.function_words and not sought.needed:
                yield Note("RL601", here, f"`{phrase}` has no word of content")
            elif sought.content and sought.content <= context.stop_words:
                yield Note("RL602", here, f"`{phrase}` says nothing of what is seen")
        if rule.kind == "anomaly":
            yield from _covered(rule, place, language)


def _covered(rule: Rule, place: int, language: Language) -> Iterator[Note]:
    sought = [wanted(phrase, language) for phrase in rule.look_for[:_MOST_COMPARED]]
    for number, longer in enumerate(sought):
        for other, shorter in enumerate(sought):
            is_double = shorter == longer and other < number
            if other != number and (is_double or _covers(shorter, longer)):
                said = f"`{shorter.phrase}` is found wherever `{longer.phrase}` is"
                yield Note("RL603", ("rules", place, "look_for", number), said)
                break


def _covers(shorter: Wanted, longer: Wanted) -> bool:
    if shorter.needed or shorter.forms or not shorter.content:
        return False
    return shorter.content < longer.content and shorter.unwanted <= longer.unwanted
