"""Structured answers are read from whatever models wrap them in, and nothing is made up."""

from __future__ import annotations

import gzip
import json
import time
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from ruler.llm.parsing import parse
from ruler.llm.questions import Fault
from ruler.schemas.base import UnitInterval


class Claim(BaseModel):
    """A part of an answer."""

    rule: int
    verdict: Literal["yes", "no", "unclear"]
    confidence: UnitInterval
    quote: str = ""


class Claims(BaseModel):
    """An answer that is one list."""

    claims: list[Claim]


class Judgement(BaseModel):
    """An answer of plain fields."""

    video_description: str
    reasoning: str
    anomaly: Literal[0, 1]


class Loose(BaseModel):
    """An answer whose fields may be left out."""

    title: str | None = None
    share: float | None = None
    percent: float | None = Field(default=None, ge=0, le=100)
    kind: Literal["human_activity", "environment"] | None = None


class Words(BaseModel):
    """An answer that lists words."""

    words: list[str]


CLAIM = {"rule": 2, "verdict": "yes", "confidence": 0.75, "quote": "runs"}
CLAIMS = Claims.model_validate({"claims": [CLAIM]})
JUDGED = Judgement(video_description="A dog runs.", reasoning="Dogs run here.", anomaly=0)
PLAIN = JUDGED.model_dump_json()


def read(text: str) -> Judgement:
    answer = parse(text, Judgement)
    assert isinstance(answer, Judgement), answer
    return answer


def fault(text: str, schema: type[BaseModel] = Judgement) -> Fault:
    answer = parse(text, schema)
    assert isinstance(answer, Fault), answer
    return answer


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        f"  \n{PLAIN}\n",
        f"```json\n{PLAIN}\n```",
        f"```\n{PLAIN}\n```\nI hope that helps {{or not}}.",
        f"Sure! Here is the answer:\n\n{PLAIN}\n\nLet me know.",
        f"Answer: {PLAIN}",
        f"<answer>{PLAIN}</answer>",
        f"<think>It could be {PLAIN.replace('0', '1')}, or {{not}}.</think>\n{PLAIN}",
        f"the template opened it: {PLAIN.replace('0', '1')}</think>{PLAIN}",
        f"The set {{a, b}} and [1] and {{x}}. {PLAIN}",
        f"For example {PLAIN.replace('0', '1')}. But here: {PLAIN}",
        f'{{"answer": {PLAIN}}}',
        f'{{"status": "ok", "result": {PLAIN}, "took": 3}}',
        PLAIN.replace("}", ",}"),
        PLAIN.replace('"anomaly":0', '"anomaly":"0"'),
        PLAIN.replace('"anomaly":0', '"anomaly":0.0'),
        PLAIN.replace('"anomaly":0', '"anomaly":false'),
        PLAIN.replace('"anomaly":0', '"anomaly":"No."'),
        PLAIN.replace('"video_description"', '"Video Description"'),
        PLAIN.replace('"video_description"', '"videoDescription"'),
        PLAIN.replace('","', '"\n"').replace(',"anomaly"', '\n"anomaly"'),
        PLAIN[:-1] + "\n",
        "{'video_description': 'A dog runs.', 'reasoning': 'Dogs run here.', 'anomaly': False}",
        "{video_description: 'A dog runs.', reasoning: 'Dogs run here.', anomaly: 0}",
        "{“video_description”: “A dog runs.”, “reasoning”: “Dogs run here.”, “anomaly”: 0}",
        "video_description: A dog runs.\n\nreasoning: Dogs run here.\n\nanomaly: 0",
        "**Video description:** A dog runs.\n- **Reasoning**: Dogs run here.\n- **Anomaly:** `0`.",
        "anomaly: 1</think>VideoDescription: A dog runs.\nReasoning: Dogs run here.\nAnomaly: no",
    ],
)
def test_the_answer_is_read_from_what_is_around_it(text: str) -> None:
    assert read(text) == JUDGED


def test_raw_control_characters_in_strings_stay() -> None:
    raw = '{"video_description": "A\x01 dog\n\truns.", "reasoning": "\x1f", "anomaly": 1}'
    assert read(raw).video_description == "A\x01 dog\n\truns."
    assert read(f"So: {raw.replace(', ', ',,')}").reasoning == "\x1f"


def test_quotes_inside_strings_are_kept() -> None:
    text = '{"video_description": "It says "Mater" on it.", "reasoning": "x", "anomaly": 1}'
    assert read(text).video_description == 'It says "Mater" on it.'


def test_an_answer_that_quotes_an_answer_is_not_taken_for_it() -> None:
    quoted = JUDGED.model_copy(update={"reasoning": f"A sign: </think> {PLAIN} ``` <think>"})
    written = quoted.model_copy(update={"anomaly": 1}).model_dump_json()
    for text in (written, f"Well: {written}", f"<think>hm</think>{written} Done."):
        assert read(text).anomaly == 1
    assert fault(json.dumps({"note": f"the sign says {PLAIN}"})).kind == "invalid"


def test_the_last_word_counts_even_where_it_cannot_be_used() -> None:
    assert fault(f"Example: {PLAIN}. Now: {PLAIN.replace('0', '7')}").kind == "invalid"
    assert fault(f"Example: {PLAIN}. Now: {PLAIN[:-12]}").kind == "unreadable"


def test_thinking_that_does_not_end_holds_no_answer() -> None:
    assert fault(f"<think>Perhaps {PLAIN}").kind == "unreadable"
    assert fault("<think>\nvideo_description: a\nreasoning: b\nanomaly: 0").kind == "unreadable"


@pytest.mark.parametrize("cut", range(1, len(PLAIN)))
def test_a_cut_answer_is_a_fault_or_whole(cut: int) -> None:
    answer = parse(PLAIN[:cut], Judgement)
    assert isinstance(answer, Fault)
    assert answer.kind == "unreadable"
    assert "anomaly" in answer.said


def test_a_cut_answer_never_gives_half_a_value() -> None:
    text = '{"title": "A man wal", "share": 0.93, "percent": 12, "kind": "environment"}'
    whole = Loose.model_validate_json(text).model_dump()
    for cut in range(1, len(text)):
        answer = parse(text[:cut], Loose)
        given = answer.model_dump(exclude_none=True) if isinstance(answer, Loose) else {}
        assert all(whole[name] == value for name, value in given.items()), text[:cut]


def test_a_cut_list_is_not_read_as_a_short_one() -> None:
    text = json.dumps({"claims": [CLAIM, CLAIM]})
    for cut in range(1, len(text) - 1):
        assert isinstance(parse(text[:cut], Claims), Fault), text[:cut]
    assert parse(text[:-1], Claims) == parse(text, Claims)


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        (json.dumps([CLAIM]), [CLAIM]),
        (f"```json\n{json.dumps([CLAIM, CLAIM])}\n```", [CLAIM, CLAIM]),
        (f"Here [1]: {json.dumps([CLAIM])}.", [CLAIM]),
        ("[]", []),
        ('{"claims": []}', []),
        (
            '{"Claims": [{"Rule": "2", "verdict": "YES", "confidence": "75%", "quote": "runs"}]}',
            [CLAIM],
        ),
        ("[{'rule': 2, 'verdict': 'Yes', 'confidence': '.75', 'quote': 'runs'},]", [CLAIM]),
    ],
)
def test_a_list_stands_for_the_object_with_one_list(text: str, claims: list[object]) -> None:
    assert parse(text, Claims) == Claims.model_validate({"claims": claims})


def test_a_list_of_words_may_stand_alone() -> None:
    assert parse('Words: ["run", "fall"]', Words) == Words(words=["run", "fall"])
    assert fault("See [1] and [2].", Words).kind == "unreadable"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"share": "40%"}', Loose(share=0.4)),
        ('{"share": "0.4"}', Loose(share=0.4)),
        ('{"percent": "40 %"}', Loose(percent=40)),
        ('{"percent": 40}', Loose(percent=40)),
        ('{"kind": "Human activity"}', Loose(kind="human_activity")),
        ('{"kind": "ENVIRONMENT."}', Loose(kind="environment")),
        ('{"kind": null}', Loose()),
        ('{"title": "40%"}', Loose(title="40%")),
        ("{}", Loose()),
        ('{"title": "a", "title": "a"}', Loose(title="a")),
        ('{"title": "a", "Title": "b"}', Loose(title="a")),
    ],
)
def test_values_take_the_form_that_was_asked_for(text: str, expected: Loose) -> None:
    assert parse(text, Loose) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (json.dumps({"claims": [CLAIM | {"confidence": 1.5}]}), "claims.0.confidence"),
        (json.dumps({"claims": [CLAIM | {"confidence": "150%"}]}), "claims.0.confidence"),
        (json.dumps({"claims": [CLAIM | {"verdict": "maybe"}]}), "'maybe'"),
        (json.dumps({"claims": [CLAIM | {"confidence": float("nan")}]}), "claims.0.confidence"),
        (json.dumps({"claims": [CLAIM | {"confidence": float("-inf")}]}), "claims.0.confidence"),
        (json.dumps({"claims": "none"}), "claims"),
        ('{"claims": [{"rule": 1, "rule": 2, "verdict": "no", "confidence": 1}]}', "twice"),
        ('{"verdict": "no"}', "`claims`: Field required"),
    ],
)
def test_what_breaks_the_form_is_named(text: str, said: str) -> None:
    found = fault(text, Claims)
    assert found.kind == "invalid"
    assert said in found.said


def test_characters_beyond_the_first_plane_stay_whole() -> None:
    assert parse(r'{"title": "\ud83d\ude42"}', Loose) == Loose(title="🙂")
    assert parse(r"{'title': '\ud83d\ude42 it\'s'}", Loose) == Loose(title="🙂 it's")
    assert "half a character" in fault(r'{"title": "\ud83d"}', Loose).said


def test_numbers_that_are_not_finite_are_refused() -> None:
    for number in ("NaN", "Infinity", "1e999", '"nan"'):
        assert fault(f'{{"share": {number}}}', Loose).kind == "invalid"


@pytest.mark.parametrize("text", ["", "   ", "I cannot say.", "0", "null", '"yes"', "{", "[", "{}"])
def test_nothing_that_can_be_read_is_a_fault(text: str) -> None:
    found = fault(text)
    assert found.kind in ("unreadable", "invalid")
    assert "anomaly" in found.said


def test_a_choice_that_is_only_repeated_is_not_made() -> None:
    assert fault("video_description: x\nreasoning: y\nanomaly: 0 or 1").kind == "invalid"


BOMBS = {
    "open braces": "{" * 1_000_000,
    "open keys": '{"anomaly":' * 90_000,
    "open lists": '{"claims": ' + "[" * 1_000_000,
    "closed lists": '{"claims": ' + "[" * 300_000 + "]" * 300_000 + "}",
    "quotes": '"' * 1_000_000,
    "escapes": '{"anomaly": "' + "\\" * 1_000_000,
    "small objects": '{"anomaly": 1} ' * 60_000,
    "broken objects": "{'anomaly': 1 'reasoning'} " * 40_000,
    "labels": "anomaly: 1\n" * 90_000,
    "letters": "anomaly " * 125_000,
    "thinking": "<think>" * 140_000,
    "thoughts": "<think></think>" * 60_000,
    "blanks": "{ " + " " * 1_000_000,
    "key and blanks": "anomaly" + " " * 1_000_000 + "x",
    "stars": "*" * 1_000_000,
    "digits": '{"anomaly": ' + "9" * 900_000 + "}",
    "too long": "x" * 3_000_000,
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("schema", [Judgement, Claims, Loose])
def test_garbage_takes_bounded_time(name: str, schema: type[BaseModel]) -> None:
    began = time.process_time()
    answer = parse(BOMBS[name], schema)
    assert time.process_time() - began < 6
    assert isinstance(answer, Fault | schema)


FRAGMENTS = st.sampled_from(
    '{ } [ ] " \' : , \\ \n ``` <think> </think> null true None NaN 1 0.5 -1e9 50% "claims" claims '
    '"rule" "verdict" "yes" yes "confidence" anomaly: "anomaly" {"claims":[ {"rule":1, é 🙂 \x00 '
    "// /* */ answer \\u00e9 \\ud800 ◁think▷".split(" ")
)
GARBAGE = st.lists(FRAGMENTS | st.text(max_size=4), max_size=30).map("".join)


@given(GARBAGE)
@example("\ud800")
@example('{"video_description": "\\ud800", "reasoning": "", "anomaly": 1}')
def test_never_raises_and_never_gives_what_does_not_validate(text: str) -> None:
    for schema in (Judgement, Claims, Loose, Words):
        answer = parse(text, schema)
        if isinstance(answer, Fault):
            assert answer.kind in ("unreadable", "invalid")
            assert answer.said
        else:
            assert schema.model_validate(answer.model_dump()) == answer


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
CLAIM_LISTS = st.lists(
    st.builds(
        Claim,
        rule=st.integers(-(10**6), 10**6),
        verdict=st.sampled_from(["yes", "no", "unclear"]),
        confidence=st.floats(0, 1),
        quote=ANY_TEXT,
    ),
    max_size=4,
)
PROSE = st.sampled_from(
    ["", "Sure! ", "I think {so} and [2]. ", 'He said "go". ', "1. 'tis {", "Answer: ", "\n\n"]
)
WRAPS = st.sampled_from(
    [
        "%s",
        "```json\n%s\n```",
        "```\n%s\n```\n",
        '<think>\nMaybe {"claims": []}, or {"anomaly": 2}?\n</think>\n%s',
        "<answer>%s</answer>",
    ]
)


@given(CLAIM_LISTS, PROSE, WRAPS, st.sampled_from(["", " Done.", "\n{x}", "\n[1]"]))
def test_a_wrapped_answer_comes_back_exactly(
    claims: list[Claim], prose: str, wrap: str, after: str
) -> None:
    answer = Claims(claims=claims)
    for written in (answer.model_dump_json(), json.dumps(answer.model_dump(), indent=2)):
        assert parse(prose + wrap.replace("%s", written) + after, Claims) == answer


@given(ANY_TEXT, ANY_TEXT, st.sampled_from([0, 1]))
def test_a_written_judgement_comes_back_exactly(
    said: str, why: str, anomaly: Literal[0, 1]
) -> None:
    answer = Judgement(video_description=said, reasoning=why, anomaly=anomaly)
    assert read(answer.model_dump_json()) == answer
    assert read(json.dumps(answer.model_dump())) == answer
    unescaped = json.dumps(answer.model_dump(), ensure_ascii=False).replace("\\n", "\n")
    assert read(f"Here: {unescaped}") == answer


class Result(BaseModel):
    """What the zero-shot prompt of SmartHome-Bench asks for."""

    result: Literal[0, 1]


@pytest.mark.footage
@pytest.mark.parametrize("mode", ["zeroshot", "fewshot", "cot", "icl"])
def test_real_answers_are_read_and_none_is_read_wrongly(shared: Path, mode: str) -> None:
    path = shared / "data" / "smarthome" / "vila_responses.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row["mode"] == mode]
    schema = Result if mode == "zeroshot" else Judgement
    answers = [(row, parse(row["raw"], schema)) for row in rows]
    usable = [(row, answer) for row, answer in answers if not isinstance(answer, Fault)]
    assert len(usable) >= 0.99 * len(rows) > 700
    for row, answer in usable:
        if isinstance(answer, Judgement):
            expected = (row["description"], row["reasoning"], row["anomaly"])
            assert (answer.video_description, answer.reasoning, answer.anomaly) == expected
        else:
            assert isinstance(answer, Result) and answer.result == row["anomaly"]
