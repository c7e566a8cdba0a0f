"""Adding up what questions would take: calls, pictures, tokens and their price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ruler.llm.counting import TOKENS_A_WORD, picture_rule, text_tokens
from ruler.llm.dialects import OLLAMA
from ruler.llm.options import ChatOptions
from ruler.llm.pricing import Free, Tariff, tariff_of
from ruler.llm.questions import Question
from ruler.registry import ANY_CHAT, LOCAL_PROVIDERS, split_name
from ruler.reporting.words import count
from ruler.schemas.runs import Usage

CAPTION_WORDS = 60
"""Words of a usual caption: the prompts ask for three or four short sentences."""

CAPTION_TOKENS = round(CAPTION_WORDS * TOKENS_A_WORD)
CLAIM_TOKENS = 50
"""Tokens that a reasoner usually writes about one caption."""


@dataclass(frozen=True)
class Part:
    """What one model would be asked for one purpose.

    Tokens out and cost are given for answers of a usual length, and for the longest that are
    allowed; a cost of None says that there is no list price, and 0 that the model is on this
    machine.
    """

    purpose: str
    model: str
    calls: int
    pictures: int
    tokens_in: int
    tokens_out: int
    tokens_out_most: int
    cost_usd: float | None
    cost_usd_most: float | None
    pictures_by: str

    def lines(self) -> list[str]:
        """For people."""
        if not self.calls:
            return [f"  {self.purpose:<10} {self.model}: no call"]
        calls, pictures = count(self.calls, "call"), count(self.pictures, "picture")
        longest = f"{self.tokens_out_most:,} at most"
        return [
            f"  {self.purpose:<10} {self.model}: {calls} at most, {pictures}",
            f"  {'':<10} about {self.tokens_in:,} tokens in, {self.tokens_out:,} out ({longest})",
            f"  {'':<10} {self._cost()}",
        ]

    def _cost(self) -> str:
        if self.cost_usd is None or self.cost_usd_most is None:
            return "no list price"
        if not self.cost_usd_most:
            return "costs nothing: it is served on this machine"
        usual, longest = f"about ${self.cost_usd:.2f}", f"${self.cost_usd_most:.2f}"
        return f"{usual} by list prices ({longest} if every answer is as long as it may be)"


class Meter:
    """Adds up the questions to one model.

    Args:
        name: The model's, as the user gave it.
        options: Those of the job.
    """

    def __init__(self, name: str, options: Mapping[str, object]) -> None:
        provider, model = split_name(name)
        if provider == ANY_CHAT:
            name = model
            provider, model = split_name(model)
        chat = ChatOptions.of(options)
        place = chat.base_url or (OLLAMA if provider == "ollama" else None)
        is_here = provider in LOCAL_PROVIDERS
        self.name = name
        self._longest = chat.max_tokens
        self._tariff: Tariff = Free() if is_here else tariff_of(provider, model, place)
        self._rule = picture_rule("" if is_here else provider, model, place)
        self._calls = self._pictures = self._in = self._out = self._most = 0

    def add(
        self,
        questions: Sequence[Question],
        usual: int,
        *,
        times: int = 1,
        size: tuple[int, int] = (0, 0),
    ) -> None:
        """Count questions.

        Args:
            questions: What is asked.
            usual: Tokens of a usual answer to each.
            times: How often that is.
            size: (width, height) of their pictures, in pixels.
        """
        for question in questions:
            pictures = len(question.jpegs)
            tokens = text_tokens(question.system) + text_tokens(question.text)
            tokens += pictures * self._rule.tokens(*size) if pictures else 0
            most = question.max_tokens or self._longest
            self._calls += times
            self._pictures += times * pictures
            self._in += times * tokens
            self._out += times * min(usual, most)
            self._most += times * most

    def part(self, purpose: str) -> Part:
        """All of it, with its price."""
        return Part(
            purpose=purpose,
            model=self.name,
            calls=self._calls,
            pictures=self._pictures,
            tokens_in=self._in,
            tokens_out=self._out,
            tokens_out_most=self._most,
            cost_usd=self._cost(self._out),
            cost_usd_most=self._cost(self._most),
            pictures_by=self._rule.said,
        )

    def _cost(self, tokens_out: int) -> float | None:
        """By the average call: prices depend on how long a single question is."""
        if not self._calls:
            return 0.0
        each = Usage(
            model_calls=1,
            tokens_in=round(self._in / self._calls),
            tokens_out=round(tokens_out / self._calls),
        )
        priced = self._tariff.priced(each)
        return None if priced.unpriced_calls else priced.cost_usd * self._calls
