"""What a run cost, in words: for the screen and for the report alike."""

from __future__ import annotations

from collections.abc import Iterator

from ruler.schemas.runs import Usage


def spending(usage: Usage) -> list[tuple[str, str]]:
    """(what, how much) for all that there is something to say about."""
    said = (
        ("Captions", _captions(usage)),
        ("Model calls", _calls(usage)),
        ("Tokens", _tokens(usage)),
        ("Cost", _cost(usage)),
    )
    return [(what, ", ".join(parts)) for what, found in said if (parts := list(found))]


def _captions(usage: Usage) -> Iterator[str]:
    if usage.captions_computed:
        yield f"{usage.captions_computed:,} made"
    if usage.captions_cached:
        yield f"{usage.captions_cached:,} from the store"
    if usage.captions_shared:
        yield f"{usage.captions_shared:,} shared with another frame"


def _calls(usage: Usage) -> Iterator[str]:
    if usage.model_calls:
        failed = f" ({usage.failed_calls:,} failed)" if usage.failed_calls else ""
        yield f"{usage.model_calls:,}{failed}"
    elif usage.answers_cached:
        yield "none"
    if usage.images:
        yield f"{usage.images:,} picture{'' if usage.images == 1 else 's'}"
    if usage.answers_cached:
        yield f"{usage.answers_cached:,} more were answered before"


def _tokens(usage: Usage) -> Iterator[str]:
    if usage.tokens_in or usage.tokens_out:
        cached = f" ({usage.tokens_cached:,} cached)" if usage.tokens_cached else ""
        yield f"{usage.tokens_in:,} in{cached}"
        yield f"{usage.tokens_out:,} out"


def _cost(usage: Usage) -> Iterator[str]:
    if usage.cost_usd:
        yield f"${usage.cost_usd:.4f} by list prices"
    if usage.unpriced_calls:
        yield f"{usage.unpriced_calls:,} calls have no list price"
