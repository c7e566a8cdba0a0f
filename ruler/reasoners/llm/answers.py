"""The forms of structured answers.

All fields are asked for, in an order that lets a model think before it decides: reasons and quotes
first, verdicts last. Lengths are no part of the JSON schema that goes to a server: with `maxLength`
vLLM lets control characters into strings (measured, PLATFORM section 2). They are bounded here,
after parsing: a text is shortened, a list keeps its first entries.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ruler.schemas.base import UnitInterval
from ruler.schemas.rules import Level, Subject

_Item = TypeVar("_Item")

MOST_RULES = 16
"""Rules that one answer may give, each kind."""

_MOST_PHRASES = 12
_MOST_CLAIMS = 400
_LONGEST_PHRASE = 80
_LONGEST_ID = 160
_LONGEST_QUOTE = 400


def _closed(schema: dict[str, Any]) -> None:
    """Servers that enforce a schema want every field required, none beside them, no defaults."""
    properties = schema.get("properties", {})
    schema["additionalProperties"] = False
    schema["required"] = list(properties)
    for one in properties.values():
        one.pop("default", None)


class Answered(BaseModel):
    """The base of all answers: what a model adds beside the form is left out."""

    model_config = ConfigDict(extra="ignore", frozen=True, json_schema_extra=_closed)


def _shortened(longest: int) -> AfterValidator:
    def shorten(text: str) -> str:
        text = " ".join(text.split())
        return text if len(text) <= longest else f"{text[: longest - 4].rpartition(' ')[0]} ..."

    return AfterValidator(shorten)


def _first(most: int) -> AfterValidator:
    def keep(items: list[_Item]) -> list[_Item]:
        return items[:most]

    return AfterValidator(keep)


def _phrases(items: list[str]) -> list[str]:
    """Short phrases, each once; a sign that a rule file gives a meaning to is no part of one."""
    plain = (" ".join(word.lstrip("+-=") for word in item.split()) for item in items)
    kept = dict.fromkeys(item.strip(" .,;") for item in plain)
    usable = [item for item in kept if 0 < len(item) <= _LONGEST_PHRASE]
    return [item for item in usable if any(map(str.isalpha, item))][:_MOST_PHRASES]


Title = Annotated[str, _shortened(80), Field(min_length=1)]
Statement = Annotated[str, _shortened(400), Field(min_length=1)]
Reason = Annotated[str, _shortened(400)]
Quote = Annotated[str, AfterValidator(lambda text: text[:_LONGEST_QUOTE])]
Id = Annotated[str, AfterValidator(lambda text: text.strip()[:_LONGEST_ID])]
Phrases = Annotated[list[str], AfterValidator(_phrases)]


class Learned(Answered):
    """One thing that is normal, and the words of one caption that show it."""

    title: Title
    statement: Statement
    look_for: Phrases = []
    quote: Quote


class Normality(Answered):
    """What a batch of captions shows to be normal."""

    human_activities: Annotated[list[Learned], _first(MOST_RULES)]
    environment: Annotated[list[Learned], _first(MOST_RULES)]


class Group(Answered):
    """Rules by number that say the same: one to keep, the others to merge into it."""

    keep: int
    merge: list[int]


class Groups(Answered):
    """Which of the voted rules say the same."""

    groups: Annotated[list[Group], _first(_MOST_CLAIMS)]


class Contrast(Answered):
    """What would be anomalous where a normal rule holds."""

    title: Title
    statement: Statement
    look_for: Phrases = []
    subject: Subject
    category: Id = ""
    level: Level


class Contrasts(Answered):
    """All contrasts of one normal rule."""

    rules: Annotated[list[Contrast], _first(MOST_RULES)]


class Claim(Answered):
    """Whether one rule, by number, holds on a caption, and the words that show it."""

    rule: int
    quote: Quote = ""
    verdict: Literal["yes", "no", "unclear"]
    confidence: UnitInterval


class CaptionClaims(Answered):
    """All that is claimed of one caption, by number."""

    caption: int
    claims: Annotated[list[Claim], _first(_MOST_CLAIMS)]


class Claims(Answered):
    """All that is claimed of the captions of a question."""

    captions: Annotated[list[CaptionClaims], _first(_MOST_CLAIMS)]


class Recheck(Answered):
    """A second look at one frame, by number."""

    frame: int
    why: Reason
    quote: Quote = ""
    verdict: Literal["anomaly", "normal", "unclear"]
    confidence: UnitInterval


class Rechecks(Answered):
    """The second looks at the frames of a question."""

    frames: Annotated[list[Recheck], _first(_MOST_CLAIMS)]


class Reflected(Answered):
    """An event held against a taxonomy; `caption` is the number of the one that is quoted."""

    why: Reason
    caption: int = 0
    quote: Quote = ""
    item: Id = ""
    verdict: Literal["anomaly", "normal", "vague"]


class ClipJudged(Answered):
    """A clip judged by its scene's rules; `caption` is the number of the one that is quoted."""

    why: Reason
    caption: int = 0
    quote: Quote = ""
    rule: Id = ""
    verdict: Literal["anomaly", "normal", "vague"]


class ClipReflected(Reflected):
    """The first answer about a clip held against a taxonomy."""


class ItemRule(Answered):
    """One item of a taxonomy as a rule for a scene."""

    item: Id
    title: Title
    statement: Statement
    look_for: Phrases = []
    subject: Subject = "human_activity"


class ItemRules(Answered):
    """The items of one category as rules."""

    rules: Annotated[list[ItemRule], _first(_MOST_CLAIMS)]
