"""A model that answers from a script, and a store of captions in memory."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from ruler.llm.questions import Answer, Fault, FaultKind, Question
from ruler.schemas.captions import Caption
from ruler.schemas.runs import Usage

COST = Usage(model_calls=1, tokens_in=100, tokens_out=7, images=1)


def says(text: str) -> Answer:
    """A usable answer."""
    return Answer(text=text, usage=COST)


def fails(kind: FaultKind = "server", said: str = "the endpoint failed", text: str = "") -> Answer:
    """An answer that cannot be used; `text` is what the model wrote all the same."""
    usage = COST + Usage(failed_calls=1)
    return Answer(text=text, fault=Fault(kind, said), usage=usage)


def describe(question: Question) -> Answer:
    """Depends on the whole question and on nothing else."""
    hasher = hashlib.sha256(f"{question.system}|{question.text}|{question.max_tokens}".encode())
    for jpeg in question.jpegs:
        hasher.update(jpeg)
    return says(f"One person. Colour {hasher.hexdigest()[:8]}.")


class ScriptedAsker:
    """The `Asker` contract: answers by `script`, with `at_once` questions under way."""

    name = "openai:scripted"
    endpoint: str | None = None

    def __init__(
        self, script: Callable[[Question], Answer] = describe, *, at_once: int = 4
    ) -> None:
        self.questions: list[Question] = []
        self._script, self._at_once = script, at_once
        self._lock = threading.Lock()

    def ask(self, questions: Iterable[Question]) -> Iterator[Answer]:
        waiting: deque[Answer] = deque()
        for question in questions:
            with self._lock:
                self.questions.append(question)
                waiting.append(self._script(question))
            if len(waiting) == self._at_once:
                yield waiting.popleft()
        yield from waiting


class Cache:
    """The `CaptionCache` contract: two dictionaries, of which the first entry stays."""

    def __init__(self) -> None:
        self.captions: dict[str, Caption] = {}
        self.keys: dict[tuple[str, str, int], str] = {}
        self.puts: list[int] = []

    def get(self, keys: Iterable[str]) -> dict[str, Caption]:
        return {key: self.captions[key] for key in keys if key in self.captions}

    def put(self, captions: Iterable[Caption]) -> dict[str, Caption]:
        new = {caption.key: caption for caption in captions}
        self.puts.append(len(new))
        self.captions = new | self.captions
        return self.get(new)

    def samples(self, clip_sha256: str, view: str, frames: Sequence[int]) -> dict[int, str]:
        known = {frame: self.keys.get((clip_sha256, view, frame)) for frame in frames}
        return {frame: key for frame, key in known.items() if key is not None}

    def put_samples(self, clip_sha256: str, view: str, keys: Mapping[int, str]) -> None:
        self.keys = {(clip_sha256, view, frame): key for frame, key in keys.items()} | self.keys
