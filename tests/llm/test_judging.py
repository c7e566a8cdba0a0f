"""What of a completion can be used, and which fault the rest is."""

from __future__ import annotations

import pytest

from ruler.llm.judging import CUT, WITHHELD, judge
from ruler.llm.questions import Completion, Fault, Question
from tests.llm.fakes import Verdict

PLAIN, FORM = Question("Describe."), Question("Judge.", schema=Verdict)


@pytest.mark.parametrize(
    ("completion", "kind", "said"),
    [
        (Completion(""), "empty", "the answer is empty"),
        (Completion(" \n "), "empty", "the answer is empty"),
        (Completion("", refusal="I will not."), "refused", "the model refused: I will not."),
        (Completion("I'm sorry, but I can't help with that."), "refused", "I'm sorry"),
        (Completion("I cannot view images."), "refused", "I cannot view"),
        (Completion("I cannot describe\x1b[31m it."), "refused", "\N{REPLACEMENT CHARACTER}[31m"),
        (Completion("A person wal", "length"), "cut", "cut off; raise max_tokens"),
        (Completion("A person wal", "MAX_TOKENS"), "cut", "cut off"),
        (Completion("", "content_filter"), "withheld", "withheld (content_filter)"),
        (Completion("", "SAFETY"), "withheld", "withheld (safety)"),
    ],
)
def test_what_cannot_be_used_has_a_fault(completion: Completion, kind: str, said: str) -> None:
    for question in (PLAIN, FORM):
        answer = judge(question, completion)
        assert answer.fault is not None
        assert answer.fault.kind == kind
        assert said in answer.fault.said
        assert answer.text == completion.text


@pytest.mark.parametrize(
    "text",
    [
        "A person says sorry to another. Two people walk.",
        "I see one person, who cannot open the door.",
        "A sign reads: I'm sorry, I can't help with that.",
        "Sorry signs hang on the wall.",
    ],
)
def test_a_caption_that_only_sounds_like_a_refusal_stays(text: str) -> None:
    assert judge(PLAIN, Completion(text)).fault is None


def test_a_text_stays_as_it_was_written() -> None:
    text = "  Zwei Leute \N{WAVING HAND SIGN}\n gehen. "
    assert judge(PLAIN, Completion(text)).text == text


def test_half_characters_are_replaced_for_no_file_can_hold_them() -> None:
    text = judge(PLAIN, Completion("a \ud83d b \ud83d\ude00")).text
    assert text == "a \N{REPLACEMENT CHARACTER} b \N{GRINNING FACE}"
    assert text.encode()


def test_a_structured_answer_is_read() -> None:
    answer = judge(FORM, Completion('{"outcome": "normal", "score": 0.1}'))
    assert answer.value == Verdict(outcome="normal", score=0.1)
    assert answer.fault is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("The scene is normal today!", "unreadable"),
        ('{"outcome": "normal", "score": {}}', "invalid"),
    ],
)
def test_a_structured_answer_that_does_not_fit_has_a_fault_of_form(text: str, kind: str) -> None:
    answer = judge(FORM, Completion(text))
    assert answer.value is None
    assert answer.fault is not None
    assert (answer.fault.kind, answer.text) == (kind, text)


def test_a_fault_of_transport_stays_what_it_is() -> None:
    fault = Fault("server", "it failed")
    assert judge(PLAIN, fault).fault is fault


def test_the_words_for_ends_are_lower_case_and_tell_apart() -> None:
    assert {word.lower() for word in CUT | WITHHELD} == CUT | WITHHELD
    assert not CUT & WITHHELD
