"""Which words of a text stand in which scopes."""

from __future__ import annotations

from ruler.text.analysis import analyse


def words(text: str, **scope: bool) -> list[str]:
    """The words of a text whose tokens have these scopes."""
    return [
        text[token.start : token.stop]
        for token in analyse(text)
        if all(getattr(token, name) == value for name, value in scope.items())
    ]
