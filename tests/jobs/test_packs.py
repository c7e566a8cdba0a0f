"""Packs copied into scenes: new ones, those with rules, twice, and two into one."""

from __future__ import annotations

import pytest

from ruler.errors import InputError, UnknownNameError
from ruler.jobs.packs import PackImport, import_pack
from ruler.jobs.rule_tests import run_rule_tests
from rules_store.packs import builtin_packs, load_pack, renamed
from rules_store.rule_files import dump_rules
from rules_store.scenes import NewRevision
from rules_store.store import Store
from tests.scenes import SCENE, Workplace


def asked(pack: str, scene: str, reason: str = "") -> PackImport:
    return PackImport(pack, scene, "kim", reason)


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("store"))


def test_a_new_scene_is_made_of_a_pack(store: Store) -> None:
    copied = import_pack(store, asked("walkway", "campus-east"))
    pack = load_pack("walkway")
    revision = store.scenes.revision("campus-east")
    assert copied.revision == revision and revision.ref.revision == 1
    assert revision.source == renamed(pack.source, "campus-east")
    assert (revision.author, revision.reason) == ("kim", "imported from the pack walkway")
    assert revision.captioner is None and revision.scene_model_sha256 is None
    assert len(copied.added) == len(pack.rule_set.rules) and copied.left == ()
    assert all(rule_id.startswith("campus-east.") for rule_id in copied.added)
    tested = run_rule_tests(revision.source, store, name="campus-east")
    assert not tested.is_failure and tested.counts["passed"] > 60


def test_rules_are_added_beside_those_there(yard: Workplace) -> None:
    before = yard.store.scenes.revision(SCENE)
    source = "# of the yard\n" + before.source.replace("threshold: 0.5", "threshold: 0.61 # set")
    asking = {"window": 2}
    yard.store.scenes.save(
        NewRevision(
            SCENE, source, "kim", "", before.scene_model_sha256, before.captioner, asking=asking
        )
    )
    copied = import_pack(yard.store, asked("parking", SCENE, "cars come"))
    after = copied.revision
    assert after.source.startswith(source.rstrip("\n"))
    assert after.rule_set.threshold == 0.61
    assert [rule.id for rule in after.rule_set.rules] == [
        *(rule.id for rule in before.rule_set.rules),
        *copied.added,
    ]
    assert (after.parent, after.reason, after.is_active) == (2, "cars come", True)
    assert after.scene_model_sha256 == before.scene_model_sha256 is not None
    assert (after.captioner, after.asking) == (before.captioner, asking)


def test_an_id_that_is_there_is_left_and_told(yard: Workplace) -> None:
    before = yard.store.scenes.revision(SCENE)
    own = before.rule_set.rules[0].model_copy(update={"id": f"{SCENE}.loiterer"})
    source = dump_rules(before.rule_set.model_copy(update={"rules": (own,)}))
    yard.store.scenes.save(NewRevision(SCENE, source, "kim", ""))
    copied = import_pack(yard.store, asked("walkway", SCENE))
    assert copied.left == (own.id,) and own.id not in copied.added
    assert copied.revision.rule_set.rule(own.id) == own


@pytest.mark.parametrize("pack", builtin_packs())
def test_a_pack_goes_beside_what_induction_writes(yard: Workplace, pack: str) -> None:
    assert import_pack(yard.store, asked(pack, SCENE)).left == ()


def test_twice_adds_nothing(store: Store) -> None:
    first = import_pack(store, asked("shop-floor", "shop"))
    again = import_pack(store, asked("shop-floor", "shop"))
    assert first.is_new and not again.is_new
    assert (again.revision, again.added, again.left) == (first.revision, (), first.added)
    assert store.scenes.numbers("shop") == [1]


def test_two_packs_in_one_scene(store: Store) -> None:
    import_pack(store, asked("walkway", "plaza"))
    copied = import_pack(store, asked("shop-floor", "plaza"))
    assert set(copied.left) == {"plaza.person-down", "plaza.fight"}
    tested = run_rule_tests(copied.revision.source, store, name="plaza")
    assert not tested.is_failure


def test_what_cannot_be_is_refused_before_anything_is_saved(store: Store) -> None:
    with pytest.raises(UnknownNameError, match="no pack is called"):
        import_pack(store, asked("../walkway", "yard"))
    with pytest.raises(InputError, match="Yard"):
        import_pack(store, asked("walkway", "Yard of kim"))
    assert store.scenes.overview() == []
