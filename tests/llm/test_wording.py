"""What the engine itself says to a model, and that data stays data in it."""

from __future__ import annotations

import json

import pytest

from prompts.loader import load
from ruler.llm.questions import Fault, Question
from ruler.llm.wording import ask_again, with_schema
from ruler.reasoners.llm.answers import Rechecks
from tests.llm.fakes import Verdict
from tests.llm.test_fencing import HOSTILE


def test_a_schema_in_words_stands_in_the_part_that_all_questions_share() -> None:
    asked = with_schema(Question("Judge.", "Caption 7", (b"x",), Verdict))
    assert asked.system.startswith("Judge.\n\nAnswer with one JSON object")
    assert json.loads(asked.system.splitlines()[-1]) == Verdict.model_json_schema()
    assert (asked.text, asked.jpegs) == ("Caption 7", (b"x",))


def test_a_prompt_that_asks_for_an_object_is_not_told_so_twice() -> None:
    system, text = load("check_again").render_parts(language="English", frames="{}")
    asked = with_schema(Question(system, text, schema=Rechecks))
    assert asked.system.startswith(system.rstrip())
    assert asked.system.count("Answer with one JSON object") == 1
    assert json.loads(asked.system.splitlines()[-1]) == Rechecks.model_json_schema()


def test_a_plain_question_stays_as_it_is() -> None:
    question = Question("Describe.", "Caption 7")
    assert with_schema(question) is question


def test_a_question_is_asked_again_with_what_was_wrong_at_its_end() -> None:
    question = Question("Judge.", "Caption 7", schema=Verdict)
    again = ask_again(question, Fault("invalid", "`score` must be a number"))
    assert again.system == question.system
    assert again.text.startswith("Caption 7\n\nYour last answer")
    assert json.loads(again.text.splitlines()[-1]) == {"wrong": "`score` must be a number"}


@pytest.mark.parametrize("said", HOSTILE)
def test_what_was_wrong_is_data(said: str) -> None:
    again = ask_again(Question("Judge.", "Caption 7"), Fault("invalid", said))
    head, line = again.text.rsplit("\n", 1)
    assert head.endswith("in the form asked for.")
    assert json.loads(line) == {"wrong": said}


def test_a_long_error_is_shortened() -> None:
    again = ask_again(Question("Judge."), Fault("invalid", "x" * 100_000))
    assert len(again.text) < 3000
