"""Traces as rows of the tables `verdict` and `match`, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TypedDict

from pydantic import TypeAdapter
from sqlalchemy import Row

from ruler.schemas.captions import Caption
from ruler.schemas.observations import FigureLink, Observation
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import Evidence, Match, Matched, NotEvaluable, Verdict
from rules_store.stored import making

_EVIDENCE = TypeAdapter(tuple[Evidence, ...])
_LINKS = TypeAdapter(tuple[FigureLink, ...])
_NUMBERS = TypeAdapter(dict[str, float])
_UNEVALUATED = TypeAdapter(tuple[NotEvaluable, ...])


def frame_values(trace: Trace) -> dict[str, Any]:
    """What is known of a frame once its chunk is done."""
    seen = trace.observation
    return {
        "frame_index": seen.frame_index,
        "until_frame": seen.until_frame,
        "time_seconds": seen.time_seconds,
        "caption_key": seen.caption.key if seen.caption else None,
        "failure": seen.failure,
        "undetermined": trace.matched.undetermined,
        "unevaluated": _unevaluated(trace.matched),
    }


def match_values(traces: Iterable[Trace], *, linked: bool) -> list[dict[str, Any]]:
    """One row a match."""
    return [
        {
            "frame_index": trace.observation.frame_index,
            "rule_id": match.rule_id,
            "linked": linked,
            "strength": match.strength,
            "evidence": _EVIDENCE.dump_json(match.evidence).decode(),
        }
        for trace in traces
        for match in trace.matched.matches
    ]


def link_values(trace: Trace) -> dict[str, Any]:
    """What linking adds."""
    return {
        "links": _links_json(trace.observation),
        "unevaluated": _unevaluated(trace.matched),
        "undetermined": trace.matched.undetermined,
        "score_match": trace.match,
    }


def _links_json(seen: Observation) -> str:
    """A list, one entry a figure; of a disturbed frame, which has none, an object."""
    if seen.disturbed_seconds:
        return json.dumps({"disturbed_seconds": seen.disturbed_seconds})
    return _LINKS.dump_json(seen.links).decode()


class Links(TypedDict, total=False):
    """What linking adds to an observation."""

    links: tuple[FigureLink, ...]
    disturbed_seconds: float


def links_of(stored: str | None) -> Links:
    """What `_links_json` wrote; nothing before linking."""
    if not stored:
        return {}
    if stored.startswith("{"):
        numbers = _NUMBERS.validate_json(stored)
        return {"disturbed_seconds": numbers.get("disturbed_seconds", 0.0)}
    return {"links": _LINKS.validate_json(stored)}


def verdict_values(verdict: Verdict) -> dict[str, Any]:
    """What judging adds. `undetermined` is matching's word, and stays as it is."""
    return {
        "outcome": verdict.outcome,
        "score": verdict.score,
        "body": verdict.model_dump_json(),
    }


def match_of(row: Row[Any]) -> Match:
    """The match a row stands for."""
    with making("match"):
        evidence = _EVIDENCE.validate_json(row.evidence)
        return Match(rule_id=row.rule_id, strength=row.strength, evidence=evidence)


def trace_of(row: Row[Any], matches: tuple[Match, ...], caption: Caption | None) -> Trace:
    """The trace a row stands for."""
    with making("frame"):
        matched = Matched(
            matches=matches,
            not_evaluable=_UNEVALUATED.validate_json(row.unevaluated) if row.unevaluated else (),
            undetermined=row.undetermined,
        )
        return Trace(
            observation=_observation(row, caption, links_of(row.links)),
            matched=matched,
            match=row.score_match,
            smooth=row.score_smooth,
            reason=row.score_reason,
            reflect=row.score_reflect,
            notes=tuple(json.loads(row.notes)) if row.notes else (),
        )


def unlinked_of(row: Row[Any], caption: Caption | None) -> Observation:
    """The observation a row stands for, without what linking added."""
    with making("frame"):
        return _observation(row, caption, {})


def _observation(row: Row[Any], caption: Caption | None, links: Links) -> Observation:
    return Observation(
        frame_index=row.frame_index,
        until_frame=row.until_frame,
        time_seconds=row.time_seconds,
        caption=caption,
        failure=row.failure,
        **links,
    )


def _unevaluated(matched: Matched) -> str | None:
    if not matched.not_evaluable:
        return None
    # A stage may be repeated after a crash: the same thing is not said twice.
    return _UNEVALUATED.dump_json(tuple(dict.fromkeys(matched.not_evaluable))).decode()
