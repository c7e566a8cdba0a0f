"""What goes wrong is told, costs only what it must, and is never taken for normal."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest

from graphs import deps as deps_module
from graphs import stages
from ruler.errors import InputError
from ruler.jobs.detect import DetectResult
from ruler.schemas.runs import RunRecord
from tests.scenes import Brightness, Workplace, results, wavy

LOUD = [(30, 45)]


def rows(found: DetectResult) -> list[dict[str, object]]:
    return [json.loads(line) for line in results(found)["frames.jsonl"].splitlines()]


def failed_frames(found: DetectResult) -> dict[object, object]:
    return {r["frame_index"]: r["reason"] for r in rows(found) if r["outcome"] == "failed"}


@pytest.fixture
def clip(yard: Workplace) -> str:
    return yard.clip("one", wavy(90, seed=21, loud=LOUD))


def test_refused_frames_are_failed_and_tried_again(
    yard: Workplace, clip: str, captioner: Brightness
) -> None:
    captioner.refused = {3, 40, 41, 89}
    found = yard.detect([clip], chunk=16)
    assert found.exit_code == 3
    assert failed_frames(found) == dict.fromkeys((3, 40, 41, 89), "too tired")
    record = RunRecord.model_validate_json((found.folder / "run.json").read_bytes())
    assert record.state == "incomplete"
    assert record.coverage.failed == 4
    assert record.coverage.share == 86 / 90
    assert record.clips[0].failure == "the first at 0.3 s: too tired"
    page = (found.folder / "report.html").read_text()
    assert "4 of 90 frames, <bdi>the first at 0.3 s: too tired</bdi>" in page
    with (found.folder / "frames.csv").open() as table:
        told = {row["frame_index"]: row["reason"] for row in csv.DictReader(table)}
    assert told["40"] == "too tired"
    assert told["4"] == ""

    # Still unwell: it is tried again, and fails again, without harm.
    captioner.asked.clear()
    again = yard.resume(found.record.spec.id)
    assert sorted(captioner.asked) == [3, 40, 41, 89]
    assert results(again) == results(found)
    assert again.exit_code == 3

    # Well again: only the failed frames are asked for, and the run is as if nothing had been.
    captioner.refused = {41}
    captioner.asked.clear()
    better = yard.resume(found.record.spec.id, workers=2)
    assert sorted(captioner.asked) == [3, 40, 41, 89]
    assert failed_frames(better) == {41: "too tired"}
    captioner.refused = set()
    captioner.asked.clear()
    whole = yard.resume(found.record.spec.id)
    assert captioner.asked == [41]
    assert (whole.exit_code, whole.record.state, whole.record.attempts) == (0, "done", 4)
    assert whole.record.usage.captions_computed == 90
    fresh = yard.detect([clip])
    assert results(whole) == results(fresh)


def test_failures_do_not_depend_on_chunks(
    yard: Workplace, clip: str, captioner: Brightness
) -> None:
    captioner.refused, captioner.broken = {3, 40}, {38, 39, 70}
    told = [
        results(yard.detect([clip], chunk=chunk, workers=workers))
        for chunk, workers in ((1, 2), (7, 1), (64, 2), (1000, 1))
    ]
    assert told[0] == told[1] == told[2] == told[3]
    assert told[0]["frames.jsonl"].count(b'"failed"') == 5


def test_a_captioner_with_a_bug_loses_the_frames_it_raised_at(
    yard: Workplace, clip: str, captioner: Brightness
) -> None:
    captioner.broken = {0, 35, 89}
    found = yard.detect([clip])
    reason = "the captioner failed (ZeroDivisionError: a bug of the plug-in)"
    assert failed_frames(found) == {0: reason, 35: reason, 89: reason}
    assert (found.exit_code, found.record.coverage.failed) == (3, 3)


def test_a_captioner_that_always_raises(yard: Workplace, clip: str, captioner: Brightness) -> None:
    captioner.broken = set(range(90))
    found = yard.detect([clip])
    assert found.record.coverage.failed == 90
    assert found.record.coverage.share == 0
    assert found.exit_code == 3
    assert b"normal" not in results(found)["frames.jsonl"]
    assert results(found)["events.jsonl"] == b""


def test_an_answer_to_another_question_is_refused(
    yard: Workplace, clip: str, captioner: Brightness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A captioner that mixes up its answers must not fill the store with them."""
    ask = captioner.caption

    def swapped(windows, model):  # type: ignore[no-untyped-def]
        answers = list(ask(windows, model))
        first, second = answers[10], answers[11]
        return [*answers[:10], second, first, *answers[12:]]

    monkeypatch.setattr(captioner, "caption", swapped, raising=False)
    found = yard.detect([clip])
    reason = "the captioner answered another question than this frame's"
    assert failed_frames(found) == {10: reason, 11: reason, 74: reason, 75: reason}


def test_answers_that_are_left_out(
    yard: Workplace, clip: str, captioner: Brightness, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = captioner.caption
    monkeypatch.setattr(
        captioner, "caption", lambda windows, model: list(ask(windows, model))[:-1], raising=False
    )
    found = yard.detect([clip], chunk=50)
    assert failed_frames(found) == dict.fromkeys((49, 89), "the captioner gave no answer")


def test_a_caption_that_says_nothing_is_none(
    yard: Workplace, clip: str, captioner: Brightness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(windows, model):  # type: ignore[no-untyped-def]
        return [None for _ in windows]

    monkeypatch.setattr(captioner, "caption", nothing, raising=False)
    found = yard.detect([clip])
    assert found.record.coverage.failed == 90


def test_bad_clips_among_good_ones(yard: Workplace, clip: str) -> None:
    garbage = yard.folder / "garbage.mp4"
    garbage.write_bytes(b"no video at all" * 50)
    empty = yard.folder / "empty"
    empty.mkdir()
    clips = [str(garbage), clip, str(yard.folder / "gone.mp4"), str(empty)]
    found = yard.detect(clips)
    assert found.exit_code == 3
    assert found.record.state == "incomplete"
    errors = [outcome.error for outcome in found.record.clips]
    assert [bool(error) for error in errors] == [True, False, True, True]
    for error, path in zip(errors, clips, strict=True):
        if error:
            assert error.startswith(f"{path}: ") and "\n" not in error
    assert {row["clip"] for row in rows(found)} == {"one"}
    alone = yard.detect([clip])
    assert results(found) == results(alone)

    # Once the clip is there, the run can be completed.
    shutil.copytree(clip, yard.folder / "gone.mp4")
    more = yard.resume(found.record.spec.id)
    assert [bool(o.error) for o in more.record.clips] == [True, False, False, True]
    assert more.record.coverage.total == 180


def test_only_bad_clips(yard: Workplace) -> None:
    found = yard.detect([str(yard.folder / "x.mp4"), str(yard.folder / "y.mp4")])
    assert found.exit_code == 2
    assert len([outcome for outcome in found.record.clips if outcome.error]) == 2
    assert results(found)["frames.jsonl"] == b""
    assert found.record.state == "incomplete"


def test_a_clip_that_goes_away_midway(
    yard: Workplace, clip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its frames fail, and the next clip is scored."""
    second = yard.clip("two", wavy(20, seed=5))
    work = stages.detect_chunk

    def and_gone(deps, number):  # type: ignore[no-untyped-def]
        done = work(deps, number)
        shutil.rmtree(clip, ignore_errors=True)
        return done

    monkeypatch.setattr(stages, "detect_chunk", and_gone)
    found = yard.detect([clip, second], chunk=30)
    assert found.exit_code == 3
    first, other = found.record.clips
    assert first.coverage.failed == 60
    assert other.coverage.failed == 20 - other.coverage.normal == 0


def test_a_clip_that_changed_is_not_mixed(yard: Workplace, clip: str) -> None:
    found = yard.detect([clip])
    shutil.rmtree(clip)
    yard.clip("one", wavy(90, seed=77))
    again = yard.resume(found.record.spec.id)
    assert (
        again.record.clips[0].error
        == f"{clip}: it has changed since the run began. Start a new run."
    )
    assert again.record.coverage.total == 0
    assert results(again)["frames.jsonl"] == b""
    assert again.exit_code == 2


def test_damaged_frames_stay_failed(yard: Workplace, clip: str) -> None:
    for number in (12, 13, 60):
        (Path(clip) / f"{number:05}.png").write_bytes(b"not a picture")
    found = yard.detect([clip], chunk=16)
    assert sorted(failed_frames(found)) == [12, 13, 60]
    again = yard.resume(found.record.spec.id)
    assert results(again) == results(found)
    assert again.record.usage.captions_computed == 87


@pytest.mark.parametrize(
    "stage",
    ["link_clip", "smooth_clip", "reason_clip", "reflect_clip", "judge_clip", "find_events"],
)
def test_an_exception_in_a_stage_then_resume(
    yard: Workplace, clip: str, stage: str, captioner: Brightness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stage's work is done, then it dies; what it left behind does no harm."""
    whole = results(yard.detect([clip], runs="whole"))
    work, name = getattr(stages, stage), "cut"

    def dies(deps) -> None:  # type: ignore[no-untyped-def]
        if stage != "find_events":  # which says, last of all, that the clip is done
            work(deps)
        raise ArithmeticError("a bug in the stage")

    with monkeypatch.context() as patched:
        patched.setattr(stages, stage, dies)
        patched.setattr(deps_module, "MOST_SAMPLES", 0)
        for attempt in (lambda: yard.detect([clip], run_id=name), lambda: yard.resume(name)):
            with pytest.raises(ArithmeticError):
                attempt()
    assert not (yard.folder / "runs" / name / "frames.jsonl").exists()
    asked = len(captioner.asked)
    found = yard.resume(name)
    assert results(found) == whole
    assert len(captioner.asked) == asked
    assert (found.record.attempts, found.record.state) == (3, "done")


def test_an_exception_while_matching_then_resume(
    yard: Workplace, clip: str, captioner: Brightness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other workers, too: the wave that was sent is the wave that is gone on with."""
    whole = results(yard.detect([clip], runs="whole"))
    work = stages.detect_chunk

    def dies(deps, number):  # type: ignore[no-untyped-def]
        if number == 6:
            raise ArithmeticError("a bug in the stage")
        return work(deps, number)

    with monkeypatch.context() as patched:
        patched.setattr(stages, "detect_chunk", dies)
        patched.setattr(deps_module, "MOST_SAMPLES", 0)
        with pytest.raises(ArithmeticError):
            yard.detect([clip], chunk=5, workers=1, run_id="cut")
    found = yard.resume("cut", workers=3)
    assert found.record.coverage.total == 90
    assert results(found) == whole
    assert found.record.usage.captions_computed + found.record.usage.captions_cached == 90


def test_induction_from_nothing(bare: Workplace, captioner: Brightness) -> None:
    gone = [str(bare.folder / name) for name in ("x", "y")]
    with pytest.raises(InputError) as told:
        bare.induce(gone)
    assert [line.split(": ")[0] for line in str(told.value).splitlines()] == gone
    captioner.refused = set(range(24))
    with pytest.raises(InputError, match=r"nothing can be learned: .*too tired"):
        bare.induce()
    assert bare.store.scenes.overview() == []


def test_induction_goes_on_without_a_bad_reference(bare: Workplace) -> None:
    learned = bare.induce([*bare.references, str(bare.folder / "gone")])
    assert [error.clip for error in learned.skipped] == [str(bare.folder / "gone")]
    assert learned.is_active
