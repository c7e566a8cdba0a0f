"""Make a tiny checkpoint with random weights, offline, for tests of models in this process.

    python tools/tiny_vlm.py FOLDER               sees pictures (Idefics3)
    python tools/tiny_vlm.py FOLDER --text-only   reads text alone (Llama)

Idefics3 is the one kind that both transformers and vLLM read without torchvision. What it writes
means nothing, but depends on every picture and word of the question. It never writes the token that
ends an answer; with `--stop-every N` each N-th token of the vocabulary ends one, and with
`--stop-every 1` all do, so that each answer is empty.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

PAD, START, END, IMAGE = "<pad>", "<|im_start|>", "<|im_end|>", "<image>"
AROUND, WHOLE = "<fake_token_around_image>", "<global-img>"
VOCABULARY = 512
LONGEST = 2048
PICTURE, PATCH, SHUFFLE = 56, 14, 2
PICTURE_TOKENS = (PICTURE // PATCH // SHUFFLE) ** 2
SPREAD = 0.12  # of random weights; with much less, answers forget the pictures
WORDS = (
    "a person walks on the path . a car drives along the road . someone rides a bicycle , "
    'which is not normal . { "seen" : [ "person" , "car" ] , "score" : 0.25 , "normal" : true }'
)
CHAT = (
    "{% for message in messages %}" + START + "{{ message.role }}\n"
    "{% if message.content is string %}{{ message.content }}{% else %}"
    "{% for part in message.content %}"
    "{% if part.type == 'text' %}{{ part.text }}{% else %}" + IMAGE + "{% endif %}"
    "{% endfor %}{% endif %}" + END + "\n{% endfor %}"
    "{% if add_generation_prompt %}" + START + "assistant\n{% endif %}"
)


def make_tokenizer() -> Any:
    """A byte-level tokenizer that reads any text; its special tokens are those of Idefics3."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, START, END, IMAGE, AROUND, WHOLE],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([WORDS] * 4, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        extra_special_tokens={
            "image_token": IMAGE,
            "fake_image_token": AROUND,
            "global_image_token": WHOLE,
            "end_of_utterance_token": END,
            "role_start_token": START,
        },
        model_max_length=LONGEST,
        chat_template=CHAT,
    )


def make_model(tokenizer: Any, *, sees: bool) -> Any:
    """The network: two layers to read, and two to see where it does."""
    import transformers

    ids = tokenizer.convert_tokens_to_ids
    size = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 2, "initializer_range": SPREAD}
    text = transformers.LlamaConfig(
        **size,
        **heads,
        num_key_value_heads=2,
        vocab_size=len(tokenizer),
        max_position_embeddings=LONGEST,
        pad_token_id=ids(PAD),
        bos_token_id=None,
        eos_token_id=ids(END),
    )
    if not sees:
        return transformers.LlamaForCausalLM(text)
    vision = {**size, **heads, "image_size": PICTURE, "patch_size": PATCH}
    config = transformers.Idefics3Config(
        vision_config=vision,
        text_config=text,
        image_token_id=ids(IMAGE),
        pad_token_id=ids(PAD),
        scale_factor=SHUFFLE,
    )
    return transformers.Idefics3ForConditionalGeneration(config)


def make_processor(tokenizer: Any) -> Any:
    """What turns pictures and words into tensors; a picture is one tile."""
    import transformers

    edge = {"longest_edge": PICTURE}
    pictures = transformers.Idefics3ImageProcessorPil(
        size=edge, max_image_size=edge, do_image_splitting=False
    )
    return transformers.Idefics3Processor(
        pictures, tokenizer, image_seq_len=PICTURE_TOKENS, chat_template=CHAT
    )


def build(folder: Path, *, sees: bool = True, seed: int = 0, stop_every: int = 0) -> None:
    """Write a checkpoint.

    Args:
        folder: Where to; made where it is not there.
        sees: Whether it takes pictures.
        seed: Decides the weights.
        stop_every: Each so many tokens of the vocabulary also end an answer; 0 for none.
    """
    import torch
    import transformers

    transformers.logging.disable_progress_bar()
    torch.manual_seed(seed)
    tokenizer = make_tokenizer()
    model = make_model(tokenizer, sees=sees).eval()
    model.lm_head.weight.data[tokenizer.eos_token_id] = 0  # and so never the likeliest
    ends = {tokenizer.eos_token_id, *(range(0, len(tokenizer), stop_every) if stop_every else ())}
    model.generation_config = transformers.GenerationConfig(
        do_sample=False, eos_token_id=sorted(ends), pad_token_id=tokenizer.pad_token_id
    )
    model.save_pretrained(folder)
    (make_processor(tokenizer) if sees else tokenizer).save_pretrained(folder)


def main() -> None:
    """Read the command line, and make the checkpoint."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--text-only", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--stop-every", type=int, default=0)
    given = parser.parse_args()
    build(given.folder, sees=not given.text_only, seed=given.seed, stop_every=given.stop_every)
    size = sum(path.stat().st_size for path in given.folder.iterdir())
    print(f"{given.folder}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
