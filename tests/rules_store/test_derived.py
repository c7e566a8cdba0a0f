"""What is worked out once: the same as worked out anew, for all that ships; and told where it is
not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from ruler.errors import FileProblems
from ruler.schemas.rules import RuleSet
from rules_store.rule_files import parse_rules
from rules_store.scenes import NewRevision
from rules_store.shipped import shipped_names, shipped_source
from rules_store.store import Store
from rules_store.taxonomy_files import builtin_taxonomies, load_lexicon, load_taxonomy

RULES = "schema: ruler/rules/v1\nscene: yard\nrules: []\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as opened:
        yield opened


def test_what_ships_is_the_same_when_kept(store: Store, tmp_path: Path) -> None:
    for again in (store, store, Store(tmp_path / "store")):  # made, held, and read back
        for name in builtin_taxonomies():
            assert load_taxonomy(name, again.derived) == load_taxonomy(name)
        assert load_lexicon(derived=again.derived) == load_lexicon()
        for name in shipped_names("packs"):
            source, _ = shipped_source("packs", name)
            rules = again.derived.value(RuleSet, source, lambda source=source: parse_rules(source))  # type: ignore[misc]
            assert rules == parse_rules(source)
    assert {kept.name for kept in store.derived.overview()} == {"Lexicon", "RuleSet", "Taxonomy"}


def test_a_text_is_worked_out_once(store: Store) -> None:
    asked: list[str] = []

    def make() -> str:
        asked.append("x")
        return "worked out"

    assert store.derived.text("kind", "source", make) == "worked out"
    assert store.derived.text("kind", "source", make) == "worked out"
    assert store.derived.text("kind", "other source", make) == "worked out"
    assert len(asked) == 2
    store.derived.prune()
    assert store.derived.overview() == []
    assert store.derived.text("kind", "source", make) == "worked out"
    assert len(asked) == 3


def test_what_cannot_be_read_is_not_kept(store: Store) -> None:
    for _ in range(2):
        with pytest.raises(FileProblems):
            store.derived.value(RuleSet, "rules", lambda: parse_rules("rules"))
    assert store.derived.overview() == []


def test_verify_tells_rules_that_are_kept_otherwise_than_written(store: Store) -> None:
    store.scenes.save(NewRevision("yard", RULES, author="kim", reason="first"))
    assert store.history.flaws("yard") == []
    with store._db.write() as connection:
        changed = text("UPDATE derived SET body = replace(body, '0.5', '0.9') WHERE kind = :kind")
        connection.execute(changed, {"kind": "RuleSet"})
    [flaw] = store.history.flaws("yard")
    assert "kept otherwise than its source" in str(flaw)
    store.derived.prune()
    assert store.history.flaws("yard") == []
