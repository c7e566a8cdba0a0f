"""Health: what a scene's finished runs say of its rules."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from typer.testing import CliRunner

from ruler.cli.app import app
from ruler.jobs.health import HealthReport, health
from ruler.schemas.rules import Rule, RuleException, RuleTests
from ruler.steps.health import RuleHealth
from rules_store.rule_files import edit_rules
from rules_store.scenes import NewRevision
from tests.scenes import SCENE, Workplace, wavy

TODAY = dt.date(2026, 11, 25)
FAST, LINGERING = f"{SCENE}.fast", f"{SCENE}.lingering"


def of(report: HealthReport, rule_id: str) -> RuleHealth:
    [found] = [one for one in report.rules if one.rule.id == rule_id]
    return found


def codes(report: HealthReport, rule_id: str) -> set[str]:
    return {finding.code for finding in report.findings if finding.rule_id == rule_id}


def night(yard: Workplace, name: str, hour: int, *loud: tuple[int, int]) -> None:
    """A run over one clip of 4 seconds that begins at this hour."""
    start = dt.datetime(2026, 11, 20, hour, tzinfo=dt.UTC)
    clip = yard.clip(name, wavy(40, seed=len(name), loud=loud))
    yard.detect([clip], run_id=name, start_time=start)


def changed(yard: Workplace, rule_id: str, **fields: object) -> None:
    """A new active revision in which one rule has these fields."""
    active = yard.store.scenes.revision(SCENE)
    rules = tuple(
        rule.model_copy(update=fields) if rule.id == rule_id else rule
        for rule in active.rule_set.rules
    )
    source = edit_rules(active.source, active.rule_set.model_copy(update={"rules": rules}))
    model, captioner = active.scene_model_sha256, active.captioner
    yard.store.scenes.save(NewRevision(SCENE, source, "kim", "x", model, captioner))


def test_counts_are_those_of_the_traces(yard: Workplace) -> None:
    clips = [
        yard.clip("one", wavy(60, seed=1, loud=[(20, 40)])),
        yard.clip("two", wavy(30, seed=2)),
    ]
    yard.detect(clips, run_id="first")
    yard.detect([yard.clip("three", wavy(50, seed=3, loud=[(5, 20), (40, 44)]))], run_id="second")
    report = health(yard.store, SCENE, TODAY)
    assert (report.runs, report.frames) == (2, 140)
    fired = {
        (run, trace.observation.frame_index)
        for run, clip in (("first", 0), ("first", 1), ("second", 0))
        for trace in yard.store.traces.read(run, clip)
        for match in trace.matched.matches
        if match.rule_id == FAST and match.strength >= 0.5
    }
    found = of(report, FAST)
    assert (found.all.hits, found.all.frames) == (len(fired), 140)
    assert (found.earlier.frames, found.later.frames) == (90, 50)
    assert found.last is not None
    assert (found.last.run, found.last.clip) == ("second", "three")
    assert found.last.seconds == pytest.approx(4.3)
    alarms = [
        verdict
        for run, clip in (("first", 0), ("first", 1), ("second", 0))
        for verdict in yard.store.traces.verdicts(run, clip)
        if verdict.outcome == "anomaly"
    ]
    assert report.alarms == len(alarms)
    assert found.alone == sum(verdict.rules == (FAST,) for verdict in alarms) > 0
    assert codes(report, FAST) == {"no-tests"}
    assert codes(report, LINGERING) == {"never-fired", "no-tests"}
    assert codes(report, f"{SCENE}.uncovered") == {"no-tests"}, "silence is what it is there for"


def test_a_rule_that_always_fires_and_one_that_is_new(yard: Workplace) -> None:
    yard.detect([yard.clip("wild", wavy(40, seed=4, loud=[(2, 38)]))])
    active = yard.store.scenes.revision(SCENE)
    new = Rule(id=f"{SCENE}.dog", title="A dog", kind="anomaly", statement="A dog is here.")
    rule_set = active.rule_set.model_copy(update={"rules": (*active.rule_set.rules, new)})
    yard.store.scenes.save(NewRevision(SCENE, edit_rules(active.source, rule_set), "kim", "dogs"))
    report = health(yard.store, SCENE, TODAY)
    assert codes(report, FAST) == {"always-fires", "no-tests"}
    assert codes(report, new.id) == {"never-tried", "no-tests"}
    assert of(report, new.id).all.rate is None


def test_only_at_night(yard: Workplace) -> None:
    night(yard, "late", 23, (10, 20))
    assert "only-at-night" not in codes(health(yard.store, SCENE, TODAY), FAST), "no day is known"
    night(yard, "noon", 12)
    report = health(yard.store, SCENE, TODAY)
    found = of(report, FAST)
    assert (found.day_frames, found.day_hits, found.night_hits) == (40, 0, 10)
    assert "only-at-night" in codes(report, FAST)
    night(yard, "morning", 8, (10, 20))
    assert "only-at-night" not in codes(health(yard.store, SCENE, TODAY), FAST)


def test_a_clip_of_day_and_night_is_split(yard: Workplace) -> None:
    start = dt.datetime(2026, 11, 20, 21, 59, 58, tzinfo=dt.UTC)
    clip = yard.clip("dusk", wavy(60, seed=9, loud=[(10, 15), (30, 42)]))
    yard.detect([clip], start_time=start)
    found = of(health(yard.store, SCENE, TODAY), FAST)
    assert (found.day_hits, found.night_hits) == (5, 12)


def test_drift(yard: Workplace) -> None:
    for name in ("a", "b"):
        yard.detect([yard.clip(f"{name}1", wavy(60, seed=7, loud=[(10, 12)]))], run_id=f"{name}1")
    assert "drift" not in codes(health(yard.store, SCENE, TODAY), FAST)
    yard.detect([yard.clip("c1", wavy(60, seed=8, loud=[(10, 50)]))], run_id="c1")
    [said] = [f for f in health(yard.store, SCENE, TODAY).findings if f.code == "drift"]
    assert said.rule_id == FAST and "3.3% of frames in the earlier runs" in said.sentence


def test_what_stands_in_the_rules(yard: Workplace) -> None:
    changed(
        yard,
        FAST,
        exceptions=(
            RuleException(name="fair", unless="fair", until=dt.date(2026, 11, 24)),
            RuleException(name="race", unless="race", until=TODAY),
        ),
        tests=RuleTests(quiet=("Someone walks.",)),
    )
    report = health(yard.store, SCENE, TODAY)
    assert codes(report, FAST) == {"never-tried", "expired-exception"}
    [expired] = [f for f in report.findings if f.code == "expired-exception"]
    assert "'fair' ended on 2026-11-24" in expired.sentence


def test_the_command(yard: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    line = ["rules", "health", SCENE, "--store", yard.store.place]
    empty = CliRunner().invoke(app, line)
    assert empty.exit_code == 0 and "Nothing is known yet. Run: ruler detect" in empty.output
    yard.detect([yard.clip("one", wavy(60, seed=1, loud=[(20, 40)]))], run_id="mine")
    shown = CliRunner().invoke(app, line)
    assert shown.exit_code == 0
    assert "mine one 3.9s" in shown.output and "never-fired" in shown.output
    data = json.loads(CliRunner().invoke(app, [*line, "--json"]).stdout)
    [fast] = [rule for rule in data["rules"] if rule["rule"] == FAST]
    assert fast["hits"] == 20 and fast["last_fired"]["clip"] == "one"
    assert 0 < fast["share_of_alarms_alone"] <= 1
