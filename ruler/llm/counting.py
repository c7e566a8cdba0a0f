"""How many tokens a question takes, before it is asked: a rule of thumb, never a bill.

Texts go by their words. Pictures go by what vendors document, which changes from model to model;
`PICTURES` says which rule stands for which.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ruler.llm.endpoints import host_of, is_loopback

TOKENS_A_WORD = 4 / 3
"""OpenAI's rule of thumb: 100 tokens are about 75 English words."""


@dataclass(frozen=True)
class PictureRule:
    """How a vendor counts a picture of (width, height) pixels, and how it says so."""

    said: str
    tokens: Callable[[int, int], int]


def _tiles(width: int, height: int, edge: int) -> int:
    return math.ceil(width / edge) * math.ceil(height / edge)


PICTURES = {
    "gpt-4o-mini": PictureRule(
        "OpenAI: 2833, and 5667 a tile of 512 x 512",
        lambda width, height: 2833 + 5667 * _tiles(width, height, 512),
    ),
    "gpt-4o": PictureRule(
        "OpenAI: 85, and 170 a tile of 512 x 512",
        lambda width, height: 85 + 170 * _tiles(width, height, 512),
    ),
    "openai": PictureRule(
        "OpenAI: 1.62 a patch of 32 x 32, at most 1536 patches",
        lambda width, height: math.ceil(1.62 * min(1536, _tiles(width, height, 32))),
    ),
    "anthropic": PictureRule(
        "Anthropic: width x height / 750", lambda width, height: math.ceil(width * height / 750)
    ),
    "gemini-2": PictureRule(
        "Google: 258 a tile of 768 x 768",
        lambda width, height: 258 * _tiles(width, height, 768),
    ),
    "google_genai": PictureRule("Google: 1120 at the usual resolution", lambda _w, _h: 1120),
    "": PictureRule(
        "as Qwen2.5-VL: one a patch of 28 x 28", lambda width, height: _tiles(width, height, 28)
    ),
}
"""By the beginning of a model's name, else by provider, else the rule of the open models."""

_TILED = ("gpt-4o", "gpt-4-turbo", "gpt-4.5", "o1", "o3")


def text_tokens(text: str) -> int:
    """About how many tokens a text takes."""
    return math.ceil(len(text.split()) * TOKENS_A_WORD)


def picture_rule(provider: str, model: str, base_url: str | None) -> PictureRule:
    """The rule for a model's pictures.

    Args:
        provider: LangChain's word for it.
        model: The model's name there.
        base_url: Its server, if it is not the provider's own: then an open model is assumed.
    """
    if base_url is not None and is_loopback(host_of(base_url)):
        return PICTURES[""]
    name = model.rpartition("/")[2]
    if name.startswith("gpt-4o-mini"):
        return PICTURES["gpt-4o-mini"]
    if name.startswith(_TILED) and not name.startswith("o3-mini"):
        return PICTURES["gpt-4o"]
    if name.startswith("gemini-2"):
        return PICTURES["gemini-2"]
    return PICTURES.get(provider if base_url is None else "", PICTURES[""])
