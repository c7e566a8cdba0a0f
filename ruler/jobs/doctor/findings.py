"""What the doctor says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "note", "bad"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. A `note` is worth knowing; `bad` stops something, and what was
    `said` names what to do about it."""

    what: str
    state: State
    said: str
