"""`ruler taxonomy try`: what a taxonomy makes of a sentence, and why it makes nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ruler.errors import InputError
from ruler.reasoners.symbolic.answering import reflect_answer
from ruler.schemas.captions import recorded_caption
from ruler.schemas.taxonomy import Taxonomy, TaxonomyItem
from ruler.schemas.verdicts import Reflection
from ruler.text.nearest import nearest
from ruler.text.phrases import find_any

_HALF = 0.5
"""Of a phrase's words: what has fewer of them is not near."""

FirstAnswer = Literal["normal", "anomaly", "undetermined"]


@dataclass(frozen=True)
class Heard:
    """What a text says of an item.

    Attributes:
        how: `heard` where it counts; `excused` by an `unless`; `lacking` where no `only_if` stands
            there; `near` where a phrase is nearly there.
        quote: The words of the text; None where only some of them stand there.
        why: What keeps the item from counting; None where it counts.
    """

    item: TaxonomyItem
    how: Literal["heard", "excused", "lacking", "near"]
    quote: str | None
    why: str | None = None

    def as_data(self) -> dict[str, str | None]:
        """Plain data but for the item."""
        return {"how": self.how, "quote": self.quote, "why": self.why}


@dataclass(frozen=True)
class Trial:
    """What the items make of a text, in file order, and what reflection makes of a first answer."""

    heard: tuple[Heard, ...]
    reflection: Reflection

    def as_data(self) -> dict[str, object]:
        """Plain data, for programs."""
        items = [{"item": h.item.id, "kind": h.item.kind, **h.as_data()} for h in self.heard]
        return {"items": items, "reflection": self.reflection.model_dump(mode="json")}


def try_text(taxonomy: Taxonomy, text: str, first: FirstAnswer = "undetermined") -> Trial:
    """Hold a text against a taxonomy, as a whole clip's description.

    Args:
        taxonomy: Its items.
        text: A sentence or more, as a captioner would say it.
        first: The first answer that is reflected on.

    Raises:
        InputError: there is nothing to read.
    """
    if not text.strip():
        raise InputError("there is nothing to try: give a sentence, as a captioner would say it.")
    caption = recorded_caption(text, captioner="trial", window_sha256="")
    return Trial(tuple(_heard(taxonomy, text)), reflect_answer(first, caption, taxonomy))


def _heard(taxonomy: Taxonomy, text: str) -> Iterator[Heard]:
    for item in taxonomy.items:
        found = find_any(text, item.look_for)
        if found is None:
            close = nearest(text, item.look_for)
            if close is not None and close.share > _HALF:
                yield Heard(item, "near", None, f'"{close.phrase}": {close.why}')
            continue
        quote = text[found.start : found.stop]
        if excuse := find_any(text, item.unless):
            said = text[excuse.start : excuse.stop]
            yield Heard(item, "excused", quote, f'`unless`: "{said}"')
        elif item.only_if and find_any(text, item.only_if) is None:
            yield Heard(item, "lacking", quote, f"none of `only_if`: {', '.join(item.only_if)}")
        else:
            yield Heard(item, "heard", quote)
