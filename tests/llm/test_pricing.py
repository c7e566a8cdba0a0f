"""What calls cost, and which have no price."""

from __future__ import annotations

import pytest

from ruler.llm.pricing import Free, ListPrice, tariff_of
from ruler.schemas.runs import Usage

CALL = Usage(model_calls=1, tokens_in=1_000_000, tokens_out=1_000)


@pytest.mark.parametrize(
    ("provider", "model", "base_url"),
    [
        ("openai", "gpt-4o-mini", None),
        ("anthropic", "claude-sonnet-4-5", None),
        ("google_genai", "gemini-2.5-flash", None),
        ("openai", "openai/gpt-4o-mini", "https://openrouter.ai/api/v1"),
    ],
)
def test_known_models_have_a_price(provider: str, model: str, base_url: str | None) -> None:
    priced = tariff_of(provider, model, base_url).priced(CALL)
    assert 0.01 < priced.cost_usd < 20
    assert priced.unpriced_calls == 0


def test_cached_tokens_cost_less() -> None:
    tariff = ListPrice("openai", "gpt-4o-mini", None)
    cached = CALL.model_copy(update={"tokens_cached": 900_000})
    assert tariff.priced(cached).cost_usd < tariff.priced(CALL).cost_usd
    too_many = CALL.model_copy(update={"tokens_cached": 2_000_000})
    assert tariff.priced(too_many).cost_usd > 0


@pytest.mark.parametrize(
    ("provider", "model", "base_url"),
    [
        ("openai", "no-such-model", None),
        ("nobody", "gpt-4o-mini", None),
        ("openai", "gpt-4o-mini", "http://192.168.0.2:8000/v1"),
    ],
)
def test_a_call_without_a_price_says_so(provider: str, model: str, base_url: str | None) -> None:
    priced = tariff_of(provider, model, base_url).priced(CALL)
    assert (priced.cost_usd, priced.unpriced_calls) == (0, 1)


def test_a_call_that_told_no_tokens_has_no_price() -> None:
    lost = Usage(model_calls=1, failed_calls=1)
    assert ListPrice("openai", "gpt-4o-mini", None).priced(lost).unpriced_calls == 1
    assert ListPrice("openai", "gpt-4o-mini", None).priced(Usage()).unpriced_calls == 0


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/v1", "http://localhost/v1"])
def test_this_machine_costs_nothing(url: str) -> None:
    tariff = tariff_of("openai", "gpt-4o", url)
    assert isinstance(tariff, Free)
    assert tariff.priced(CALL) == CALL
