"""What calls cost by list prices (genai-prices), without asking anybody over the network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ruler.llm.endpoints import host_of, is_loopback
from ruler.schemas.runs import Usage


class Tariff(Protocol):
    """Puts a price on calls."""

    def priced(self, usage: Usage) -> Usage:
        """The same usage with `cost_usd`, or with `unpriced_calls` where there is no price."""


class Free:
    """For models on this machine."""

    def priced(self, usage: Usage) -> Usage:
        """The same usage: it costs nothing."""
        return usage


class ListPrice:
    """For everybody else's models.

    Args:
        provider: LangChain's word for it (`google_genai`).
        model: The model's name there.
        base_url: The server, where it is not the provider's own.
    """

    def __init__(self, provider: str, model: str, base_url: str | None) -> None:
        self._provider = provider
        self._model = model
        self._base_url = base_url

    def priced(self, usage: Usage) -> Usage:
        """The same usage with its price. A call that gave no tokens has none: it may have cost
        something (a call that was given up), and nobody said what."""
        tokens = usage.tokens_in + usage.tokens_out
        cost = self.cost(usage) if tokens else None
        if cost is None:
            return usage.model_copy(update={"unpriced_calls": usage.model_calls})
        return usage.model_copy(update={"cost_usd": cost})

    def cost(self, usage: Usage) -> float | None:
        """US dollars for these tokens at today's list price; None where the model has none."""
        import genai_prices

        tokens = genai_prices.Usage(
            input_tokens=usage.tokens_in,
            cache_read_tokens=min(usage.tokens_cached, usage.tokens_in),
            output_tokens=usage.tokens_out,
        )
        calculate: Callable[..., genai_prices.types.PriceCalculation] = genai_prices.calc_price
        place = (
            {"provider_api_url": self._base_url}
            if self._base_url
            else {"provider_id": self._provider}
        )
        try:
            return float(calculate(tokens, self._model, **place).total_price)
        except LookupError:
            return None


def tariff_of(provider: str, model: str, base_url: str | None) -> Tariff:
    """What applies to a model: nothing on this machine, else the list price."""
    if base_url is not None and is_loopback(host_of(base_url)):
        return Free()
    return ListPrice(provider, model, base_url)
