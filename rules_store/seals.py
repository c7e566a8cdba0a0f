"""Seals: each revision closes the history before it, so that a change of it shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ruler.schemas.base import content_hash

SEALED = (
    "scene",
    "revision",
    "sha256",
    "parent",
    "author",
    "reason",
    "scene_model_sha256",
    "captioner",
    "by_induction",
    "is_proposal",
    "asking",
    "created_at",
)


def seal_of(row: Mapping[str, Any], before: str | None) -> str:
    """The hash that closes a revision.

    It is over all that is kept of the revision (its source by `sha256`) and over the seal of the
    revision before: whoever changes who, when or why, or takes a revision out, breaks it.

    Args:
        row: A row of `rule_set`; only `SEALED` columns are looked at.
        before: The seal of the revision before; None for the first, or behind revisions of a
            ruler that sealed none.
    """
    return content_hash({**{name: row[name] for name in SEALED}, "before": before})
