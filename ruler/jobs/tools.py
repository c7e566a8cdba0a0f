"""What a detection works with: the machine, and what all clips of a run share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from graphs.deps import ROW, ClipDeps
from graphs.places import Places
from ruler.captioners.base import Captioner
from ruler.captioners.processes import helped
from ruler.captioners.replay import NAME as REPLAY
from ruler.errors import InputError
from ruler.jobs.inputs import asks_models, asks_nobody
from ruler.jobs.models import Models, joined
from ruler.reasoners.base import Reasoner
from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.captions import SceneModel
from ruler.schemas.rules import Revision, RuleSet
from ruler.schemas.runs import RunSpec
from ruler.schemas.taxonomy import Lexicon, Taxonomy
from ruler.steps.sharing import GROUP
from ruler.steps.sifting import Sieve
from ruler.steps.viewing import Sharing, View
from ruler.video.frames import Clip
from ruler.video.limits import DEFAULT_LIMITS, Limits
from ruler.video.sampling import sample_indices
from rules_store.store import Store
from rules_store.taxonomy_files import load_lexicon, load_taxonomy


@dataclass(frozen=True)
class Machine:
    """Where and with what a run works; none of it decides a result."""

    store: Store
    runs: Path
    workers: int = 1
    reader: Literal["pyav", "decord"] = "pyav"
    limits: Limits | None = DEFAULT_LIMITS
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Tools:
    """Everything a run's clips share. `reasoner` works on frames and events, `judge` concludes
    clips: by clip, the reasoner that the run names is asked about nothing else."""

    spec: RunSpec
    machine: Machine
    revision: Revision
    view: View
    reasoner: Reasoner
    judge: Reasoner
    taxonomy: Taxonomy
    lexicon: Lexicon
    places: Places

    @property
    def clips_at_once(self) -> int:
        """Clips that are worked on beside one another: while one is judged, another is captioned.
        One where models are asked, so that what two clips show alike is asked about once."""
        spec = self.spec
        asks = asks_models(captioner=spec.captioner, reasoner=spec.reasoner)
        return 1 if asks else self.machine.workers

    def deps(self, number: int, clip: Clip) -> ClipDeps:
        """The graph's context for one clip; chunks that hold frames that failed, or that a model
        was asked about in vain, are tried again."""
        spec = self.spec
        # What is looked at is decided for a group of samples together.
        groups = -(-spec.chunk // GROUP)
        chunk = groups * GROUP if spec.sample == "adaptive" else spec.chunk
        deps = ClipDeps(
            store=self.machine.store,
            run_id=spec.id,
            clip_number=number,
            clip=clip,
            frames=sample_indices(clip.times, spec.every or self.view.captioner.default_every),
            view=self.view,
            reasoner=self.reasoner,
            revision=self.revision,
            lexicon=self.lexicon,
            taxonomy=self.taxonomy,
            smoothing=spec.smoothing,
            as_of=spec.as_of,
            clip_start=spec.start_time or clip.info.start_time,
            chunk=chunk,
            wave=ROW * self.machine.workers,
            judge=self.judge,
            by=spec.by,
            places=self.places,
            asks_nobody=asks_nobody(spec.reasoner),
        )
        traces = self.machine.store.traces
        again = traces.failed_frames(spec.id, number) + traces.unanswered_frames(spec.id, number)
        places = deps.frames.searchsorted(again).tolist()
        return replace(deps, again=frozenset(place // chunk for place in places))


def tools_for(spec: RunSpec, machine: Machine) -> Tools:
    """Everything a run asks for by name.

    Raises:
        InputError: the store has another revision of that number, the taxonomy has changed since
            the run began, or the captioner is not the one that the scene was learned with.
        UnknownNameError, MissingExtraError: of the captioner, reasoner or taxonomy.
    """
    revision = machine.store.scenes.revision(spec.scene, spec.revision.revision)
    if revision.ref != spec.revision:
        raise InputError(
            f"revision {spec.revision} is another one in this store: its hash differs. "
            "Resume with the store the run was started with (RULER_STORE)."
        )
    options = joined(machine.options, spec.asking)
    models = Models(options, machine.store, local_only=revision.rule_set.local_only)
    captioner = models.captioner(spec.captioner)
    named = models.reasoner(
        spec.reasoner, lambda usage: machine.store.runs.add_usage(spec.id, usage)
    )
    sieve = _sieve(captioner, revision.rule_set) if spec.sample == "adaptive" else None
    return Tools(
        spec=spec,
        machine=machine,
        revision=revision,
        view=View(
            helped(captioner, machine.workers),
            _scene_model(revision, captioner, machine.store),
            sieve,
        ),
        reasoner=SymbolicReasoner() if spec.by == "clip" else named,
        judge=named,
        taxonomy=_taxonomy(spec, machine.store),
        lexicon=load_lexicon(derived=machine.store.derived),
        places=Places(machine.workers),
    )


def _taxonomy(spec: RunSpec, store: Store) -> Taxonomy:
    """The taxonomy of a run, which says what it said when the run began."""
    taxonomy = load_taxonomy(spec.taxonomy, store.derived)
    if spec.taxonomy_sha256 not in (None, taxonomy.sha256):
        raise InputError(
            f"the taxonomy {spec.taxonomy} has changed since run {spec.id!r} began: put back what "
            "it said then, or start a new run, which captions nothing again that it knows."
        )
    return taxonomy


def _sieve(captioner: Captioner, rules: RuleSet) -> Sieve | None:
    """How to tell where a closer look is worth it; None for a captioner that measures nothing, and
    whose frames share captions anyway where they look alike.

    Raises:
        InputError: it does neither.
    """
    if captioner.measured:
        return Sieve.of(rules.live, captioner.measured)
    if not isinstance(captioner, Sharing):
        raise InputError(
            f"captioner {captioner.identity.name!r} measures nothing that would say where a closer "
            "look is worth it: leave --sample adaptive out."
        )
    if captioner.sharing is None:
        raise InputError(
            "--sample adaptive lets frames that look alike share a caption: leave --no-share out."
        )
    return None


def _scene_model(revision: Revision, captioner: Captioner, store: Store) -> SceneModel | None:
    """The scene model the rules were made with; it must be this captioner's.

    A replay needs none: what it says was said with the scene model of its recording.
    """
    if revision.scene_model_sha256 is None or captioner.identity.name == REPLAY:
        return None
    model = store.scenes.model(revision.scene_model_sha256)
    if model.captioner != captioner.identity.name:
        raise InputError(
            f"scene {revision.ref.scene!r} was learned with captioner {model.captioner!r}, not "
            f"{captioner.identity.name!r}: its rules would not fit. Leave --captioner out, or "
            f"induce a scene with {captioner.identity.name!r}."
        )
    return model
