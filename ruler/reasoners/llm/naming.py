"""Ids of rules: made from titles by code, so that the same doing has the same id everywhere."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from ruler.text.analysis import analyse
from ruler.text.words import FUNCTION_WORDS

_LONGEST = 48
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")


def slug_of(title: str) -> str:
    """Lower-case words of a title by lemma, joined by minus signs: "Riding a bicycle" gives
    "ride-bicycle". What no such word is left of gets a name from its hash."""
    lemmas = [token.lemma for token in analyse(title)]
    content = [lemma for lemma in lemmas if lemma not in FUNCTION_WORDS] or lemmas
    plain = unicodedata.normalize("NFKD", " ".join(content)).encode("ascii", "ignore").decode()
    slug = _NOT_PLAIN.sub("-", plain.lower()).strip("-")
    digest = hashlib.sha256(" ".join(content or [title]).encode()).hexdigest()[:8]
    if not slug:
        return f"named-{digest}"
    if len(slug) > _LONGEST:
        return f"{slug[:_LONGEST].rstrip('-')}-{digest}"
    return slug
