"""What `ruler taxonomy` does: look at taxonomies, and derive rules from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ruler.jobs.inputs import check_scene
from ruler.reasoners.symbolic.taxonomy_rules import rules_from_taxonomy
from ruler.schemas.rules import RuleSet
from ruler.schemas.taxonomy import Taxonomy, TaxonomyItem
from ruler.text.phrases import find_any
from rules_store.rule_files import dump_rules
from rules_store.taxonomy_files import builtin_taxonomies, load_taxonomy


@dataclass(frozen=True)
class Remark:
    """A weak place of a valid taxonomy (`warning`), or a test of an item that fails."""

    kind: Literal["warning", "test"]
    where: str
    said: str


def known_taxonomies() -> tuple[Taxonomy, ...]:
    """The taxonomies that ship, by name."""
    return tuple(map(load_taxonomy, builtin_taxonomies()))


def review(taxonomy: Taxonomy) -> tuple[Remark, ...]:
    """What a valid taxonomy could do better, and the tests of its items that fail."""
    return tuple(_remarks(taxonomy))


def rule_file(taxonomy: Taxonomy, scene: str) -> str:
    """A rule file with a rule for every item.

    Raises:
        InputError: the scene cannot be called so.
    """
    check_scene(scene)
    return dump_rules(RuleSet(scene=scene, rules=rules_from_taxonomy(taxonomy, scene)))


def _remarks(taxonomy: Taxonomy) -> Iterator[Remark]:
    for key, category in taxonomy.categories.items():
        kinds = {item.kind for item in category.items}
        if kinds == {"abnormal"}:
            said = "it has no normal item, so reflection can only push towards alarm"
            yield Remark("warning", key, said)
    for item in taxonomy.items:
        if not item.look_for:
            yield Remark("warning", item.id, "it has no `look_for`: only a model can tell it")
        for expected, texts in ((True, item.tests.fire), (False, item.tests.quiet)):
            for text in texts:
                if _is_spoken_of(item, text) is not expected:
                    done = "does not fire on" if expected else "fires on"
                    yield Remark("test", item.id, f"it {done}: {text}")


def _is_spoken_of(item: TaxonomyItem, text: str) -> bool:
    """Whether a text speaks of an item where its conditions hold."""
    return (
        find_any(text, item.look_for) is not None
        and find_any(text, item.unless) is None
        and (not item.only_if or find_any(text, item.only_if) is not None)
    )
