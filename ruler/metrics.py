"""Metrics, pure: over labels and scores, with `None` where one is not defined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
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
