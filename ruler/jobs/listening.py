"""Hearing what would be asked, without asking: for estimates, and for telling what was answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from ruler.llm.judging import judge
from ruler.llm.questions import Answer, Completion, Fault, Question

NOT_ASKED = Fault("missing", "not asked")


@dataclass
class Listener:
    """An `Asker` that asks nobody: it keeps each question, with the answer that is at hand.

    Attributes:
        name: The model's that would be asked.
        endpoint: Where it would be.
        known: Gives the text of an answer, or None.
        heard: The questions, each with its text or None.
    """

    name: str
    endpoint: str | None = None
    known: Callable[[Question], str | None] = lambda _: None
    heard: list[tuple[Question, str | None]] = field(default_factory=list)

    def ask(self, questions: Iterable[Question]) -> Iterator[Answer]:
        """One answer a question: the one that is at hand, or the fault "missing"."""
        for question in questions:
            text = self.known(question)
            self.heard.append((question, text))
            if text is None:
                yield Answer(fault=NOT_ASKED)
            else:
                yield judge(question, Completion(text))
