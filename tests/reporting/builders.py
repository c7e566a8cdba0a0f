"""Values to write about: by hand, and by hypothesis."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from ruler.reporting.curve import Curve
from ruler.reporting.model import CaptionLine, ClipReport, EventReport, Report
from ruler.schemas.captions import Box
from ruler.schemas.rules import LEVELS, Measure, RevisionRef, Rule
from ruler.schemas.runs import Coverage, RunRecord, RunSpec, Usage
from ruler.schemas.verdicts import (
    ClipVerdict,
    Event,
    FactEvidence,
    Reflection,
    StageScores,
    Verdict,
    WordEvidence,
)

REVISION = RevisionRef(scene="walkway", revision=3, sha256="ab" * 32)
CAPTION = "A figure moves at 2.6 times the usual speed, riding."
HASH = "c" * 64


def verdict(index: int = 0, *, score: float = 0.1, **changes: Any) -> Verdict:
    values: dict[str, Any] = {
        "clip": "a.mp4",
        "frame_index": index,
        "until_frame": index + 1,
        "time_seconds": index / 10,
        "outcome": "normal",
        "score": score,
        "stages": StageScores(match=score, smooth=score, reason=score, reflect=score),
        "revision": REVISION,
    }
    return Verdict(**(values | changes))


def failed(index: int, outcome: str = "failed") -> Verdict:
    return verdict(index, outcome=outcome, stages=None, reason="the model timed out")


def words(quote: str, text: str = CAPTION, frame_index: int = 12) -> WordEvidence:
    start = text.index(quote)
    return WordEvidence(
        caption=HASH, frame_index=frame_index, start=start, stop=start + len(quote), quote=quote
    )


def fact(value: float = 2.6, frame_index: int = 12, **changes: Any) -> FactEvidence:
    values: dict[str, Any] = {
        "caption": HASH,
        "frame_index": frame_index,
        "fact": "speed_ratio",
        "value": value,
        "figure": 0,
        "box": Box(left=0.4, top=0.3, right=0.6, bottom=0.8),
    }
    return FactEvidence(**(values | changes))


def event(**changes: Any) -> Event:
    values: dict[str, Any] = {
        "id": "a.mp4#1",
        "clip": "a.mp4",
        "start_frame": 10,
        "stop_frame": 20,
        "start_seconds": 1.0,
        "stop_seconds": 2.0,
        "key_frame": 12,
        "key_seconds": 1.2,
        "peak_score": 0.9,
        "category": "safety.vehicle",
        "level": "high",
        "title": "Moves fast",
        "rationale": "Somebody moves fast.",
        "rules": ("walkway.fast",),
        "revision": REVISION,
        "evidence": (fact(), words("riding")),
        "reflection": Reflection(
            first="anomaly", second="anomaly", item="safety.vehicle", why="It rides."
        ),
    }
    return Event(**(values | changes))


def clip_verdict(first: str = "anomaly", second: str = "anomaly", **changes: Any) -> ClipVerdict:
    is_anomaly = first == "anomaly"
    answer = {
        "outcome": first,
        "rules": ("walkway.fast",) if is_anomaly else (),
        "category": "safety.vehicle" if is_anomaly else None,
        "level": "high" if is_anomaly else None,
        "evidence": (words("riding"),) if is_anomaly else (),
        "why": "Somebody moves fast." if is_anomaly else "no frame alarms",
    }
    told = {
        "first": first,
        "second": second,
        "item": "safety.vehicle",
        "category": "safety.vehicle",
        "level": "high",
        "evidence": (words("riding"),),
        "why": "a second look says so",
    }
    values = {"clip": "a.mp4", "outcome": second, "score": 0.9, "revision": REVISION}
    return ClipVerdict.model_validate({**values, "first": answer, "reflection": told, **changes})


RULE = Rule(
    id="walkway.fast",
    title="Moves faster than people walk",
    kind="anomaly",
    level="high",
    statement="A figure moves at more than 1.8 times the usual speed.",
    look_for=("riding",),
    measures=(Measure(fact="speed_ratio", above=1.8),),
)


def event_report(text: str = CAPTION, **changes: Any) -> EventReport:
    line = CaptionLine(sha256=HASH, frame_index=12, time_seconds=1.2, text=text)
    return EventReport(
        event=event(**changes), key_frame=b"\xff\xd8jpeg", captions=(line,), verdict=verdict(12)
    )


def clip_report(name: str = "a.mp4", **changes: Any) -> ClipReport:
    curve = Curve()
    for index in range(40):
        curve.add(failed(index) if 30 <= index < 34 else verdict(index, score=index % 10 / 10))
    values: dict[str, Any] = {
        "name": name,
        "duration_seconds": 4.0,
        "coverage": Coverage(normal=26, anomaly=10, failed=4),
        "curve": curve.finish(4.0),
        "events": (event_report(),),
        "verdict": clip_verdict(),
    }
    return ClipReport(**(values | changes))


def report(*clips: ClipReport, **changes: Any) -> Report:
    shown = clips or (clip_report(),)
    spec: dict[str, Any] = {
        "id": "run-1",
        "scene": "walkway",
        "revision": REVISION,
        "clips": tuple(clip.name for clip in shown),
        "captioner": "motion",
        "reasoner": "symbolic",
        "taxonomy": "general",
        "as_of": dt.date(2026, 3, 1),
        "store": "store",
    }
    run = RunRecord(
        spec=RunSpec(**(spec | changes.pop("spec", {}))),
        state=changes.pop("state", "done"),
        versions=changes.pop("versions", {"ruler": "0.1.0"}),
        usage=Usage(captions_computed=40),
        coverage=changes.pop("coverage", Coverage(normal=26, anomaly=10, failed=4)),
        wall_seconds=12.3,
        started_at=dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC),
    )
    values: dict[str, Any] = {
        "run": run,
        "threshold": 0.5,
        "rules": {RULE.id: RULE},
        "clips": shown,
        "taxonomies": ("general",),
    }
    return Report(**(values | changes))


# --- strategies: floats have the six digits that files keep --------------------------------------

_unit = st.integers(0, 10**6).map(lambda n: round(n / 10**6, 6))
_number = st.integers(-(10**9), 10**9).map(lambda n: round(n / 10**6, 6) + 0.0)
_text = st.text(max_size=12)
_name = st.text(min_size=1, max_size=12)
_hash = st.text("0123456789abcdef", min_size=64, max_size=64)
_rule = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,5}\.[a-z0-9]{1,5}", fullmatch=True)
_rules = st.lists(_rule, min_size=1, max_size=3).map(tuple)
_frame = st.integers(0, 10**7)
_revision = st.builds(
    RevisionRef,
    scene=st.from_regex(r"[a-z0-9][a-z0-9_-]{0,8}", fullmatch=True),
    revision=st.integers(1, 10**6),
    sha256=_hash,
)


@st.composite
def _boxes(draw: st.DrawFn) -> Box:
    left, right = sorted(draw(st.lists(_unit, min_size=2, max_size=2, unique=True)))
    top, bottom = sorted(draw(st.lists(_unit, min_size=2, max_size=2, unique=True)))
    return Box(left=left, top=top, right=right, bottom=bottom)


_facts = st.builds(
    FactEvidence,
    caption=_hash,
    frame_index=_frame,
    fact=_name,
    value=_number,
    figure=st.none() | st.integers(0, 9),
    box=st.none() | _boxes(),
)


@st.composite
def _quotes(draw: st.DrawFn) -> WordEvidence:
    quote, start = draw(_name), draw(st.integers(0, 500))
    return WordEvidence(
        caption=draw(_hash),
        frame_index=draw(_frame),
        start=start,
        stop=start + len(quote),
        quote=quote,
    )


_evidence = st.lists(_facts | _quotes(), min_size=1, max_size=3).map(tuple)
_stages = st.builds(StageScores, match=_unit, smooth=_unit, reason=_unit, reflect=_unit)


@st.composite
def verdicts(draw: st.DrawFn) -> Verdict:
    outcome = draw(st.sampled_from(["normal", "anomaly", "undetermined", "failed"]))
    index = draw(_frame)
    return Verdict(
        clip=draw(_text),
        frame_index=index,
        until_frame=index + draw(st.integers(1, 99)),
        time_seconds=draw(_number),
        outcome=outcome,
        score=draw(_unit),
        stages=draw(_stages),
        rules=draw(_rules),
        revision=draw(_revision),
        caption=draw(st.none() | _hash),
        evidence=draw(_evidence),
        rationale=draw(_text),
        reason=draw(_name),
    )


@st.composite
def events(draw: st.DrawFn) -> Event:
    start, length = draw(_frame), draw(st.integers(1, 500))
    return Event(
        id=draw(_text),
        clip=draw(_text),
        start_frame=start,
        stop_frame=start + length,
        start_seconds=draw(_number),
        stop_seconds=draw(_number),
        key_frame=start + draw(st.integers(0, length - 1)),
        key_seconds=draw(_number),
        peak_score=draw(_unit),
        category=draw(st.none() | _text),
        level=draw(st.sampled_from(LEVELS)),
        title=draw(_text),
        rationale=draw(_text),
        rules=draw(_rules),
        revision=draw(_revision),
        evidence=draw(_evidence),
        reflection=draw(
            st.none()
            | st.builds(
                Reflection,
                first=st.just("anomaly"),
                second=st.sampled_from(["anomaly", "normal"]),
                level=st.none() | st.sampled_from(LEVELS),
                evidence=_evidence,
                why=_text,
            )
        ),
    )
