"""Truth, scores and answers of all frames of a dataset, and the figures made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ruler import metrics
from ruler.schemas.verdicts import Verdict
from ruler.steps.reflection import BRIDGE_SECONDS

ANSWERS = {"normal": 0, "anomaly": 1}


@dataclass
class Column:
    """One entry a frame, clip after clip; `clips` says to which clip a frame belongs."""

    labels: list[int] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    answers: list[int | None] = field(default_factory=list)
    clock: list[float] = field(default_factory=list)
    clips: list[int] = field(default_factory=list)
    decided: int = 0

    def add(
        self, truth: Sequence[int], times: Sequence[float], verdicts: Sequence[Verdict]
    ) -> None:
        """Spread a clip's verdicts over the frames they speak for; one nobody scored counts as
        undecided."""
        scores: list[float | None] = [None] * len(truth)
        answers: list[int | None] = [None] * len(truth)
        for verdict in verdicts:
            answer = ANSWERS.get(verdict.outcome)
            for frame in range(verdict.frame_index, min(verdict.until_frame, len(truth))):
                answers[frame] = answer
                scores[frame] = None if answer is None else verdict.score
        self._append(truth, times, scores, answers)

    def add_each(
        self, truth: Sequence[int], times: Sequence[float], verdicts: Sequence[Verdict]
    ) -> None:
        """The frames of a clip of which each has a verdict of its own."""
        answers = [ANSWERS.get(verdict.outcome) for verdict in verdicts]
        scores = [
            None if answer is None else verdict.score
            for answer, verdict in zip(answers, verdicts, strict=True)
        ]
        self._append(truth, times, scores, answers)

    def _append(
        self,
        truth: Sequence[int],
        times: Sequence[float],
        scores: Sequence[float | None],
        answers: Sequence[int | None],
    ) -> None:
        self.clips.extend([self.clips[-1] + 1 if self.clips else 0] * len(truth))
        self.labels.extend(truth)
        self.scores.extend(metrics.carried(scores))
        self.answers.extend(answers)
        self.clock.extend(times)
        self.decided += sum(answer is not None for answer in answers)

    def figures(self) -> dict[str, float | None]:
        """Micro metrics: the frames of all clips together, scores never normalised by clip."""
        return {
            "auc": metrics.auc(self.labels, self.scores),
            "ap": metrics.average_precision(self.labels, self.scores),
            **metrics.classification(self.labels, self.answers),
            "false_positive_rate": metrics.false_positive_rate(self.labels, self.answers),
            "coverage": self.decided / len(self.labels) if self.labels else None,
            **self.events(),
        }

    def events(self) -> dict[str, float | None]:
        """What whole events and false alarms come to."""
        args = (self.labels, self.answers, self.clips)
        return {
            "event_recall": metrics.event_recall(*args),
            "false_alarms_per_hour": metrics.false_alarms_per_hour(
                *args, self.clock, bridge_seconds=BRIDGE_SECONDS
            ),
            "detection_delay_seconds": metrics.detection_delay(*args, self.clock),
        }

    def trivial(self) -> dict[str, float | None]:
        """What costs nothing: the clock of the clip, and always (or never) alarming."""
        always = metrics.classification(self.labels, [1] * len(self.labels))
        never = metrics.classification(self.labels, [0] * len(self.labels))
        return {
            "auc_of_the_clock": metrics.auc(self.labels, self.clock),
            "accuracy_always_anomaly": always["accuracy"],
            "f1_always_anomaly": always["f1"],
            "accuracy_always_normal": never["accuracy"],
        }
