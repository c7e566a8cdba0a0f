"""Finding what a model quotes: only words that really stand in a caption are evidence."""

from __future__ import annotations

import re

from ruler.schemas.captions import Caption
from ruler.schemas.facts import FACTS
from ruler.schemas.verdicts import Match, WordEvidence

_SAME = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-"})
_AROUND = " \t\r\n\"'`.,;:…*"


def locate(text: str, quote: str) -> tuple[int, int] | None:
    """Where `quote` stands in `text`, as [start, stop) in characters.

    The quote as it is comes first. Else case, the kind of white space and of quotation marks, and
    marks around the quote do not matter; it begins and ends with whole words.

    Returns:
        None where it does not stand there, or has no letter or digit.
    """
    if not any(character.isalnum() for character in quote):
        return None
    plain, wanted = text.translate(_SAME), quote.translate(_SAME)
    for candidate in (wanted.strip(), wanted.strip(_AROUND)):
        spaced = r"\s+".join(re.escape(word) for word in candidate.split())
        before = r"(?<!\w)" if re.match(r"\w", candidate) else ""
        after = r"(?!\w)" if re.search(r"\w\Z", candidate) else ""
        for flags in (re.NOFLAG, re.IGNORECASE):
            if found := re.search(before + spaced + after, plain, flags):
                return found.span()
    return None


def evidence_of(caption: Caption, frame_index: int, span: tuple[int, int]) -> WordEvidence:
    """Evidence for the words of a caption at `span`."""
    start, stop = span
    return WordEvidence(
        caption=caption.sha256,
        frame_index=frame_index,
        start=start,
        stop=stop,
        quote=caption.text[start:stop],
    )


def grounds(match: Match) -> list[str]:
    """What a match rests on: quoted words, and facts in a clause each."""
    return [
        evidence.quote
        if isinstance(evidence, WordEvidence)
        else FACTS[evidence.fact].say(evidence.value)
        for evidence in match.evidence
    ]
