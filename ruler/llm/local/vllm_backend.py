"""`vllm:MODEL`: a vLLM engine in a process of its own that ends when ruler does.

vLLM's own engine process outlives a parent that is killed and keeps the GPU (vLLM issues 34643 and
55510). So the engine runs inside one child of ruler (`vllm_process`), without vLLM's further ones:
that child ends when its standard input does, whatever ended ruler. It also keeps vLLM's output off
ruler's own, and makes scheduling repeatable (vLLM's page on reproducibility).
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from ruler.errors import InputError
from ruler.llm.local.asking import first_line
from ruler.llm.local.naming import need, not_here, stable_name
from ruler.llm.local.options import VllmOptions
from ruler.llm.questions import Completion, Fault, Question
from ruler.llm.wording import json_form, with_schema
from ruler.schemas.runs import Usage

_ENVIRONMENT = (
    "VLLM_ENABLE_V1_MULTIPROCESSING=0",
    "VLLM_HOST_IP=127.0.0.1",
    "VLLM_WORKER_MULTIPROC_METHOD=spawn",
    "VLLM_LOGGING_LEVEL=WARNING",
    "VLLM_NO_USAGE_STATS=1",
)
_NOT_FETCHED = re.compile(r"cached (?:files|snapshot)|valid model identifier", re.IGNORECASE)
_END_SECONDS = 20.0
_LOG_BYTES = 1_000_000


def create(model: str, options: Mapping[str, object]) -> VllmBackend:
    """Build from a model's name or folder and the options of `VllmOptions`.

    Raises:
        MissingExtraError: vLLM is not installed.
        InputError: an option is wrong, or there is no such folder.
    """
    need("vllm", model, "vllm")
    return VllmBackend(model, VllmOptions.of(options))


class VllmBackend:
    """A `BatchBackend`. The engine starts when the first question comes, so that a run that finds
    all its answers in the store starts none.

    Structured answers are constrained to their schema; a schema that vLLM cannot enforce is asked
    for in words.
    """

    def __init__(self, model: str, options: VllmOptions) -> None:
        self.name = stable_name("vllm", model)
        self.options = options
        self._model = model
        self._engine: _Engine | None = None

    @property
    def batch(self) -> int:
        """How many questions one call takes; 16 where not set."""
        return self.options.batch or 16

    def complete(self, questions: Sequence[Question]) -> list[Completion | Fault]:
        """Answer a batch, in order. Where the engine dies, the batch gets faults of kind "server",
        and the next batch a new engine.

        Raises:
            InputError: the engine does not start; says why.
        """
        if not questions:
            return []
        if self._engine is None:
            self._engine = _Engine(self._model, self.options)
        try:
            answers = self._engine.ask([_as_json(question, self.options) for question in questions])
        except EOFError as error:
            self.close()
            return [Fault("server", f"the vLLM engine ended: {error}")] * len(questions)
        return [
            _outcome(answer, len(question.jpegs))
            for question, answer in zip(questions, answers, strict=True)
        ]

    def close(self) -> None:
        """End the engine and wait until it is gone; the next question starts it again."""
        if self._engine is not None:
            self._engine.close()
            self._engine = None


class _Engine:
    """The child process: one line of JSON a batch goes in, one comes out.

    Raises:
        InputError: it does not start.
    """

    def __init__(self, model: str, options: VllmOptions) -> None:
        log = tempfile.TemporaryFile("a+b")  # noqa: SIM115 - open for as long as the child
        self._log = log
        module = "ruler.llm.local.vllm_process"
        self._process = subprocess.Popen(  # noqa: S603 - a fixed command
            ["/usr/bin/env", *_ENVIRONMENT, sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
        )
        self.close = weakref.finalize(self, _end, self._process, log)
        try:
            said = self._exchange({"model": model, "options": options.model_dump()})
        except EOFError as error:
            said = {"failed": str(error)}
        if "failed" in said:
            reason = first_line(said["failed"], self._read_log())
            self.close()
            if not Path(model).is_dir() and _NOT_FETCHED.search(reason):
                raise InputError(not_here(model))
            raise InputError(f"model {model!r}: vLLM does not start: {reason}")

    def ask(self, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Answer a batch.

        Raises:
            EOFError: the process ended; its words say why.
        """
        answers: list[dict[str, Any]] = self._exchange({"questions": questions})["answers"]
        return answers

    def _exchange(self, message: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        if not line:
            code = self._process.wait()
            raise EOFError(first_line("", f"{self._read_log()}\nError: it ended with {code}"))
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _read_log(self) -> str:
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - _LOG_BYTES))
        return self._log.read().decode(errors="replace")


def _end(process: subprocess.Popen[bytes], log: IO[bytes]) -> None:
    """Ask the child to end by closing what it reads; end all of its session where it does not."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # where it ended before it read all
                pipe.close()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    log.close()


def _as_json(question: Question, options: VllmOptions) -> dict[str, Any]:
    return {
        "system": question.system,
        "system_with_schema": with_schema(question).system,
        "text": question.text,
        "jpegs": [base64.b64encode(jpeg).decode() for jpeg in question.jpegs],
        "schema": json_form(question.schema) if question.schema else None,
        "max_tokens": question.max_tokens or options.max_tokens,
    }


def _outcome(answer: dict[str, Any], images: int) -> Completion | Fault:
    if "fault" in answer:
        return Fault(answer["fault"], answer["said"])
    usage = Usage(model_calls=1, images=images, **answer["usage"])
    return Completion(answer["text"], answer["finish"], usage=usage)
