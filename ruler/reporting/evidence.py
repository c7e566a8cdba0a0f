"""Evidence for readers: verbatim words marked in their caption, measurements beside their bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from ruler.reporting.model import CaptionLine
from ruler.reporting.words import bound, fact_name, fact_value, frame_ranges, number
from ruler.schemas.rules import Rule
from ruler.schemas.verdicts import Event, Evidence, FactEvidence, WordEvidence

MAX_GROUPS: Final = 12


@dataclass(frozen=True)
class Piece:
    """A part of a caption; `marked` where it is evidence."""

    text: str
    marked: bool


@dataclass(frozen=True)
class EvidenceView:
    """Evidence of one kind: `quote` for words; `fact`, `value` and `bounds` for measurements."""

    frames: str
    quote: str = ""
    fact: str = ""
    value: str = ""
    spread: str = ""
    bounds: tuple[tuple[str, str], ...] = ()


def highlighted(line: CaptionLine, evidence: Sequence[Evidence]) -> tuple[Piece, ...]:
    """A caption cut where evidence begins and ends. A quote that is not there word for word is
    not marked: a report shows no evidence that its caption does not hold."""
    marks = [False] * len(line.text)
    for item in evidence:
        if not isinstance(item, WordEvidence) or item.caption != line.sha256:
            continue
        if line.text[item.start : item.stop] == item.quote:
            marks[item.start : item.stop] = [True] * (item.stop - item.start)
    pieces: list[Piece] = []
    begin = 0
    for end in range(1, len(marks) + 1):
        if end == len(marks) or marks[end] != marks[begin]:
            pieces.append(Piece(line.text[begin:end], marks[begin]))
            begin = end
    return tuple(pieces)


def evidence_views(event: Event, rules: Sequence[Rule]) -> tuple[EvidenceView, ...]:
    """An event's evidence, one entry a quote and one a fact, in the order it was given."""
    words: dict[str, list[WordEvidence]] = {}
    facts: dict[str, list[FactEvidence]] = {}
    for item in event.evidence:
        if isinstance(item, WordEvidence):
            words.setdefault(item.quote, []).append(item)
        else:
            facts.setdefault(item.fact, []).append(item)
    gap = _sampling_gap([item.frame_index for item in event.evidence])
    quoted = [
        EvidenceView(frame_ranges([item.frame_index for item in items], gap), quote=quote)
        for quote, items in words.items()
    ]
    measured = [_measured(fact, items, event, rules, gap) for fact, items in facts.items()]
    return tuple((*measured, *quoted)[:MAX_GROUPS])


def _sampling_gap(frames: Sequence[int]) -> int:
    """The usual distance of sampled frames: neighbours by it make one range."""
    ordered = sorted(set(frames))
    steps = sorted(b - a for a, b in pairwise(ordered))
    return steps[len(steps) // 2] if steps else 1


def _measured(
    fact: str, items: Sequence[FactEvidence], event: Event, rules: Sequence[Rule], gap: int
) -> EvidenceView:
    nearest = min(abs(item.frame_index - event.key_frame) for item in items)
    shown = max(i.value for i in items if abs(i.frame_index - event.key_frame) == nearest)
    low, high = min(i.value for i in items), max(i.value for i in items)
    bounds = [(r.id, bound(m)) for r in rules for m in r.measures if m.fact == fact]
    return EvidenceView(
        frames=frame_ranges([item.frame_index for item in items], gap),
        fact=fact_name(fact),
        value=fact_value(fact, shown),
        spread=f"{number(low)} to {number(high)}" if number(low) != number(high) else "",
        bounds=tuple(bounds),
    )
