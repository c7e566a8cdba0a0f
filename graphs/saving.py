"""What is learned meets what is active: merged, and saved as a revision or as a proposal."""

from __future__ import annotations

from collections.abc import Callable

from ruler.schemas.rules import RuleSet
from ruler.steps.merging import Merge, as_proposal, learned_so_far, merge, without_rejected
from rules_store.rule_files import dump_rules, edit_rules
from rules_store.scenes import NewRevision
from rules_store.store import Store


def learned_rules(store: Store, scene: str) -> RuleSet | None:
    """What induction itself last said of each rule of a scene; None where it said nothing yet."""
    line = store.scenes.lineage(scene)
    return learned_so_far([(revision.rule_set, revision.by_induction) for revision in line])


def merged_with(store: Store, proposed: RuleSet) -> Merge:
    """Merge what was learned with what is active; a scene's first rules are taken as they are, but
    for those that somebody rejected."""
    scene = proposed.scene
    active, base = store.scenes.find(scene), learned_rules(store, scene)
    wanted, held = without_rejected(base, proposed, store.decisions.rejected_rules(scene))
    done = merge(base, active.rule_set if active else None, wanted)
    return done.model_copy(update={"notes": (*held, *done.notes)})


def save_merged(
    store: Store,
    merged: RuleSet,
    scene_model: str | None,
    new: Callable[[str, bool], NewRevision],
    *,
    activate: bool,
    is_dry_run: bool,
) -> tuple[int | None, bool]:
    """Save what was learned: (revision number, whether it is new).

    The first revision of a scene is active. A later one is a proposal, its news drafts, until it is
    approved, or is made active at once where that is asked for. Nothing is saved where a revision
    with these rules and this scene model exists, and nothing in a dry run.

    Args:
        store: Where it is saved.
        merged: As `merged_with` made it.
        scene_model: Hash of the scene model it was learned with.
        new: Makes the revision from its source and whether it is a proposal.
        activate: Whether a later revision is made active at once.
        is_dry_run: Whether nothing is to be saved.
    """
    active = store.scenes.find(merged.scene)
    is_proposal = active is not None and not activate
    if active is None:
        source = dump_rules(merged)
    else:
        rules = as_proposal(merged, active.rule_set) if is_proposal else merged
        source = edit_rules(active.source, rules)
    if known := store.scenes.same_content(merged.scene, source, scene_model):
        if activate and not is_dry_run:
            store.scenes.activate(merged.scene, known)
        return known, False
    if is_dry_run:
        return None, True
    return store.scenes.save(new(source, is_proposal)).ref.revision, True
