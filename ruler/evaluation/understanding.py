"""The protocol for `kind: understanding`: what a taxonomy reads out of described clips.

Three things are asked about each description, without a model: is it anomalous, which item of the
taxonomy is it, and which of the options answers the question (VAU-Bench, Zhu et al., 2025). What
annotators reasoned is never read.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ruler import metrics
from ruler.errors import InputError
from ruler.evaluation.columns import ANSWERS
from ruler.jobs.labelled_answers import json_lines, taxonomy_of
from ruler.reasoners.symbolic.answering import reflect_answer
from ruler.schemas.base import content_hash
from ruler.schemas.captions import Caption, recorded_caption
from ruler.schemas.datasets import EvalResult, RuleSetStamp, UnderstandingManifest
from ruler.schemas.runs import Usage
from ruler.schemas.taxonomy import Taxonomy, TaxonomyItem
from ruler.schemas.verdicts import Reflection
from ruler.text.analysis import content_tokens

BOOTSTRAPS = 1000
_LETTERS = "ABCDEFGHIJ"

Figures = dict[str, float | None]


@dataclass(frozen=True)
class Described:
    """One clip: its description, and the truth.

    Attributes:
        truth: The item that the clip's class names; None where nobody annotated it.
        answer: Which option is right; None where nothing says so.
    """

    caption: Caption
    truth: TaxonomyItem | None
    options: tuple[str, ...]
    answer: int | None


def evaluate_understanding(manifest: UnderstandingManifest, base: Path) -> EvalResult:
    """Measure on described clips.

    Args:
        manifest: Names items and taxonomy.
        base: The manifest's folder.

    Raises:
        InputError: a file cannot be read, or no clip has a class that the taxonomy knows.
    """
    began = time.monotonic()
    taxonomy = taxonomy_of(manifest, base)
    clips = load_described(manifest, base, taxonomy)
    said = [reflect_answer("undetermined", clip.caption, taxonomy) for clip in clips]
    chosen = [choose(clip.caption.text, clip.options) for clip in clips]
    spent = time.monotonic() - began
    judged = [place for place, clip in enumerate(clips) if clip.truth is not None]
    asked = [place for place in judged if clips[place].answer is not None]
    figures, baselines = _anomalies([clips[p] for p in judged], [said[p] for p in judged])
    for found, trivial in (
        _classes([clips[p] for p in judged], [said[p] for p in judged]),
        _questions([clips[p] for p in asked], [chosen[p] for p in asked]),
    ):
        figures |= found
        baselines |= trivial
    return EvalResult(
        name=manifest.name,
        kind="understanding",
        metrics=figures,
        baselines=baselines,
        usage=Usage(captions_cached=len(clips)),
        frames=len(clips),
        frames_per_second=round(len(clips) / spent, 1) if spent else 0.0,
        rule_set=RuleSetStamp(revision=1, sha256=content_hash([taxonomy.model_dump(mode="json")])),
        notes=(_counted(len(clips), len(judged), len(asked)),),
    )


def _counted(clips: int, judged: int, asked: int) -> str:
    return (
        f"{clips} described clips: {judged} have a class that the taxonomy knows, "
        f"{asked} a question with a right option; no model is called"
    )


def load_described(
    manifest: UnderstandingManifest, base: Path, taxonomy: Taxonomy
) -> list[Described]:
    """The clips of a manifest, in file order.

    Raises:
        InputError: what is wrong, with file and line; or no clip has a class of the taxonomy.
    """
    path = base / manifest.items
    clips = [_described(where, row, taxonomy) for where, row in json_lines(path)]
    if not any(clip.truth is not None for clip in clips):
        raise InputError(
            f"{path}: no `category` is an item of the taxonomy {taxonomy.id!r}, by id, title or "
            "alias."
        )
    return clips


def choose(description: str, options: Sequence[str]) -> int | None:
    """The option of which most content words stand in the description; the first of equals, None
    where none does."""
    spoken = _content(description)
    shared = [len(_content(option) & spoken) for option in options]
    return int(np.argmax(shared)) if any(shared) else None


def _content(text: str) -> set[str]:
    return {token.lemma for token in content_tokens(text)}


def _described(where: str, row: dict[str, Any], taxonomy: Taxonomy) -> Described:
    text, category, options = row.get("description"), row.get("category"), row.get("options")
    if not isinstance(text, str) or not isinstance(category, str):
        raise InputError(f"{where}: a clip needs `description` and `category`, both text.")
    if not isinstance(options, list) or not all(isinstance(one, str) for one in options):
        raise InputError(f"{where}: `options` must be a list of texts; it may be empty.")
    return Described(
        caption=recorded_caption(text, captioner="description", window_sha256=content_hash(where)),
        truth=taxonomy.item_called(category),
        options=tuple(options),
        answer=_right_option(row.get("answer"), options),
    )


def _right_option(answer: object, options: Sequence[str]) -> int | None:
    """An option is named by its letter, by "B. A car stops", or by its own words."""
    if not isinstance(answer, str):
        return None
    if answer in options:
        return options.index(answer)
    letter, _, _ = answer.strip().partition(".")
    place = _LETTERS.find(letter) if len(letter) == 1 else -1
    return place if 0 <= place < len(options) else None


def _anomalies(clips: Sequence[Described], said: Sequence[Reflection]) -> tuple[Figures, Figures]:
    """Anomalous or not; what the taxonomy does not speak of counts as wrong."""
    labels = [int(clip.truth is not None and clip.truth.kind == "abnormal") for clip in clips]
    answers = [ANSWERS.get(one.second) for one in said]
    figures: Figures = dict(metrics.classification(labels, answers))
    figures["coverage"] = sum(answer is not None for answer in answers) / len(answers)
    right = [float(a == b) for a, b in zip(answers, labels, strict=True)]
    figures |= _interval("accuracy", right)
    return figures, _always(labels)


def _always(labels: Sequence[int]) -> Figures:
    always = metrics.classification(labels, [1] * len(labels))
    return {f"always_anomaly_{name}": value for name, value in always.items()}


def _classes(clips: Sequence[Described], said: Sequence[Reflection]) -> tuple[Figures, Figures]:
    """Which item it is; normal items count as one, since a class of what is normal names no kind
    of it."""
    truth = [_name(clip.truth) for clip in clips]
    named = [one.item if one.second == "anomaly" else one.second for one in said]
    right = [float(a == b) for a, b in zip(named, truth, strict=True)]
    figures = {"class_accuracy": float(np.mean(right)), **_interval("class_accuracy", right)}
    abnormal = [place for place, name in enumerate(truth) if name != "normal"]
    if abnormal:
        figures["class_accuracy_abnormal"] = float(np.mean([right[p] for p in abnormal]))
    most = Counter(truth).most_common(1)[0][1]
    return figures, {"most_frequent_class_accuracy": most / len(truth)}


def _name(item: TaxonomyItem | None) -> str:
    return "normal" if item is None or item.kind == "normal" else item.id


def _questions(clips: Sequence[Described], chosen: Sequence[int | None]) -> tuple[Figures, Figures]:
    """Which option is right, beside what can be had without reading the description."""
    if not clips:
        return {"question_accuracy": None}, {}
    right = [float(a == clip.answer) for a, clip in zip(chosen, clips, strict=True)]
    figures: Figures = {"question_accuracy": float(np.mean(right))}
    lengths = [[len(option) for option in clip.options] for clip in clips]
    longest = [int(np.argmax(own)) == clip.answer for own, clip in zip(lengths, clips, strict=True)]
    return figures | _interval("question_accuracy", right), {
        "first_option_question_accuracy": float(np.mean([clip.answer == 0 for clip in clips])),
        "longest_option_question_accuracy": float(np.mean(longest)),
    }


def _interval(name: str, right: Sequence[float]) -> Figures:
    low, high = metrics.share_interval(right, BOOTSTRAPS, seed=0)
    return {f"{name}_low": low, f"{name}_high": high}
