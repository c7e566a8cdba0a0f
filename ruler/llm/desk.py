"""What is known before a model is asked, and what is kept of what it says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ruler.llm.judging import judge
from ruler.llm.keys import answer_key, facts_of, question_key
from ruler.llm.options import ChatOptions
from ruler.llm.questions import Answer, AnswerCache, Completion, Question
from ruler.schemas.runs import Usage


class Recorder(Protocol):
    """Where a recording is written (`ruler.llm.recording`)."""

    def put(self, key: str, model: str, text: str) -> None:
        """Keep a usable answer under its question key."""


@dataclass(frozen=True)
class Asked:
    """A question with its two keys (`ruler.llm.keys`); "" where nobody wants them."""

    question: Question
    answer_key: str = ""
    question_key: str = ""


class Desk:
    """The cache, the recorder and the counter of one engine; safe for threads if they are.

    Args:
        model: `provider:model`.
        endpoint: Where it is served, without secrets.
        options: For temperature and length, which are part of an answer's key.
        cache: Where usable answers are looked up and kept, or None.
        recorder: Where usable answers, found ones too, are recorded, or None.
        on_usage: Told what each question cost as it ends, however it ends; from any thread.
    """

    def __init__(
        self,
        *,
        model: str,
        endpoint: str | None,
        options: ChatOptions,
        cache: AnswerCache | None,
        recorder: Recorder | None,
        on_usage: Callable[[Usage], None] | None,
    ) -> None:
        self._model = model
        self._endpoint = endpoint
        self._options = options
        self._cache = cache
        self._recorder = recorder
        self._on_usage = on_usage

    @property
    def keeps(self) -> bool:
        """Whether answers go anywhere."""
        return self._cache is not None or self._recorder is not None

    @property
    def tells(self) -> bool:
        """Whether anybody wants to know what questions cost."""
        return self._on_usage is not None

    def take(self, questions: Sequence[Question]) -> list[Asked]:
        """Questions with their keys."""
        return [self._keyed(question) if self.keeps else Asked(question) for question in questions]

    def recall(self, asked: Sequence[Asked]) -> list[Answer | None]:
        """The answers that are known; one whose text fits no more is asked for anew."""
        if self._cache is None:
            return [None] * len(asked)
        texts = self._cache.get([one.answer_key for one in asked])
        return [self._recalled(one, texts.get(one.answer_key)) for one in asked]

    def keep(self, asked: Asked, answer: Answer) -> None:
        """Store and record an answer, if it can be used."""
        if answer.fault is not None:
            return
        if self._cache is not None:
            self._cache.put(asked.answer_key, self._model, answer.text)
        self._record(asked, answer)

    def tell(self, usage: Usage) -> None:
        """Tell what a question cost."""
        if self._on_usage is not None:
            self._on_usage(usage)

    def _keyed(self, question: Question) -> Asked:
        facts = facts_of(question)
        key = answer_key(
            facts,
            model=self._model,
            endpoint=self._endpoint,
            temperature=self._options.temperature,
            max_tokens=self._options.max_tokens,
        )
        return Asked(question, key, question_key(facts))

    def _recalled(self, asked: Asked, text: str | None) -> Answer | None:
        if text is None:
            return None
        answer = judge(asked.question, Completion(text))
        if answer.fault is not None:
            return None
        self._record(asked, answer)
        usage = Usage(answers_cached=1)
        self.tell(usage)
        return Answer(text=answer.text, value=answer.value, usage=usage)

    def _record(self, asked: Asked, answer: Answer) -> None:
        if self._recorder is not None:
            self._recorder.put(asked.question_key, self._model, answer.text)
