"""Footage of a manifest that is decoded once, however many scenes are learned from it: for
benchmarks that learn often. What is measured is what `ruler eval` measures, without a store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ruler.captioners.motion.captioner import MotionCaptioner
from ruler.errors import ClipError
from ruler.evaluation.naming import scene_name
from ruler.evaluation.truth import frame_truth, load_labels
from ruler.jobs.inputs import open_all, reasoner_named
from ruler.reasoners.base import MatchContext
from ruler.schemas.captions import Caption, SceneModel
from ruler.schemas.datasets import ClipsManifest
from ruler.schemas.induction import Brief, Reference
from ruler.schemas.observations import Observation
from ruler.schemas.rules import RevisionRef, RuleSet
from ruler.schemas.runs import Smoothing
from ruler.schemas.verdicts import Verdict
from ruler.steps.batching import linked
from ruler.steps.deducing import Deducer
from ruler.steps.inducing import induce_rules
from ruler.video.frames import Clip, Frame, FrameFailure, FrameWindow, HeldClip, WindowSpec
from ruler.video.sampling import read_windows, sample_indices
from rules_store.taxonomy_files import load_lexicon, load_taxonomy


class KeptClip(HeldClip):
    """A clip whose frames on the analysis grid are held in memory, as a captioner wants them."""

    def __init__(self, clip: Clip, spec: WindowSpec, indices: Sequence[int]) -> None:
        super().__init__(clip.info, clip.times)
        found = clip.frames(indices, width=spec.width, is_grey=spec.is_grey)
        self._frames = {frame.index: frame for frame in found}

    def frames(
        self,
        indices: Sequence[int],
        *,
        width: int | None = None,  # noqa: ARG002 - those that were kept
        is_grey: bool = False,  # noqa: ARG002 - likewise
    ) -> Iterator[Frame | FrameFailure]:
        """See `Clip`."""
        yield from (self._frames[int(index)] for index in indices)


@dataclass(frozen=True)
class Learned:
    """A scene that some references taught: what captions go by, and the rules."""

    model: SceneModel
    rules: RuleSet


class Footage:
    """The clips of a manifest, and the captioner that looks at them.

    Args:
        manifest: What is measured, and where it lies.
        base: The manifest's folder.
    """

    def __init__(self, manifest: ClipsManifest, base: Path) -> None:
        self.manifest = manifest
        self._captioner = MotionCaptioner()
        self._reasoner = reasoner_named("symbolic")
        self._lexicon, self._taxonomy = load_lexicon(), load_taxonomy("general")
        names = [*manifest.reference, *(test.clip for test in manifest.test)]
        names = list(dict.fromkeys(names))
        opened = open_all([str(base / name) for name in names], manifest.fps)
        self._clips = {name: self._kept(clip) for name, clip in zip(names, opened, strict=True)}
        labels = load_labels(base / manifest.labels) if manifest.labels else {}
        self._truths = {
            test.clip: self._truth(test.clip, labels.get(test.clip), test.label)
            for test in manifest.test
        }
        self._seen: dict[tuple[str, str], list[Observation]] = {}

    def _kept(self, clip: Clip | ClipError) -> KeptClip:
        if isinstance(clip, ClipError):
            raise clip
        every = self._captioner.default_every
        grid = [int(index) for index in sample_indices(clip.times, every)]
        return KeptClip(clip, self._captioner.window, grid)

    def _truth(self, name: str, entry: object, label: int | None) -> list[int]:
        times = self.times(name)
        return [int(label or 0)] * len(times) if entry is None else frame_truth(entry, times, name)

    def times(self, name: str) -> list[float]:
        """Presentation time of each frame of a clip."""
        return [float(time) for time in self._clips[name].times]

    def truth(self, name: str) -> list[int]:
        """Whether each frame of a test clip is anomalous."""
        return self._truths[name]

    def learn(self, references: Sequence[str]) -> Learned:
        """The scene that some of the references teach."""
        manifest = self.manifest
        self._seen.clear()  # a scene's captions are of no use to another
        clips = [self._clips[name] for name in references]
        model = self._captioner.fit(clips, cameras=manifest.cameras, place=manifest.place)
        brief = Brief(
            scene=scene_name(manifest.name),
            place=manifest.place,
            cameras=manifest.cameras,
            captioner="motion",
            measured=self._captioner.measured,
            lexicon=self._lexicon,
            taxonomy=self._taxonomy,
        )
        seen = {
            name: linked(
                name, [Reference(clip=name, observation=one) for one in self.observe(name, model)]
            )
            for name in references
        }
        rules = induce_rules(seen, self._reasoner, brief, as_of=dt.datetime.now(dt.UTC).date())
        return Learned(model, rules)

    def observe(self, name: str, model: SceneModel) -> list[Observation]:
        """The captions of a clip in a scene, made once while the scene is the last that was
        learned."""
        key = name, model.sha256
        if key not in self._seen:
            self._seen[key] = list(self._observations(self._clips[name], model))
        return self._seen[key]

    def _observations(self, clip: KeptClip, model: SceneModel) -> Iterator[Observation]:
        samples = [int(one) for one in sample_indices(clip.times, self._captioner.default_every)]
        ends = [*samples[1:], len(clip.times)]
        windows = list(read_windows(clip, samples, self._captioner.window))
        readable = [window for window in windows if isinstance(window, FrameWindow)]
        own = self._captioner.adapt(clip, model)
        answers = self._captioner.caption(readable, own)
        for start, end, window in zip(samples, ends, windows, strict=True):
            answer = next(answers).answer if isinstance(window, FrameWindow) else window
            is_caption = isinstance(answer, Caption)
            yield Observation(
                frame_index=start,
                until_frame=end,
                time_seconds=float(clip.times[start]),
                caption=answer if is_caption else None,
                failure=None if is_caption else answer.reason,
            )

    def judge(self, name: str, learned: Learned, smoothing: Smoothing) -> Sequence[Verdict]:
        """What the rules of a scene say of a clip."""
        rules, times = learned.rules, self.times(name)
        deducer = Deducer(
            self._reasoner,
            MatchContext(
                rule_set=rules,
                lexicon=self._lexicon,
                clip_start=None,
                as_of=dt.datetime.now(dt.UTC).date(),
            ),
            RevisionRef(scene=rules.scene, revision=1, sha256="0" * 64),
            self._taxonomy,
            smoothing,
        )
        step = times[-1] - times[-2] if len(times) > 1 else 0.0
        ends = [*times, times[-1] + step]
        return deducer.deduce(name, self.observe(name, learned.model), ends.__getitem__).verdicts
