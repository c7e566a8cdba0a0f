"""Draws docs/report.svg, the README's picture of a report, from a run of `ruler demo`.

    python tools/readme_picture.py [FOLDER]           draw it from the newest run of a demo's folder
    python tools/readme_picture.py --check [FOLDER]   end with 1 where the picture is out of date

The picture is out of date where the events or their rules are others, where a time differs by more
than half a second, or where a score curve does: so it need not be drawn anew for a rounding.
"""

from __future__ import annotations

import html
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "report.svg"

_STEP_SECONDS = 0.2
_LATE_SECONDS = 0.5
_APART = 0.1
"""How far the curves of a clip may lie apart, on average."""

_WIDTH, _LEFT, _ROW, _CURVE, _TOP = 860, 24, 128, 62, 64
_STYLE = """
svg{--ink:#1b2733;--muted:#5b6b7a;--line:#d6dde4;--panel:#fff;--curve:#00796b;--mark:#e65100}
@media (prefers-color-scheme:dark){svg{--ink:#e6edf3;--muted:#9aa7b4;--line:#33404d;
--panel:#10171e;--curve:#4db6ac;--mark:#ffb74d}}
text{font:13px system-ui,sans-serif;fill:var(--ink)}.head{font-size:17px;font-weight:600}
.clip{font-weight:600}.small{font-size:11.5px;fill:var(--muted)}.why{font-size:12px}
.panel{fill:var(--panel);stroke:var(--line)}.axis{stroke:var(--line)}
.limit{stroke:var(--muted);stroke-dasharray:4 4}.mark{fill:var(--mark);opacity:.2}
.number{fill:var(--mark);font-weight:700}.curve{fill:none;stroke:var(--curve);stroke-width:1.8}
"""


@dataclass(frozen=True)
class Shown:
    """One event: where, which rule, and why."""

    start: float
    stop: float
    level: str
    rule: str
    why: str


@dataclass(frozen=True)
class Row:
    """One clip: a score each `_STEP_SECONDS`, and its events."""

    clip: str
    seconds: float
    scores: tuple[float, ...]
    events: tuple[Shown, ...]


def rows(run: Path) -> tuple[Row, ...]:
    """What a run's folder says, by clip."""
    frames = _lines(run / "frames.jsonl")
    events = _lines(run / "events.jsonl")
    found = []
    for clip in dict.fromkeys(frame["clip"] for frame in frames):
        mine = [frame for frame in frames if frame["clip"] == clip]
        found.append(
            Row(
                clip=clip,
                seconds=round(mine[-1]["time_seconds"] + 0.1, 1),
                scores=tuple(_sampled(mine)),
                events=tuple(_shown(event) for event in events if event["clip"] == clip),
            )
        )
    return tuple(found)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _sampled(frames: Sequence[dict[str, Any]]) -> Iterator[float]:
    due = 0.0
    for frame in frames:
        if frame["time_seconds"] >= due - 1e-6:
            due += _STEP_SECONDS
            yield round(frame["score"], 2)


def _shown(event: dict[str, Any]) -> Shown:
    start, stop = (round(event[f"{end}_seconds"], 1) for end in ("start", "stop"))
    return Shown(start, stop, event["level"], event["rules"][0], event["rationale"])


def svg(found: Sequence[Row]) -> str:
    """The picture; its data stand in it, so that it can be checked."""
    height = _TOP + _ROW * len(found) + 8
    count = sum(len(row.events) for row in found)
    known = json.dumps([asdict(row) for row in found], separators=(",", ":"))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
        f"<title>{count} events in {len(found)} clips, each with its rule</title>",
        f"<metadata>{html.escape(known, quote=False)}</metadata><style>{_STYLE}</style>",
        f'<rect class="panel" x=".5" y=".5" width="{_WIDTH - 1}" height="{height - 1}" rx="10"/>',
        _text(_LEFT, 32, f"Report: {count} events in {len(found)} clips", "head"),
        _text(_LEFT, 50, "score over time, the threshold, and what is beyond it", "small"),
    ]
    for number, row in enumerate(found):
        parts += _row(row, _TOP + _ROW * number, max(row.seconds for row in found))
    return "\n".join([*parts, "</svg>", ""])


def _row(row: Row, top: int, longest: float) -> Iterator[str]:
    across = (_WIDTH - 2 * _LEFT - 90) / longest
    left, base = _LEFT + 90, top + 20 + _CURVE

    def at(seconds: float) -> float:
        return round(left + seconds * across, 1)

    yield _text(_LEFT, top + 34, row.clip.removesuffix(".mp4"), "clip")
    yield _text(_LEFT, top + 50, f"{row.seconds:.0f} s", "small")
    for number, event in enumerate(row.events, start=1):
        wide = round(at(event.stop) - at(event.start), 1)
        yield (
            f'<rect class="mark" x="{at(event.start)}" y="{top + 20}" width="{wide}" '
            f'height="{_CURVE}"/>'
        )
        yield _text(at(event.start) + 4, top + 33, str(number), "number")
    middle = base - _CURVE / 2
    yield f'<path class="limit" d="M{left} {middle}H{at(row.seconds)}"/>'
    yield f'<path class="axis" d="M{left} {base}H{at(row.seconds)}"/>'
    points = " ".join(
        f"{at(index * _STEP_SECONDS)},{base - score * _CURVE:.1f}"
        for index, score in enumerate(row.scores)
    )
    yield f'<polyline class="curve" points="{points}"/>'
    for number, event in enumerate(row.events, start=1):
        said = f"{number}: {event.start} to {event.stop} s, {event.level}: {event.why}"
        for line, part in enumerate(_wrapped(said, 116)[:2]):
            yield _text(left, base + 16 + 15 * line, part, "why")
    if not row.events:
        yield _text(left, base + 16, "nothing out of the ordinary", "small")


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{html.escape(text, quote=False)}</text>'


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split(" "):
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


def differences(drawn: Sequence[dict[str, Any]], now: Sequence[Row]) -> list[str]:
    """What the picture shows otherwise than a run."""
    if [row["clip"] for row in drawn] != [row.clip for row in now]:
        return ["other clips"]
    said = []
    for old, new in zip(drawn, now, strict=True):
        if [event["rule"] for event in old["events"]] != [event.rule for event in new.events]:
            said.append(f"{new.clip}: other events")
            continue
        for before, after in zip(old["events"], new.events, strict=True):
            late = max(abs(before["start"] - after.start), abs(before["stop"] - after.stop))
            if late > _LATE_SECONDS:
                said.append(f"{new.clip}: {after.rule} lies elsewhere by {late:.1f} s")
        apart = [abs(a - b) for a, b in zip(old["scores"], new.scores, strict=False)]
        if len(old["scores"]) != len(new.scores) or sum(apart) > _APART * len(apart):
            said.append(f"{new.clip}: another curve")
    return said


def stale(run: Path) -> list[str]:
    """In what the picture differs from a run; empty where it is up to date."""
    if not PICTURE.is_file():
        return ["there is no picture"]
    held = re.search(r"<metadata>(.*?)</metadata>", PICTURE.read_text(encoding="utf-8"))
    return differences(json.loads(html.unescape(held[1])), rows(run)) if held else ["no data in it"]


def newest_run(folder: Path) -> Path:
    """The newest run in the folder of a demo."""
    found = sorted((folder / "runs").glob("*/events.jsonl"))
    if not found:
        raise SystemExit(f"there is no run in {folder / 'runs'}: make demo")
    return found[-1].parent


def main(arguments: list[str]) -> int:
    """Draw the picture, or say in what it is out of date."""
    named = [one for one in arguments if one != "--check"]
    run = newest_run(Path(named[0]) if named else ROOT / "demo")
    if "--check" in arguments:
        wrong = stale(run)
        print("\n".join(f"docs/report.svg: {one} (make picture)" for one in wrong), end="")
        return int(bool(wrong))
    PICTURE.write_text(svg(rows(run)), encoding="utf-8")
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size / 1024:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
