"""Taxonomies (`ruler/taxonomy/v1`) and lexicons (`ruler/lexicon/v1`): prior knowledge as data."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from ruler.schemas.base import UnitInterval, Value, content_hash
from ruler.schemas.rules import ID_PATTERN, NAME_PATTERN, Level, Phrase, RuleTests, Subject

TAXONOMY_SCHEMA = "ruler/taxonomy/v1"
LEXICON_SCHEMA = "ruler/lexicon/v1"

LANGUAGE_PATTERN = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"

ANYWHERE = ""
"""In `Taxonomy.maps`: what leads to items by their id alone, in whichever taxonomy has it."""

Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=80)]
Title = Annotated[str, Field(min_length=1, max_length=200)]

_BETWEEN_WORDS = re.compile(r"[\W_]+")


class TaxonomyItem(Value):
    """One normal or abnormal thing. It applies `unless` a phrase stands in the evidence and, where
    `only_if` is given, only if one of its phrases does.

    `aliases` are what others call it ("RoadAccidents"); `subject` says whether people do it;
    `tests` are sentences that speak of it, and that do not although they might seem to.
    """

    id: Annotated[str, Field(pattern=ID_PATTERN, max_length=120)]
    kind: Literal["normal", "abnormal"]
    title: Title
    aliases: tuple[Title, ...] = ()
    level: Level = "medium"
    subject: Subject = "human_activity"
    statement: str = Field(min_length=1, max_length=2000)
    look_for: tuple[Phrase, ...] = ()
    unless: tuple[Phrase, ...] = ()
    only_if: tuple[Phrase, ...] = ()
    tests: RuleTests = RuleTests()


class TaxonomyCategory(Value):
    """A named group of items; `aliases` are what others call the group."""

    title: Title
    aliases: tuple[Title, ...] = ()
    items: tuple[TaxonomyItem, ...] = ()


class Taxonomy(Value):
    """Categories with normal and abnormal items; item ids are `category.slug` and unique.

    `maps` leads to items of other taxonomies: {taxonomy: {item id: item id there}}. A file may also
    write {item id: item id}; then the target is looked for in all taxonomies (`ANYWHERE`).
    `language` is that of phrases, titles and statements.
    """

    id: Name
    title: Title | None = None
    version: int = Field(default=1, ge=1)
    description: str | None = None
    language: Annotated[str, Field(pattern=LANGUAGE_PATTERN)] = "en"
    source: str | None = None
    categories: dict[Name, TaxonomyCategory]
    maps: dict[str, dict[str, str]] = Field(default_factory=dict)

    @field_validator("maps", mode="before")
    @classmethod
    def _by_taxonomy(cls, given: object) -> object:
        """Both forms as one: an item's id has a dot, a taxonomy's has none."""
        if not isinstance(given, dict):
            return given
        grouped = {key: value for key, value in given.items() if "." not in str(key)}
        pairs = {key: value for key, value in given.items() if "." in str(key)}
        if any(not isinstance(value, str) for value in pairs.values()):
            raise ValueError("`maps` leads from an item's id to an item's id")
        return {**grouped, ANYWHERE: pairs} if pairs else grouped

    @model_validator(mode="after")
    def _ids_follow_categories(self) -> Taxonomy:
        seen: set[str] = set()
        for key, category in self.categories.items():
            for item in category.items:
                if not item.id.startswith(f"{key}."):
                    raise ValueError(f"item {item.id!r} stands in category {key!r}")
                if item.id in seen:
                    raise ValueError(f"item id {item.id!r} stands twice")
                seen.add(item.id)
        return self

    @property
    def sha256(self) -> str:
        """The hash of what it says, however its file is written; keys left out count for nothing,
        so that a ruler with more of them gives the same."""
        return content_hash(self.model_dump(mode="json", exclude_defaults=True))

    @property
    def items(self) -> tuple[TaxonomyItem, ...]:
        """All items, in file order."""
        return tuple(item for category in self.categories.values() for item in category.items)

    def item(self, item_id: str) -> TaxonomyItem | None:
        """The item of that id, or None."""
        return next((item for item in self.items if item.id == item_id), None)

    def item_called(self, name: str) -> TaxonomyItem | None:
        """The item of that id, title or alias, however it is spelled ("Traffic_accident")."""
        wanted = _folded(name)
        for item in self.items:
            if wanted in map(_folded, (item.id, item.title, *item.aliases)):
                return item
        return None

    def category_called(self, name: str) -> str | None:
        """The key of the category with that key, title or alias, however it is spelled."""
        wanted = _folded(name)
        for key, category in self.categories.items():
            if wanted in map(_folded, (key, category.title, *category.aliases)):
                return key
        return None


def _folded(name: str) -> str:
    return _BETWEEN_WORDS.sub(" ", name).strip().casefold()


class Concept(Value):
    """One idea that many words express. `prior` is how far the idea alone speaks for an anomaly,
    in [0, 1], where the references never showed it; `tests` go with the rule it becomes."""

    title: str = Field(min_length=1)
    category: Annotated[str, Field(pattern=ID_PATTERN)]
    level: Level = "medium"
    prior: UnitInterval
    phrases: tuple[Phrase, ...] = Field(min_length=1)
    tests: RuleTests = RuleTests()


class Lexicon(Value):
    """Concepts by key, words for people, and the words that carry no news in any scene."""

    id: Name
    version: int = Field(default=1, ge=1)
    concepts: dict[Name, Concept]
    people: tuple[str, ...] = ()
    stop_words: tuple[str, ...] = ()
