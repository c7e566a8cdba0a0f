"""The keys of answers: all that decides an answer is in them, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import BaseModel

from ruler.llm.keys import answer_key, facts_of, question_key, schema_json
from ruler.llm.questions import Question
from tests.llm.fakes import Verdict

QUESTION = Question("System", "Text", (b"one", b"two"), Verdict, 100)


class Other(BaseModel):
    """Another form."""

    outcome: str


OTHERS = [
    replace(QUESTION, system="Text", text="System"),
    replace(QUESTION, text="Text."),
    replace(QUESTION, system="SystemText", text=""),
    replace(QUESTION, jpegs=(b"two", b"one")),
    replace(QUESTION, jpegs=(b"onetwo",)),
    replace(QUESTION, schema=Other),
    replace(QUESTION, schema=None),
    replace(QUESTION, max_tokens=101),
]


def key(question: Question = QUESTION, **others: object) -> str:
    given = {"model": "a:b", "endpoint": None, "temperature": 0.0, "max_tokens": 400} | others
    return answer_key(facts_of(question), **given)  # type: ignore[arg-type]


def test_the_same_question_has_the_same_keys() -> None:
    again = Question("System", "Text", (b"one", b"two"), Verdict, 100)
    assert key() == key(again)
    assert question_key(facts_of(QUESTION)) == question_key(facts_of(again))
    assert len(key()) == 64


@pytest.mark.parametrize("other", OTHERS, ids=range(len(OTHERS)))
def test_another_question_has_other_keys(other: Question) -> None:
    assert key(other) != key()
    assert question_key(facts_of(other)) != question_key(facts_of(QUESTION))


@pytest.mark.parametrize(
    "other", [{"model": "a:c"}, {"endpoint": "http://127.0.0.1/v1"}, {"temperature": 0.1}]
)
def test_another_model_or_setting_has_another_answer_key(other: dict[str, object]) -> None:
    assert key(**other) != key()


def test_the_models_own_length_counts_where_the_question_gives_none() -> None:
    free = replace(QUESTION, max_tokens=None)
    assert key(free, max_tokens=100) == key(QUESTION, max_tokens=400)
    assert key(free, max_tokens=101) != key(free, max_tokens=100)


def test_a_question_key_is_no_answer_key() -> None:
    assert question_key(facts_of(QUESTION)) != key()


def test_a_schema_is_written_the_same_each_time() -> None:
    assert schema_json(Verdict) == schema_json(Verdict)
    assert '"score":{"title":"Score","type":"number"}' in schema_json(Verdict)
