"""Evaluations with a model as reasoner: its limits, its costs, what it was asked before."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ruler.errors import InputError
from ruler.evaluation.clips import Reading
from ruler.evaluation.purse import Purse
from ruler.evaluation.runner import evaluate
from ruler.schemas.datasets import EvalResult
from ruler.schemas.runs import ONLINE, Every, Smoothing, Usage
from tests.evaluation.test_captions import row, written
from tests.stubs.openai_server import OpenAIStub, completion
from tests.stubs.witness import Witness
from tests.video.clips import numbered, write_clip


@pytest.fixture
def witness() -> Witness:
    return Witness(())


@pytest.fixture
def stub(witness: Witness) -> Iterator[OpenAIStub]:
    with OpenAIStub(default=witness) as server:
        yield server


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    rows = [
        row(
            f"v{video}", frame, int(frame > 7), f"One person {doing} on the path at {video}{frame}."
        )
        for video in range(2)
        for frame in range(12)
        for doing in ("is running" if frame > 7 else "walks",)
    ]
    return written(tmp_path, rows)


def figures(path: Path, stub: OpenAIStub, keep: Path, **options: object) -> EvalResult:
    chosen: dict[str, Any] = {"base_url": stub.url, "retries": 0, **options}
    named = {"reasoner": "openai:stub", "options": chosen, "keep": keep}
    [result] = evaluate([path], smoothing=ONLINE, **named).results
    return result


def test_what_models_are_asked_is_counted_and_not_asked_twice(
    manifest: Path, stub: OpenAIStub, tmp_path: Path
) -> None:
    first = figures(manifest, stub, tmp_path / "kept")
    spent = (stub.calls, stub.tokens_in, stub.tokens_out)
    usage = first.usage
    assert (usage.model_calls, usage.tokens_in, usage.tokens_out) == spent
    assert usage.model_calls > 0 and first.unanswered == 0
    again = figures(manifest, stub, tmp_path / "kept")
    assert stub.calls == spent[0] and again.usage.model_calls == 0
    assert again.usage.answers_cached > 0
    assert again.metrics == first.metrics


def test_a_limit_ends_the_asking(manifest: Path, stub: OpenAIStub, tmp_path: Path) -> None:
    whole = figures(manifest, stub, tmp_path / "whole").usage.model_calls
    before = stub.calls
    cut = figures(manifest, stub, tmp_path / "cut", max_calls=whole - 1, concurrency=1)
    assert stub.calls - before == cut.usage.model_calls == whole - 1
    assert cut.frames == 24


def test_frames_without_an_answer_are_said(
    manifest: Path, stub: OpenAIStub, witness: Witness, tmp_path: Path
) -> None:
    witness.silent_on, witness.silence = {"Claims"}, completion("")
    result = figures(manifest, stub, tmp_path)
    assert result.unanswered > 0 and result.usage.failed_calls > 0
    coverage = result.metrics["coverage"]
    assert coverage is not None and coverage <= 1 - result.unanswered / result.frames


def test_a_model_may_say_what_clips_show(tmp_path: Path) -> None:
    """`kind: clips` with a served captioner: induced, detected, counted, and not asked twice."""
    write_clip(tmp_path / "quiet.mp4", numbered(24), fps=10)
    write_clip(tmp_path / "odd.mp4", numbered(60), fps=10)
    manifest = tmp_path / "dataset.yaml"
    manifest.write_text(
        "schema: ruler/dataset/v1\nkind: clips\nname: yard\nreference: [quiet.mp4]\n"
        "test: [{clip: odd.mp4}]\nlabels: labels.json\n"
    )
    labels = {"odd.mp4": {"seconds": [[3.0, 5.0]]}}
    (tmp_path / "labels.json").write_text(json.dumps(labels))
    reading = Reading(captioner="openai:stub", every=Every(frames=2))
    with OpenAIStub(default=Witness(range(30, 50))) as stub:
        options = {"base_url": stub.url}
        asked = {"smoothing": Smoothing(method="none"), "reading": reading, "keep": tmp_path / "k"}
        [result] = evaluate([manifest], options=options, **asked).results
        assert result.usage.model_calls == stub.calls > 0
        assert result.usage.tokens_out == stub.tokens_out
        assert result.metrics["auc"] == 1.0 and result.metrics["coverage"] == 1.0
        before = stub.calls
        [again] = evaluate([manifest], options=options, **asked).results
        assert stub.calls == before and again.metrics == result.metrics


def test_recorded_captions_have_their_captioner(manifest: Path) -> None:
    with pytest.raises(InputError, match="its captions are recorded"):
        evaluate([manifest], smoothing=ONLINE, reading=Reading(captioner="openai:stub"))


def test_a_limit_holds_for_all_manifests_together() -> None:
    purse = Purse({"max_calls": 10, "max_cost_usd": 0.5, "language": "de"})
    purse.spend(Usage(model_calls=4, tokens_in=7, cost_usd=0.2))
    assert purse.options() == {"max_calls": 6, "max_cost_usd": 0.3, "language": "de"}
    purse.spend(Usage(model_calls=9, cost_usd=0.4))
    assert purse.options() == {"max_calls": 0, "max_cost_usd": 0, "language": "de"}
