"""`ruler calibrate`: a scene's threshold from normal footage, so that a budget of alarms is kept.

A detection looks at the footage; from what it stored, events are counted anew at each candidate
threshold. The threshold is part of the revision: choosing another one saves a new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ruler.errors import InputError
from ruler.jobs.detect import DetectRequest, detect
from ruler.jobs.known_alarms import Known, known_alarms
from ruler.jobs.progress import Report, silent
from ruler.jobs.rejudging import StoredClip, events_of_clip
from ruler.jobs.tools import Machine
from ruler.schemas.rules import Revision
from ruler.schemas.runs import ClipOutcome, RunRecord
from ruler.steps.calibrating import Row, choose, coarse_thresholds, fine_thresholds
from ruler.steps.rates import Budget
from rules_store.rule_files import edit_rules
from rules_store.scenes import NewRevision
from rules_store.store import Store

_SECONDS_A_DAY = 86_400.0


@dataclass(frozen=True)
class CalibrateRequest:
    """Which normal footage to look at and how, and how many alarms may be expected of it.

    `is_sure` holds the upper end of the interval to the budget instead of the estimate.
    """

    look: DetectRequest
    budget: Budget
    author: str
    reason: str = ""
    is_sure: bool = False
    is_dry_run: bool = False


@dataclass(frozen=True)
class Calibration:
    """What was found and chosen.

    Attributes:
        before: The revision that the footage was looked at by.
        after: The new revision; None where none was saved.
        run: Where the detection's results are.
        record: Its record.
        clips: How many clips were counted; the same content counts once.
        days: How much of them could be judged; above 0.
        rows: Every threshold that was tried, ascending.
        chosen: None where none below 1 keeps the budget.
        known: Other footage of the scene that has alarms.
    """

    before: Revision
    after: Revision | None
    run: Path
    record: RunRecord
    clips: int
    days: float
    rows: tuple[Row, ...]
    chosen: Row | None
    known: Known = field(default_factory=Known)

    @property
    def present(self) -> Row | None:
        """What the threshold as it was makes of the footage."""
        threshold = self.before.rule_set.threshold
        return next((row for row in self.rows if row.threshold == threshold), None)

    @property
    def exit_code(self) -> int:
        """1 where no threshold keeps the budget, 3 where footage could not be looked at."""
        if self.chosen is None:
            return 1
        return 0 if self.record.state == "done" else 3


def calibrate(request: CalibrateRequest, machine: Machine, report: Report = silent) -> Calibration:
    """Look at normal footage, choose the threshold, and save it as a new active revision.

    Raises:
        InputError: as `detect`, or no footage could be judged.
        OvertakenError: another revision became active meanwhile.
    """
    store, before = machine.store, machine.store.scenes.revision(request.look.scene)
    found = detect(replace(request.look, revision=before.ref.revision), machine, report)
    clips = _judged(found.record)
    seconds = sum(_seconds(outcome) for _, outcome in clips)
    if seconds <= 0:
        why = next((c.error for c in found.record.clips if c.error), "no frame could be judged")
        raise InputError(f"there is no footage to calibrate from: {why}")
    stored = [StoredClip(found.record.spec, number, outcome) for number, outcome in clips]
    known = known_alarms(store, before, {clip.sha256 for clip in stored})
    days = seconds / _SECONDS_A_DAY
    rows, chosen = _search(request, store, stored, known, days, before.rule_set.threshold)
    after = None
    if chosen and not request.is_dry_run and chosen.threshold != before.rule_set.threshold:
        after = _save(store, before, chosen, request)
    return Calibration(
        before, after, found.folder, found.record, len(clips), days, tuple(rows), chosen, known
    )


def _judged(record: RunRecord) -> list[tuple[int, ClipOutcome]]:
    """The clips that could be read, by their number in the run; the same content once."""
    by_content: dict[str, tuple[int, ClipOutcome]] = {}
    for number, outcome in enumerate(record.clips):
        if outcome.info is not None and not outcome.error:
            by_content.setdefault(outcome.info.sha256, (number, outcome))
    return list(by_content.values())


def _seconds(outcome: ClipOutcome) -> float:
    """How much of a clip was judged: footage that nobody could look at is not normal footage."""
    assert outcome.info is not None
    return outcome.info.duration_seconds * outcome.coverage.share


def _search(
    request: CalibrateRequest,
    store: Store,
    clips: Sequence[StoredClip],
    known: Known,
    days: float,
    present: float,
) -> tuple[list[Row], Row | None]:
    """Coarse steps over all thresholds, then hundredths below the best of them."""
    rows: list[Row] = []
    wanted = coarse_thresholds(present)
    chosen = None
    while wanted:
        rows = sorted([*rows, *_rows(store, clips, known, wanted)], key=lambda row: row.threshold)
        chosen = choose(rows, request.budget, days, is_sure=request.is_sure)
        wanted = fine_thresholds(rows, chosen) if chosen else []
    return rows, chosen


def _rows(
    store: Store, clips: Sequence[StoredClip], known: Known, thresholds: Sequence[float]
) -> list[Row]:
    events = dict.fromkeys(thresholds, 0)
    for clip in clips:
        for some in events_of_clip(store, clip, thresholds):
            for threshold, found in some.items():
                events[threshold] += len(found)
    stays = known.at(store, thresholds)
    return [Row(t, events[t], kept=stays[t][0], found=stays[t][1]) for t in thresholds]


def _save(store: Store, before: Revision, chosen: Row, request: CalibrateRequest) -> Revision:
    old, new = before.rule_set.threshold, chosen.threshold
    told = f"threshold {old:g} to {new:g}, calibrated for {request.budget}"
    rule_set = before.rule_set.model_copy(update={"threshold": new})
    return store.scenes.save(
        NewRevision(
            scene=before.ref.scene,
            source=edit_rules(before.source, rule_set),
            author=request.author,
            reason=f"{request.reason} ({told})" if request.reason else told,
            scene_model_sha256=before.scene_model_sha256,
            captioner=before.captioner,
            asking=before.asking,
            expected=before.ref.revision,
        )
    )
