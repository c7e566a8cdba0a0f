"""`ruler feedback`: what people see, what programs get, and exit codes."""

from __future__ import annotations

import pytest

from tests.cli import test_commands
from tests.cli.test_commands import Ended, Ruler, detect
from tests.scenes import SCENE, Workplace

ruler, clip = test_commands.ruler, test_commands.clip


@pytest.fixture
def run(ruler: Ruler, clip: str) -> str:
    return str(detect(ruler, clip, "--json").data["spec"]["id"])


def test_a_false_alarm_tells_what_to_do_next(ruler: Ruler, run: str) -> None:
    said = ruler("feedback", run, "one#1", "false-alarm", "--reason", "[red]kids[/] run here")
    assert said.code == 0
    assert "[red]kids[/] run here" in said.out
    assert "no alarm there" in said.out
    assert f"ruler rules approve {SCENE}@2" in said.out
    assert f"ruler rules backtest {SCENE} --against 2" in said.out
    again = ruler("feedback", run, "one#1", "false-alarm", "--reason", "again")
    assert again.code == 0 and f"{SCENE}@2 ends it already" in again.out


def test_programs_get_the_proposal_as_data(ruler: Ruler, run: str) -> None:
    asked = ("feedback", run, "one#1", "false-alarm", "--reason", "kids", "--json")
    dry = ruler(*asked, "--dry-run").data
    assert (dry["proposal"], dry["is_confirmed"]) == (None, True)
    data = ruler(*asked).data
    assert data == {**dry, "proposal": f"{SCENE}@2"}
    [change] = data["changes"]
    assert (change["rule"], change["sort"]) == (f"{SCENE}.fast", "bound")
    assert change["draft"]["tests"]["quiet"] == [f"run:{run}/one#{change['test_frame']}"]


def test_what_cannot_be_caught_ends_with_1(ruler: Ruler, run: str, yard: Workplace) -> None:
    said = ruler("feedback", run, "missed", "--clip", "one", "--at", "0.5", "--reason", "a cat")
    assert said.code == 1
    assert "No change was found" in said.out and "ruler rules edit" in said.out
    assert yard.store.scenes.numbers(SCENE) == [1]


def test_a_run_may_be_named_by_its_folder(ruler: Ruler, run: str, yard: Workplace) -> None:
    folder = yard.folder / "runs" / run
    said = ruler("feedback", folder, "one#1", "false-alarm", "--reason", "kids", "--dry-run")
    assert said.code == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["one#1", "fine"], "say false-alarm or missed"),
        (["false-alarm"], "a false alarm is an event"),
        (["one#1", "missed"], "what was missed has no event"),
        (["missed", "--clip", "one"], "what was missed has no event"),
        (["missed", "--clip", "one", "--at", "soon"], "--at takes seconds"),
        (["missed", "--clip", "one", "--at", "5-2"], "--at takes seconds"),
        (["one#7", "false-alarm"], "has no event 'one#7'"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    ruler: Ruler,
    run: str,
    words: list[str],
    sentence: str,
) -> None:
    ended: Ended = ruler("feedback", run, *words, "--reason", "x")
    assert ended.code == 2
    assert sentence in ended.sentence


def test_a_reason_is_needed(ruler: Ruler, run: str) -> None:
    assert "say why" in ruler("feedback", run, "one#1", "false-alarm", "--reason", " ").sentence


def test_what_is_approved_ends_the_alarm(ruler: Ruler, run: str, clip: str) -> None:
    assert ruler("feedback", run, "one#1", "false-alarm", "--reason", "kids").code == 0
    approved = ruler("rules", "approve", f"{SCENE}@2", "--reason", "right")
    assert approved.code == 0
    record = detect(ruler, clip, "--json").data
    assert record["spec"]["revision"]["revision"] == 3
    assert record["coverage"]["anomaly"] == 0
    assert ruler("rules", "test", SCENE).code == 0
    said = ruler("feedback", run, "one#1", "false-alarm", "--reason", "kids")
    assert said.code == 0 and "raises no alarm there any more" in said.out
