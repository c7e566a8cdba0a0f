"""vLLM as far as `ruler.llm.local.vllm_process` uses it; each answer tells what was asked."""

from __future__ import annotations

import json
import os
import sys
import threading
from dataclasses import asdict, dataclass
from types import SimpleNamespace
from typing import Any

from vllm.sampling_params import StructuredOutputsParams


@dataclass
class SamplingParams:
    max_tokens: int
    temperature: float
    seed: int
    structured_outputs: StructuredOutputsParams | None = None


class LLM:
    def __init__(self, model: str, **options: Any) -> None:
        print("vLLM says much where answers are expected")
        if model == "unknown":
            raise ValueError(f"1 validation error for X\n  Value error, no {model} [type=x, y=z]")
        if model == "not/here":
            raise OSError("couldn't connect, and couldn't find them in the cached files.")
        if model == "broken":
            cause = "ValueError: no memory left for one token"
            print(f"INFO starting\n(Worker pid=7) ERROR 1-2 [a.py:3] {cause}", file=sys.stderr)
            raise RuntimeError("Engine core initialization failed. See root cause above.")
        if model == "killed":
            os._exit(9)
        self._options = options | {"model": model}
        self._queue: list[SimpleNamespace] = []
        self.llm_engine = SimpleNamespace(engine_core=SimpleNamespace(shutdown=lambda: None))

    def get_tokenizer(self) -> SimpleNamespace:
        return SimpleNamespace(all_special_tokens=["<image>", "<|end|>"])

    def enqueue_chat(self, messages: list[Any], how: SamplingParams, use_tqdm: bool) -> None:
        assert not use_tqdm
        words = json.dumps(messages)
        if "too long" in words:
            raise ValueError("this model's maximum context length is 5 tokens")
        if "damaged" in words:
            raise OSError("cannot identify image file <_io.BytesIO object at 0x7fea90172d90>")
        if how.structured_outputs and "$unsupported" in how.structured_outputs.json:
            raise ValueError("the grammar backend does not support this schema")
        asked = {"messages": messages, "how": asdict(how), "options": self._options}
        finish = next((word for word in ("length", "abort") if word in words), "stop")
        written = SimpleNamespace(text=json.dumps(asked), token_ids=[1, 2], finish_reason=finish)
        self._queue.append(
            SimpleNamespace(prompt_token_ids=[1, 2, 3], num_cached_tokens=1, outputs=[written])
        )

    def wait_for_completion(self, use_tqdm: bool) -> list[SimpleNamespace]:
        assert not use_tqdm
        words = "".join(one.outputs[0].text for one in self._queue)
        if "die now" in words:
            print("torch.OutOfMemoryError: the card is full", file=sys.stderr, flush=True)
            os._exit(9)
        if "never end" in words:
            threading.Event().wait()
        done, self._queue = self._queue, []
        return done
