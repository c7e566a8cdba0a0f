"""Events: runs of anomalous verdicts, folded one verdict at a time, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ruler.schemas.rules import LEVELS, Level, Rule
from ruler.schemas.verdicts import Event, Reflection, Verdict
from ruler.steps.reflection import BRIDGE_SECONDS


@dataclass
class _Open:
    """A run that has not ended: its first, last and highest anomalous verdict, and rule counts."""

    first: Verdict
    last: Verdict
    key: Verdict
    last_seconds: float
    rules: dict[str, int] = field(default_factory=dict)

    def add(self, verdict: Verdict) -> None:
        self.last, self.last_seconds = verdict, verdict.time_seconds
        if _clarity(verdict) > _clarity(self.key):
            self.key = verdict
        for rule_id in verdict.rules:
            self.rules[rule_id] = self.rules.get(rule_id, 0) + 1


def _clarity(verdict: Verdict) -> tuple[bool, float, float]:
    """The key frame shows its own evidence, then has the highest scores."""
    own = any(evidence.frame_index == verdict.frame_index for evidence in verdict.evidence)
    return own, round(verdict.score, 3), verdict.stages.match if verdict.stages else 0.0


def find_events(
    verdicts: Iterable[Verdict],
    rules: Mapping[str, Rule],
    *,
    second_at: Callable[[int], float],
    reflection_at: Callable[[int], Reflection | None],
) -> Iterator[Event]:
    """Events of one clip, in order.

    Args:
        verdicts: All verdicts of the clip, in order.
        rules: Rules of the revision by id.
        second_at: Presentation time of a frame index, also of the one past the last frame.
        reflection_at: What reflection said of the span that holds a frame.
    """
    number, run = 0, None
    for verdict in verdicts:
        if run and verdict.time_seconds - run.last_seconds > BRIDGE_SECONDS + 1e-9:
            number += 1
            yield _close(run, number, rules, second_at, reflection_at)
            run = None
        if verdict.outcome != "anomaly":
            continue
        if run is None:
            run = _Open(verdict, verdict, verdict, verdict.time_seconds)
        run.add(verdict)
    if run:
        yield _close(run, number + 1, rules, second_at, reflection_at)


def _close(
    run: _Open,
    number: int,
    rules: Mapping[str, Rule],
    second_at: Callable[[int], float],
    reflection_at: Callable[[int], Reflection | None],
) -> Event:
    """The event of a run; the rule that fired on most frames gives title, category and level."""
    ordered = sorted(run.rules, key=lambda rule_id: (-run.rules[rule_id], rule_id))
    leading = rules[ordered[0]]
    reflection = reflection_at(run.key.frame_index)
    category = (reflection.category if reflection else None) or leading.category
    return Event(
        id=f"{run.first.clip}#{number}",
        clip=run.first.clip,
        start_frame=run.first.frame_index,
        stop_frame=run.last.until_frame,
        start_seconds=run.first.time_seconds,
        stop_seconds=max(second_at(run.last.until_frame), run.last_seconds),
        key_frame=run.key.frame_index,
        key_seconds=run.key.time_seconds,
        peak_score=run.key.score,
        category=category,
        level=_level(leading.level, reflection),
        title=leading.title,
        rationale=run.key.rationale,
        rules=tuple(ordered),
        revision=run.key.revision,
        evidence=run.key.evidence,
        reflection=reflection,
    )


def _level(level: Level, reflection: Reflection | None) -> Level:
    """The higher of the rule's level and the taxonomy item's."""
    other = reflection.level if reflection and reflection.level else level
    return max(level, other, key=LEVELS.index)
