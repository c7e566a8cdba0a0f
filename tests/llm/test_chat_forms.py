"""The served back-end and what an endpoint can do: schemas, system roles."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pydantic import BaseModel

from ruler.llm.questions import Question
from ruler.llm.retrying import OtherFormError
from tests.llm.asking import complete, engine
from tests.llm.fakes import Verdict
from tests.stubs.openai_server import Answer, OpenAIStub, Request, completion, error, words

JUDGE = Question("You judge.", "Caption 7.", schema=Verdict)
GOOD = '{"outcome": "normal", "score": 0.5}'


@pytest.fixture
def stub() -> Iterator[OpenAIStub]:
    with OpenAIStub() as server:
        yield server


# --- structured answers ---------------------------------------------------------------------------


class Free(BaseModel):
    """A form with free keys."""

    counts: dict[str, int]


def judged(request: Request) -> Answer:
    return completion(GOOD)


def refuses(test: Callable[[Request], bool], message: str = "stub") -> Callable[[Request], Answer]:
    return lambda request: error(400, message) if test(request) else completion(GOOD)


def test_a_server_is_asked_to_hold_the_model_to_the_schema() -> None:
    with OpenAIStub(default=judged) as stub:
        complete(stub, JUDGE)
    form = stub.requests[0]["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["strict"] is True
    assert form["json_schema"]["name"] == "Verdict"
    assert set(form["json_schema"]["schema"]["required"]) == {"outcome", "score"}
    assert form["json_schema"]["schema"]["additionalProperties"] is False
    assert "JSON schema" not in words(stub.requests[0])


def test_a_cut_or_refused_structured_answer_stays_what_it_is() -> None:
    script = [completion('{"outcome": "nor', finish="length"), completion(None, refusal="No.")]
    with OpenAIStub(script) as stub:
        cut, refused = complete(stub, JUDGE), complete(stub, JUDGE)
    assert (cut.text, cut.finish) == ('{"outcome": "nor', "length")
    assert refused.refusal == "No."


def test_a_form_with_free_keys_is_put_into_words(stub: OpenAIStub) -> None:
    complete(stub, Question("Count.", "Caption 7.", schema=Free))
    assert "response_format" not in stub.requests[0]
    assert "JSON schema" in words(stub.requests[0])


def test_a_server_that_refuses_schemas_is_remembered_and_asked_in_words() -> None:
    with OpenAIStub(default=refuses(lambda request: "response_format" in request)) as stub:
        asked = engine(stub, concurrency=1)
        answers = list(asked.ask([JUDGE] * 3))
        asked.close()
    assert [answer.value for answer in answers] == [Verdict(outcome="normal", score=0.5)] * 3
    assert ["response_format" in request for request in stub.requests] == [True, *[False] * 3]
    assert answers[0].usage.model_calls == 2
    assert answers[0].usage.failed_calls == 1
    assert "JSON schema" in words(stub.requests[1])


def test_a_question_that_is_refused_anyway_does_not_spoil_the_form() -> None:
    def is_odd(request: Request) -> bool:
        return "odd" in words(request)

    with OpenAIStub(default=refuses(is_odd)) as stub:
        asked = engine(stub, concurrency=1)
        odd = Question("You judge.", "odd", schema=Verdict)
        answers = [next(asked.ask([question])) for question in (JUDGE, odd, JUDGE)]
        asked.close()
        fresh = engine(stub, concurrency=1)
        answers += [next(fresh.ask([question])) for question in (odd, JUDGE, odd, JUDGE)]
        fresh.close()
    kinds = [answer.fault.kind if answer.fault else None for answer in answers]
    assert kinds == [None, "bad_request", None] + ["bad_request", None] * 2
    used = ["response_format" in request for request in stub.requests]
    assert used == [True] * 3 + [True, False, True, True, True]  # accepted once, it is kept


def test_a_model_without_a_system_role_gets_it_as_the_users_words() -> None:
    def has_system(request: Request) -> bool:
        return request["messages"][0]["role"] == "system"

    with OpenAIStub(default=refuses(has_system, "System role not supported")) as stub:
        asked = engine(stub, concurrency=1)
        answers = list(asked.ask([Question("You describe.", "Frame 7.")] * 2))
        asked.close()
    assert [answer.fault for answer in answers] == [None, None]
    assert stub.calls == 3
    assert stub.requests[1] == {
        **stub.requests[0],
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "You describe."},
                    {"type": "text", "text": "Frame 7."},
                ],
            }
        ],
    }


def test_schema_and_system_role_can_both_be_missing() -> None:
    def is_wrong(request: Request) -> bool:
        return "response_format" in request or request["messages"][0]["role"] == "system"

    with OpenAIStub(default=refuses(is_wrong, "system role? response_format?")) as stub:
        asked = engine(stub, concurrency=1, retries=0)
        (answer,) = asked.ask([JUDGE])
        asked.close()
    assert answer.value == Verdict(outcome="normal", score=0.5)
    assert stub.calls == 3


def test_the_refusal_of_a_form_is_told_apart() -> None:
    with OpenAIStub([error(400)]) as stub, pytest.raises(OtherFormError):
        complete(stub, JUDGE)
