"""Recordings: written once a question, replayed without a model."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from ruler.errors import FileProblems, InputError, NotFoundError
from ruler.llm.keys import facts_of, question_key
from ruler.llm.questions import Question
from ruler.llm.recording import NAME, Recording, Replay
from ruler.schemas.runs import Usage
from tests.llm.fakes import Verdict

QUESTION = Question("Describe.", "now", (b"jpeg",))


def key(question: Question) -> str:
    return question_key(facts_of(question))


def test_a_replay_says_what_was_recorded(tmp_path: Path) -> None:
    text = "Zwei Leute\r\n\u2028gehen \N{WAVING HAND SIGN}"
    Recording(tmp_path / "new" / "folder").put(key(QUESTION), "a:b", text)
    replay = Replay(tmp_path / "new" / "folder")
    (answer,) = replay.ask([QUESTION])
    assert (answer.text, answer.fault) == (text, None)
    assert answer.usage == Usage(answers_cached=1)
    assert replay.endpoint is None
    assert replay.name.startswith("replay:")


def test_a_replay_keeps_order_and_names_what_is_missing(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    questions = [Question("Describe.", str(number)) for number in range(5)]
    for question in reversed(questions[:4]):
        recording.put(key(question), "a:b", f"about {question.text}")
    answers = list(Replay(tmp_path).ask(questions))
    assert [answer.text for answer in answers[:4]] == [f"about {n}" for n in range(4)]
    assert answers[4].fault is not None
    assert answers[4].fault.kind == "missing"
    assert key(questions[4])[:12] in answers[4].fault.said


def test_a_replay_reads_structured_answers(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    good, bad = Question("Judge.", "a", schema=Verdict), Question("Judge.", "b", schema=Verdict)
    recording.put(key(good), "a:b", '{"outcome": "normal", "score": 0}')
    recording.put(key(bad), "a:b", "no idea")
    first, second = Replay(tmp_path).ask([good, bad])
    assert first.value == Verdict(outcome="normal", score=0)
    assert second.fault is not None
    assert second.fault.kind == "unreadable"


def test_a_question_has_one_line_the_first(tmp_path: Path) -> None:
    for text in ("first", "second"):
        recording = Recording(tmp_path)
        recording.put(key(QUESTION), "a:b", text)
        recording.put(key(QUESTION), "a:c", "third")
    (line,) = (tmp_path / NAME).read_text().splitlines()
    assert json.loads(line) == {"key": key(QUESTION), "model": "a:b", "text": "first"}


def test_threads_do_not_mix_their_lines(tmp_path: Path) -> None:
    recording = Recording(tmp_path)

    def work(start: int) -> None:
        for number in range(start, start + 60):  # each number by three threads
            recording.put(f"{number}", "a:b", "x" * 500)

    threads = [threading.Thread(target=work, args=(start,)) for start in range(0, 120, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = [json.loads(line)["key"] for line in (tmp_path / NAME).read_text().splitlines()]
    assert sorted(found, key=int) == [str(number) for number in range(160)]


def test_what_a_crash_cut_off_is_dropped(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.put(key(QUESTION), "a:b", "whole")
    with (tmp_path / NAME).open("a") as file:
        file.write('{"key": "half", "te')
    (answer,) = Replay(tmp_path).ask([QUESTION])
    assert answer.text == "whole"
    Recording(tmp_path).put("next", "a:b", "also whole")
    assert len((tmp_path / NAME).read_text().splitlines()) == 2
    assert next(Replay(tmp_path).ask([QUESTION])).text == "whole"


@pytest.mark.parametrize("line", ["no JSON", "[1]", '{"key": "a"}', "\udcff"])
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    Recording(tmp_path).put("a", "a:b", "fine")
    with (tmp_path / NAME).open("ab") as file:
        file.write(line.encode(errors="surrogateescape") + b"\n")
    for open_it in (Replay, Recording):
        with pytest.raises(FileProblems, match=r"answers\.jsonl:2:1: expected an object"):
            open_it(tmp_path)


def test_a_folder_without_a_recording_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="holds no recording"):
        Replay(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        Recording(tmp_path / "file")
