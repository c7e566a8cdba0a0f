"""Tests and exceptions."""

from __future__ import annotations

from collections.abc import Iterator

from ruler.schemas.rules import Rule, RuleException, RuleSet
from ruler.steps.linting.base import Code, KeyPath, LintContext, Note
from ruler.steps.meaning import content_key
from ruler.text.languages import Language, language_of
from ruler.text.phrases import find_phrase, wanted

CODES = (
    Code(
        "RL301",
        "warning",
        "A stable rule has no caption that must fire",
        "Add a caption under `tests: fire:`, or set `status: experimental`.",
    ),
    Code(
        "RL302",
        "warning",
        "A stable rule has no caption that must not fire",
        "Add a caption under `tests: quiet:` that is close to firing and must not.",
    ),
    Code(
        "RL303",
        "error",
        "One caption must fire and must not",
        "Delete it from one of the two lists.",
    ),
    Code(
        "RL401",
        "warning",
        "An exception has expired",
        "Delete it, or give it a later `until`.",
    ),
    Code(
        "RL402",
        "error",
        "An exception holds for everything",
        "Name under `unless` what sets the case apart; as it stands the rule never fires.",
    ),
    Code(
        "RL403",
        "warning",
        "Two exceptions have one name",
        "Give each a name of its own; reports tell them apart by it.",
    ),
    Code(
        "RL404",
        "warning",
        "An exception takes a phrase out of use",
        "Delete the phrase from `look_for`, or write a narrower `unless`.",
    ),
)

_ANYBODY = frozenset("person people somebody someone individual anybody human".split())


def check(rules: RuleSet, context: LintContext) -> Iterator[Note]:
    """All findings of this family."""
    for place, rule in enumerate(rules.rules):
        path: KeyPath = ("rules", place)
        if rule.status == "stable":
            if not rule.tests.fire:
                yield Note("RL301", path, f"`{rule.id}` is stable and has no `fire` test")
            if not rule.tests.quiet:
                yield Note("RL302", path, f"`{rule.id}` is stable and has no `quiet` test")
        fire = {" ".join(text.split()).casefold() for text in rule.tests.fire}
        for number, text in enumerate(rule.tests.quiet):
            if " ".join(text.split()).casefold() in fire:
                here = (*path, "tests", "quiet", number)
                yield Note("RL303", here, "this caption stands under `fire` too")
        if rule.exceptions:
            yield from _exceptions(rule, path, context)


def _exceptions(rule: Rule, path: KeyPath, context: LintContext) -> Iterator[Note]:
    language = language_of(rule.statement)
    names: set[str] = set()
    for number, exception in enumerate(rule.exceptions):
        here = (*path, "exceptions", number)
        if exception.name.casefold() in names:
            yield Note("RL403", (*here, "name"), f"`{exception.name}` stands twice")
        names.add(exception.name.casefold())
        if exception.until is not None and exception.until < context.as_of:
            yield Note("RL401", (*here, "until"), f"it held until {exception.until}")
            continue
        if why := _holds_always(rule, exception, language, context):
            yield Note("RL402", (*here, "unless"), why)
            continue
        for nth, phrase in enumerate(rule.look_for):
            if _holds(exception, phrase, language):
                said = f"`{phrase}` holds `{exception.unless}`, which excepts it"
                yield Note("RL404", (*path, "look_for", nth), said)


def _holds_always(
    rule: Rule, exception: RuleException, language: Language, context: LintContext
) -> str | None:
    """Why an exception holds whenever the rule would fire, or None."""
    sought = wanted(exception.unless, language)
    idle = language.function_words
    if _ANYBODY & sought.content and content_key(rule.statement) & context.people:
        idle |= _ANYBODY  # the rule is about people, so somebody is always there
    more = sought.denied or sought.needed or sought.forms or sought.unwanted
    if sought.content <= idle and not more:
        return f"`{exception.unless}` says nothing that sets a case apart"
    if rule.look_for and all(_holds(exception, phrase, language) for phrase in rule.look_for):
        return f"each phrase of `look_for` holds `{exception.unless}`"
    if rule.tests.fire and all(find_phrase(text, exception.unless) for text in rule.tests.fire):
        return f"`{exception.unless}` stands in every `fire` caption of the rule"
    return None


def _holds(exception: RuleException, phrase: str, language: Language) -> bool:
    """Whether a caption with the phrase always has the exception's words, too."""
    sought = wanted(exception.unless, language)
    more = sought.denied or sought.unwanted or sought.needed or sought.forms
    if not sought.content or more:
        return False
    return sought.content <= wanted(phrase, language).content
