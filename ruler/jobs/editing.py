"""`ruler rules edit`: a draft on disk that outlives a slip, a crash and a colleague's edit."""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ruler.errors import InputError, NotFoundError
from ruler.reporting.atomic import AtomicText
from ruler.schemas.rules import Revision, RuleSet
from ruler.steps.differing import Difference, difference
from ruler.steps.merging_edits import merge_edits
from rules_store.rule_files import edit_rules, parse_rules
from rules_store.scenes import NewRevision
from rules_store.store import Store
from rules_store.yamlio import read_source


@dataclass(frozen=True)
class Draft:
    """A rule file in work: where it lies and which revision it began from."""

    path: Path
    base: Revision
    is_resumed: bool


@dataclass(frozen=True)
class Edited:
    """What a draft would save: its text, rules, difference to what is active, and conflicts with
    what others saved meanwhile (theirs stands; the draft's version is kept beside it)."""

    source: str
    rule_set: RuleSet
    change: Difference
    conflicts: tuple[str, ...]
    active: Revision

    @property
    def is_new(self) -> bool:
        """True where there is something to save, if only a comment."""
        return self.source != self.active.source


def open_draft(store: Store, scene: str, folder: Path, *, anew: bool = False) -> Draft:
    """The draft of a scene: the one that was left, or the active revision's rule file.

    Args:
        store: Where the scene is.
        scene: Its name.
        folder: Where drafts lie; made if missing.
        anew: Begin from the active revision, whatever was left; what was left is kept under
            another name.

    Raises:
        NotFoundError: the store has no such scene.
        InputError: the folder cannot be written.
    """
    active = store.scenes.revision(scene)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        left = sorted(folder.glob(f"{scene}@*.yaml"), key=lambda path: path.stat().st_mtime)
        for path in left if anew else ():
            path.replace(path.with_suffix(f".{int(path.stat().st_mtime)}.left"))
        if left and not anew:
            return Draft(left[-1], _base_of(store, scene, left[-1]), is_resumed=True)
        path = folder / f"{scene}@{active.ref.revision}.yaml"
        with AtomicText(path) as file:
            file.write(active.source)
    except OSError as error:
        raise InputError(f"{folder} cannot hold a draft: {error.strerror}.") from error
    return Draft(path, active, is_resumed=False)


def _base_of(store: Store, scene: str, path: Path) -> Revision:
    number = path.stem.rpartition("@")[2]
    try:
        return store.scenes.revision(scene, int(number))
    except (ValueError, NotFoundError):
        raise InputError(
            f"{path} is a draft of a revision that this store does not have. "
            "Move it away, or begin with --anew."
        ) from None


def run_editor(editor: str, path: Path) -> None:
    """Open a file in an editor and wait for its end.

    Raises:
        InputError: the editor cannot be started or ended with an error; the file stays.
    """
    try:
        words = shlex.split(editor, posix=os.name != "nt")
        ended = subprocess.run([*words, str(path)], check=False).returncode  # noqa: S603
    except (OSError, ValueError) as error:
        raise InputError(
            f"the editor {editor!r} cannot be started ({error}); set EDITOR. "
            f"The draft is kept: {path}"
        ) from error
    if ended:
        raise InputError(f"the editor ended with code {ended}. The draft is kept: {path}")


def read_draft(store: Store, draft: Draft) -> Edited:
    """Check a draft, and merge it with what others saved since it was begun.

    Raises:
        FileProblems: with every problem of the file; the draft is kept.
        InputError: it cannot be read.
    """
    source = read_source(draft.path)
    scene = draft.base.ref.scene
    mine = parse_rules(source, file=str(draft.path), scene=scene)
    active = store.scenes.revision(scene)
    conflicts: tuple[str, ...] = ()
    if active.source != draft.base.source:
        done = merge_edits(draft.base.rule_set, active.rule_set, mine)
        mine, conflicts = done.rule_set, done.conflicts
        source = edit_rules(active.source, mine)
    return Edited(source, mine, difference(active.rule_set, mine), conflicts, active)


def save_draft(store: Store, draft: Draft, edited: Edited, *, author: str, reason: str) -> Revision:
    """Save a draft as the active revision, and remove it once it is saved.

    Raises:
        OvertakenError: somebody saved meanwhile; read the draft again.
    """
    active = edited.active
    if not edited.is_new:
        draft.path.unlink(missing_ok=True)
        return active
    new = NewRevision(
        scene=active.ref.scene,
        source=edited.source,
        author=author,
        reason=reason,
        scene_model_sha256=active.scene_model_sha256,
        captioner=active.captioner,
        asking=active.asking,
        expected=active.ref.revision,
    )
    saved = store.scenes.save(new)
    draft.path.unlink(missing_ok=True)
    return saved
