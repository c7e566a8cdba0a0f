"""Learning a scene: nothing new is not saved, proposals wait, and people's edits stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from ruler.errors import FileProblems, InputError
from ruler.jobs.rules import Import, import_file
from ruler.schemas.rules import RuleSet
from tests.scenes import SCENE, Brightness, Workplace, wavy, write_pictures


def brighter(place: Workplace, name: str, level: int) -> list[str]:
    """References of a scene in which people move faster."""
    levels = [value + level for value in wavy(30, seed=level)]
    return [*place.references, write_pictures(place.folder / name, levels)]


def rules_file(place: Workplace, old: str, new: str) -> Path:
    """The active rules as a person edits them."""
    source = place.store.scenes.revision(SCENE).source
    assert old in source
    path = place.folder / "edited.yaml"
    path.write_text(source.replace(old, new))
    return path


def bound(rule_set: RuleSet, slug: str = "fast") -> float | None:
    rule = rule_set.rule(f"{SCENE}.{slug}")
    return rule.measures[0].above if rule else None


def test_the_same_references_twice_save_nothing_new(yard: Workplace, captioner: Brightness) -> None:
    again = yard.induce(workers=2)
    assert (again.revision, again.is_new, again.is_active) == (1, False, True)
    assert yard.store.scenes.numbers(SCENE) == [1]
    assert captioner.asked == []


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_workers_do_not_matter(yard: Workplace, bare: Workplace, workers: int) -> None:
    bare.induce(workers=workers)
    assert bare.store.scenes.revision(SCENE).ref == yard.store.scenes.revision(SCENE).ref


def test_a_dry_run_saves_no_rules(bare: Workplace) -> None:
    tried = bare.induce(is_dry_run=True)
    assert (tried.revision, tried.is_new, tried.is_active) == (None, True, False)
    assert tried.rule_set.rules
    assert bare.store.scenes.overview() == []
    assert bare.induce().rule_set == tried.rule_set


def test_a_dry_run_activates_nothing(yard: Workplace) -> None:
    yard.induce(brighter(yard, "more", 60))
    yard.induce(brighter(yard, "again", 60), is_dry_run=True, activate=True)
    assert yard.store.scenes.revision(SCENE).ref.revision == 1
    assert yard.store.scenes.numbers(SCENE) == [1, 2]


def test_other_references_make_a_proposal(yard: Workplace) -> None:
    before = yard.store.scenes.revision(SCENE)
    more = brighter(yard, "more", 60)
    proposed = yard.induce(more)
    assert (proposed.revision, proposed.is_new, proposed.is_active) == (2, True, False)
    assert yard.store.scenes.revision(SCENE) == before
    assert bound(proposed.rule_set) != bound(before.rule_set)
    waiting = yard.store.scenes.revision(SCENE, 2)
    assert waiting.is_proposal and not waiting.is_active
    fast = waiting.rule_set.rule(f"{SCENE}.fast")
    assert fast is not None and fast.status == "draft" and fast not in waiting.rule_set.live
    # Proposed once is enough.
    assert yard.induce(more).is_new is False
    chosen = yard.induce(more, activate=True)
    assert (chosen.revision, chosen.is_new, chosen.is_active) == (3, True, True)
    assert yard.store.scenes.revision(SCENE).rule_set == chosen.rule_set


def test_activate_uses_new_rules_at_once(yard: Workplace) -> None:
    learned = yard.induce(brighter(yard, "more", 60), activate=True)
    assert (learned.revision, learned.is_new, learned.is_active) == (2, True, True)


def test_an_expert_edit_survives_any_number_of_inductions(yard: Workplace) -> None:
    edited = rules_file(yard, "above: 1.2", "above: 1.75")
    edited.write_text(edited.read_text().replace(".fast\n", ".fast   # Kim says so\n"))
    revision, is_new = import_file(yard.store, Import(edited, "kim"))
    assert is_new and bound(revision.rule_set) == 1.75
    for number, level in enumerate((50, 70, 90)):
        learned = yard.induce(brighter(yard, f"more-{number}", level), activate=True)
        assert learned.is_new, "something else must have changed, or nothing is tested"
        active = yard.store.scenes.revision(SCENE)
        assert bound(active.rule_set) == 1.75
        assert "# Kim says so" in active.source
        assert dict(learned.notes).get(f"{SCENE}.fast") == "conflict"


def test_a_deleted_rule_stays_deleted(yard: Workplace) -> None:
    source = yard.store.scenes.revision(SCENE).source
    start = source.index(f"  - id: {SCENE}.lingering")
    stop = source.index("  - id:", start + 1)
    path = yard.folder / "edited.yaml"
    path.write_text(source[:start] + source[stop:])
    import_file(yard.store, Import(path, "kim"))
    for number, level in enumerate((50, 70)):
        yard.induce(brighter(yard, f"more-{number}", level), activate=True)
        active = yard.store.scenes.revision(SCENE)
        assert active.ref.revision == 3 + number
        assert bound(active.rule_set, "lingering") is None
        assert bound(active.rule_set) != 1.2


def test_a_threshold_set_by_hand_stays(yard: Workplace) -> None:
    source = yard.store.scenes.revision(SCENE).source
    path = yard.folder / "edited.yaml"
    path.write_text(source.replace("threshold: 0.5", "threshold: 0.8"))
    import_file(yard.store, Import(path, "kim"))
    for number, level in enumerate((50, 70)):
        learned = yard.induce(brighter(yard, f"more-{number}", level), activate=True)
        assert learned.rule_set.threshold == 0.8


def test_importing_the_same_bytes_saves_nothing(yard: Workplace) -> None:
    path = yard.folder / "same.yaml"
    path.write_bytes(yard.store.scenes.revision(SCENE).source.encode())
    revision, is_new = import_file(yard.store, Import(path, "kim"))
    assert (revision.ref.revision, is_new) == (1, False)


def test_an_import_keeps_the_scene_model(yard: Workplace) -> None:
    before = yard.store.scenes.revision(SCENE)
    edited = rules_file(yard, "above: 1.2", "above: 2")
    revision, _ = import_file(yard.store, Import(edited, "kim"))
    assert revision.scene_model_sha256 == before.scene_model_sha256
    assert (revision.captioner, revision.author, revision.parent) == ("lightmeter", "kim", 1)
    assert revision.reason == "imported from edited.yaml"
    assert yard.detect([yard.clip("one", wavy(20))]).exit_code == 0


def test_files_that_cannot_be_imported(yard: Workplace) -> None:
    with pytest.raises(InputError, match=r"gone\.yaml: there is no such file"):
        import_file(yard.store, Import(yard.folder / "gone.yaml", "kim"))
    latin = yard.folder / "latin.yaml"
    latin.write_bytes("# Tür\n".encode("latin-1"))
    with pytest.raises(FileProblems, match="byte 0xFC is not UTF-8"):
        import_file(yard.store, Import(latin, "kim"))
    assert yard.store.scenes.numbers(SCENE) == [1]


def test_a_scene_needs_a_plain_name(bare: Workplace) -> None:
    from ruler.jobs.induce import InduceRequest, induce

    for scene in ("Front Door", "", "a/b", "a.b", "ä", "x" * 81):
        request = InduceRequest(references=bare.references, scene=scene, captioner="lightmeter")
        with pytest.raises(InputError, match="a scene's name"):
            induce(request, bare.store)


def test_what_is_learned_fires_on_no_reference(yard: Workplace) -> None:
    found = yard.detect(yard.references)
    assert found.record.coverage.anomaly == 0
    assert found.record.usage.captions_computed == 0


DOMAIN = """\
schema: ruler/taxonomy/v1
id: domain
categories:
  light:
    title: Light
    items:
      - {id: light.usual, kind: normal, title: Light, statement: It is light., look_for: [light]}
      - {id: light.smoke, kind: abnormal, title: Smoke, statement: Smoke rises., look_for: [smoke]}
      - id: light.passing
        kind: abnormal
        title: Passing
        statement: Someone passes.
        look_for: [passing]
"""


@pytest.fixture
def domain(bare: Workplace) -> str:
    path = bare.folder / "domain.yaml"
    path.write_text(DOMAIN)
    return str(path)


def test_a_taxonomy_that_is_named_gives_rules(bare: Workplace, domain: str) -> None:
    usual = {rule.id for rule in bare.induce(is_dry_run=True).rule_set.rules}
    learned = bare.induce(taxonomy=domain)
    more = [rule for rule in learned.rule_set.rules if rule.id not in usual]
    assert [(rule.id, rule.kind, rule.category) for rule in more] == [
        (f"{SCENE}.light.usual", "normal", "light.usual"),
        (f"{SCENE}.light.smoke", "anomaly", "light.smoke"),
    ]
    # Somebody passes in all references, so that is no anomaly here.
    dropped = learned.checkups[f"{SCENE}.light.passing"]
    assert (dropped.action, dropped.why) == ("dropped", "fires on 100.0% of the normal references")


def test_a_scene_remembers_its_taxonomy(
    bare: Workplace, domain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bare.folder)
    bare.induce(taxonomy="domain.yaml")
    assert bare.store.scenes.revision(SCENE).asking == {"taxonomy": domain}
    assert bare.induce().is_new is False
    assert bare.induce(taxonomy="domain.yaml").is_new is False
    clip = bare.clip("one", wavy(20))
    assert bare.detect([clip]).record.spec.taxonomy == domain
    assert bare.detect([clip], taxonomy="general").record.spec.taxonomy == "general"
    assert "taxonomy" not in bare.detect([clip]).record.spec.asking


def test_an_edit_of_a_taxonomy_rule_stays(bare: Workplace, domain: str) -> None:
    bare.induce(taxonomy=domain)
    edited = rules_file(bare, "[smoke]", "[smoke, fumes]")
    import_file(bare.store, Import(edited, "kim"))
    learned = bare.induce(brighter(bare, "more", 60), activate=True)
    assert learned.is_new
    rule = learned.rule_set.rule(f"{SCENE}.light.smoke")
    assert rule is not None and rule.look_for == ("smoke", "fumes")
    assert bare.store.scenes.revision(SCENE).asking == {"taxonomy": domain}


def test_a_scene_keeps_its_place(bare: Workplace) -> None:
    """It is asked for once: it says which facts are watched, and stands in the rule file."""
    first = bare.induce(place="street", cameras="many")
    assert (first.rule_set.place, first.rule_set.cameras) == ("street", "many")
    assert "\nplace: street\ncameras: many\n" in bare.store.scenes.revision(SCENE).source
    again = bare.induce(place=None)
    assert (again.rule_set.place, again.rule_set.cameras, again.is_new) == ("street", "many", False)
    moved = bare.induce(place="home", cameras="one", activate=True)
    assert (moved.rule_set.place, moved.rule_set.cameras, moved.is_new) == ("home", "one", True)


def test_an_expert_says_what_a_place_is(bare: Workplace) -> None:
    assert bare.induce(place=None).rule_set.place == "any"
    assert "place:" not in bare.store.scenes.revision(SCENE).source
    path = rules_file(bare, f"scene: {SCENE}\n", f"scene: {SCENE}\nplace: walkway\n")
    import_file(bare.store, Import(path, "ann"))
    assert bare.induce(place=None, activate=True).rule_set.place == "walkway"
