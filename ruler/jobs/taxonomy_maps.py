"""What the `maps` of taxonomies say: counterparts of items, in both directions, and dead ends."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ruler.errors import InputError
from ruler.schemas.taxonomy import ANYWHERE, Taxonomy, TaxonomyItem
from rules_store.taxonomy_files import load_taxonomy


@dataclass(frozen=True)
class Pair:
    """An item, its counterpart in the other taxonomy, and whose `maps` say so, by taxonomy id."""

    item: TaxonomyItem
    counterpart: TaxonomyItem
    said_by: tuple[str, ...]


@dataclass(frozen=True)
class Mapped:
    """Two taxonomies side by side."""

    first: Taxonomy
    second: Taxonomy
    pairs: tuple[Pair, ...]

    @cached_property
    def only_first(self) -> tuple[TaxonomyItem, ...]:
        """The items of the first one that have no counterpart."""
        known = {pair.item.id for pair in self.pairs}
        return tuple(item for item in self.first.items if item.id not in known)

    @cached_property
    def only_second(self) -> tuple[TaxonomyItem, ...]:
        """The items of the second one that have no counterpart."""
        known = {pair.counterpart.id for pair in self.pairs}
        return tuple(item for item in self.second.items if item.id not in known)


def mapped(first: Taxonomy, second: Taxonomy) -> Mapped:
    """The counterparts of two taxonomies, by the `maps` of either, in the order of the first."""
    there = {(item, target) for item, target in _links(first, second)}
    back = {(item, target) for target, item in _links(second, first)}
    pairs = [
        Pair(
            item,
            counterpart,
            tuple(
                taxonomy.id
                for taxonomy, links in ((first, there), (second, back))
                if (item.id, counterpart.id) in links
            ),
        )
        for item in first.items
        for counterpart in second.items
        if (item.id, counterpart.id) in there | back
    ]
    return Mapped(first, second, tuple(pairs))


def _links(taxonomy: Taxonomy, other: Taxonomy) -> Iterator[tuple[str, str]]:
    """(item, item of the other one) as the maps of one taxonomy say."""
    for key in (other.id, ANYWHERE):
        yield from taxonomy.maps.get(key, {}).items()


def map_remarks(taxonomy: Taxonomy, known: Mapping[str, Taxonomy]) -> Iterator[tuple[str, str]]:
    """(item, what is doubtful) of each line of `maps`.

    Args:
        taxonomy: Whose maps are looked at.
        known: The taxonomies that have a name, by name; targets without a taxonomy may be in any.
    """
    for name, links in taxonomy.maps.items():
        if name == ANYWHERE:
            anywhere = [item.id for other in known.values() for item in other.items]
            for item, target in links.items():
                if target not in anywhere:
                    near = _near(target, anywhere)
                    yield item, f"`maps` leads to `{target}`, which no taxonomy here has{near}"
            continue
        try:
            other = load_taxonomy(name)
        except InputError as error:
            yield next(iter(links), name), f"`maps` leads to a taxonomy `{name}`: {error}"
            continue
        for item, target in links.items():
            if other.item(target) is None:
                near = _near(target, [one.id for one in other.items])
                yield item, f"`maps` leads to `{target}`, which `{name}` does not have{near}"


def _near(target: str, ids: list[str]) -> str:
    near = difflib.get_close_matches(target, ids, n=1)
    return f"; did you mean `{near[0]}`?" if near else ""
