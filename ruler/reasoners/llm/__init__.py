"""The reasoner `llm:PROVIDER:MODEL`: any chat model, asked about captions and rules."""

from __future__ import annotations

from collections.abc import Mapping

from ruler.errors import InputError
from ruler.reasoners.llm.interview import language_named
from ruler.reasoners.llm.reasoner import LlmReasoner


def create(model: str, options: Mapping[str, object]) -> LlmReasoner:
    """Build from `llm:PROVIDER:MODEL`, the option `language` (a tag like `de`, or a name) and the
    options of the model.

    Raises:
        InputError: no model is named, it cannot be set up, or an option is wrong.
    """
    if not model:
        raise InputError("reasoner 'llm' needs a model, like llm:openai:gpt-4o-mini")
    language = language_named(options.get("language"))
    from ruler.llm.models import open_model

    return LlmReasoner(open_model(model, options), language)


__all__ = ["LlmReasoner", "create"]
