"""Taxonomies (`ruler/taxonomy/v1`) and lexicons (`ruler/lexicon/v1`), shipped and in files."""

from __future__ import annotations

import functools
from pathlib import Path

from ruler.schemas.taxonomy import LEXICON_SCHEMA, TAXONOMY_SCHEMA, Lexicon, Taxonomy
from rules_store.shipped import ShippedKind, shipped_names, shipped_source
from rules_store.taxonomy_checks import CHECKS
from rules_store.yamlio import load, read_source


@functools.lru_cache(maxsize=8)
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


def builtin_lexicons() -> tuple[str, ...]:
    """The names of the lexicons that ship, sorted."""
    return shipped_names("lexicons")


def load_taxonomy(name_or_path: str) -> Taxonomy:
    """A taxonomy that ships, by name, or one from a file.

    What holds a slash or ends in .yaml or .yml is a path; anything else is a name.

    Raises:
        UnknownNameError: No taxonomy of that name ships; names those that do.
        NotFoundError: There is no such file.
        FileProblems: With every problem of the file.
    """
    source, file = _source("taxonomies", name_or_path)
    return parse_taxonomy(source, file=file)


def load_lexicon(name_or_path: str = "general") -> Lexicon:
    """A lexicon that ships, by name, or one from a file; as `load_taxonomy`."""
    source, file = _source("lexicons", name_or_path)
    return parse_lexicon(source, file=file)


def _source(kind: ShippedKind, name_or_path: str) -> tuple[str, str]:
    """(text, name for problems) of a file or of one that ships."""
    if "/" in name_or_path or "\\" in name_or_path or name_or_path.endswith((".yaml", ".yml")):
        return read_source(Path(name_or_path)), name_or_path
    return shipped_source(kind, name_or_path)
