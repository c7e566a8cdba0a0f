"""What one entry of a rule's `tests` says: a caption, or where one is stored; what was measured,
and when.

An entry is a caption's text, `caption:HASH` (the first eight or more digits of a stored caption's
hash) or `run:RUN/CLIP#FRAME` (a frame of a run, with its links and clock). Words of the form
`name=value` may stand before it: `FACT=NUMBER` says what was measured of one figure (or of the
frame), `at=23:30` what o'clock it is, `on=sat` or `on=2027-01-31` which day.
"""

from __future__ import annotations

import datetime as dt
import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ruler.schemas.captions import Box, Caption, Figure
from ruler.schemas.facts import FACTS
from ruler.schemas.observations import FigureLink, Observation
from ruler.schemas.rules import WEEKDAYS, Weekday

BY_HAND = "by hand"
"""The captioner of a caption that a person wrote as a test."""

_WORD = re.compile(r"([A-Za-z_]+)=(\S+)(?:\s+|$)")
_CLOCK = re.compile(r"[0-9]{2}:[0-9]{2}")
_REFERENCE = re.compile(r"caption:[0-9a-f]{8,64}|run:[^/\s]+/.+#[0-9]+")
_SOMEWHERE = Box(left=0.4, top=0.4, right=0.6, bottom=0.6)


class EntryError(ValueError):
    """An entry cannot be read; says why and what to do."""


@dataclass(frozen=True)
class Entry:
    """An entry, read. `reference` is None where `text` is a caption by itself."""

    text: str
    reference: str | None = None
    facts: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    at: dt.time | None = None
    on: Weekday | dt.date | None = None

    @property
    def has_clock(self) -> bool:
        """True where the entry says when it is."""
        return self.at is not None or self.on is not None

    def clip_start(self, as_of: dt.date) -> dt.datetime | None:
        """The moment the entry speaks of; None where it says none.

        Args:
            as_of: The day of a clock time that names none; a weekday is the next one from there on.
        """
        if not self.has_clock:
            return None
        day = as_of
        if isinstance(self.on, dt.date):
            day = self.on
        elif self.on is not None:
            ahead = (WEEKDAYS.index(self.on) - as_of.weekday()) % 7
            day = as_of + dt.timedelta(days=ahead)
        return dt.datetime.combine(day, self.at or dt.time())

    def observation(self) -> Observation:
        """The frame that a caption written by hand stands for."""
        of_frame = {
            name: value
            for name, value in self.facts.items()
            if FACTS[name].scope == "frame" and FACTS[name].source != "link"
        }
        linked = {n: v for n, v in self.facts.items() if FACTS[n].source == "link"}
        disturbed = linked.pop("disturbed_seconds", 0.0)
        of_figure = {
            name: value
            for name, value in self.facts.items()
            if FACTS[name].scope == "figure" and FACTS[name].source != "link"
        }
        has_figure = bool(of_figure or linked)
        measured = [*of_frame, *of_figure] or (["figures"] if has_figure else [])
        caption = Caption(
            key="",
            captioner=BY_HAND,
            text=self.text,
            facts=of_frame,
            figures=(Figure(box=_SOMEWHERE, facts=of_figure),) if has_figure else (),
            measured=tuple(measured),
        )
        links = (FigureLink(track=0, **{"dwell_seconds": 0.0, **linked}),) if linked else ()
        return Observation(
            frame_index=0,
            until_frame=1,
            time_seconds=0.0,
            caption=caption,
            links=links,
            disturbed_seconds=disturbed,
        )


def read_entry(written: str) -> Entry:
    """Read an entry.

    Raises:
        EntryError: a leading word is no fact, clock time or day, or has a value out of range.
    """
    rest = written.strip()
    facts: dict[str, float] = {}
    at: dt.time | None = None
    on: Weekday | dt.date | None = None
    while found := _WORD.match(rest):
        name, value = found.groups()
        if name == "at":
            at = _time(value)
        elif name == "on":
            on = _day(value)
        else:
            facts[name] = _fact(name, value)
        rest = rest[found.end() :]
    is_reference = _REFERENCE.fullmatch(rest) is not None
    if is_reference and facts:
        raise EntryError("a stored caption has its own facts: take the words before it away")
    if not rest and not facts:
        raise EntryError("this test is empty: write a caption, or what was measured")
    return Entry(rest, rest if is_reference else None, facts, at, on)


def _time(value: str) -> dt.time:
    try:
        return dt.time.fromisoformat(value if _CLOCK.fullmatch(value) else "")
    except ValueError as error:
        raise EntryError(f"`at={value}` is no clock time; write it as at=23:30") from error


def _day(value: str) -> Weekday | dt.date:
    for weekday in WEEKDAYS:
        if value == weekday:
            return weekday
    try:
        return dt.date.fromisoformat(value)
    except ValueError as error:
        days = ", ".join(WEEKDAYS)
        raise EntryError(f"`on={value}` is no day; write on=2027-01-31 or one of {days}") from error


def _fact(name: str, value: str) -> float:
    spec = FACTS.get(name)
    if spec is None:
        near = difflib.get_close_matches(name, [*FACTS, "at", "on"], n=1)
        hint = f"did you mean `{near[0]}`?" if near else "see: ruler help facts"
        raise EntryError(f"`{name}` is no fact; {hint}")
    try:
        number = float(value.rstrip(",;"))
    except ValueError:
        number = math.nan
    low, high = spec.low, spec.high
    if not math.isfinite(number) or (low is not None and number < low):
        raise EntryError(f"`{name}={value}` must be a number from {low:g} on")
    if high is not None and number > high:
        raise EntryError(f"`{name}={value}` must be at most {high:g}")
    return number
