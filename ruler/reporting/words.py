"""How a report writes numbers, times and counts, and how it makes foreign text harmless to read."""

from __future__ import annotations

import re
from typing import Final

from ruler.reporting.model import Report
from ruler.schemas.facts import FACTS
from ruler.schemas.rules import Measure

# Control characters and overrides of the writing direction; line ends and tabs may stay.
_UNSEEN: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)


def clean(text: str) -> str:
    """Text in which every character can be seen; what cannot becomes a replacement character."""
    return _UNSEEN.sub("\ufffd", text)


def count(number: int, noun: str) -> str:
    """`1 event`, `3 events`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def percent(share: float) -> str:
    """A share in per cent; 100% and 0% only where they are exact."""
    if 0 < share < 1:
        share = min(max(share, 0.001), 0.999)
    return f"{share * 100:.1f}%".replace(".0%", "%")


def number(value: float) -> str:
    """A measured value with about three digits."""
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}".rstrip("0").rstrip(".")


def clock(seconds: float) -> str:
    """`12.3 s` below a minute; `3:07.5` and `1:03:07.5` from there."""
    tenths = round(seconds * 10)
    if abs(tenths) < 600:
        return f"{tenths / 10:.1f} s"
    sign, tenths = ("-" if tenths < 0 else ""), abs(tenths)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{sign}{head}:{rest / 10:04.1f}"


def span(start_seconds: float, stop_seconds: float) -> str:
    """Two times, with the unit once."""
    start, stop = clock(start_seconds), clock(stop_seconds)
    return f"{start.removesuffix(' s') if stop.endswith(' s') else start} – {stop}"


def duration(seconds: float) -> str:
    """`0.4 s`, `12 s`, `3 min 5 s`, `2 h 4 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def frame_ranges(frames: list[int], gap: int) -> str:
    """`frame 12`, `frames 12–40, 80`; frames at most `gap` apart make one range."""
    runs: list[list[int]] = []
    for frame in sorted(set(frames)):
        if runs and frame - runs[-1][1] <= gap:
            runs[-1][1] = frame
        else:
            runs.append([frame, frame])
    parts = [str(a) if a == b else f"{a}–{b}" for a, b in runs]
    shown = ", ".join(parts[:6]) + (f" and {len(parts) - 6} more" if len(parts) > 6 else "")
    return ("frame " if len(parts) == 1 and runs[0][0] == runs[0][1] else "frames ") + shown


def fact_name(fact: str) -> str:
    """A fact's name in plain words."""
    return fact.replace("_degrees", "").replace("_seconds", "").replace("_", " ")


def fact_value(fact: str, value: float) -> str:
    """A fact's value with its unit: `2.6 times the usual speed at that place`."""
    spec = FACTS.get(fact)
    return f"{number(value)} {spec.unit}" if spec is not None else number(value)


def bound(measure: Measure) -> str:
    """A measure's bound: `above 1.8`, `between 1 and 2`."""
    if measure.above is not None and measure.below is not None:
        return f"between {number(measure.above)} and {number(measure.below)}"
    if measure.above is not None:
        return f"above {number(measure.above)}"
    return f"below {number(measure.below or 0.0)}"


def summary(report: Report) -> str:
    """What a run found, in one sentence."""
    events = sum(clip.event_count for clip in report.clips)
    read = [clip for clip in report.clips if clip.error is None]
    quiet = sum(1 for clip in read if clip.event_count == 0)
    found = (
        f"{count(events, 'event') if events else 'No event'} in {count(len(report.clips), 'clip')}"
    )
    if events and quiet:
        found += f", {count(quiet, 'clip')} without any"
    broken = len(report.clips) - len(read)
    if broken:
        found += f", {count(broken, 'clip')} with an error"
    coverage = report.run.coverage
    return f"{found}; {count(coverage.total, 'frame')} scored, coverage {percent(coverage.share)}."
