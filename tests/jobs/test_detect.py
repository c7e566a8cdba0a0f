"""A detection's results: the same however it is run, and every one of them explained."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from ruler.errors import InputError, NotFoundError
from ruler.jobs.detect import DetectResult, find_run
from ruler.jobs.results import read_record
from ruler.reporting.jsonl import read_clips, read_events, read_frames
from ruler.schemas.runs import Every, RunRecord, Smoothing
from ruler.schemas.verdicts import Verdict, evidence_holds
from tests.scenes import SCENE, Brightness, Workplace, results, wavy, write_pictures

LOUD = [(30, 52), (80, 83)]


@pytest.fixture
def clips(yard: Workplace) -> list[str]:
    """One clip with two loud spans, one that stays quiet."""
    return [
        yard.clip("one", wavy(130, seed=11, loud=LOUD)),
        yard.clip("two", wavy(70, seed=12)),
    ]


def verdicts(found: DetectResult) -> list[Verdict]:
    return list(read_frames(found.folder / "frames.jsonl"))


# The same, however it is run.


@pytest.mark.parametrize(
    ("chunk", "workers"), [(1, 2), (16, 1), (16, 2), (64, 2), (1000, 1), (1000, 2)]
)
def test_results_do_not_depend_on_chunks_or_workers(
    yard: Workplace, clips: list[str], chunk: int, workers: int
) -> None:
    whole = yard.detect(clips, chunk=64)
    # A store without captions: every chunk is worked on.
    fresh = Workplace(yard.folder, yard.store)
    cut = fresh.detect(clips, chunk=chunk, workers=workers, runs="others")
    assert results(cut) == results(whole)
    assert json.loads(results(cut)["frames.jsonl"].splitlines()[0])["clip"] == "one"
    assert b'"anomaly"' in results(cut)["frames.jsonl"]


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_results_do_not_depend_on_what_was_captioned_before(
    bare: Workplace, captioner: Brightness, chunk: int
) -> None:
    """As above, but every caption is computed in chunks of this size."""
    bare.induce()
    clip = bare.clip("one", wavy(130, seed=11, loud=LOUD))
    cut = bare.detect([clip], chunk=chunk, workers=2)
    assert cut.record.usage.captions_computed == 130
    assert sorted(captioner.asked[-130:]) == list(range(130))
    whole = bare.detect([clip], chunk=64)
    assert results(cut) == results(whole)


@pytest.mark.parametrize(("chunk", "workers"), [(1, 1), (16, 2), (50, 2), (1000, 1)])
def test_adaptive_sampling_is_the_same_however_it_is_run(
    yard: Workplace, clips: list[str], captioner: Brightness, chunk: int, workers: int
) -> None:
    whole = yard.detect(clips, sample="adaptive")
    fresh = Workplace(yard.folder, yard.store)
    cut = fresh.detect(clips, sample="adaptive", chunk=chunk, workers=workers, runs="others")
    assert results(cut) == results(whole)
    assert [verdict.frame_index for verdict in verdicts(cut)] == [*range(130), *range(70)]
    assert cut.record.spec.sample == "adaptive"


def test_adaptive_sampling_looks_less_and_finds_the_same_events(
    bare: Workplace, captioner: Brightness
) -> None:
    bare.induce()
    clip = bare.clip("one", wavy(130, seed=11, loud=LOUD))
    captioner.asked.clear()
    found = bare.detect([clip], sample="adaptive")
    assert 130 / 8 <= len(set(captioner.asked)) < 70
    usage = found.record.usage
    assert usage.captions_computed + usage.captions_shared == 130
    closely = bare.detect([clip])
    events = [read_events(run.folder / "events.jsonl") for run in (found, closely)]
    spans = [[(event.start_frame, event.stop_frame) for event in one] for one in events]
    assert spans[0] == spans[1]
    assert spans[0]


def test_a_captioner_that_measures_nothing_cannot_sift(
    yard: Workplace, clips: list[str], captioner: Brightness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(captioner, "measured", ())
    with pytest.raises(InputError, match="leave --sample adaptive out"):
        yard.detect(clips, sample="adaptive")


def test_the_same_inputs_twice(yard: Workplace, clips: list[str], captioner: Brightness) -> None:
    first = yard.detect(clips)
    asked = len(captioner.asked)
    second = yard.detect(clips)
    assert first.folder != second.folder
    assert results(first) == results(second)
    assert len(captioner.asked) == asked == 200
    assert second.record.usage.captions_computed == second.record.usage.model_calls == 0
    assert second.record.usage.captions_cached == 200


def test_changed_rules_over_known_captions_call_nobody(
    yard: Workplace, clips: list[str], captioner: Brightness
) -> None:
    from rules_store.scenes import NewRevision

    first = yard.detect(clips)
    asked = len(captioner.asked)
    active = yard.store.scenes.revision(SCENE)
    source = active.source.replace("above: 1.2", "above: 9")
    assert source != active.source
    model = active.scene_model_sha256
    yard.store.scenes.save(NewRevision(SCENE, source, "kim", "why", model, "lightmeter"))
    second = yard.detect(clips)
    assert len(captioner.asked) == asked
    assert first.record.coverage.anomaly > 20
    assert second.record.coverage.anomaly == 0
    assert second.record.spec.revision.revision == 2


def test_captions_stay_byte_for_byte(yard: Workplace, clips: list[str]) -> None:
    def stored() -> dict[str, str]:
        with yard.store.captions._db.read() as connection:
            rows = connection.exec_driver_sql("SELECT key, body FROM caption")
            return {row.key: row.body for row in rows}

    before = stored()
    yard.detect(clips, workers=2)
    once = stored()
    assert {key: once[key] for key in before} == before
    assert len(once) == len(before) + 200
    yard.detect(clips, chunk=5, smoothing=Smoothing(method="ema", seconds=0.5))
    assert stored() == once


@pytest.mark.parametrize("method", ["none", "ema", "gaussian", "majority"])
def test_smoothing_is_what_was_asked_for(yard: Workplace, clips: list[str], method: Any) -> None:
    found = yard.detect(clips, smoothing=Smoothing(method=method, seconds=0.4))
    assert found.record.spec.smoothing.method == method
    scores = [v.stages.smooth - v.stages.match for v in verdicts(found) if v.stages]
    assert any(scores) == (method != "none")
    # The clear span is found by each of them.
    [first, *_] = list(read_events(found.folder / "events.jsonl"))
    assert abs(first.start_frame - 30) <= 8 and abs(first.stop_frame - 52) <= 8


# What every run keeps.


def test_every_alarm_names_rule_revision_and_evidence(yard: Workplace, clips: list[str]) -> None:
    found = yard.detect(clips)
    rows = [json.loads(line) for line in results(found)["frames.jsonl"].splitlines()]
    alarms = [row for row in rows if row["outcome"] == "anomaly"]
    assert len(alarms) > 20
    revision = yard.store.scenes.revision(SCENE)
    captions = {
        (name, trace.observation.frame_index): trace.observation.caption
        for number, name in enumerate(("one", "two"))
        for trace in yard.store.traces.read(found.record.spec.id, number)
    }
    for row in alarms:
        assert row["rules"]
        assert all(revision.rule_set.rule(rule_id) for rule_id in row["rules"])
        assert row["revision"] == f"{SCENE}@1"
        assert row["revision_sha256"] == revision.ref.sha256
        assert row["evidence"]
        assert row["rationale"]
    for verdict in verdicts(found):
        for evidence in verdict.evidence:
            caption = captions[verdict.clip, evidence.frame_index]
            assert caption is not None
            assert evidence_holds(evidence, caption)


def test_every_sampled_frame_has_one_row(yard: Workplace, clips: list[str]) -> None:
    found = yard.detect(clips, every=Every(frames=3), chunk=5)
    by_clip: dict[str, list[Verdict]] = {"one": [], "two": []}
    for verdict in verdicts(found):
        by_clip[verdict.clip].append(verdict)
    for name, frames in (("one", 130), ("two", 70)):
        seen = by_clip[name]
        assert [v.frame_index for v in seen] == list(range(0, frames, 3))
        assert [v.until_frame for v in seen] == [*range(3, frames, 3), frames]
        assert [v.time_seconds for v in seen] == [round(v.frame_index / 10, 6) for v in seen]
    coverage = found.record.coverage
    assert coverage.total == len(by_clip["one"]) + len(by_clip["two"])
    for outcome in found.record.clips:
        outcomes = [v.outcome for v in by_clip[outcome.clip]]
        counted = outcome.coverage.model_dump()
        assert counted == {name: outcomes.count(name) for name in counted}  # type: ignore[arg-type]


def test_the_record_says_how(yard: Workplace, clips: list[str]) -> None:
    found = yard.detect(clips, run_id="named.1")
    assert found.folder == yard.folder / "runs" / "named.1"
    record = RunRecord.model_validate_json((found.folder / "run.json").read_bytes())
    assert record == found.record
    assert (record.state, record.attempts) == ("done", 1)
    assert record.scene_model_sha256
    assert record.versions["ruler"]
    assert [outcome.events for outcome in record.clips] == [
        len([e for e in read_events(found.folder / "events.jsonl") if e.clip == name])
        for name in ("one", "two")
    ]
    names = {path.name for path in found.folder.iterdir()}
    files = {"run.json", "frames.jsonl", "frames.csv", "events.jsonl", "clips.jsonl"}
    assert names == {*files, "report.html"}


def test_each_clip_has_a_verdict_as_a_whole(yard: Workplace) -> None:
    clips = [yard.clip("one", wavy(60, seed=41, loud=[(20, 40)])), yard.clip("calm", wavy(30))]
    found = yard.detect(clips)
    wholes = list(read_clips(found.folder / "clips.jsonl"))
    assert [(one.clip, one.outcome) for one in wholes] == [("one", "anomaly"), ("calm", "normal")]
    for whole, outcome in zip(wholes, found.record.clips, strict=True):
        assert outcome.verdict is not None and outcome.verdict.reflection is not None
        assert whole.model_dump(exclude={"score", "first", "reflection"}) == (
            outcome.verdict.model_dump(exclude={"score", "first", "reflection"})
        )
    loud, calm = wholes
    assert loud.first.rules == (f"{SCENE}.fast",) and loud.first.evidence
    assert loud.score == max(v.score for v in read_frames(found.folder / "frames.jsonl"))
    assert calm.score < 0.5 <= loud.score
    again = yard.detect(clips)
    assert (again.folder / "clips.jsonl").read_bytes() == (
        found.folder / "clips.jsonl"
    ).read_bytes()


def test_a_run_of_an_older_ruler_is_read(yard: Workplace) -> None:
    found = yard.detect([yard.clip("one", wavy(20))])
    path = found.folder / "run.json"
    told = json.loads(path.read_bytes())
    del told["spec"]["by"]
    for clip in told["clips"]:
        del clip["verdict"]
    path.write_text(json.dumps(told))
    record = read_record(found.folder)
    assert record.spec == found.record.spec
    assert record.clips[0].verdict is None


# What is asked for wrongly.


@pytest.mark.parametrize(
    "run_id", ["", ".", "..", "../x", "a/b", "/tmp/x", "a\nb", "-x", "x" * 101]
)
def test_a_run_id_is_a_plain_name(yard: Workplace, clips: list[str], run_id: str) -> None:
    before = set(yard.folder.rglob("*"))
    with pytest.raises(InputError, match="a run's id has letters"):
        yard.detect(clips, run_id=run_id)
    assert set(yard.folder.rglob("*")) == before


def test_a_run_id_is_used_once(yard: Workplace, clips: list[str]) -> None:
    yard.detect(clips, run_id="mine")
    with pytest.raises(InputError, match="'mine' exists already: go on with it by --resume mine"):
        yard.detect(clips, run_id="mine")


def test_runs_of_one_store_never_mix(yard: Workplace, clips: list[str]) -> None:
    """Another runs folder, or one that was emptied: what the store has of an id is not reused."""
    yard.detect(clips[:1], run_id="mine")
    with pytest.raises(InputError, match="exists already"):
        yard.detect(clips[1:], run_id="mine", runs="elsewhere")
    names = {yard.detect(clips[1:], runs=f"elsewhere-{n}").record.spec.id for n in range(3)}
    assert len(names) == 3


def test_unknown_names(yard: Workplace, clips: list[str]) -> None:
    with pytest.raises(NotFoundError, match="no revision 9"):
        yard.detect(clips, revision=9)
    for wrong in ({"captioner": "nosuch"}, {"reasoner": "nosuch"}, {"taxonomy": "nosuch"}):
        with pytest.raises(InputError, match="nosuch"):
            yard.detect(clips, **wrong)
    with pytest.raises(InputError, match="nothing to look at"):
        yard.detect([])
    with pytest.raises(InputError, match="was learned with captioner 'lightmeter', not 'motion'"):
        yard.detect(clips, captioner="motion")
    assert not (yard.folder / "runs").exists()


def test_unknown_runs(yard: Workplace, clips: list[str]) -> None:
    with pytest.raises(NotFoundError, match=r"no run 'x' in .*latest: none yet"):
        yard.resume("x")
    yard.detect(clips[1:], run_id="mine")
    with pytest.raises(NotFoundError, match=r"latest: mine"):
        find_run("x", yard.folder / "runs")
    assert find_run("mine", yard.folder / "runs") == yard.folder / "runs" / "mine"
    assert find_run(str(yard.folder / "runs" / "mine"), Path("/nowhere")).name == "mine"


def test_another_store_is_noticed(yard: Workplace, bare: Workplace, clips: list[str]) -> None:
    found = yard.detect(clips[1:])
    bare.induce([write_pictures(bare.folder / "other", wavy(30, seed=50))], every=Every(frames=2))
    with pytest.raises(InputError, match="was not begun with the store"):
        bare.resume(str(found.folder))


def test_wall_time_is_kept(yard: Workplace, clips: list[str]) -> None:
    began = time.monotonic()
    found = yard.detect(clips[1:])
    assert 0 < found.record.wall_seconds <= time.monotonic() - began
    again = yard.resume(found.record.spec.id)
    assert again.record.wall_seconds > found.record.wall_seconds
    assert again.record.started_at == found.record.started_at
    assert (again.record.attempts, again.record.state) == (2, "done")
    assert results(again) == results(found)
