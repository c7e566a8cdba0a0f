"""Looking back and going back: `ruler rules log|blame|diff|rollback|verify|merge`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ruler.errors import InputError, NotFoundError
from ruler.schemas.rules import Revision, Rule
from ruler.steps.differing import Difference, difference
from ruler.steps.merging import Merge
from ruler.steps.merging_edits import merge_edits
from rules_store.history import Flaw, LogEntry
from rules_store.rule_files import edit_rules, parse_rules
from rules_store.scenes import NewRevision
from rules_store.store import Store

State = str
"""Of a revision in the log: active, open proposal, approved, rejected, superseded, or nothing."""


@dataclass(frozen=True)
class Logged:
    """A revision in the log, and what became of it."""

    entry: LogEntry
    state: State


@dataclass(frozen=True)
class Blame:
    """Who last changed a rule, when and why; `revision` is where it got its present form."""

    rule: Rule
    revision: Revision
    fields: tuple[str, ...]


def log(store: Store, scene: str) -> list[Logged]:
    """The revisions of a scene, newest first.

    Raises:
        NotFoundError: the store has no such scene.
    """
    entries = store.history.log(scene)
    if not entries:
        store.scenes.revision(scene)
    closed = {
        one.revision: one.verdict for one in store.decisions.of_scene(scene) if one.rule is None
    }
    return [Logged(entry, _state(entry, closed)) for entry in reversed(entries)]


def _state(entry: LogEntry, closed: Mapping[int, str]) -> State:
    if entry.is_active:
        return "active"
    if entry.is_proposal:
        return closed.get(entry.revision, "open proposal")
    return ""


def compare(store: Store, scene: str, before: int | None, after: int | None) -> Difference:
    """What differs from one revision of a scene to another; None is the active one."""
    old, new = store.scenes.revision(scene, before), store.scenes.revision(scene, after)
    return difference(old.rule_set, new.rule_set)


def blame(store: Store, scene: str, number: int | None, rule_id: str | None = None) -> list[Blame]:
    """For each rule of a revision (or one of them), where it got its present form.

    Raises:
        NotFoundError: no such revision or rule.
    """
    line = [store.scenes.revision(scene, number)]
    wanted = {rule.id: rule for rule in line[0].rule_set.rules}
    if rule_id is not None:
        if rule_id not in wanted:
            raise NotFoundError(
                f"{line[0].ref} has no rule {rule_id!r}; its rules: {', '.join(wanted)}."
            )
        wanted = {rule_id: wanted[rule_id]}
    found: dict[str, Blame] = {}
    while len(found) < len(wanted):
        here = line[-1]
        before = store.scenes.revision(scene, here.parent) if here.parent else None
        for name, rule in wanted.items():
            old = before.rule_set.rule(name) if before else None
            if name not in found and old != rule:
                fields = _changed_names(old, rule)
                found[name] = Blame(rule, here, fields)
        if before is None:
            break
        line.append(before)
    return [found[name] for name in wanted if name in found]


def _changed_names(old: Rule | None, rule: Rule) -> tuple[str, ...]:
    if old is None:
        return ()
    return tuple(n for n in Rule.model_fields if getattr(old, n) != getattr(rule, n))


def roll_back(
    store: Store, scene: str, number: int, *, author: str, reason: str
) -> tuple[Revision, Difference]:
    """Append a revision that says what an older one said; nothing is lost on the way.

    Raises:
        NotFoundError: no such revision.
        InputError: it is active already, or a proposal (those are approved).
    """
    active, old = store.scenes.revision(scene), store.scenes.revision(scene, number)
    if old.is_proposal:
        raise InputError(
            f"{old.ref} is a proposal: put it in force with: ruler rules approve {old.ref}"
        )
    if old.source == active.source and old.scene_model_sha256 == active.scene_model_sha256:
        raise InputError(f"{active.ref} says what {old.ref} said already; nothing to go back to.")
    new = NewRevision(
        scene=scene,
        source=old.source,
        author=author,
        reason=reason or f"back to revision {number}",
        scene_model_sha256=old.scene_model_sha256,
        captioner=old.captioner,
        asking=old.asking,
        expected=active.ref.revision,
    )
    return store.scenes.save(new), difference(active.rule_set, old.rule_set)


def verify(store: Store, scene: str | None = None) -> tuple[list[str], list[Flaw]]:
    """Check every revision of a scene (or of all): (scenes looked at, what does not fit).

    Raises:
        NotFoundError: the store has no such scene.
    """
    names = [info.name for info in store.scenes.overview()]
    if scene is not None:
        if scene not in names:
            known = ", ".join(names) or "none yet"
            raise NotFoundError(f"the store has no scene {scene!r} (scenes: {known}).")
        names = [scene]
    return names, [flaw for name in names for flaw in store.history.flaws(name)]


@dataclass(frozen=True)
class MergeRequest:
    """A rule file to be brought in that was taken out at revision `base`."""

    scene: str
    source: str
    file: str
    base: int
    author: str
    reason: str
    is_dry_run: bool = False


def merge_file(store: Store, asked: MergeRequest) -> tuple[Revision | None, Merge, Difference]:
    """Bring a file in that somebody edited while others saved revisions.

    Returns:
        The new active revision (None where nothing was saved), the merge with its conflicts, and
        what changes against what was active.

    Raises:
        FileProblems: the file is no valid rule file of the scene.
        NotFoundError: no such scene or revision.
    """
    active = store.scenes.revision(asked.scene)
    base = store.scenes.revision(asked.scene, asked.base)
    theirs = parse_rules(asked.source, file=asked.file, scene=asked.scene)
    done = merge_edits(base.rule_set, active.rule_set, theirs)
    change = difference(active.rule_set, done.rule_set)
    if asked.is_dry_run or change.is_empty:
        return None, done, change
    # Where nobody saved meanwhile, the file's own bytes are kept, comments and all.
    alone = base.source == active.source
    new = NewRevision(
        scene=asked.scene,
        source=asked.source if alone else edit_rules(active.source, done.rule_set),
        author=asked.author,
        reason=asked.reason,
        scene_model_sha256=active.scene_model_sha256,
        captioner=active.captioner,
        asking=active.asking,
        expected=active.ref.revision,
    )
    return store.scenes.save(new), done, change
