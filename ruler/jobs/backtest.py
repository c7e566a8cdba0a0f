"""`ruler rules backtest`: what other rules would have said of footage that was captioned before.

Only captions that the store holds are looked at, and only by the symbolic reasoner, which asks no
model: runs that a model reasoned about are left out, and said to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ruler.errors import ClipError, InputError
from ruler.jobs.drawing import drawn_key_frames
from ruler.jobs.footage import Footage
from ruler.jobs.inputs import open_all
from ruler.jobs.proposed import as_if_approved
from ruler.jobs.recalling import Recaller
from ruler.reasoners.base import MatchContext
from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.reporting.backtests import BacktestPage, write_backtest
from ruler.schemas.base import bytes_hash
from ruler.schemas.rules import Revision, RevisionRef, RuleSet
from ruler.schemas.runs import ClipOutcome, RunSpec
from ruler.schemas.verdicts import Event
from ruler.stamp import judging_stamp
from ruler.steps.comparing import Difference, compare
from ruler.steps.deducing import Deducer
from rules_store.rule_files import dump_rules
from rules_store.store import Store
from rules_store.taxonomy_files import load_lexicon, load_taxonomy

EMBEDDED = SymbolicReasoner.identity.name


@dataclass(frozen=True)
class Backtest:
    """What was compared, over which runs, with what outcome; `left_out` says what was not."""

    before: Revision
    after: Revision
    rules: RuleSet
    difference: Difference
    runs: tuple[str, ...] = ()
    clips: int = 0
    left_out: tuple[str, ...] = ()

    @property
    def never(self) -> list[str]:
        """Live anomaly rules that fire on no frame."""
        return [rule for rule in self._live() if not self.difference.fired.get(rule)]

    @property
    def always(self) -> list[str]:
        """Live anomaly rules that fire on every frame."""
        frames = self.difference.frames
        return [r for r in self._live() if frames and self.difference.fired.get(r) == frames]

    @property
    def summary(self) -> str:
        """In one paragraph, what the rules that were tried would have changed."""
        said = self.difference
        hours = f"{said.seconds / 3600:.1f}"
        if not (said.added or said.removed or said.changed or said.gained or said.lost):
            return f"Nothing would have been otherwise in {said.frames} frames ({hours} hours)."
        told = (
            f"In {said.frames} frames ({hours} hours) of {self.clips} clips: {said.added} verdicts "
            f"added, {said.removed} removed, {said.changed} changed; {len(said.gained)} events "
            f"gained and {len(said.lost)} lost"
        )
        if not said.speaks_of_a_day:
            return f"{told}."
        rates = [said.a_day(count) or 0.0 for count in (said.before, said.after)]
        return f"{told}, so {rates[1]:.1f} alarms a day instead of {rates[0]:.1f}."

    def _live(self) -> list[str]:
        return [rule.id for rule in self.rules.live if rule.kind == "anomaly"]


@dataclass
class _Found:
    """The runs that can be compared, and why others cannot."""

    runs: list[RunSpec] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def backtest(
    store: Store, scene: str, against: int | RuleSet, runs: Sequence[str] = ()
) -> Backtest:
    """Hold a revision, or rules that nobody saved yet, against the active one.

    A proposal is looked at as if it were approved now, with nothing of it named. Each clip counts
    once, in its newest run.

    Args:
        store: Holds captions, runs and rules.
        scene: Whose rules.
        against: The number of the revision to try, or its rules.
        runs: Ids of the runs to look at; by default all finished ones of the scene.

    Raises:
        NotFoundError: no such scene, revision or run.
        InputError: no run can be compared.
    """
    before = store.scenes.revision(scene)
    after = _unsaved(before, against) if isinstance(against, RuleSet) else None
    if after is None:
        assert isinstance(against, int)
        after = store.scenes.revision(scene, against)
    rules = as_if_approved(store, before, after) if after.is_proposal else after.rule_set
    found = _comparable(store, before, after, list(runs) or store.runs.finished(scene))
    if not found.runs:
        why = "; ".join(found.left_out) or "it has no finished run"
        raise InputError(
            f"there is nothing to compare for {scene!r}: {why}. "
            f"Run: ruler detect CLIP... --scene {scene}"
        )
    sides = ((before.rule_set, before.ref), (rules, after.ref))
    total, clips, used, seen = Difference(), 0, [], set[str]()
    for spec in found.runs:
        looked = _Looked(store, spec, sides)
        for number, outcome in enumerate(store.runs.outcomes(spec.id)):
            if outcome.error or outcome.info is None or outcome.info.sha256 in seen:
                continue
            seen.add(outcome.info.sha256)
            total += looked.compared(number, outcome)
            clips += 1
            used.append(spec.id)
    return Backtest(
        before, after, rules, total, tuple(dict.fromkeys(used)), clips, tuple(found.left_out)
    )


def _unsaved(active: Revision, rules: RuleSet) -> Revision:
    """Rules that are not saved yet, as if they followed the active revision."""
    source = dump_rules(rules)
    ref = RevisionRef(
        scene=active.ref.scene,
        revision=active.ref.revision + 1,
        sha256=bytes_hash(source.encode()),
    )
    update = {"ref": ref, "rule_set": rules, "source": source, "is_active": False}
    return active.model_copy(update=update)


def key_pictures(store: Store, found: Backtest, most: int = 24) -> dict[tuple[str, int], bytes]:
    """Key frames of gained and lost events as JPEG, by clip and frame, where the clip is there."""
    wanted: dict[str, dict[int, Event]] = {}
    for event in (*found.difference.gained, *found.difference.lost)[:most]:
        wanted.setdefault(event.clip, {})[event.key_frame] = event
    pictures: dict[tuple[str, int], bytes] = {}
    for run in found.runs:
        rate = store.runs.spec(run).frame_rate
        for outcome in store.runs.outcomes(run):
            events = wanted.pop(outcome.clip, {})
            clips = open_all([outcome.path], rate) if events else []
            for clip in clips:
                if isinstance(clip, ClipError) or outcome.info is None:
                    continue
                if clip.info.sha256 == outcome.info.sha256:
                    drawn = drawn_key_frames(clip, list(events.values()))
                    pictures |= {(outcome.clip, frame): jpeg for frame, jpeg in drawn.items()}
    return pictures


def write_page(path: Path, found: Backtest, store: Store) -> None:
    """Write a backtest as one file that opens offline.

    Raises:
        RunError: it cannot be written.
    """
    said = found.difference
    page = BacktestPage(
        scene=found.before.ref.scene,
        before=str(found.before.ref),
        after=f"{found.after.ref}{', as if approved' if found.after.is_proposal else ''}",
        summary=found.summary,
        counts=(
            *([_rates(said)] if said.speaks_of_a_day else []),
            ("Events", float(said.before), float(said.after)),
        ),
        gained=said.gained,
        lost=said.lost,
        never=tuple(found.never),
        always=tuple(found.always),
        left_out=found.left_out,
        pictures=key_pictures(store, found),
    )
    write_backtest(path, page)


def _rates(said: Difference) -> tuple[str, float | None, float | None]:
    return "Alarms a day", said.a_day(said.before), said.a_day(said.after)


def _comparable(store: Store, before: Revision, after: Revision, names: Sequence[str]) -> _Found:
    found = _Found()
    for name in names:
        spec = store.runs.spec(name)
        by = store.scenes.revision(spec.scene, spec.revision.revision)
        if spec.scene != before.ref.scene:
            raise InputError(f"run {name!r} is of scene {spec.scene!r}, not {before.ref.scene!r}.")
        if spec.reasoner != EMBEDDED:
            found.left_out.append(f"run {name}: {spec.reasoner} reasoned, and no model is asked")
        elif {by.scene_model_sha256} != {before.scene_model_sha256, after.scene_model_sha256}:
            found.left_out.append(f"run {name}: its captions are of another scene model")
        else:
            found.runs.append(spec)
    return found


class _Looked:
    """Both rule sets over the clips of one run."""

    def __init__(
        self,
        store: Store,
        spec: RunSpec,
        sides: tuple[tuple[RuleSet, RevisionRef], tuple[RuleSet, RevisionRef]],
    ) -> None:
        self._store = store
        self._spec = spec
        self._taxonomy = load_taxonomy(spec.taxonomy, store.derived)
        self._sides = [self._deducer(*side) for side in sides]
        self._recaller: Recaller | None = None
        judged_by = (spec.version, spec.taxonomy_sha256)
        if judged_by == (judging_stamp(), self._taxonomy.sha256):
            made_by = store.scenes.revision(spec.scene, spec.revision.revision).rule_set
            self._recaller = Recaller(store, spec, made_by, (self._sides[0], self._sides[1]))

    def _deducer(self, rule_set: RuleSet, ref: RevisionRef) -> Deducer:
        context = MatchContext(
            rule_set=rule_set,
            lexicon=load_lexicon(derived=self._store.derived),
            clip_start=None,
            as_of=self._spec.as_of,
        )
        return Deducer(
            reasoner=SymbolicReasoner(),
            context=context,
            revision=ref,
            taxonomy=self._taxonomy,
            smoothing=self._spec.smoothing,
        )

    def compared(self, number: int, outcome: ClipOutcome) -> Difference:
        """Both over one clip; what the run stored is gone by where this ruler made it, by the
        taxonomy as it is now."""
        assert outcome.info is not None
        start = self._spec.start_time or outcome.info.start_time
        if self._recaller is not None and self._store.runs.is_done(self._spec.id, number):
            return self._recaller.compare(number, outcome, start)
        length = outcome.info.duration_seconds
        observations = list(Footage(self._store, self._spec).observations(number))
        seconds = {seen.frame_index: seen.time_seconds for seen in observations}
        before, after = (
            replace(side, context=replace(side.context, clip_start=start)).deduce(
                outcome.clip, observations, lambda frame: seconds.get(frame, length)
            )
            for side in self._sides
        )
        return compare(before, after, length)
