"""What the engine itself says to a model, and that data stays data in it."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from ruler.llm.questions import Fault, Question
from ruler.llm.wording import ask_again, fenced, with_schema
from tests.llm.fakes import Verdict


def test_a_schema_in_words_stands_in_the_part_that_all_questions_share() -> None:
    asked = with_schema(Question("Judge.", "Caption 7", (b"x",), Verdict))
    assert asked.system.startswith("Judge.\n\nAnswer with one JSON object")
    assert json.loads(asked.system.splitlines()[-1]) == Verdict.model_json_schema()
    assert (asked.text, asked.jpegs) == ("Caption 7", (b"x",))


def test_a_plain_question_stays_as_it_is() -> None:
    question = Question("Describe.", "Caption 7")
    assert with_schema(question) is question


def test_a_question_is_asked_again_with_what_was_wrong_at_its_end() -> None:
    question = Question("Judge.", "Caption 7", schema=Verdict)
    again = ask_again(question, Fault("invalid", "`score` must be a number"))
    assert again.system == question.system
    assert again.text.startswith("Caption 7\n\nYour last answer")
    assert again.text.endswith("```\n`score` must be a number\n```")


@given(st.text(alphabet="`ab\n", max_size=40))
def test_nothing_can_end_its_own_fence(data: str) -> None:
    block = fenced(data)
    fence = block.splitlines()[0]
    assert len(fence) >= 3
    assert fence not in data
    assert block == f"{fence}\n{data}\n{fence}"


def test_a_long_error_is_shortened() -> None:
    again = ask_again(Question("Judge."), Fault("invalid", "x" * 100_000))
    assert len(again.text) < 3000
