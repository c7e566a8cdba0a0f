"""`transformers:MODEL`: a model in this process, on a GPU or on the processor."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ruler.llm.local.asking import (
    Message,
    Outcome,
    conversation,
    halving,
)
from ruler.llm.local.naming import need, stable_name
from ruler.llm.local.options import TransformersOptions
from ruler.llm.local.transformers_loading import Loaded, as_words, load
from ruler.llm.questions import Completion, Fault, Question
from ruler.llm.wording import with_schema
from ruler.schemas.runs import Usage

_DRIVERS = tuple(map(Path, ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")))


def create(model: str, options: Mapping[str, object]) -> TransformersBackend:
    """Build from a model's name or folder and the options of `TransformersOptions`.

    Raises:
        MissingExtraError: torch, transformers or Pillow is not installed.
        InputError: an option is wrong, or there is no such folder.
    """
    need("transformers", model, "torch", "transformers", "PIL")
    return TransformersBackend(model, TransformersOptions.of(options))


class TransformersBackend:
    """A `BatchBackend`. The model is loaded when the first question comes, so that a run that finds
    all its answers in the store loads none.

    The form of a structured answer is asked for in words: nothing constrains what is written.
    """

    def __init__(self, model: str, options: TransformersOptions) -> None:
        self.name = stable_name("transformers", model)
        self.options = options
        self._model = model
        self._loaded: Loaded | None = None
        self._fits: int | None = None

    @property
    def batch(self) -> int:
        """How many questions one call takes; 8 on a GPU and 4 elsewhere where not set.

        Whether there is a GPU is told by its driver, since importing torch takes seconds.
        """
        if self.options.batch is not None:
            return self.options.batch
        device = self.options.device or ("gpu" if any(map(Path.exists, _DRIVERS)) else "cpu")
        return 4 if device == "cpu" else 8

    def complete(self, questions: Sequence[Question]) -> list[Completion | Fault]:
        """Answer a batch, in order; what does not fit into memory is halved, and the smaller size
        kept.

        Raises:
            InputError: the model cannot be loaded; says what to do.
        """
        loaded = self._load()
        outcomes: list[Outcome | None] = [None] * len(questions)
        for has_pictures in (False, True):  # most processors take no mixture of both
            places = [i for i, one in enumerate(questions) if bool(one.jpegs) is has_pictures]
            answered = self._answer_all(loaded, [questions[place] for place in places])
            for place, outcome in zip(places, answered, strict=True):
                outcomes[place] = outcome
        return [outcome for outcome in outcomes if outcome is not None]

    def close(self) -> None:
        """Let go of the model and its memory; the next question loads it again."""
        if self._loaded is not None:
            self._loaded = None
            _release_memory()

    def _load(self) -> Loaded:
        if self._loaded is None:
            self._loaded = load(self._model, self.options)
        return self._loaded

    def _answer_all(self, loaded: Loaded, questions: Sequence[Question]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        while len(outcomes) < len(questions):
            some = questions[len(outcomes) :][: self._fits]
            outcomes += halving(
                some, lambda batch: _answer(loaded, batch, self.options), self._shrink
            )
        return outcomes

    def _shrink(self, size: int) -> None:
        self._fits = size
        _release_memory()


def _answer(
    loaded: Loaded, questions: Sequence[Question], options: TransformersOptions
) -> list[Outcome]:
    """Answer questions that all have pictures, or all have none."""
    if not loaded.sees and questions[0].jpegs:
        return [Fault("bad_request", "the model takes no pictures")] * len(questions)
    chats = [_chat(loaded, question) for question in questions]
    inputs = _tensors(loaded, chats)
    lengths = [int(length) for length in inputs["attention_mask"].sum(dim=1)]
    limits = [question.max_tokens or options.max_tokens for question in questions]
    if loaded.longest is not None:
        room = loaded.longest - max(lengths)
        if room < max(limits) and len(questions) > 1:  # a long neighbour shortens nobody's answer
            return [one for question in questions for one in _answer(loaded, [question], options)]
        if room < 1:
            said = f"the question takes {lengths[0]} tokens and the model reads {loaded.longest}"
            return [Fault("too_long", said)]
        limits = [min(limit, room) for limit in limits]
    written = _generate(loaded, inputs, max(limits), options.seed)
    return [
        _completion(loaded, tokens[:limit], length, len(question.jpegs))
        for question, tokens, limit, length in zip(questions, written, limits, lengths, strict=True)
    ]


def _chat(loaded: Loaded, question: Question) -> list[Message]:
    question = with_schema(question)
    pictures = [{"type": "image", "image": _picture(jpeg)} for jpeg in question.jpegs]
    messages = conversation(
        question.system,
        question.text,
        pictures,
        loaded.special,
        takes_system=loaded.takes_system,
    )
    return messages if loaded.sees else as_words(messages)


def _picture(jpeg: bytes) -> Any:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(jpeg)) as picture:
            return picture.convert("RGB")
    except OSError:
        raise ValueError("a picture is damaged") from None


def _tensors(loaded: Loaded, chats: list[list[Message]]) -> dict[str, Any]:
    """The chats as the model reads them: padded on the left, on its device, in its precision."""
    how: dict[str, Any] = {"padding": True}
    if loaded.sees:
        how = {"processor_kwargs": how}
    read = loaded.processor.apply_chat_template(
        chats,
        tokenize=True,
        add_generation_prompt=True,
        return_dict=True,
        return_tensors="pt",
        **how,
    )
    network = loaded.network
    return {
        name: value.to(network.device, network.dtype if value.is_floating_point() else value.dtype)
        for name, value in read.items()
    }


def _generate(loaded: Loaded, inputs: dict[str, Any], most: int, seed: int) -> list[list[int]]:
    """The tokens that the model adds, one list a chat, all of one length."""
    import torch

    if loaded.generation.do_sample:
        torch.manual_seed(seed)
    with torch.inference_mode():
        tokens = loaded.network.generate(
            **inputs, generation_config=loaded.generation, max_new_tokens=most
        )
    added: list[list[int]] = tokens[:, inputs["input_ids"].shape[1] :].tolist()
    return added


def _completion(loaded: Loaded, tokens: list[int], tokens_in: int, images: int) -> Completion:
    """What was written up to its end, or up to its limit where it has none."""
    end = next((place for place, token in enumerate(tokens) if token in loaded.ends), None)
    text = loaded.tokenizer.decode(tokens[:end], skip_special_tokens=True)
    usage = Usage(
        model_calls=1,
        tokens_in=tokens_in,
        tokens_out=len(tokens) if end is None else end + 1,
        images=images,
    )
    return Completion(text, "length" if end is None else "stop", usage=usage)


def _release_memory() -> None:
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
