"""How what a manifest names is called in a store."""

from __future__ import annotations

import re


def scene_name(dataset: str) -> str:
    """A dataset's name as a scene's name."""
    return re.sub(r"[^a-z0-9_-]+", "-", dataset.lower()).strip("-_") or "dataset"
