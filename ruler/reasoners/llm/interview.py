"""Asking by prompt: from a template and its data to questions, and what all answers cost."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel

from prompts.loader import Prompt, load
from ruler.errors import InputError, ModelError
from ruler.llm.questions import Answer, Asker, Fault, FaultKind, Question
from ruler.schemas.base import content_hash
from ruler.schemas.runs import Usage

_Value = TypeVar("_Value", bound=BaseModel)

_Item = TypeVar("_Item")

PROMPTS = (
    "propose_normal",
    "aggregate_rules",
    "contrast_anomaly",
    "match_captions",
    "check_again",
    "reflect_event",
    "rules_from_taxonomy",
    "judge_clip",
    "reflect_clip",
)

BATCH = 16
"""Captions or frames a question; each text is asked about once, however many frames have it."""

SMALLER: frozenset[FaultKind] = frozenset({"cut", "too_long"})
"""Faults that a question about a single one may not meet."""

LANGUAGE = "English"
_LANGUAGE = re.compile(r"[A-Za-z][A-Za-z0-9 ()-]{0,40}")


def language_named(name: object) -> str:
    """The language that titles, statements and reasons are written in.

    Raises:
        InputError: it is neither a tag like `de` or `pt-BR` nor a name.
    """
    if name is None or name == "":
        return LANGUAGE
    if not isinstance(name, str) or not _LANGUAGE.fullmatch(name):
        raise InputError(f"--language takes a tag like de or pt-BR, or a name, not {name!r}")
    return name


class Interview:
    """Puts a model the questions of the prompts; safe to share by threads.

    Attributes:
        asker: The model behind all care.
        language: What titles, statements and reasons are written in.
    """

    def __init__(self, asker: Asker, language: str = LANGUAGE) -> None:
        self.asker = asker
        self.language = language
        self._usage = Usage()
        self._lock = threading.Lock()

    @property
    def usage(self) -> Usage:
        """What all answers so far cost together."""
        with self._lock:
            return self._usage

    @property
    def version(self) -> str:
        """Names the model, and changes with its place, the prompts and the language."""
        asked = [load(name).sha256 for name in PROMPTS]
        digest = content_hash([self.asker.endpoint, self.language, asked])
        return f"1 {self.asker.name} {digest[:12]}"

    def question(
        self, name: str, schema: type[BaseModel], max_tokens: int, **values: str
    ) -> Question:
        """A question by the prompt `name`. `values` are data that was fenced, or words of ours; the
        language is put in where the prompt asks for it."""
        prompt = load(name)
        if "language" in prompt.variables:
            values["language"] = self.language
        system, text = prompt.render_parts(**values)
        return Question(system=system, text=text, schema=schema, max_tokens=max_tokens)

    def ask(self, questions: Sequence[Question], schema: type[_Value]) -> list[_Value | Fault]:
        """One answer a question, in order: its value, or why there is none."""
        answers: list[_Value | Fault] = []
        for answer in self.asker.ask(questions) if questions else ():
            with self._lock:
                self._usage += answer.usage
            answers.append(_value(answer, schema))
        missing = len(questions) - len(answers)
        return answers + [Fault("empty", "the model gave no answer")] * missing

    def insist(self, questions: Sequence[Question], schema: type[_Value]) -> list[_Value]:
        """The same where there is nothing to fall back on.

        Raises:
            ModelError: one of the answers cannot be used.
        """
        values: list[_Value] = []
        for value in self.ask(questions, schema):
            if isinstance(value, Fault):
                raise ModelError(f"model {self.asker.name!r}: {value.said}")
            values.append(value)
        return values


def prompt_ref(name: str) -> str:
    """A prompt as a rule's origin names it: `name@version+hash`."""
    prompt: Prompt = load(name)
    return f"{name}@{prompt.version}+{prompt.sha256[:12]}"


def numbered(items: Sequence[Mapping[str, object]], word: str) -> list[dict[str, object]]:
    """Items with their numbers, from 1, under `word`."""
    return [{word: number, **item} for number, item in enumerate(items, 1)]


def batched(items: Sequence[_Item], size: int) -> list[Sequence[_Item]]:
    """The items in order, so many at a time."""
    return [items[at : at + size] for at in range(0, len(items), size)]


def thinned(items: Sequence[_Item], most: int) -> list[_Item]:
    """At most so many of the items, spread evenly."""
    if len(items) <= most:
        return list(items)
    return [items[at * len(items) // most] for at in range(most)]


def _value(answer: Answer, schema: type[_Value]) -> _Value | Fault:
    if answer.fault is not None:
        return answer.fault
    if isinstance(answer.value, schema):
        return answer.value
    return Fault("invalid", f"the answer is no {schema.__name__}")
