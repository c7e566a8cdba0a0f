"""How models on this machine are run; names are those of transformers and vLLM where they agree."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ruler.llm.options import Options


class LocalOptions(Options):
    """What both ways of running a model take.

    Attributes:
        max_tokens: The longest answer, where the question does not say.
        temperature: 0 takes the likeliest token each time.
        seed: Decides what is drawn where the temperature is above 0.
        dtype: `auto` leaves it to the back-end.
        batch: How many questions one call takes; None for the back-end's own number.
    """

    max_tokens: int = Field(default=400, ge=1)
    temperature: float = Field(default=0.0, ge=0, le=5)
    seed: int = Field(default=0, ge=0, lt=2**32)
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    batch: int | None = Field(default=None, ge=1, le=1024)


class TransformersOptions(LocalOptions):
    """`device` is torch's name for where the model runs; None takes the GPU where there is one."""

    device: str | None = None


class VllmOptions(LocalOptions):
    """What goes to vLLM as it is; its documentation of engine arguments says more.

    Attributes:
        max_model_len: Tokens of a question and its answer together; -1 takes as many as the model
            reads and the memory holds.
        tensor_parallel_size: Over how many GPUs one model is spread.
        gpu_memory_utilization: The share of the GPU's memory that is taken.
        kv_cache_memory_bytes: The memory for attention states, instead of a share.
        enforce_eager: Starts in less time and answers slower: nothing is compiled.
    """

    max_model_len: int = Field(default=-1, ge=-1)
    tensor_parallel_size: int = Field(default=1, ge=1)
    gpu_memory_utilization: float = Field(default=0.9, gt=0, le=1)
    kv_cache_memory_bytes: int | None = Field(default=None, ge=1)
    enforce_eager: bool = False
