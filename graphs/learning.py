"""What the induction graph's nodes do: read the store, call the pure steps, write the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphs import saving
from graphs.deps import InductionDeps
from ruler.errors import InputError
from ruler.schemas.base import content_hash
from ruler.schemas.captions import SceneModel
from ruler.schemas.induction import Checkup, Consensus, Proposal, Reference
from ruler.schemas.rules import Rule, RuleSet
from ruler.steps import batching, inducing
from ruler.steps.captioning import caption_samples
from ruler.steps.samples import samples_of
from ruler.steps.viewing import View
from ruler.steps.voting import aggregate
from ruler.video.sampling import sample_indices
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
    rule_set = RuleSet(
        scene=deps.brief.scene,
        place=deps.place,
        cameras=deps.cameras,
        local_only=deps.local_only,
        rules=(*rules, *given),
    )
    return rule_set, {**checkups, **tried}


def check_rules(deps: InductionDeps, keys: Sequence[str]) -> dict[str, Checkup]:
    """Leave each batch out once and try the others' rules on it."""
    return inducing.check_rules(
        _proposals(deps, keys), batches_of(deps), deps.reasoner, deps.brief, as_of=deps.as_of
    )


def save_rules(
    deps: InductionDeps, merged: RuleSet, scene_model: str | None
) -> tuple[int | None, bool]:
    """Save what was learned: (revision number, whether it is new); see `saving.save_merged`."""

    def new(source: str, is_proposal: bool) -> NewRevision:
        return NewRevision(
            scene=deps.brief.scene,
            source=source,
            author=deps.author,
            reason=deps.reason,
            scene_model_sha256=scene_model,
            captioner=deps.brief.captioner,
            asking=deps.asking,
            by_induction=True,
            is_proposal=is_proposal,
        )

    return saving.save_merged(
        deps.store, merged, scene_model, new, activate=deps.activate, is_dry_run=deps.is_dry_run
    )
