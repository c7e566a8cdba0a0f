"""How a question is put to a model in this process, and what comes of errors."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ruler.llm.local.asking import (
    conversation,
    disarm,
    first_line,
    halving,
    is_out_of_memory,
    special_tokens,
)
from ruler.llm.questions import Completion, Fault

TOKENS = ["<image>", "<|im_end|>", "<|im_start|>", "</s>", "[INST]"]
PICTURE = {"type": "image"}


def words(text: str) -> dict[str, str]:
    return {"type": "text", "text": text}


def test_the_system_speaks_first_then_come_pictures_then_the_question() -> None:
    assert conversation("rules", "what?", [PICTURE, PICTURE]) == [
        {"role": "system", "content": [words("rules")]},
        {"role": "user", "content": [PICTURE, PICTURE, words("what?")]},
    ]


def test_no_turn_is_empty() -> None:
    assert conversation("", "what?", []) == [{"role": "user", "content": [words("what?")]}]
    assert conversation("what?", "", []) == [{"role": "user", "content": [words("what?")]}]
    assert conversation("what?", "", [PICTURE])[1] == {"role": "user", "content": [PICTURE]}


def test_without_a_systems_turn_its_words_open_the_users() -> None:
    chat = conversation("rules", "what?", [PICTURE], takes_system=False)
    assert chat == [{"role": "user", "content": [words("rules"), PICTURE, words("what?")]}]


@given(st.lists(st.sampled_from([*TOKENS, "a", "<", ">", "|", " ", "image", "im_end"])))
def test_no_special_token_survives_in_a_text(pieces: list[str]) -> None:
    said = disarm("".join(pieces), TOKENS)
    assert not any(token in said for token in TOKENS)
    assert said.replace(" ", "") == "".join(pieces).replace(" ", "")


def test_a_text_without_special_tokens_stays_as_it_is() -> None:
    plain = "A man < 2 m tall | walks > home, im_end."
    assert disarm(plain, TOKENS) == plain
    assert disarm("<image>", []) == "<image>"


def test_the_conversation_disarms_both_texts_and_no_picture() -> None:
    picture = {"type": "image_url", "image_url": {"url": "<image>"}}
    system, user = conversation("a <image>", "b </s>", [picture], TOKENS)
    assert system["content"] == [words("a < image>")]
    assert user["content"] == [picture, words("b < /s>")]


def test_special_tokens_are_those_marked_so_and_no_others() -> None:
    added = {
        1: SimpleNamespace(content="<a>", special=True),
        2: SimpleNamespace(content="<tool>", special=False),
    }
    tokenizer = SimpleNamespace(added_tokens_decoder=added, all_special_tokens=["<s>"])
    assert special_tokens(tokenizer) == {"<a>", "<s>"}
    assert special_tokens(SimpleNamespace()) == frozenset()


class Memory:
    """A model that takes `fits` items at once and fails for some."""

    def __init__(self, fits: int, broken: Sequence[int] = ()) -> None:
        self.fits = fits
        self.broken = broken
        self.tried: list[int] = []
        self.shrunk: list[int] = []

    def answer(self, items: Sequence[int]) -> list[Completion | Fault]:
        self.tried.append(len(items))
        if len(items) > self.fits:
            raise MemoryError
        if set(items) & set(self.broken):
            raise KeyError("pixel_values")
        return [Completion(str(item)) for item in items]

    def run(self, count: int) -> list[Completion | Fault]:
        return halving(range(count), self.answer, self.shrunk.append)


def test_a_batch_that_does_not_fit_is_halved_and_keeps_its_order() -> None:
    memory = Memory(fits=2)
    assert memory.run(7) == [Completion(str(item)) for item in range(7)]
    assert memory.tried == [7, 3, 1, 2, 4, 2, 2]
    assert memory.shrunk == [3, 1, 2]


def test_a_batch_that_fits_is_tried_once() -> None:
    memory = Memory(fits=8)
    assert len(memory.run(8)) == 8
    assert (memory.tried, memory.shrunk) == ([8], [])


def test_one_question_that_does_not_fit_is_too_long() -> None:
    outcomes = Memory(fits=0).run(2)
    assert [one.kind for one in outcomes if isinstance(one, Fault)] == ["too_long", "too_long"]


def test_one_question_that_breaks_the_model_leaves_its_neighbours_alone() -> None:
    memory = Memory(fits=8, broken=[2])
    outcomes = memory.run(4)
    assert [isinstance(one, Fault) for one in outcomes] == [False, False, True, False]
    assert outcomes[2] == Fault("bad_request", "the model cannot take the question: 'pixel_values'")
    assert memory.shrunk == []


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (MemoryError(), True),
        (type("OutOfMemoryError", (RuntimeError,), {})("CUDA"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_running_out_of_memory_is_told_from_other_errors(error: Exception, is_memory: bool) -> None:
    assert is_out_of_memory(error) is is_memory


LOG = "(EngineCore pid=7) ERROR 11-21 07:00:36 [core.py:1] KeyError: 'b'\nValueError: later\n"


@pytest.mark.parametrize(
    ("error", "log", "line"),
    [
        (ValueError("\n  no such thing  \nmore"), "", "no such thing"),
        (ValueError(), "", "ValueError"),
        (ValueError("picture at 0x7fea90172d90 is bad"), "", "picture is bad"),
        ("1 validation error for A\n  Value error, no B [type=c, d=e]\n  see", "", "no B"),
        ("See root cause above.", LOG, "'b'"),
        ("", "WARNING slow. Exception: no matter\ntorch.OutOfMemoryError: full", "full"),
        ("", "", "no reason"),
    ],
)
def test_the_first_line_that_says_something_is_found(
    error: Exception | str, log: str, line: str
) -> None:
    assert first_line(error, log) == line


def test_a_long_line_is_cut() -> None:
    assert len(first_line("word " * 1000)) < 310
