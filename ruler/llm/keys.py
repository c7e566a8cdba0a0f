"""The names under which answers are kept: hashes of all that decides them.

There are two. The *answer key* names a question to one model with one setting: the cache goes by
it, so another model or temperature is asked anew. The *question key* leaves out who answers and how
it is set: recordings go by it, so that a recording of a large model can be replayed where only the
name `replay:DIR` is known.
"""

from __future__ import annotations

from functools import lru_cache

from pydantic import BaseModel

from ruler.llm.questions import Question
from ruler.schemas.base import bytes_hash, canonical_json, content_hash

Facts = dict[str, object]


@lru_cache(maxsize=64)
def schema_json(schema: type[BaseModel]) -> str:
    """The JSON schema of an answer, as canonical JSON: made once a class, for making it is slow."""
    return canonical_json(schema.model_json_schema()).decode()


def facts_of(question: Question) -> Facts:
    """All of a question that decides its answer; pictures by their hashes."""
    return {
        "system": question.system,
        "text": question.text,
        "pictures": [bytes_hash(jpeg) for jpeg in question.jpegs],
        "schema": schema_json(question.schema) if question.schema else None,
        "max_tokens": question.max_tokens,
    }


def question_key(facts: Facts) -> str:
    """The key of a question to whomever; 64 hex digits."""
    return content_hash({"question": facts})


def answer_key(
    facts: Facts, *, model: str, endpoint: str | None, temperature: float, max_tokens: int
) -> str:
    """The key of a question to this model, set like this; 64 hex digits.

    Args:
        facts: The question.
        model: `provider:model`.
        endpoint: Where it is served, without secrets.
        temperature: As the model is asked with it.
        max_tokens: The model's own limit, for questions that give none.
    """
    asked = {"model": model, "endpoint": endpoint, "temperature": temperature}
    limited = facts | {"max_tokens": facts["max_tokens"] or max_tokens}
    return content_hash(asked | {"question": limited})
