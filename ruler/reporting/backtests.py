"""A backtest as one page that opens offline, in the look of a run's report."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ruler.reporting.atomic import AtomicText
from ruler.reporting.html import environment, policy, source
from ruler.schemas.verdicts import Event


@dataclass(frozen=True)
class BacktestPage:
    """What the page says.

    Attributes:
        scene, before, after: Whose rules, and which two revisions.
        summary: In one paragraph.
        counts: (what, before, after); None where it cannot be told.
        gained, lost: Events of one side alone.
        never, always: Ids of rules that fire on no frame, or on every one.
        left_out: What was not compared, and why.
        pictures: JPEG by clip and key frame, where the clip is still there.
    """

    scene: str
    before: str
    after: str
    summary: str
    counts: Sequence[tuple[str, float | None, float | None]]
    gained: Sequence[Event] = ()
    lost: Sequence[Event] = ()
    never: Sequence[str] = ()
    always: Sequence[str] = ()
    left_out: Sequence[str] = ()
    pictures: Mapping[tuple[str, int], bytes] = field(default_factory=dict)

    def picture(self, event: Event) -> str | None:
        """The key frame as a data address, or None."""
        jpeg = self.pictures.get((event.clip, event.key_frame))
        return None if jpeg is None else f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def write_backtest(path: Path, page: BacktestPage) -> None:
    """Write the page; the file appears whole or not at all.

    Raises:
        RunError: the file cannot be written.
    """
    template = environment().get_template("backtest.html.j2")
    sides = (("Gained", page.gained), ("Lost", page.lost))
    text = template.render(page=page, sides=sides, policy=policy([]), style=source("report.css"))
    with AtomicText(path) as file:
        file.write(text)
