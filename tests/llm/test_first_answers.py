"""Reading first answers: whatever form they have, none becomes normal by default."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.llm.first_answers import read_first_answer


@pytest.mark.parametrize(
    ("raw", "outcome", "description"),
    [
        ('{"result": 0}', "normal", ""),
        ('{"result": 1}', "anomaly", ""),
        ("video_description: A dog.\n\nreasoning: Odd.\n\nanomaly: 1", "anomaly", "A dog."),
        ('{"video_description": "A dog." "reasoning": "Odd." "anomaly": 0}', "normal", "A dog."),
    ],
)
def test_forms_of_answers(raw: str, outcome: str, description: str) -> None:
    answer = read_first_answer(raw)
    assert (answer.outcome, answer.description) == (outcome, description)


def test_an_answer_that_breaks_off_is_undetermined_and_still_evidence() -> None:
    answer = read_first_answer('{"video_description": "A man walks. A man walks. A man')
    assert answer.outcome == "undetermined"
    assert "A man walks" in answer.description
    assert answer.problem


@given(st.text())
def test_what_names_no_verdict_is_never_normal(raw: str) -> None:
    answer = read_first_answer(raw)
    if "anomaly" not in raw.lower() and "result" not in raw.lower():
        assert answer.outcome == "undetermined"


def test_real_answers_of_all_modes_are_read_or_undetermined(shared: Path) -> None:
    data = (shared / "data/smarthome/vila_responses.jsonl.gz").read_bytes()
    rows = gzip.decompress(data).decode().splitlines()
    named = {0: "normal", 1: "anomaly", None: "undetermined"}
    for row in map(json.loads, rows):
        assert read_first_answer(row["raw"]).outcome == named[row["anomaly"]], row["id"]
