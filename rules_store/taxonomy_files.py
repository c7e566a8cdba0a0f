"""Taxonomies (`ruler/taxonomy/v1`) and lexicons (`ruler/lexicon/v1`), shipped and in files."""

from __future__ import annotations

import functools
from importlib import resources
from pathlib import Path

from ruler.errors import InputError
from ruler.schemas.taxonomy import LEXICON_SCHEMA, TAXONOMY_SCHEMA, Lexicon, Taxonomy
from rules_store.derived import Derived
from rules_store.shipped import ShippedKind, shipped_names, shipped_source, unknown_name
from rules_store.taxonomy_checks import CHECKS
from rules_store.taxonomy_places import TaxonomyPlace, other_places
from rules_store.yamlio import load, read_source


@functools.lru_cache(maxsize=32)
def parse_taxonomy(source: str, *, file: str = "taxonomy.yaml") -> Taxonomy:
    """Read a taxonomy file.

    Raises:
        FileProblems: With every problem of the file.
    """
    return load(
        source,
        file=file,
        schema=TAXONOMY_SCHEMA,
        model=Taxonomy,
        checks=CHECKS,
    )


@functools.lru_cache(maxsize=8)
def parse_lexicon(source: str, *, file: str = "lexicon.yaml") -> Lexicon:
    """Read a lexicon file.

    Raises:
        FileProblems: With every problem of the file.
    """
    return load(source, file=file, schema=LEXICON_SCHEMA, model=Lexicon)


def builtin_taxonomies() -> tuple[str, ...]:
    """The names of the taxonomies that ship, sorted."""
    return shipped_names("taxonomies")


def load_taxonomy(name_or_path: str, derived: Derived | None = None) -> Taxonomy:
    """A taxonomy by name, or one from a file; what a store keeps as `derived` is not read anew.

    What holds a slash or ends in .yaml or .yml is a path; anything else is a name: of one that
    ships, of a file in the folder of the settings, of one that an installed package supplies. The
    first of these that has it is meant.

    Raises:
        UnknownNameError: There is no taxonomy of that name; names those there are.
        NotFoundError: There is no such file.
        InputError: A package's taxonomy cannot be loaded, or calls itself otherwise.
        FileProblems: With every problem of the file.
    """
    if is_path(name_or_path) or name_or_path in builtin_taxonomies():
        source, file = _source("taxonomies", name_or_path)
        if derived is None:
            return parse_taxonomy(source, file=file)
        return derived.value(Taxonomy, source, lambda: parse_taxonomy(source, file=file))
    others = other_places()
    for place in others:
        if place.name == name_or_path:
            return taxonomy_at(place)
    known = {*builtin_taxonomies(), *(place.name for place in others)}
    raise unknown_name("taxonomies", name_or_path, sorted(known))


def is_path(name_or_path: str) -> bool:
    """Whether a taxonomy or lexicon is meant by its path, not by name."""
    return "/" in name_or_path or "\\" in name_or_path or name_or_path.endswith((".yaml", ".yml"))


def taxonomy_at(place: TaxonomyPlace) -> Taxonomy:
    """The taxonomy of a folder or package.

    Raises:
        InputError: It cannot be loaded, or calls itself otherwise.
        FileProblems: With every problem of the file.
    """
    source, file = place.read()
    taxonomy = parse_taxonomy(source, file=file)
    if taxonomy.id != place.name:
        raise InputError(
            f"{file}: it calls itself `{taxonomy.id}` and is supplied as `{place.name}`: "
            "let the two be the same."
        )
    return taxonomy


def starter_taxonomy(name: str) -> str:
    """The text of a commented taxonomy file to begin with."""
    entry = resources.files("rules_store") / "data" / "starters" / "taxonomy.yaml"
    title = name.replace("-", " ").replace("_", " ").capitalize()
    return entry.read_text(encoding="utf-8").replace("NAME", name).replace("TITLE", title)


def load_lexicon(name_or_path: str = "general", derived: Derived | None = None) -> Lexicon:
    """A lexicon that ships, by name, or one from a file; as `load_taxonomy`."""
    source, file = _source("lexicons", name_or_path)
    if derived is None:
        return parse_lexicon(source, file=file)
    return derived.value(Lexicon, source, lambda: parse_lexicon(source, file=file))


def _source(kind: ShippedKind, name_or_path: str) -> tuple[str, str]:
    """(text, name for problems) of a file or of one that ships."""
    if is_path(name_or_path):
        return read_source(Path(name_or_path)), name_or_path
    return shipped_source(kind, name_or_path)
