"""What the report's template shows, worked out beforehand so that the template only lays it out."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ruler.reporting.charts import StillChart, still_chart
from ruler.reporting.evidence import EvidenceView, Piece, evidence_views, highlighted
from ruler.reporting.keyframes import key_boxes
from ruler.reporting.model import CaptionLine, ClipReport, EventReport, Report
from ruler.reporting.words import bound, clean, clock, fact_name, span
from ruler.schemas.rules import Rule
from ruler.schemas.verdicts import ClipVerdict, Event, Reflection, Verdict, WordEvidence


@dataclass(frozen=True)
class RuleView:
    """A rule as a card cites it; without `statement` where the report does not hold the rule.

    `bound_by` says which references set the bound, where references did.
    """

    id: str
    title: str
    statement: str
    level: str
    looks_for: tuple[str, ...]
    measures: tuple[str, ...]
    bound_by: str = ""


@dataclass(frozen=True)
class StageView:
    """The score after one stage; `width` of its bar from 0 to 100."""

    name: str
    score: str
    width: float


@dataclass(frozen=True)
class ReflectionView:
    """The first and the second answer, and why they differ or not."""

    first: str
    second: str
    item: str
    why: str
    changed: bool


@dataclass(frozen=True)
class ClipVerdictView:
    """What a clip comes to as a whole, and what was said of it first."""

    outcome: str
    category: str
    level: str
    why: str
    quotes: tuple[str, ...]
    first: str
    first_why: str
    by_model: bool
    changed: bool
    is_reflected: bool


@dataclass(frozen=True)
class CaptionView:
    """A caption with its evidence marked."""

    time: str
    frame: int
    is_key: bool
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class CardView:
    """One event."""

    anchor: str
    number: int
    event: Event
    category: str
    time: str
    length: str
    key_time: str
    picture: str
    alt: str
    labels: tuple[str, ...]
    rules: tuple[RuleView, ...]
    evidence: tuple[EvidenceView, ...]
    stages: tuple[StageView, ...]
    reflection: ReflectionView | None
    captions: tuple[CaptionView, ...]


@dataclass(frozen=True)
class ClipView:
    """One clip with its chart; `cards` makes the cards one at a time."""

    anchor: str
    clip: ClipReport
    chart: StillChart | None
    description: str
    report: Report

    @property
    def verdict(self) -> ClipVerdictView | None:
        """What the clip comes to as a whole."""
        found = self.clip.verdict
        return _clip_verdict(found, self.report.titles) if found else None

    def cards(self) -> Iterator[CardView]:
        """The clip's event cards, in order."""
        for number, shown in enumerate(self.clip.events, start=1):
            yield _card(shown, f"{self.anchor}-event-{number}", number, self.report)


def clip_views(report: Report) -> list[ClipView]:
    """All clips, in the report's order."""
    return [
        ClipView(
            anchor=f"clip-{number}",
            clip=clip,
            chart=still_chart(clip, clip.curve, report.threshold) if clip.curve else None,
            description=_describe(clip, report.threshold),
            report=report,
        )
        for number, clip in enumerate(report.clips, start=1)
    ]


def _describe(clip: ClipReport, threshold: float) -> str:
    """What a chart shows, for those who do not see it."""
    if clip.peak is None or clip.curve is None:
        return "No frame of this clip was decided."
    scores = [-1.0 if score is None else score for score in clip.curve.scores]
    at = clip.curve.times[scores.index(max(scores))] if scores else 0.0
    spans = [span(s.event.start_seconds, s.event.stop_seconds) for s in clip.events[:12]]
    found = f"Events at {'; '.join(spans)}." if spans else "No event."
    peak = f"Highest score {clip.peak:.2f} at {clock(at)}, threshold {threshold:.2f}."
    return f"Score over time. {peak} {found}"


def _card(shown: EventReport, anchor: str, number: int, report: Report) -> CardView:
    event = shown.event
    rules = {rule_id: report.rules.get(rule_id) for rule_id in event.rules}
    labels = tuple(label for _, label in key_boxes(event) if label)
    return CardView(
        anchor=anchor,
        number=number,
        event=event,
        category=_title(event.category, report.titles),
        time=span(event.start_seconds, event.stop_seconds),
        length=clock(event.stop_seconds - event.start_seconds),
        key_time=clock(event.key_seconds),
        picture=_data_uri(shown.key_frame),
        alt=_alt(event, labels),
        labels=labels,
        rules=tuple(_rule(rule_id, rule) for rule_id, rule in rules.items()),
        evidence=evidence_views(event, [rule for rule in rules.values() if rule is not None]),
        stages=_stages(shown.verdict),
        reflection=_reflection(event.reflection, report.titles),
        captions=tuple(_caption(line, event) for line in shown.captions),
    )


def _data_uri(jpeg: bytes | None) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" if jpeg else ""


def _alt(event: Event, labels: tuple[str, ...]) -> str:
    where = f"Frame {event.key_frame} of {clean(event.clip)} at {clock(event.key_seconds)}"
    return f"{where}. A box marks: {'; '.join(labels)}." if labels else f"{where}."


def _title(name: str | None, titles: Mapping[str, str]) -> str:
    if name is None:
        return ""
    return titles.get(name) or name.replace("_", " ").replace("-", " ").replace(".", " / ")


def _rule(rule_id: str, rule: Rule | None) -> RuleView:
    if rule is None:
        return RuleView(rule_id, "", "", "", (), ())
    measures = tuple(f"{fact_name(m.fact)} {bound(m)}" for m in rule.measures)
    return RuleView(
        rule_id, rule.title, rule.statement, rule.level, rule.look_for, measures, _bound_by(rule)
    )


def _bound_by(rule: Rule) -> str:
    """`bound set by references 02 (frame 134), 13 (frame 8)`."""
    if not rule.measures or not rule.origin.references:
        return ""
    parted = (reference.rpartition("#") for reference in rule.origin.references)
    shown = [f"{clip} (frame {frame})" for clip, _, frame in parted]
    plural = "" if len(shown) == 1 else "s"
    return f"bound set by reference{plural} {', '.join(shown)}"


def _stages(verdict: Verdict | None) -> tuple[StageView, ...]:
    if verdict is None or verdict.stages is None:
        return ()
    return tuple(
        StageView(name, f"{score:.2f}", round(score * 100, 1))
        for name, score in (
            ("match", verdict.stages.match),
            ("smooth", verdict.stages.smooth),
            ("reason", verdict.stages.reason),
            ("reflect", verdict.stages.reflect),
        )
    )


def _reflection(found: Reflection | None, titles: Mapping[str, str]) -> ReflectionView | None:
    if found is None:
        return None
    item = _title(found.item, titles)
    return ReflectionView(found.first, found.second, item, found.why, found.first != found.second)


def _clip_verdict(found: ClipVerdict, titles: Mapping[str, str]) -> ClipVerdictView:
    said = found.reflection.evidence if found.reflection else ()
    return ClipVerdictView(
        outcome=found.outcome,
        category=_title(found.category, titles),
        level=found.level or "",
        why=found.why,
        quotes=tuple(one.quote for one in said if isinstance(one, WordEvidence)),
        first=found.first.outcome,
        first_why=found.first.why,
        by_model=found.first.by == "captions",
        changed=found.is_overturned,
        is_reflected=found.reflection is not None,
    )


def _caption(line: CaptionLine, event: Event) -> CaptionView:
    return CaptionView(
        time=clock(line.time_seconds),
        frame=line.frame_index,
        is_key=line.frame_index == event.key_frame,
        pieces=highlighted(line, event.evidence),
    )
