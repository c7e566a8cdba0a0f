"""`ruler feedback`: what somebody says of an alarm becomes a proposal, tried on stored captions."""

from __future__ import annotations

from dataclasses import replace

from ruler.jobs.noticing import notice
from ruler.jobs.said import Answered, Said
from ruler.jobs.silencing import Silencer
from ruler.jobs.trying import Trial
from ruler.steps.feedback import drafted
from rules_store.feedback import Feedback
from rules_store.rule_files import edit_rules
from rules_store.scenes import NewRevision
from rules_store.store import Store


def give_feedback(store: Store, said: Said) -> Answered:
    """Make a proposal of what somebody says, try it on the run's captions, and save it.

    Nothing is saved where the proposal does not do what it should, unless that is asked for.

    Raises:
        NotFoundError: the store has no such run, clip or event.
        InputError: the run was captioned with another scene model than the active rules' one.
        OvertakenError: another revision has become active meanwhile.
    """
    trial = Trial(store, said)
    answered = Silencer(trial).answer() if said.kind == "false-alarm" else notice(trial)
    return _kept(store, trial.number, answered)


def _kept(store: Store, clip: int, answered: Answered) -> Answered:
    """Save the proposal if it holds, and what was said."""
    said, active = answered.said, answered.active
    holds = answered.is_confirmed or (said.is_forced and bool(answered.changes))
    if said.is_dry_run or not (holds or answered.note):
        return answered
    if answered.changes and holds:
        rules = drafted(active.rule_set, answered.changes)
        new = NewRevision(
            scene=active.ref.scene,
            source=edit_rules(active.source, rules),
            author=said.author,
            reason=_reason(answered),
            scene_model_sha256=active.scene_model_sha256,
            captioner=active.captioner,
            asking=active.asking,
            is_proposal=True,
            expected=active.ref.revision,
        )
        answered = replace(answered, revision=store.scenes.save(new))
    store.feedback.add(
        Feedback(
            run_id=said.run,
            clip=clip,
            start_frame=answered.frames[0],
            stop_frame=answered.frames[1],
            kind=said.kind,
            scene=active.ref.scene,
            author=said.author,
            reason=said.reason,
            revision=answered.revision.ref.revision if answered.revision else None,
        )
    )
    return answered


def _reason(answered: Answered) -> str:
    """Why the proposal was made, and what of others it holds."""
    said = answered.said
    what = "false alarm" if said.kind == "false-alarm" else "missed"
    place = said.event or f"{answered.clip}#{answered.frames[0]}"
    along = "".join(
        f"; with {name}'s change of {rule_id}" for rule_id, name in answered.built_on.items()
    )
    return f"{what} {place} of run {said.run}: {said.reason}{along}"
