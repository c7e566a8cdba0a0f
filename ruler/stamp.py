"""Which code judged: what stored results must have in common to be taken for one another.

A version number says too little (two commits have the same) and too much (a commit that only
changes a page of the documentation is another version). So what is compared is the code and the
data that turn captions and rules into verdicts: where no byte of it changed, nor did a result.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import ruler

_JUDGING = (
    "ruler/reasoners",
    "ruler/schemas",
    "ruler/steps",
    "ruler/text",
    "rules_store/data/lexicons",
    "rules_store/data/taxonomies",
)


@lru_cache(maxsize=1)
def judging_stamp() -> str:
    """`judging-` and twelve digits; the version's where no source is at hand. Takes some ms."""
    root = Path(ruler.__file__).parent.parent
    paths = sorted(
        (path.relative_to(root).as_posix(), path)
        for folder in _JUDGING
        for path in (root / folder).rglob("*")
        if path.suffix in (".py", ".yaml")
    )
    if not paths:
        return f"judging-{ruler.__version__}"
    digest = hashlib.sha256()
    for name, path in paths:
        digest.update(f"{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return f"judging-{digest.hexdigest()[:12]}"
