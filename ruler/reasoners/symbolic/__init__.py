"""The embedded reasoner: no weights, no network; ranges, vocabularies and verbatim spans."""

from __future__ import annotations

from collections.abc import Mapping

from ruler.reasoners.symbolic.reasoner import SymbolicReasoner


def create(model: str, options: Mapping[str, object]) -> SymbolicReasoner:  # noqa: ARG001
    """The factory behind `--reasoner symbolic`; it has no models and no options."""
    return SymbolicReasoner()


__all__ = ["SymbolicReasoner", "create"]
