"""Recordings: answers of models, kept so that a run can be repeated without them.

`DIR/answers.jsonl` holds one JSON object a line: `key` (the question key, see `ruler.llm.keys`),
`model` (who answered) and `text` (verbatim). Only usable answers are recorded.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ruler.errors import FileProblems, InputError, NotFoundError, Problem
from ruler.files import is_file, opened, parse_json
from ruler.llm.judging import judge
from ruler.llm.keys import facts_of, question_key
from ruler.llm.questions import Answer, Completion, Fault, Question
from ruler.schemas.runs import Usage

NAME = "answers.jsonl"


class Recording:
    """Writes answers to a folder, each question's once; safe for threads.

    A recording can be added to. What was cut off by a crash at its end is dropped first.

    Raises:
        InputError: the folder cannot be written, or what is in it is no recording.
    """

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        path = folder / NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.touch()
            os.truncate(path, _whole(path))
        except OSError as error:
            raise InputError(f"{path} cannot be written: {error.strerror}") from error
        self._known = {key for key, _, _ in _read(path)}
        self._path = path

    def put(self, key: str, model: str, text: str) -> None:
        """Append an answer, unless the question has one."""
        line = json.dumps({"key": key, "model": model, "text": text}, ensure_ascii=False)
        with self._lock:
            if key in self._known:
                return
            with self._path.open("ab") as file:
                file.write(line.encode() + b"\n")
            self._known.add(key)


class Replay:
    """An `Asker` that answers from a recording, without any model.

    Args:
        folder: Where `answers.jsonl` lies.

    Raises:
        NotFoundError: there is none.
        FileProblems: lines of it cannot be read.
    """

    endpoint = None

    def __init__(self, folder: Path) -> None:
        path = folder / NAME
        if not is_file(path):
            raise NotFoundError(f"{folder} holds no recording ({NAME})")
        self.name = f"replay:{folder}"
        self._path = path
        self._places: dict[str, int] = {}  # texts stay in the file, however many there are
        for key, place, _ in _read(path):
            self._places.setdefault(key, place)

    def ask(self, questions: Iterable[Question]) -> Iterator[Answer]:
        """One answer a question, in order, at once; the fault "missing" where none was recorded."""
        return map(self._answer, questions)

    def _answer(self, question: Question) -> Answer:
        key = question_key(facts_of(question))
        if key not in self._places:
            said = f"{self.name} has no answer to question {key[:12]}"
            return Answer(fault=Fault("missing", said))
        _, _, text = next(_read(self._path, self._places[key]))
        answer = judge(question, Completion(text))
        return replace(answer, usage=Usage(answers_cached=1))


def _read(path: Path, start: int = 0) -> Iterator[tuple[str, int, str]]:
    """Keys, where their lines begin, and texts; a line without its end is not one yet."""
    with opened(path) as file:
        place = file.seek(start)
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                found = parse_json(line)
                said = str(found["key"]), place, str(found["text"])
            except (ValueError, KeyError, TypeError):
                message = "expected an object with key, model and text"
                raise FileProblems([Problem(str(path), number, 1, message)]) from None
            yield said
            place += len(line)


def _whole(path: Path) -> int:
    """How many bytes of the file are whole lines."""
    size = 0
    with opened(path) as file:
        for line in file:
            size += len(line) if line.endswith(b"\n") else 0
    return size
