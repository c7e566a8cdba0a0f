"""What `ruler taxonomy` does: look at taxonomies, and derive rules from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ruler.errors import InputError
from ruler.jobs.inputs import check_scene
from ruler.jobs.taxonomy_maps import map_remarks
from ruler.reasoners.symbolic.reflecting import speaks_of
from ruler.reasoners.symbolic.taxonomy_rules import rules_from_taxonomy
from ruler.schemas.rules import LONGEST_NAME, NAME_PATTERN, RuleSet
from ruler.schemas.taxonomy import Taxonomy
from rules_store.rule_files import dump_rules
from rules_store.taxonomy_files import (
    builtin_taxonomies,
    load_taxonomy,
    starter_taxonomy,
    taxonomy_at,
)
from rules_store.taxonomy_places import TaxonomyPlace, other_places


@dataclass(frozen=True)
class Remark:
    """A weak place of a valid taxonomy (`warning`), or a test of an item that fails."""

    kind: Literal["warning", "test"]
    where: str
    said: str


@dataclass(frozen=True)
class Known:
    """One taxonomy that can be asked for by name, and who supplies it.

    `problem` says why it cannot be used: it is broken, or its name is taken by another one.
    """

    name: str
    origin: str
    taxonomy: Taxonomy | None = None
    problem: str | None = None


def known_taxonomies() -> tuple[Known, ...]:
    """Those that ship, those of the folder in the settings, those of installed packages.

    Raises:
        InputError: the folder of the settings is none.
    """
    shipped = [Known(name, "ruler", load_taxonomy(name)) for name in builtin_taxonomies()]
    found = {known.name: known for known in shipped}
    listed = shipped
    for place in other_places():
        if place.name in found:
            said = f"the name is taken by that of {found[place.name].origin}"
            listed.append(Known(place.name, place.origin, problem=said))
            continue
        found[place.name] = _known(place)
        listed.append(found[place.name])
    return tuple(listed)


def _known(place: TaxonomyPlace) -> Known:
    try:
        return Known(place.name, place.origin, taxonomy_at(place))
    except InputError as error:
        return Known(place.name, place.origin, problem=str(error))


def write_starter(name: str, file: Path) -> None:
    """Write a commented taxonomy file to begin with, which is valid as it stands.

    Raises:
        InputError: the taxonomy cannot be called so, or the file exists or cannot be written.
    """
    if not re.fullmatch(NAME_PATTERN, name) or len(name) > LONGEST_NAME:
        raise InputError(
            f"a taxonomy's name has small letters, digits, '_' and '-', which {name!r} does not: "
            "write it like front-office."
        )
    try:
        with file.open("x", encoding="utf-8", newline="\n") as opened:
            opened.write(starter_taxonomy(name))
    except FileExistsError as error:
        raise InputError(f"{file} exists already: nothing was written. Choose --out.") from error
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}.") from error


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
    if taxonomy.maps:
        known = {one.name: one.taxonomy for one in known_taxonomies() if one.taxonomy is not None}
        for where, said in map_remarks(taxonomy, known):
            yield Remark("warning", where, said)
    for item in taxonomy.items:
        if not item.look_for:
            yield Remark("warning", item.id, "it has no `look_for`: only a model can tell it")
        for expected, texts in ((True, item.tests.fire), (False, item.tests.quiet)):
            for text in texts:
                if speaks_of(text, item) is not expected:
                    done = "does not fire on" if expected else "fires on"
                    yield Remark("test", item.id, f"it {done}: {text}")
