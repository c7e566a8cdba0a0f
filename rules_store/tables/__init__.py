"""The tables. `rules_store/migrations` builds them; a test compares the two.

Times are UTC ISO texts that the store sets; no table holds pixels.
"""

from rules_store.tables.answers import ANSWER, CAPTION, CLIP_FILE, DERIVED, PROPOSAL, SAMPLE
from rules_store.tables.metadata import METADATA
from rules_store.tables.rules import DECISION, FEEDBACK, RULE, RULE_SET, SCENE, SCENE_MODEL
from rules_store.tables.runs import (
    EVENT,
    MATCH,
    REFLECTION,
    RUN,
    RUN_CHUNK,
    RUN_CLIP,
    RUN_USAGE,
    VERDICT,
)

__all__ = [
    "ANSWER",
    "CAPTION",
    "CLIP_FILE",
    "DECISION",
    "DERIVED",
    "EVENT",
    "FEEDBACK",
    "MATCH",
    "METADATA",
    "PROPOSAL",
    "REFLECTION",
    "RULE",
    "RULE_SET",
    "RUN",
    "RUN_CHUNK",
    "RUN_CLIP",
    "RUN_USAGE",
    "SAMPLE",
    "SCENE",
    "SCENE_MODEL",
    "VERDICT",
]
