"""What OpenAI's words for usage come to; servers that speak them leave things out."""

from __future__ import annotations

from collections.abc import Mapping

from ruler.schemas.runs import Usage


def told_by(document: object) -> Usage:
    """The tokens that an answer (of whatever kind) says it took; no calls."""
    told = document.get("usage") if isinstance(document, Mapping) else None
    tokens = told if isinstance(told, Mapping) else {}
    details = tokens.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else 0
    return Usage(
        tokens_in=_count(tokens.get("prompt_tokens")),
        tokens_out=_count(tokens.get("completion_tokens")),
        tokens_cached=_count(cached),
    )


def _count(tokens: object) -> int:
    return tokens if isinstance(tokens, int) and tokens > 0 else 0
