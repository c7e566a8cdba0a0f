"""Asking in tests: an engine over a script, and the served back-end over a stub."""

from __future__ import annotations

import asyncio
from typing import Any

from ruler.llm.chat import ChatBackend
from ruler.llm.engine import Engine
from ruler.llm.options import ChatOptions
from ruler.llm.questions import Answer, Completion, FaultKind, Question
from tests.llm.fakes import FakeClock, ScriptedBackend, Step, Verdict, says
from tests.stubs.openai_server import OpenAIStub

JUDGE = Question("Judge.", "Caption 7", schema=Verdict)
GOOD = '{"outcome": "normal", "score": 0.25}'


def ask(
    script: list[Step], questions: list[Question], **given: Any
) -> tuple[list[Answer], ScriptedBackend]:
    backend = ScriptedBackend(script)
    options = ChatOptions.of({"concurrency": 1} | given.pop("options", {}))
    clock = given.pop("clock", FakeClock())
    with Engine(backend, options, clock=clock, **given) as engine:
        return list(engine.ask(questions)), backend


def one(script: list[Step], question: Question = JUDGE, **given: Any) -> Answer:
    """The answer to a question that comes after another one was answered."""
    before = Question("First.", "warm")
    answers, _ = ask([says("fine"), *script], [before, question], **given)
    return answers[1]


def kind(answer: Answer) -> FaultKind | None:
    return answer.fault.kind if answer.fault else None


NAME = "openai:stub-vision"
PICTURES = Question("You describe.", "Frame 7.", (b"one", b"two"))


def _options(stub: OpenAIStub, **others: object) -> ChatOptions:
    return ChatOptions.of({"base_url": stub.url} | others)


def complete(stub: OpenAIStub, question: Question = PICTURES, **others: object) -> Completion:
    async def run() -> Completion:
        backend = ChatBackend(NAME, _options(stub, **others))
        try:
            return await backend.complete(question)
        finally:
            await backend.aclose()

    return asyncio.run(run())


def engine(stub: OpenAIStub, **others: object) -> Engine:
    chosen = _options(stub, **others)
    return Engine(ChatBackend(NAME, chosen), chosen, clock=FakeClock())
