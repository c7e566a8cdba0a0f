"""The process that a vLLM engine runs in: `python -m ruler.llm.local.vllm_process`.

Reads one JSON object a line and answers each with one: first how to start, then batches. Ends when
its input does. Everything else that is printed here goes to standard error.
"""

from __future__ import annotations

import json
import os
import queue
import re
import sys
import threading
from typing import Any

from ruler.llm.local.asking import conversation, first_line, special_tokens

_GRACE_SECONDS = 10.0
_STRUCTURED = {
    # xgrammar, the default, lets raw control characters into strings of bounded length.
    "backend": "guidance",
    # What a schema allows without asking for it, models may write without end.
    "disable_any_whitespace": True,
    "disable_additional_properties": True,
}
_TOO_LONG = re.compile(r"maximum (?:model|context) length|max_model_len", re.IGNORECASE)


def main() -> None:
    """Start the engine, and answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lines = _read_ahead()
    start = lines.get()
    if start is None:
        return
    try:
        engine = Engine(**json.loads(start))
    except Exception as error:  # noqa: BLE001 - an engine may fail in any way; the parent says how
        _say(answers, {"failed": str(error) or type(error).__name__})
        return
    _say(answers, {"ready": True})
    while (line := lines.get()) is not None:
        _say(answers, {"answers": engine.answer(json.loads(line)["questions"])})
    engine.close()


def _say(answers: Any, message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def _read_ahead() -> queue.SimpleQueue[str | None]:
    """The lines of the input, None after the last.

    The input ends when the parent closes it or dies. If this process is then in the middle of
    something, nobody waits for it any more: it ends after a moment's grace.
    """
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            lines.put(line)
        lines.put(None)
        threading.Event().wait(_GRACE_SECONDS)
        os._exit(1)

    threading.Thread(target=read, daemon=True).start()
    return lines


class Engine:
    """A vLLM engine.

    Args:
        model: A name or a folder.
        options: The fields of `VllmOptions`.
    """

    def __init__(self, model: str, options: dict[str, Any]) -> None:
        from vllm import LLM

        self._draw = {"temperature": options.pop("temperature"), "seed": options["seed"]}
        for not_the_engines in ("max_tokens", "batch"):
            options.pop(not_the_engines)
        self._llm = LLM(
            model,
            trust_remote_code=False,
            enable_prefix_caching=True,
            structured_outputs_config=_STRUCTURED,
            use_tqdm_on_load=False,
            **options,
        )
        self._special = special_tokens(self._llm.get_tokenizer())

    def close(self) -> None:
        """End the engine, and the processes of further GPUs with it."""
        self._llm.llm_engine.engine_core.shutdown()

    def answer(self, questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Answer a batch, in order; a question that vLLM does not take becomes a fault."""
        faults = {place: self._enqueue(question) for place, question in enumerate(questions)}
        done = iter(self._llm.wait_for_completion(use_tqdm=False))
        return [faults[place] or _completion(next(done)) for place in range(len(questions))]

    def _enqueue(self, question: dict[str, Any]) -> dict[str, Any] | None:
        """Put a question into the queue; says why where it cannot be."""
        try:
            self._put(question)
        except Exception as error:  # noqa: BLE001 - input processing of any model
            if question["schema"] is None:
                return _fault(error)
            in_words = {"system": question["system_with_schema"], "schema": None}
            return self._enqueue(question | in_words)
        return None

    def _put(self, question: dict[str, Any]) -> None:
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        pictures = [
            {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{jpeg}"}}
            for jpeg in question["jpegs"]
        ]
        schema = question["schema"]
        how = SamplingParams(
            max_tokens=question["max_tokens"],
            structured_outputs=StructuredOutputsParams(json=schema) if schema else None,
            **self._draw,
        )
        chat = conversation(question["system"], question["text"], pictures, self._special)
        self._llm.enqueue_chat(chat, how, use_tqdm=False)


def _completion(done: Any) -> dict[str, Any]:
    written = done.outputs[0]
    if written.finish_reason not in ("stop", "length"):
        return {"fault": "server", "said": f"vLLM gave the answer up: {written.finish_reason}"}
    usage = {
        "tokens_in": len(done.prompt_token_ids),
        "tokens_out": len(written.token_ids),
        "tokens_cached": done.num_cached_tokens or 0,
    }
    return {"text": written.text, "finish": written.finish_reason, "usage": usage}


def _fault(error: Exception) -> dict[str, Any]:
    kind = "too_long" if _TOO_LONG.search(str(error)) else "bad_request"
    return {"fault": kind, "said": f"the model cannot take the question: {first_line(error)}"}


if __name__ == "__main__":
    main()
