"""Figures of clips as a whole: the first answer, the second, and which way it moved."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from ruler import metrics
from ruler.schemas.verdicts import ClipVerdict, Outcome

_ANSWERS: dict[Outcome, int] = {"normal": 0, "anomaly": 1}


@dataclass
class Wholes:
    """Verdicts beside the truth, clip by clip. Undetermined and failed ones count as wrong."""

    labels: list[int] = field(default_factory=list)
    first: list[int | None] = field(default_factory=list)
    second: list[int | None] = field(default_factory=list)
    moved: Counter[str] = field(default_factory=Counter)

    def add(self, label: int, verdict: ClipVerdict | None) -> None:
        """One clip more."""
        self.labels.append(label)
        self.first.append(_ANSWERS.get(verdict.first.outcome) if verdict else None)
        self.second.append(_ANSWERS.get(verdict.outcome) if verdict else None)
        if verdict and verdict.is_overturned:
            how = "right" if self.second[-1] == label else "wrong"
            self.moved[f"clip_moved_to_{verdict.outcome}_{how}"] += 1

    def figures(self) -> dict[str, float | None]:
        """Figures of the first and of the second answer, and how many clips moved; empty without
        clips."""
        if not self.labels:
            return {}
        first = metrics.classification(self.labels, self.first)
        second = metrics.classification(self.labels, self.second)
        moves = (
            f"clip_moved_to_{outcome}_{how}"
            for outcome in ("anomaly", "normal")
            for how in ("right", "wrong")
        )
        return {
            **{f"clip_first_{name}": value for name, value in first.items()},
            **{f"clip_reflected_{name}": value for name, value in second.items()},
            **{name: float(self.moved[name]) for name in moves},
            "clip_moved_to_undetermined": float(self.moved["clip_moved_to_undetermined_wrong"]),
        }
