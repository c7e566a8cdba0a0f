"""What the induction graph's nodes do: read the store, call the pure steps, write the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphs.deps import InductionDeps
from ruler.errors import InputError
from ruler.schemas.base import content_hash
from ruler.schemas.captions import SceneModel
from ruler.schemas.induction import Checkup, Consensus, Proposal, Reference
from ruler.schemas.rules import Rule, RuleSet
from ruler.steps import batching, inducing
from ruler.steps.captioning import View, caption_samples, samples_of
from ruler.steps.merging import Merge, as_proposal, learned_so_far, merge, without_rejected
from ruler.steps.voting import aggregate
from ruler.video.sampling import sample_indices
from rules_store.rule_files import dump_rules, edit_rules
from rules_store.scenes import NewRevision


def fit_scene(deps: InductionDeps) -> str | None:
    """Fit and keep the scene model; its hash, or None where the captioner learns nothing."""
    model = deps.captioner.fit(deps.clips, cameras=deps.cameras, place=deps.place)
    if model is None:
        return None
    deps.store.scenes.save_model(model)
    return model.sha256


def caption_reference(deps: InductionDeps, position: int, scene_model: str | None) -> str:
    """Caption one reference and keep its observations, linked, in `deps.observed`."""
    clip = deps.clips[position]
    model: SceneModel | None = deps.store.scenes.model(scene_model) if scene_model else None
    view = View(deps.captioner, model)
    samples = samples_of(clip, sample_indices(clip.times, deps.every))
    observations, _ = caption_samples(view, clip, samples, deps.store.captions)
    name = clip.info.name
    references = [Reference(clip=name, observation=seen) for seen in observations]
    deps.observed[name] = batching.linked(name, references)
    return name


def batches_of(deps: InductionDeps) -> dict[str, list[Reference]]:
    """Batches by name, in the order in which the clips were given.

    Raises:
        InputError: no frame of any reference could be captioned.
    """
    ordered = {clip.info.name: deps.observed[clip.info.name] for clip in deps.clips}
    if not any(ref.observation.caption for seen in ordered.values() for ref in seen):
        reasons = [ref.observation.failure for seen in ordered.values() for ref in seen]
        raise InputError(
            f"nothing can be learned: no frame of the references could be captioned "
            f"({reasons[0] if reasons else 'there are none'})."
        )
    return batching.batches(ordered)


def propose_batch(deps: InductionDeps, batch: str) -> str:
    """Propose from one batch, or take the proposal made before; its key."""
    references = batches_of(deps)[batch]
    identity = deps.reasoner.identity
    said = [
        [ref.clip, ref.observation.frame_index, ref.observation.caption.sha256]
        for ref in references
        if ref.observation.caption
    ]
    brief = deps.brief.model_dump(mode="json")
    key = content_hash([identity.name, identity.version, batch, said, brief])
    if deps.store.captions.proposal(key) is None:
        proposal = deps.reasoner.propose(batch, references, deps.brief)
        deps.store.captions.put_proposal(key, proposal)
    return key


def _proposals(deps: InductionDeps, keys: Sequence[str]) -> list[Proposal]:
    found = [deps.store.captions.proposal(key) for key in keys]
    return [proposal for proposal in found if proposal is not None]


def vote(deps: InductionDeps, keys: Sequence[str]) -> Consensus:
    """The consensus of all batches."""
    return aggregate(_proposals(deps, keys))


def write(
    deps: InductionDeps, consensus: Consensus, checkups: Mapping[str, Checkup]
) -> tuple[RuleSet, dict[str, Checkup]]:
    """The proposed rule set, with the rules of a taxonomy that was named, and all that verification
    did."""
    rules = deps.reasoner.write_rules(consensus, deps.brief, checkups)
    given: tuple[Rule, ...] = ()
    tried: dict[str, Checkup] = {}
    if deps.by_taxonomy:
        references, as_of = batches_of(deps), deps.as_of
        given, tried = inducing.taxonomy_rules(references, deps.reasoner, deps.brief, as_of=as_of)
    rule_set = RuleSet(scene=deps.brief.scene, local_only=deps.local_only, rules=(*rules, *given))
    return rule_set, {**checkups, **tried}


def check_rules(deps: InductionDeps, keys: Sequence[str]) -> dict[str, Checkup]:
    """Leave each batch out once and try the others' rules on it."""
    return inducing.check_rules(
        _proposals(deps, keys), batches_of(deps), deps.reasoner, deps.brief, as_of=deps.as_of
    )


def merge_rules(deps: InductionDeps, proposed: RuleSet) -> Merge:
    """Merge the proposal with what is active; a first induction is taken as it is, but for rules
    that somebody rejected."""
    scenes, scene = deps.store.scenes, deps.brief.scene
    line = scenes.lineage(scene)
    base = learned_so_far([(revision.rule_set, revision.by_induction) for revision in line])
    wanted, held = without_rejected(base, proposed, deps.store.decisions.rejected_rules(scene))
    done = merge(base, line[-1].rule_set if line else None, wanted)
    return done.model_copy(update={"notes": (*held, *done.notes)})


def save_rules(
    deps: InductionDeps, merged: RuleSet, scene_model: str | None
) -> tuple[int | None, bool]:
    """Save what was learned: (revision number, whether it is new).

    The first revision of a scene is active. A later one is a proposal, its news drafts, until it is
    approved, or is made active at once where the user asked for that. Nothing is saved where a
    revision with these rules and this scene model exists, and nothing in a dry run.
    """
    scene = deps.brief.scene
    active = deps.store.scenes.find(scene)
    is_proposal = active is not None and not deps.activate
    if active is None:
        source = dump_rules(merged)
    else:
        rules = as_proposal(merged, active.rule_set) if is_proposal else merged
        source = edit_rules(active.source, rules)
    if known := deps.store.scenes.same_content(scene, source, scene_model):
        if deps.activate and not deps.is_dry_run:
            deps.store.scenes.activate(scene, known)
        return known, False
    if deps.is_dry_run:
        return None, True
    revision = deps.store.scenes.save(
        NewRevision(
            scene=scene,
            source=source,
            author=deps.author,
            reason=deps.reason,
            scene_model_sha256=scene_model,
            captioner=deps.brief.captioner,
            asking=deps.asking,
            by_induction=True,
            is_proposal=is_proposal,
        )
    )
    return revision.ref.revision, True
