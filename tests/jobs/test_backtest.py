"""Backtests: what other rules say of known captions is what a whole detection with them says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ruler.cli.app import app
from ruler.errors import InputError
from ruler.jobs.backtest import backtest
from ruler.reporting.backtests import BacktestPage, write_backtest
from ruler.reporting.jsonl import read_frames
from ruler.schemas.rules import Revision
from ruler.schemas.runs import ONLINE, Smoothing
from rules_store.rule_files import dump_rules
from rules_store.scenes import NewRevision
from tests.scenes import SCENE, Brightness, Workplace, wavy


def revised(yard: Workplace, *, is_proposal: bool = False, **fields: object) -> Revision:
    """A revision, not active, in which every anomaly rule has these fields."""
    active = yard.store.scenes.revision(SCENE)
    rules = tuple(
        rule.model_copy(update=fields) if rule.kind == "anomaly" else rule
        for rule in active.rule_set.rules
    )
    source = dump_rules(active.rule_set.model_copy(update={"rules": rules}))
    new = NewRevision(
        SCENE,
        source,
        "kim",
        "to try",
        scene_model_sha256=active.scene_model_sha256,
        captioner=active.captioner,
        activate=False,
        is_proposal=is_proposal,
    )
    return yard.store.scenes.save(new)


@pytest.mark.parametrize("smoothing", [Smoothing(), ONLINE])
@pytest.mark.parametrize("weight", [0.0, 0.6])
def test_it_says_what_a_detection_says(
    yard: Workplace, captioner: Brightness, smoothing: Smoothing, weight: float
) -> None:
    clips = [
        yard.clip("one", wavy(130, seed=11, loud=[(30, 52), (80, 83)])),
        yard.clip("two", wavy(70, seed=12)),
    ]
    first = yard.detect(clips, smoothing=smoothing)
    other = revised(yard, weight=weight)
    asked = len(captioner.asked)
    found = backtest(yard.store, SCENE, other.ref.revision).difference
    assert len(captioner.asked) == asked
    second = yard.detect(clips, smoothing=smoothing, revision=other.ref.revision)
    old, new = (list(read_frames(run.folder / "frames.jsonl")) for run in (first, second))
    pairs = [
        (a.outcome == "anomaly", b.outcome == "anomaly") for a, b in zip(old, new, strict=True)
    ]
    assert found.frames == len(new)
    assert (found.added, found.removed) == (pairs.count((False, True)), pairs.count((True, False)))
    # The files round scores; the store holds them whole.
    events = [
        [e for n in (0, 1) for e in yard.store.events.of_clip(run.record.spec.id, n)]
        for run in (first, second)
    ]
    assert (found.before, found.after) == (len(events[0]), len(events[1]))
    if weight == 0.0:
        assert found.lost == tuple(events[0]) != ()
        assert found.removed > 0


def test_a_clip_counts_once(yard: Workplace) -> None:
    clip = yard.clip("one", wavy(60, seed=11, loud=[(30, 52)]))
    yard.detect([clip], run_id="a")
    yard.detect([clip], run_id="b")
    found = backtest(yard.store, SCENE, 1)
    assert (found.clips, found.difference.frames, found.runs) == (1, 60, ("b",))
    assert backtest(yard.store, SCENE, 1, ["a"]).runs == ("a",)
    assert (found.difference.added, found.difference.removed, found.difference.changed) == (0, 0, 0)


def test_a_proposal_is_tried_as_if_approved(yard: Workplace) -> None:
    yard.detect([yard.clip("one", wavy(60, seed=11, loud=[(30, 52)]))])
    proposal = revised(yard, is_proposal=True, status="draft")
    found = backtest(yard.store, SCENE, proposal.ref.revision)
    assert found.difference.after == found.difference.before > 0
    assert not found.difference.lost


def test_without_a_run_it_says_so(yard: Workplace) -> None:
    with pytest.raises(InputError, match=r"it has no finished run\. Run: ruler detect"):
        backtest(yard.store, SCENE, 1)


def test_the_command(yard: Workplace) -> None:
    yard.detect([yard.clip("one", wavy(60, seed=11, loud=[(30, 52)]))])
    number = revised(yard, weight=0.0).ref.revision
    line = ["rules", "backtest", SCENE, "--store", yard.store.place, "--against"]
    shown = CliRunner().invoke(app, [*line, str(number)])
    assert shown.exit_code == 0
    assert "lost      one " in shown.output
    data = json.loads(CliRunner().invoke(app, [*line, str(number), "--json"]).stdout)
    assert data["model_calls"] == 0
    assert data["events"]["after"] == 0 < len(data["events"]["lost"])
    over = CliRunner().invoke(app, [*line, "1", "--budget", "1/day"])
    assert over.exit_code == 1


def test_a_file_that_nobody_saved_and_its_page(yard: Workplace, tmp_path: Path) -> None:
    yard.detect([yard.clip("one", wavy(60, seed=11, loud=[(30, 52)]))])
    number = revised(yard, weight=0.0).ref.revision
    file, page = tmp_path / "rules.yaml", tmp_path / "page.html"
    file.write_text(yard.store.scenes.revision(SCENE, number).source)
    line = ["rules", "backtest", SCENE, "--store", yard.store.place]
    saved = json.loads(CliRunner().invoke(app, [*line, "--against", str(number), "--json"]).stdout)
    shown = CliRunner().invoke(app, [*line, "--file", str(file), "--html", str(page), "--json"])
    tried = json.loads(shown.stdout)
    assert tried["events"] == saved["events"] and tried["verdicts"] == saved["verdicts"]
    html = page.read_text()
    lost = len(saved["events"]["lost"])
    assert f"Lost: {lost} event" in html and "Gained: 0 events" in html
    assert html.count("data:image/jpeg;base64,") == lost
    assert "http" not in html.replace("http-equiv", "")
    both = CliRunner().invoke(app, [*line, "--file", str(file), "--against", "1"])
    assert isinstance(both.exception, InputError)


def test_text_of_others_stays_text_in_the_page(tmp_path: Path) -> None:
    page = BacktestPage(
        scene="yard",
        before="yard@1",
        after="yard@2",
        summary="<script>alert(1)</script>",
        counts=(("Events", None, 1.0),),
        left_out=("run <b>x</b>",),
        never=("yard.<i>",),
    )
    write_backtest(tmp_path / "page.html", page)
    html = (tmp_path / "page.html").read_text()
    assert "<script" not in html and "<b>x" not in html and "<i>" not in html
