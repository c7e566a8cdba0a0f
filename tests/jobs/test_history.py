"""Looking back and going back over the revisions of a scene."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ruler.errors import FileProblems, InputError, NotFoundError, OvertakenError
from ruler.jobs.editing import open_draft, read_draft, run_editor, save_draft
from ruler.jobs.history import MergeRequest, blame, compare, log, merge_file, roll_back, verify
from ruler.jobs.rules import Import, import_file
from rules_store.engine import DATABASE
from rules_store.scenes import NewRevision
from tests.scenes import SCENE, Workplace

FAST = f"{SCENE}.fast"


def source(place: Workplace) -> str:
    return place.store.scenes.revision(SCENE).source


def save(place: Workplace, old: str, new: str, *, author: str = "kim", reason: str = "") -> str:
    """Somebody edits the active rules; the new text."""
    text = source(place)
    assert old in text
    path = place.folder / "edited.yaml"
    path.write_bytes(text.replace(old, new).encode())
    import_file(place.store, Import(path, author, reason))
    return source(place)


def test_the_log_says_who_when_and_why(yard: Workplace) -> None:
    save(yard, "threshold: 0.5", "threshold: 0.6", reason="fewer alarms")
    newest, first = log(yard.store, SCENE)
    assert (newest.entry.revision, newest.entry.author, newest.entry.parent) == (2, "kim", 1)
    assert (newest.entry.reason, newest.state, first.state) == ("fewer alarms", "active", "")
    assert first.entry.by_induction and first.entry.created_at < newest.entry.created_at
    with pytest.raises(NotFoundError, match="no rules for scene 'nowhere'"):
        log(yard.store, "nowhere")


def test_blame_finds_where_a_rule_got_its_form(yard: Workplace) -> None:
    save(yard, "above: 1.2", "above: 1.75", reason="children run here")
    save(yard, "threshold: 0.5", "threshold: 0.6")
    [found] = blame(yard.store, SCENE, None, FAST)
    assert (found.revision.ref.revision, found.revision.reason) == (2, "children run here")
    assert found.fields == ("measures",)
    others = {one.rule.id: one for one in blame(yard.store, SCENE, None)}
    assert others[f"{SCENE}.lingering"].revision.ref.revision == 1
    assert others[f"{SCENE}.lingering"].fields == ()
    assert set(others) == {rule.id for rule in yard.store.scenes.revision(SCENE).rule_set.rules}
    with pytest.raises(NotFoundError, match="has no rule"):
        blame(yard.store, SCENE, None, f"{SCENE}.nothing")


def test_a_rollback_is_a_new_revision(yard: Workplace) -> None:
    first = yard.store.scenes.revision(SCENE)
    save(yard, "above: 1.2", "above: 1.75")
    saved, change = roll_back(yard.store, SCENE, 1, author="ann", reason="")
    assert (saved.ref.revision, saved.parent, saved.reason) == (3, 2, "back to revision 1")
    assert saved.source == first.source and saved.is_active
    assert change == compare(yard.store, SCENE, 2, 3)
    assert [one.rule_id for one in change.rules] == [FAST]
    with pytest.raises(InputError, match="nothing to go back to"):
        roll_back(yard.store, SCENE, 1, author="ann", reason="")


def tampered(place: Workplace, *statements: str) -> list[str]:
    """What verification says after somebody wrote into the database by hand."""
    file = Path(place.store.place) / DATABASE
    with sqlite3.connect(file) as connection:
        connection.execute("DROP TRIGGER rule_set_is_append_only")
        connection.execute("DROP TRIGGER rule_is_append_only")
        connection.execute("DROP TRIGGER scene_model_is_append_only")
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return [str(flaw) for flaw in verify(place.store)[1]]


def test_a_history_that_nobody_touched_is_whole(yard: Workplace) -> None:
    save(yard, "above: 1.2", "above: 1.75")
    assert verify(yard.store) == ([SCENE], [])
    with pytest.raises(NotFoundError, match="no scene 'nowhere'"):
        verify(yard.store, "nowhere")


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE rule_set SET author = 'eve' WHERE revision = 2",
            "@2: its seal is broken",
        ),
        (
            "UPDATE rule_set SET source = source || '# more' WHERE revision = 1",
            "@1: its rules are not what its hash was taken over",
        ),
        (
            "UPDATE scene SET active_revision = 7",
            ": its active revision 7 is none of its rule sets",
        ),
        (
            "UPDATE rule SET status = 'draft' WHERE revision = 2 AND position = 0",
            "@2: the list of its rules is not that of its source",
        ),
        ("UPDATE scene_model SET payload = X'00'", "@1: its scene model is missing or damaged"),
    ],
)
def test_what_was_changed_by_hand_shows(yard: Workplace, statement: str, said: str) -> None:
    save(yard, "above: 1.2", "above: 1.75")
    assert any(flaw.startswith(f"{SCENE}{said}") for flaw in tampered(yard, statement))


def test_a_revision_that_was_taken_out_shows(yard: Workplace) -> None:
    for bound in ("1.3", "1.4"):
        save(yard, "above: 1.2" if bound == "1.3" else "above: 1.3", f"above: {bound}")
    flaws = tampered(
        yard,
        "PRAGMA foreign_keys = OFF",
        "DELETE FROM rule WHERE revision = 2",
        "DELETE FROM rule_set WHERE revision = 2",
    )
    assert f"{SCENE}@3: revision 2 is missing before it" in flaws
    assert any("@3: its seal is broken" in flaw for flaw in flaws)


def asked(place: Workplace, text: str, base: int = 1, **options: bool) -> MergeRequest:
    return MergeRequest(SCENE, text, "theirs.yaml", base, "ann", "merged", **options)


def test_a_file_from_an_older_revision_undoes_nothing(yard: Workplace) -> None:
    theirs = source(yard).replace("threshold: 0.5", "threshold: 0.7")
    save(yard, f"{FAST}\n", f"{FAST}   # Kim says so\n")
    tried, _, change = merge_file(yard.store, asked(yard, theirs, is_dry_run=True))
    assert tried is None and [field.name for field in change.settings] == ["threshold"]
    saved, done, _ = merge_file(yard.store, asked(yard, theirs))
    assert saved is not None and not done.conflicts
    assert "# Kim says so" in saved.source and "threshold: 0.7" in saved.source
    again, _, change = merge_file(yard.store, asked(yard, theirs))
    assert again is None and change.is_empty


def test_two_edits_of_one_bound_are_both_kept(yard: Workplace) -> None:
    theirs = source(yard).replace("above: 1.2", "above: 3")
    save(yard, "above: 1.2", "above: 1.75")
    saved, done, _ = merge_file(yard.store, asked(yard, theirs))
    assert done.conflicts == (FAST,)
    assert saved is not None
    kept, draft = (saved.rule_set.rule(name) for name in (FAST, f"{FAST}.proposed"))
    assert kept is not None and kept.measures[0].above == 1.75
    assert draft is not None and draft.measures[0].above == 3 and draft.status == "draft"


# Drafts.


def test_an_unchanged_draft_saves_nothing(yard: Workplace, tmp_path: Path) -> None:
    draft = open_draft(yard.store, SCENE, tmp_path / "drafts")
    assert draft.path.read_bytes() == source(yard).encode()
    edited = read_draft(yard.store, draft)
    assert not edited.is_new
    assert save_draft(yard.store, draft, edited, author="ann", reason="").ref.revision == 1
    assert not draft.path.exists()


def test_an_edit_keeps_every_byte_a_person_wrote(yard: Workplace, tmp_path: Path) -> None:
    draft = open_draft(yard.store, SCENE, tmp_path)
    text = source(yard).replace("above: 1.2", "above: 1.75") + "# a last word, with a ruler 📏\r\n"
    draft.path.write_bytes(text.encode())
    edited = read_draft(yard.store, draft)
    saved = save_draft(yard.store, draft, edited, author="ann", reason="why not")
    assert (saved.source, saved.author, saved.reason) == (text, "ann", "why not")
    assert yard.store.scenes.revision(SCENE).ref == saved.ref


def test_a_broken_draft_is_kept_and_gone_on_with(yard: Workplace, tmp_path: Path) -> None:
    draft = open_draft(yard.store, SCENE, tmp_path)
    broken = source(yard).replace("threshold: 0.5", "threshold: many\nfurther: 1")
    draft.path.write_text(broken)
    with pytest.raises(FileProblems) as caught:
        read_draft(yard.store, draft)
    assert len(caught.value.problems) == 2
    again = open_draft(yard.store, SCENE, tmp_path)
    assert again.is_resumed and again.path.read_text() == broken
    fresh = open_draft(yard.store, SCENE, tmp_path, anew=True)
    assert not fresh.is_resumed and fresh.path.read_text() == source(yard)
    assert [path.read_text() for path in tmp_path.glob("*.left")] == [broken]


def test_a_draft_meets_what_others_saved_meanwhile(yard: Workplace, tmp_path: Path) -> None:
    draft = open_draft(yard.store, SCENE, tmp_path)
    draft.path.write_text(draft.path.read_text().replace("threshold: 0.5", "threshold: 0.7"))
    read_before = read_draft(yard.store, draft)
    save(yard, f"{FAST}\n", f"{FAST}   # Kim says so\n")
    with pytest.raises(OvertakenError):
        save_draft(yard.store, draft, read_before, author="ann", reason="")
    assert draft.path.exists()
    edited = read_draft(yard.store, draft)
    saved = save_draft(yard.store, draft, edited, author="ann", reason="")
    assert "# Kim says so" in saved.source and saved.rule_set.threshold == 0.7


def test_an_editor_that_fails_costs_nothing(yard: Workplace, tmp_path: Path) -> None:
    draft = open_draft(yard.store, SCENE, tmp_path)
    for editor, said in (("false", "ended with code 1"), ("no-such-editor", "cannot be started")):
        with pytest.raises(InputError, match=said):
            run_editor(editor, draft.path)
    assert draft.path.read_text() == source(yard)


def test_a_draft_of_another_store(yard: Workplace, tmp_path: Path) -> None:
    (tmp_path / f"{SCENE}@99.yaml").write_text("scene: yard\n")
    with pytest.raises(InputError, match="this store does not have"):
        open_draft(yard.store, SCENE, tmp_path)


def test_a_proposal_is_not_rolled_back_to(yard: Workplace) -> None:
    new = NewRevision(SCENE, source(yard) + "# more\n", "ann", "feedback", is_proposal=True)
    number = yard.store.scenes.save(new).ref.revision
    with pytest.raises(InputError, match="put it in force with: ruler rules approve"):
        roll_back(yard.store, SCENE, number, author="ann", reason="")
