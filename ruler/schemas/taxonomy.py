"""Taxonomies (`ruler/taxonomy/v1`) and lexicons (`ruler/lexicon/v1`): prior knowledge as data."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from ruler.schemas.base import UnitInterval, Value
from ruler.schemas.rules import ID_PATTERN, NAME_PATTERN, Level, Phrase, RuleTests

TAXONOMY_SCHEMA = "ruler/taxonomy/v1"
LEXICON_SCHEMA = "ruler/lexicon/v1"

Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=80)]


class TaxonomyItem(Value):
    """One normal or abnormal thing. It applies `unless` a phrase stands in the evidence and, where
    `only_if` is given, only if one of its phrases does."""

    id: Annotated[str, Field(pattern=ID_PATTERN)]
    kind: Literal["normal", "abnormal"]
    title: str = Field(min_length=1)
    level: Level = "medium"
    statement: str = Field(min_length=1)
    look_for: tuple[Phrase, ...] = ()
    unless: tuple[Phrase, ...] = ()
    only_if: tuple[Phrase, ...] = ()


class TaxonomyCategory(Value):
    """A named group of items."""

    title: str = Field(min_length=1)
    items: tuple[TaxonomyItem, ...] = ()


class Taxonomy(Value):
    """Categories with normal and abnormal items; item ids are `category.slug` and unique."""

    id: Name
    categories: dict[Name, TaxonomyCategory]
    maps: dict[str, str] = Field(default_factory=dict)

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
    def items(self) -> tuple[TaxonomyItem, ...]:
        """All items, in file order."""
        return tuple(item for category in self.categories.values() for item in category.items)

    def item(self, item_id: str) -> TaxonomyItem | None:
        """The item of that id, or None."""
        return next((item for item in self.items if item.id == item_id), None)


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
