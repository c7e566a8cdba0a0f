"""The columns of `frames.csv`, safe to open in a spreadsheet."""

from __future__ import annotations

from typing import Final

from ruler.reporting.rows import six_digits
from ruler.schemas.verdicts import Verdict

COLUMNS: Final = (
    "clip",
    "frame_index",
    "until_frame",
    "time_seconds",
    "outcome",
    "score",
    "rules",
    "reason",
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(text: str) -> str:
    """Text on one line that no spreadsheet takes for a formula: an apostrophe stands before one."""
    line = text.replace("\r", " ").replace("\n", " ")
    return f"'{line}" if text.startswith(_FORMULA) else line


def cells(verdict: Verdict) -> tuple[str, ...]:
    """One verdict's row, in the order of `COLUMNS`."""
    return (
        safe_cell(verdict.clip),
        str(verdict.frame_index),
        str(verdict.until_frame),
        repr(six_digits(verdict.time_seconds)),
        verdict.outcome,
        repr(six_digits(verdict.score)),
        " ".join(verdict.rules),
        safe_cell(verdict.reason or ""),
    )
