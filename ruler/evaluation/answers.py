"""The protocol for `kind: answers`: recorded first answers are reflected on by a taxonomy, with
equal weights or with weights learned from labelled answers; no model is called."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ruler import metrics
from ruler.errors import InputError
from ruler.evaluation.columns import ANSWERS
from ruler.jobs.labelled_answers import Answered, example_of, load_answers, shuffled, taxonomy_of
from ruler.reasoners.symbolic.answering import EVEN, Weights, reflect_answer, votes
from ruler.reasoners.symbolic.weighing import learn_weights
from ruler.schemas.base import content_hash
from ruler.schemas.datasets import AnswersManifest, EvalResult, RuleSetStamp
from ruler.schemas.runs import Usage
from ruler.schemas.taxonomy import Taxonomy
from ruler.schemas.verdicts import Reflection

FOLDS = 5
BOOTSTRAPS = 1000

# What the ten rules that TRLC's authors published condense (SmartHome-Bench, CVPR-W 2025); items of
# a taxonomy that has none of these ids give no such baseline.
TRLC_ITEMS = frozenset(
    """security.disturbing-behavior pet.unattended-pets wildlife.dangerous-wildlife
    wildlife.wildlife-damage security.unauthorized-entry security.theft-or-vandalism
    other.severe-weather kid.wandering pet.destructive-behavior pet.escape-attempts
    other.unexplained-phenomena other.risky-activity other.falling-object baby.injury-risk
    kid.injury-risk senior.senior-fall security.forced-entry
    security.suspicious-loitering""".split()
)

Figures = dict[str, float | None]
_Answers = Sequence[int | None]


@dataclass(frozen=True)
class AnswersOutcome:
    """The result, and what it was made of, in one order."""

    result: EvalResult
    clips: Sequence[Answered]
    reflections: Sequence[Reflection]
    weights: Sequence[Weights]


def evaluate_answers(
    manifest: AnswersManifest,
    base: Path,
    *,
    learn_from: Sequence[tuple[AnswersManifest, Path]] = (),
    shots: int = 100,
) -> AnswersOutcome:
    """Measure on recorded answers.

    Args:
        manifest: Names answers, truth and taxonomy.
        base: The manifest's folder.
        learn_from: Manifests of labelled answers, with their folders. An answer is never judged by
            what was learned from its own clip: where clips are in both, folds are left out in turn.
        shots: How many labelled answers are learned from.

    Raises:
        InputError: a file cannot be read, or there is nothing left to learn from.
    """
    began = time.monotonic()
    taxonomy = taxonomy_of(manifest, base)
    clips = load_answers(manifest, base)
    labelled = [clip for other, folder in learn_from for clip in load_answers(other, folder)]
    weights = _weights(clips, labelled, taxonomy, shots) if learn_from else [EVEN] * len(clips)
    reflections = [
        reflect_answer(clip.answer.outcome, clip.caption, taxonomy, own)
        for clip, own in zip(clips, weights, strict=True)
    ]
    spent = time.monotonic() - began
    second = [ANSWERS.get(said.second) for said in reflections]
    unread = sum(clip.answer.problem is not None for clip in clips)
    notes = [f"{len(clips)} answers, {unread} without a verdict that can be read"]
    if learn_from:
        notes.append(f"weights learned from {shots} labelled answers of other clips")
    result = EvalResult(
        name=manifest.name,
        kind="answers",
        metrics=_metrics(clips, second, manifest.report_without),
        baselines=_baselines(clips, taxonomy, manifest.report_without),
        usage=Usage(captions_cached=len(clips)),
        frames=len(clips),
        frames_per_second=round(len(clips) / spent, 1) if spent else 0.0,
        rule_set=RuleSetStamp(
            revision=1,
            sha256=content_hash(
                [taxonomy.model_dump(mode="json"), *(own.as_data() for own in weights)]
            ),
        ),
        notes=tuple(notes),
    )
    return AnswersOutcome(result, clips, reflections, weights)


def _weights(
    clips: Sequence[Answered], labelled: Sequence[Answered], taxonomy: Taxonomy, shots: int
) -> list[Weights]:
    """For each clip, weights learned without it."""
    pool = sorted({clip.id: clip for clip in labelled}.values(), key=shuffled)
    known = {clip.id for clip in pool}
    is_apart = known.isdisjoint(clip.id for clip in clips)
    fold_of = {clip.id: place % FOLDS for place, clip in enumerate(sorted(clips, key=shuffled))}
    learned: dict[int, Weights] = {}
    for fold in {0} if is_apart else set(fold_of.values()):
        left = [clip for clip in pool if is_apart or fold_of.get(clip.id) != fold]
        if not left:
            raise InputError("there is no labelled answer of another clip to learn from.")
        learned[fold] = learn_weights([example_of(clip, taxonomy) for clip in left[:shots]])
    return [learned[0 if is_apart else fold_of[clip.id]] for clip in clips]


def _metrics(clips: Sequence[Answered], second: _Answers, without: Sequence[str]) -> Figures:
    labels = [clip.label for clip in clips]
    first = [ANSWERS.get(clip.answer.outcome) for clip in clips]
    figures = _figures(clips, second, without)
    right = [float(a == b) for a, b in zip(second, labels, strict=True)]
    low, high = metrics.share_interval(right, BOOTSTRAPS, seed=0)
    figures |= {"accuracy_low": low, "accuracy_high": high}
    figures["coverage"] = sum(answer is not None for answer in second) / len(second)
    flips = Counter(
        (new, new == label)
        for old, new, label in zip(first, second, labels, strict=True)
        if old != new and new is not None and old is not None
    )
    for new, name in ((1, "to_anomaly"), (0, "to_normal")):
        figures[f"flips_{name}_right"] = float(flips[new, True])
        figures[f"flips_{name}_wrong"] = float(flips[new, False])
    for category in sorted({name for clip in clips for name in clip.categories}):
        inside = [place for place, clip in enumerate(clips) if category in clip.categories]
        found = metrics.classification([labels[p] for p in inside], [second[p] for p in inside])
        figures |= {f"{name}.{category}": value for name, value in found.items()}
    return figures


def _baselines(
    clips: Sequence[Answered], taxonomy: Taxonomy, without: Sequence[str]
) -> dict[str, float | None]:
    majority = _majority(clips)
    ways: Mapping[str, Callable[[Answered], int | None]] = {
        "first_answer": lambda clip: ANSWERS.get(clip.answer.outcome),
        "always_anomaly": lambda _clip: 1,
        "category_majority": lambda clip: majority[clip.categories[0]],
        "ten_rules_one_way": lambda clip: _one_way(clip, taxonomy),
    }
    figures: Figures = {}
    for name, way in ways.items():
        if name == "ten_rules_one_way" and TRLC_ITEMS.isdisjoint(i.id for i in taxonomy.items):
            continue
        found = _figures(clips, [way(clip) for clip in clips], without)
        figures |= {f"{name}_{metric}": value for metric, value in found.items()}
    return figures


def _figures(clips: Sequence[Answered], answers: _Answers, without: Sequence[str]) -> Figures:
    """In total, and without the categories that the manifest leaves out in a second figure."""
    figures = metrics.classification([clip.label for clip in clips], answers)
    if without:
        kept = [p for p, clip in enumerate(clips) if set(without).isdisjoint(clip.categories)]
        rest = metrics.classification([clips[p].label for p in kept], [answers[p] for p in kept])
        figures |= {f"{name}_without": value for name, value in rest.items()}
    return figures


def _majority(clips: Sequence[Answered]) -> dict[str, int]:
    """By a clip's first category, the label that most have: it looks at the truth."""
    counts: dict[str, list[int]] = {}
    for clip in clips:
        counts.setdefault(clip.categories[0], []).append(clip.label)
    return {name: int(2 * sum(labels) >= len(labels)) for name, labels in counts.items()}


def _one_way(clip: Answered, taxonomy: Taxonomy) -> int | None:
    """A first answer that rules may only raise, as in the original."""
    _, items = votes(clip.answer.outcome, clip.caption, taxonomy)
    return 1 if not TRLC_ITEMS.isdisjoint(items) else ANSWERS.get(clip.answer.outcome)
