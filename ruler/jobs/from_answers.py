"""`ruler induce --from-answers`: taxonomy rules, by what they do to labelled answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from graphs.saving import learned_rules as saved_rules
from graphs.saving import merged_with, save_merged
from ruler.errors import InputError
from ruler.jobs.inputs import REMEMBERED_TAXONOMY, check_scene
from ruler.jobs.labelled_answers import (
    example_of,
    load_answers,
    shuffled,
    taxonomy_of,
    taxonomy_of_manifest,
)
from ruler.reasoners.symbolic.answering import Weights
from ruler.reasoners.symbolic.taxonomy_rules import rules_from_taxonomy
from ruler.reasoners.symbolic.weighing import Tally, learn_weights, tallies
from ruler.schemas.datasets import AnswersManifest
from ruler.schemas.rules import Revision, Rule, RuleSet
from ruler.schemas.taxonomy import Taxonomy
from rules_store.manifest_files import load_manifest
from rules_store.scenes import NewRevision
from rules_store.store import Store

_MOST_REFERENCES = 5


@dataclass(frozen=True)
class LearnRequest:
    """A manifest of labelled answers, how many to learn from, and for which scene."""

    manifest: Path
    scene: str
    shots: int = 100
    author: str = "ruler"
    activate: bool = False
    is_dry_run: bool = False


@dataclass(frozen=True)
class Learned:
    """What came of it: the rules that were learned, and the revision that holds them beside the
    scene's others (None in a dry run). `refused` are items that were mostly wrong on the
    answers."""

    rules: tuple[Rule, ...]
    revision: Revision | None
    is_new: bool
    answers: int
    refused: Mapping[str, Tally]

    @property
    def number(self) -> int | None:
        """The revision's number."""
        return self.revision.ref.revision if self.revision else None


def learn_from_answers(request: LearnRequest, store: Store) -> Learned:
    """Learn a scene's rules from labelled answers.

    A scene's first revision becomes active. A later one keeps what references and people gave, and
    is a proposal unless it is to become active at once.

    Raises:
        InputError: the scene cannot be called so, or the manifest is not one of labelled answers.
    """
    check_scene(request.scene)
    manifest = load_manifest(request.manifest)
    if not isinstance(manifest, AnswersManifest):
        raise InputError(f"{request.manifest}: --from-answers takes a manifest of kind answers.")
    base = request.manifest.parent
    taxonomy = taxonomy_of(manifest, base)
    shots = sorted(load_answers(manifest, base), key=shuffled)[: request.shots]
    examples = [example_of(clip, taxonomy) for clip in shots]
    tally, weights = tallies(examples), learn_weights(examples)
    rules = learned_rules(taxonomy, request.scene, tally, weights, len(shots))
    learned = RuleSet(scene=request.scene, rules=rules)
    merged = merged_with(store, _beside_references(learned, store))
    number, is_new = _save(request, merged.rule_set, taxonomy_of_manifest(manifest, base), store)
    revision = store.scenes.revision(request.scene, number) if number else None
    refused = {item: counted for item, counted in tally.items() if counted.is_refused}
    return Learned(rules, revision, is_new, len(shots), refused)


def _beside_references(learned: RuleSet, store: Store) -> RuleSet:
    """With what induction learned from references before: answers say nothing about those rules."""
    before = saved_rules(store, learned.scene)
    kept = [] if before is None else [r for r in before.rules if r.origin.by != "taxonomy"]
    return learned.model_copy(update={"rules": (*kept, *learned.rules)})


def learned_rules(
    taxonomy: Taxonomy,
    scene: str,
    tally: Mapping[str, Tally],
    weights: Weights,
    answers: int,
) -> tuple[Rule, ...]:
    """The rules of a taxonomy in the order of how much they decided rightly; those that were mostly
    wrong are left out, those that no answer speaks of stay as they are, at the end."""
    kept = [
        _weighed(rule, tally.get(rule.category or "", Tally()), weights, answers)
        for rule in rules_from_taxonomy(taxonomy, scene)
        if weights.of(rule.category or "") > 0
    ]
    return tuple(sorted(kept, key=lambda rule: -_gain(tally.get(rule.category or "", Tally()))))


def _gain(counted: Tally) -> int:
    return len(counted.right) - len(counted.wrong)


def _weighed(rule: Rule, counted: Tally, weights: Weights, answers: int) -> Rule:
    if not counted.heard:
        note = f"none of {answers} labelled answers speaks of it"
        return rule.model_copy(update={"origin": rule.origin.model_copy(update={"note": note})})
    origin = rule.origin.model_copy(
        update={
            "votes": f"{len(counted.right)}/{counted.heard}",
            "references": counted.right[:_MOST_REFERENCES],
            "note": f"right on {len(counted.right)} of the {counted.heard} labelled answers that "
            f"speak of it ({answers} in all)",
        }
    )
    weight = round(rule.weight * weights.of(rule.category or ""), 3)
    return rule.model_copy(update={"weight": weight, "origin": origin})


def _save(
    request: LearnRequest, merged: RuleSet, taxonomy: str, store: Store
) -> tuple[int | None, bool]:
    active = store.scenes.find(request.scene)
    scene_model = active.scene_model_sha256 if active else None

    def new(source: str, is_proposal: bool) -> NewRevision:
        return NewRevision(
            scene=request.scene,
            source=source,
            author=request.author,
            reason=f"learned from labelled answers of {request.manifest.name}",
            scene_model_sha256=scene_model,
            captioner=active.captioner if active else None,
            asking={**(active.asking if active else {}), REMEMBERED_TAXONOMY: taxonomy},
            by_induction=True,
            is_proposal=is_proposal,
        )

    return save_merged(
        store,
        merged,
        scene_model,
        new,
        activate=request.activate,
        is_dry_run=request.is_dry_run,
    )


def said(learned: Learned) -> Sequence[str]:
    """What to tell beside the rules: which items were refused."""
    return [
        f"left out: {item}, wrong on {len(counted.wrong)} of {counted.heard} labelled answers"
        for item, counted in learned.refused.items()
    ]
