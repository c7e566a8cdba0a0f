"""What is asked of a model and what comes back: the words between asking, parsing and back-ends.

A failure is a value here, never an exception and never an empty text: an `Answer` either can be
used or has a `Fault` that says why not (DESIGN invariant 1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import BaseModel

from ruler.schemas.runs import Usage

FaultKind = Literal[
    "unreachable",  # no connection, or it broke
    "timeout",  # on connecting, on the first token, or in total
    "rate_limited",  # 429, or out of credit
    "server",  # the endpoint failed (5xx)
    "denied",  # the key is missing, wrong, or may not use this model
    "unknown_model",  # the endpoint has no such model
    "too_long",  # the question is longer than the model can read
    "bad_request",  # the endpoint refused the question's form
    "not_a_completion",  # an answer that is no chat completion
    "refused",  # the model says that it will not
    "withheld",  # a content filter took the answer
    "empty",  # nothing was said
    "cut",  # finish_reason "length"
    "unreadable",  # a structured answer was asked for, and none can be read from the text
    "invalid",  # it can be read, but breaks the schema or its ranges
    "budget",  # asking would go over what the user allowed
    "forbidden",  # the scene is local only, and the endpoint is not
    "suspended",  # the circuit breaker is open: the endpoint failed too often just now
    "missing",  # a replay has no answer to this question
]

PASSING: frozenset[FaultKind] = frozenset({"unreachable", "timeout", "rate_limited", "server"})
"""Faults of transport that may be gone on the next try; all others stay however often one asks."""


@dataclass(frozen=True)
class Fault:
    """Why an answer cannot be used: its kind, and one sentence for people."""

    kind: FaultKind
    said: str


@dataclass(frozen=True)
class Question:
    """One question to a model.

    Attributes:
        system: The part that is the same for all questions of a kind; first, so that prefix caches
            hit.
        text: The part of this question alone; last.
        jpegs: Pictures, between the two, in order.
        schema: The form of a structured answer, or None for plain text.
        max_tokens: The longest answer; None for the model's own setting.
    """

    system: str
    text: str = ""
    jpegs: tuple[bytes, ...] = ()
    schema: type[BaseModel] | None = None
    max_tokens: int | None = None


@dataclass(frozen=True)
class Completion:
    """What one call gave, as the back-end saw it; `finish` is the back-end's word, lower case."""

    text: str
    finish: str = "stop"
    refusal: str | None = None
    usage: Usage = Usage()


@dataclass(frozen=True)
class Answer:
    """What a question came to after retries, parsing and one re-ask.

    Attributes:
        text: The last text the model wrote, verbatim; kept even where it cannot be used.
        value: The structured answer where one was asked for and can be used.
        fault: Why the answer cannot be used, or None.
        usage: What all attempts cost together, failed ones included.
    """

    text: str = ""
    value: BaseModel | None = None
    fault: Fault | None = None
    usage: Usage = Usage()


class Asker(Protocol):
    """A model behind all care: safe to share by threads."""

    @property
    def name(self) -> str:
        """`provider:model`."""

    @property
    def endpoint(self) -> str | None:
        """Where it is served, without secrets; None for the vendor's own or in-process."""

    def ask(self, questions: Iterable[Question]) -> Iterator[Answer]:
        """One answer a question, in order; a bounded number is under way at once, and no more
        questions are taken from the iterator than that."""


class BackendError(Exception):
    """A call failed in transport.

    Args:
        fault: What happened.
        retry_after: Seconds the endpoint asked to wait, or None.
        usage: What the failed call cost all the same.
    """

    def __init__(
        self, fault: Fault, *, retry_after: float | None = None, usage: Usage | None = None
    ) -> None:
        super().__init__(fault.said)
        self.fault = fault
        self.retry_after = retry_after
        self.usage = usage or Usage(model_calls=1, failed_calls=1)


class Backend(Protocol):
    """A served model: one call at a time, many at once on one event loop."""

    @property
    def name(self) -> str:
        """`provider:model`."""

    @property
    def endpoint(self) -> str | None:
        """As for `Asker`."""

    async def complete(self, question: Question) -> Completion:
        """Call once, without retries of its own.

        Raises:
            BackendError: no answer, or one that is not a chat completion.
        """


class BatchBackend(Protocol):
    """A model in this process: a batch at a time, from one thread at a time."""

    @property
    def name(self) -> str:
        """`provider:model`."""

    @property
    def batch(self) -> int:
        """How many questions one call takes."""

    def complete(self, questions: Sequence[Question]) -> list[Completion | Fault]:
        """Answer a batch, in order."""


class AnswerCache(Protocol):
    """Where usable answers are kept, by the key of their question (`rules_store.answers`)."""

    def get(self, keys: Iterable[str]) -> dict[str, str]:
        """Texts by key, as far as known."""

    def put(self, key: str, model: str, text: str) -> None:
        """Keep the text of a usable answer; a fault is never kept."""
