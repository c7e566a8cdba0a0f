"""Calibration: counts are those of whole detections; the threshold is part of a revision."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ruler.cli.app import app
from ruler.errors import InputError
from ruler.jobs.calibrate import CalibrateRequest, Calibration, calibrate
from ruler.jobs.detect import DetectRequest
from ruler.schemas.runs import ONLINE, Smoothing
from ruler.steps.rates import Budget
from rules_store.feedback import Feedback
from rules_store.rule_files import edit_rules
from rules_store.scenes import NewRevision
from tests.scenes import FPS, QUIET, SCENE, Brightness, Workplace, wavy


def run(yard: Workplace, clips: list[str], budget: str = "1/day", **fields: object) -> Calibration:
    look = {k: fields.pop(k) for k in ("smoothing",) if k in fields}
    request = CalibrateRequest(
        DetectRequest(clips=clips, scene=SCENE, frame_rate=FPS, **look),  # type: ignore[arg-type]
        Budget.parse(budget),
        "kim",
        **fields,  # type: ignore[arg-type]
    )
    return calibrate(request, yard.machine())


def faint(count: int, seed: int, *spans: tuple[int, int, int]) -> list[int]:
    """Brightness with passages (start, stop, level) that are somewhat out of the ordinary."""
    levels = wavy(count, seed=seed)
    for start, stop, level in spans:
        levels[start:stop] = [level + n % 3 for n in range(stop - start)]
    return levels


@pytest.fixture
def clips(yard: Workplace) -> list[str]:
    """Footage in which brighter passages look more and more like alarms."""
    spans = [(10 + 40 * n, 32 + 40 * n, QUIET + 14 + 4 * n) for n in range(4)]
    return [yard.clip("monday", faint(165, 21, *spans)), yard.clip("tuesday", wavy(35, seed=22))]


def at_threshold(yard: Workplace, threshold: float) -> int:
    """A revision, not active, that differs in its threshold alone."""
    active = yard.store.scenes.revision(SCENE)
    source = edit_rules(active.source, active.rule_set.model_copy(update={"threshold": threshold}))
    new = NewRevision(
        SCENE,
        source,
        "kim",
        "to hold it against",
        scene_model_sha256=active.scene_model_sha256,
        captioner=active.captioner,
        activate=False,
    )
    return yard.store.scenes.save(new).ref.revision


@pytest.mark.parametrize("smoothing", [Smoothing(), ONLINE])
def test_counts_are_those_of_whole_detections(
    yard: Workplace, captioner: Brightness, clips: list[str], smoothing: Smoothing
) -> None:
    found = run(yard, clips, smoothing=smoothing, is_dry_run=True)
    asked = len(captioner.asked)
    counted = {row.threshold: row.events for row in found.rows}
    for threshold in (0.05, 0.5, 0.65):
        other = yard.detect(clips, revision=at_threshold(yard, threshold), smoothing=smoothing)
        assert counted[threshold] == sum(clip.events for clip in other.record.clips), threshold
    assert len(captioner.asked) == asked, "captions are asked for once"
    assert len(set(counted.values())) > 2


def test_the_threshold_becomes_part_of_a_revision(yard: Workplace, clips: list[str]) -> None:
    before = yard.store.scenes.revision(SCENE)
    found = run(yard, clips, reason="spring light")
    assert found.chosen is not None and found.after is not None and found.exit_code == 0
    active = yard.store.scenes.revision(SCENE)
    assert active.ref == found.after.ref and active.parent == before.ref.revision
    assert active.rule_set.threshold == found.chosen.threshold != 0.5
    assert active.rule_set.rules == before.rule_set.rules
    assert active.scene_model_sha256 == before.scene_model_sha256
    assert (active.author, active.captioner) == ("kim", before.captioner)
    assert active.reason.startswith("spring light (threshold 0.5 to ")
    old, new = before.source.splitlines(), active.source.splitlines()
    assert [line for line in new if line not in old] == [f"threshold: {found.chosen.threshold:g}"]
    # What was promised of this footage holds of it, and one step lower it would not.
    again = yard.detect(clips)
    assert not sum(clip.events for clip in again.record.clips)
    lower = at_threshold(yard, round(found.chosen.threshold - 0.01, 2))
    assert sum(clip.events for clip in yard.detect(clips, revision=lower).record.clips) > 0
    repeated = run(yard, clips)
    assert repeated.after is None and repeated.chosen == repeated.present


def test_a_dry_run_saves_no_revision(yard: Workplace, clips: list[str]) -> None:
    found = run(yard, clips, is_dry_run=True)
    assert found.chosen is not None and found.after is None
    assert yard.store.scenes.numbers(SCENE) == [1]


def test_a_comment_in_the_rule_file_stays(yard: Workplace, clips: list[str]) -> None:
    active = yard.store.scenes.revision(SCENE)
    source = "# ours\n" + edit_rules(
        active.source, active.rule_set.model_copy(update={"threshold": 0.95})
    ).replace("threshold: 0.95", "threshold: 0.95  # Kim's")
    yard.store.scenes.save(
        NewRevision(SCENE, source, "kim", "x", active.scene_model_sha256, active.captioner)
    )
    found = run(yard, clips)
    assert found.after is not None and found.chosen is not None
    assert found.after.source == source.replace(
        "threshold: 0.95  #", f"threshold: {found.chosen.threshold:g}  #"
    )


def test_a_budget_that_cannot_be_kept(yard: Workplace) -> None:
    clip = yard.clip("wild", wavy(60, seed=5, loud=[(20, 40)]))
    found = run(yard, [clip])
    assert (found.chosen, found.after, found.exit_code) == (None, None, 1)
    assert yard.store.scenes.numbers(SCENE) == [1]
    rate = found.rows[-1].a_day(found.days)[0]
    assert rate == pytest.approx(86_400 / 6.0)
    assert run(yard, [clip], f"{rate + 1:.0f}/day", is_dry_run=True).chosen is not None
    assert run(yard, [clip], f"{rate + 1:.0f}/day", is_sure=True).chosen is None


def test_footage_counts_once_and_only_where_it_was_judged(
    yard: Workplace, captioner: Brightness
) -> None:
    quiet = yard.clip("quiet", wavy(100, seed=6))
    captioner.refused = set(range(25))
    found = run(yard, [quiet, quiet], is_dry_run=True)
    assert (found.clips, found.exit_code) == (1, 3)
    assert found.days * 86_400 == pytest.approx(7.5)
    captioner.refused = set(range(100))
    with pytest.raises(InputError, match="no footage to calibrate from: no frame could be judged"):
        run(yard, [yard.clip("dark", wavy(100, seed=7))])


def test_other_alarms_and_misses(yard: Workplace, clips: list[str]) -> None:
    other = yard.clip("thief", faint(200, 31, (20, 40, 220), (80, 92, 120), (150, 170, 220)))
    seen = yard.detect([other], run_id="seen")
    events = yard.store.events.of_clip("seen", 0)
    assert seen.record.clips[0].events == len(events) == 2
    for kind, start, stop in (("missed", 82, 92), ("false-alarm", 150, 170)):
        said = Feedback("seen", 0, start, stop, kind, SCENE, "kim", "so it is")  # type: ignore[arg-type]
        yard.store.feedback.add(said)
    found = run(yard, clips, is_dry_run=True)
    assert (found.known.alarms, found.known.misses) == (1, 1)
    by = {row.threshold: row for row in found.rows}
    assert (by[0.05].kept, by[0.05].found) == (1, 1)
    assert (by[0.5].kept, by[0.5].found) == (1, 0)
    assert by[0.99].kept == 1
    assert run(yard, [*clips, other], is_dry_run=True).known.alarms == 0, "that is normal now"


def command(yard: Workplace, *arguments: str) -> tuple[int, str]:
    place = ["--store", yard.store.place, "--out", str(yard.folder / "runs"), "--fps", "10"]
    shown = CliRunner().invoke(app, ["calibrate", SCENE, *arguments, *place, "--workers", "1"])
    return shown.exit_code, shown.output


def test_the_command(yard: Workplace, clips: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    code, told = command(yard, clips[0], "--budget", "2/week", "--dry-run")
    assert code == 0 and "Dry run: nothing was saved" in told
    assert "too short to promise 2/week: that takes 12.9 days" in told
    code, text = command(yard, *clips, "--json")
    data = json.loads(text)
    assert (code, data["before"], data["after"]) == (0, f"{SCENE}@1", f"{SCENE}@2")
    assert data["hours"] * 3600 == pytest.approx(20.0)
    assert data["threshold"] in [row["threshold"] for row in data["thresholds"]]
    assert Path(data["run"]).is_dir()
    code, told = command(yard, yard.clip("wild", wavy(60, seed=5, loud=[(20, 50)])))
    assert code == 1 and "No threshold below 1 keeps 1/day" in told
    code, told = command(yard, clips[1], "--sure")
    assert code == 1 and "No threshold is sure to keep 1/day on so little footage" in told
    shown = CliRunner().invoke(app, ["calibrate", SCENE, *clips, "--budget", "1/fortnight"])
    assert isinstance(shown.exception, InputError) and "1/day, 0.5/hour or 2/week" in str(
        shown.exception
    )
