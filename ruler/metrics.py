"""Metrics, pure: over labels and scores, with `None` where one is not defined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score


def auc(labels: Sequence[int], scores: Sequence[float]) -> float | None:
    """Area under the ROC curve, in [0, 1]; None where only one class is there."""
    if len(set(labels)) < 2:
        return None
    return float(roc_auc_score(np.asarray(labels), np.asarray(scores)))


def average_precision(labels: Sequence[int], scores: Sequence[float]) -> float | None:
    """Average precision, in [0, 1]; None where there is no positive."""
    if not any(labels):
        return None
    return float(average_precision_score(np.asarray(labels), np.asarray(scores)))


def classification(labels: Sequence[int], answers: Sequence[int | None]) -> dict[str, float | None]:
    """Accuracy, precision, recall and F1 of 0/1 answers.

    An answer of None (undetermined or failed) counts as wrong in accuracy and is no alarm in
    precision and recall.
    """
    pairs = list(zip(labels, answers, strict=True))
    right = sum(answer == label for label, answer in pairs)
    hits = sum(answer == 1 and label == 1 for label, answer in pairs)
    alarms = sum(answer == 1 for _, answer in pairs)
    positives = sum(label == 1 for label, _ in pairs)
    precision = hits / alarms if alarms else None
    recall = hits / positives if positives else None
    total = alarms + positives
    return {
        "accuracy": right / len(pairs) if pairs else None,
        "precision": precision,
        "recall": recall,
        "f1": 2 * hits / total if total else None,
    }


def false_positive_rate(labels: Sequence[int], answers: Sequence[int | None]) -> float | None:
    """Share of normal frames that alarmed; None where there is no normal frame."""
    normal = [answer for label, answer in zip(labels, answers, strict=True) if label == 0]
    return sum(answer == 1 for answer in normal) / len(normal) if normal else None


def carried(scores: Sequence[float | None]) -> Iterator[float]:
    """Scores with gaps filled by the last valid one (0 before the first), as AUC counts them."""
    last = 0.0
    for score in scores:
        last = last if score is None else score
        yield last


def event_recall(
    labels: Sequence[int], answers: Sequence[int | None], clips: Sequence[int]
) -> float | None:
    """Share of true events (runs of positive frames within a clip) with at least one alarm."""
    runs = list(_runs(labels, clips))
    if not runs:
        return None
    found = sum(any(answer == 1 for answer in answers[start:stop]) for start, stop in runs)
    return found / len(runs)


def detection_delay(
    labels: Sequence[int],
    answers: Sequence[int | None],
    clips: Sequence[int],
    clock: Sequence[float],
) -> float | None:
    """Median seconds from the start of a true event to its first alarm, over those found."""
    delays = [
        clock[alarm] - clock[start]
        for start, stop in _runs(labels, clips)
        if (alarm := next((at for at in range(start, stop) if answers[at] == 1), None)) is not None
    ]
    return float(np.median(delays)) if delays else None


def false_alarms_per_hour(
    labels: Sequence[int],
    answers: Sequence[int | None],
    clips: Sequence[int],
    clock: Sequence[float],
    bridge_seconds: float,
) -> float | None:
    """Runs of alarms that touch no positive frame, over the hours of normal footage.

    Alarms at most `bridge_seconds` apart are one run.
    """
    hours = 0.0
    alarms, last, is_false = 0, -1, False
    for at, label in enumerate(labels):
        if at and clips[at] == clips[at - 1] and label == 0:
            hours += (clock[at] - clock[at - 1]) / 3600
        if answers[at] != 1:
            continue
        is_same = (
            last >= 0 and clips[at] == clips[last] and clock[at] - clock[last] <= bridge_seconds
        )
        if not is_same:
            alarms += is_false
            is_false = True
        is_false = is_false and label == 0
        last = at
    alarms += is_false
    return alarms / hours if hours else None


def _runs(labels: Sequence[int], clips: Sequence[int]) -> Iterator[tuple[int, int]]:
    """[start, stop) of each run of positive frames; a clip's end ends a run."""
    start: int | None = None
    for at, label in enumerate(labels):
        if start is not None and (not label or clips[at] != clips[at - 1]):
            yield start, at
            start = None
        if label and start is None:
            start = at
    if start is not None:
        yield start, len(labels)


class Resampled:
    """AUCs of one score over bootstrap samples of clips (Efron, 1979): clips are drawn with
    replacement, so that frames of one clip, which are alike, stay together."""

    def __init__(
        self, labels: Sequence[int], scores: Sequence[float], clips: Sequence[int]
    ) -> None:
        order = np.argsort(np.asarray(scores), kind="stable")
        ranked = np.asarray(scores)[order]
        self._labels = np.asarray(labels)[order]
        self._clips = np.asarray(clips)[order]
        # Frames of one score are one step of the curve, so ties count half.
        self._starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])

    def auc(self, weights: NDArray[np.float64]) -> float:
        """The AUC where clip number i counts weights[i] times; NaN where a class is missing."""
        weight = weights[self._clips]
        positive = np.add.reduceat(weight * self._labels, self._starts)
        negative = np.add.reduceat(weight * (1 - self._labels), self._starts)
        below = np.cumsum(negative) - negative
        pairs = positive.sum() * negative.sum()
        if not pairs:
            return float("nan")
        return float((positive * (below + 0.5 * negative)).sum() / pairs)


def draws(clips: int, times: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each of `clips` clips is drawn, `times` times over."""
    rng = np.random.default_rng(seed)
    for _ in range(times):
        yield np.bincount(rng.integers(0, clips, clips), minlength=clips).astype(np.float64)


def interval(values: Iterable[float], level: float = 0.95) -> tuple[float, float] | None:
    """The central interval of bootstrap values; those that are not defined are left out."""
    known = np.asarray([value for value in values if not np.isnan(value)])
    if not known.size:
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def share_interval(
    right: Sequence[float], times: int, seed: int
) -> tuple[float, float] | tuple[None, None]:
    """The interval of a share: entries of 0 or 1, each drawn by itself; (None, None) without
    any."""
    each = np.asarray(right, dtype=np.float64)
    shares = (float(w @ each / w.sum()) for w in draws(len(each), times, seed))
    return interval(shares) or (None, None)
