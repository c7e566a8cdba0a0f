"""Reading a checkpoint with transformers, and what can be wrong with one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruler.errors import InputError
from ruler.llm.local.asking import (
    Message,
    conversation,
    first_line,
    is_out_of_memory,
    special_tokens,
)
from ruler.llm.local.naming import not_here
from ruler.llm.local.options import TransformersOptions

_MARK = "zebra"


@dataclass(frozen=True)
class Loaded:
    """A model that is ready.

    Attributes:
        network: The model itself, on its device.
        processor: What turns chats into tensors: the model's processor, or its tokenizer where it
            sees nothing.
        sees: Whether it takes pictures.
        special: The words of its chat format (see `asking.disarm`).
        takes_system: Whether its chat format has a system's turn.
        generation: How answers are drawn.
        ends: The tokens that end an answer.
        longest: How many tokens it reads, answer included; None where it does not say.
    """

    network: Any
    processor: Any
    sees: bool
    special: frozenset[str]
    takes_system: bool
    generation: Any
    ends: frozenset[int]
    longest: int | None

    @property
    def tokenizer(self) -> Any:
        """What turns tokens into words."""
        return getattr(self.processor, "tokenizer", self.processor)


def load(model: str, options: TransformersOptions) -> Loaded:
    """Read a checkpoint, from a folder or by its name.

    Raises:
        InputError: says what is wrong with it and what to do.
    """
    try:
        return _load(model, options)
    except InputError:
        raise
    except Exception as error:
        raise InputError(_explain(model, error)) from error


def _load(model: str, options: TransformersOptions) -> Loaded:
    import torch
    import transformers

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    config = transformers.AutoConfig.from_pretrained(model, trust_remote_code=False)
    sees = type(config) in transformers.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING
    if not sees and type(config) not in transformers.MODEL_FOR_CAUSAL_LM_MAPPING:
        raise InputError(f"model {model!r} is a {config.model_type!r}, which writes no answers")
    reader = transformers.AutoProcessor if sees else transformers.AutoTokenizer
    processor = reader.from_pretrained(model, trust_remote_code=False)
    tokenizer = getattr(processor, "tokenizer", processor)
    tokenizer.padding_side = "left"
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    takes_system = _takes_system(model, processor.apply_chat_template)
    device = torch.device(options.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    auto = transformers.AutoModelForImageTextToText if sees else transformers.AutoModelForCausalLM
    network = auto.from_pretrained(
        model, config=config, dtype=_dtype(options, device), trust_remote_code=False
    )
    generation = _generation(network.generation_config, tokenizer, options)
    return Loaded(
        network=network.to(device).eval(),
        processor=processor,
        sees=sees,
        special=special_tokens(tokenizer),
        takes_system=takes_system,
        generation=generation,
        ends=frozenset(_ends(generation)),
        longest=getattr(config.get_text_config(), "max_position_embeddings", None),
    )


def _dtype(options: TransformersOptions, device: Any) -> Any:
    import torch

    if options.dtype == "auto":
        return torch.float32 if device.type == "cpu" else torch.bfloat16
    return getattr(torch, options.dtype)


def _generation(own: Any, tokenizer: Any, options: TransformersOptions) -> Any:
    """The model's own way of answering, with the user's temperature."""
    generation = copy.deepcopy(own)
    draws = options.temperature > 0
    generation.do_sample = draws
    generation.temperature = options.temperature if draws else None
    generation.top_p, generation.top_k = None, None
    generation.max_length = None
    if generation.eos_token_id is None:
        generation.eos_token_id = tokenizer.eos_token_id
    generation.pad_token_id = tokenizer.pad_token_id
    return generation


def _ends(generation: Any) -> list[int]:
    ends = generation.eos_token_id
    return ends if isinstance(ends, list) else [] if ends is None else [ends]


def _takes_system(model: str, render: Callable[..., str]) -> bool:
    """Whether the chat format has a system's turn.

    Raises:
        InputError: there is no chat format at all.
    """

    def rendered(messages: list[Message]) -> str:
        return render(messages, tokenize=False, add_generation_prompt=True)

    try:
        rendered(as_words(conversation("", _MARK, ())))
    except Exception as error:
        raise InputError(
            f"model {model!r} has no usable chat format ({first_line(error)}); "
            "take the variant of it that follows instructions"
        ) from error
    try:
        return _MARK in rendered(as_words(conversation(_MARK, "?", ())))
    except Exception:  # noqa: BLE001 - chat formats refuse a system's turn in their own ways
        return False


def as_words(messages: list[Message]) -> list[Message]:
    """The chat with plain texts, as models that see nothing take it."""
    return [
        {
            "role": message["role"],
            "content": "\n\n".join(part["text"] for part in message["content"]),
        }
        for message in messages
    ]


def _explain(model: str, error: Exception) -> str:
    if is_out_of_memory(error):
        return f"model {model!r} does not fit into memory; take a smaller or a quantised one"
    if isinstance(error, ImportError):
        return (
            f"model {model!r} needs a part that is not installed ({first_line(error)}): "
            "pip install 'ruler-vad[transformers]'"
        )
    if isinstance(error, OSError) and not Path(model).is_dir():
        return not_here(model)
    return f"model {model!r} cannot be loaded: {first_line(error)}"
