"""A verdict on a frame or a clip, or an event, as one row of plain JSON, and back; the bytes depend
on the content alone.

Keys stand in a fixed order at the top and are sorted below it. Numbers have six digits after the
point, so that a float's last bit, which differs between machines, never reaches a file.
"""

from __future__ import annotations

import json
from typing import Any, Final

from ruler.schemas.verdicts import ClipVerdict, Event, StageScores, Verdict

FRAME_KEYS: Final = (
    "clip",
    "frame_index",
    "until_frame",
    "time_seconds",
    "outcome",
    "score",
    "stages",
    "rules",
    "revision",
    "revision_sha256",
    "evidence",
    "rationale",
    "reason",
    "caption",
)
EVENT_KEYS: Final = (
    "id",
    "clip",
    "start_frame",
    "stop_frame",
    "start_seconds",
    "stop_seconds",
    "key_frame",
    "key_seconds",
    "peak_score",
    "category",
    "level",
    "title",
    "rationale",
    "rules",
    "revision",
    "revision_sha256",
    "evidence",
    "reflection",
)
CLIP_KEYS: Final = (
    "clip",
    "outcome",
    "score",
    "first",
    "reflection",
    "revision",
    "revision_sha256",
)
DIGITS: Final = 6

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(", ", ": "))
_STAGES: Final = tuple(sorted(StageScores.model_fields))
_AS_IT_IS: Final = frozenset({str, int, bool, type(None)})


def six_digits(number: float) -> float:
    """A number as files have it; negative zero becomes zero."""
    return round(number, DIGITS) + 0.0


def verdict_row(verdict: Verdict) -> dict[str, Any]:
    """A row of `frames.jsonl`, put together by hand: an hour has thousands, most of them short."""
    stages, revision = verdict.stages, verdict.revision
    values = (
        verdict.clip,
        verdict.frame_index,
        verdict.until_frame,
        six_digits(verdict.time_seconds),
        verdict.outcome,
        six_digits(verdict.score),
        stages and {name: six_digits(getattr(stages, name)) for name in _STAGES},
        list(verdict.rules),
        f"{revision.scene}@{revision.revision}",
        revision.sha256,
        [_plain(one.model_dump(mode="json")) for one in verdict.evidence],
        verdict.rationale,
        verdict.reason,
        verdict.caption,
    )
    return dict(zip(FRAME_KEYS, values, strict=True))


def event_row(event: Event) -> dict[str, Any]:
    """A row of `events.jsonl`."""
    return _row(event.model_dump(mode="json"), EVENT_KEYS)


def clip_row(verdict: ClipVerdict) -> dict[str, Any]:
    """A row of `clips.jsonl`."""
    return _row(verdict.model_dump(mode="json"), CLIP_KEYS)


def verdict_of(row: dict[str, Any]) -> Verdict:
    """The verdict a row stands for.

    Raises:
        ValueError: the row is not one of `frames.jsonl`.
    """
    return Verdict.model_validate(_values(row))


def event_of(row: dict[str, Any]) -> Event:
    """The event a row stands for.

    Raises:
        ValueError: the row is not one of `events.jsonl`.
    """
    return Event.model_validate(_values(row))


def clip_of(row: dict[str, Any]) -> ClipVerdict:
    """The clip's verdict a row stands for.

    Raises:
        ValueError: the row is not one of `clips.jsonl`.
    """
    return ClipVerdict.model_validate(_values(row))


def line(row: dict[str, Any]) -> str:
    """A row as one line of JSON, with its end."""
    return _ENCODER.encode(row) + "\n"


def _row(values: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    revision = values["revision"]
    values["revision"] = f"{revision['scene']}@{revision['revision']}"
    values["revision_sha256"] = revision["sha256"]
    return {key: _plain(values[key]) for key in keys}


def _plain(value: Any) -> Any:
    """A value of JSON as files have it: most are texts and whole numbers, which stay."""
    kind = type(value)
    if kind in _AS_IT_IS:
        return value
    if kind is float:
        return six_digits(value)
    if kind is dict:
        return {key: _plain(value[key]) for key in sorted(value)}
    return [_plain(item) for item in value]


def _values(row: dict[str, Any]) -> dict[str, Any]:
    values = dict(row)
    scene, at, number = str(values.get("revision")).rpartition("@")
    if not at or not number.isascii() or not number.isdecimal():
        shown = repr(values.get("revision"))[:60]
        raise ValueError(f"revision should look like scene@3, not {shown}")
    values["revision"] = {
        "scene": scene,
        "revision": int(number),
        "sha256": values.pop("revision_sha256", None),
    }
    return values
