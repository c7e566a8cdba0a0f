"""What a model claims of captions, as it counts: by rule id, and only with words that are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ruler.llm.questions import Fault
from ruler.reasoners.llm.answers import CaptionClaims, Claim, Claims
from ruler.reasoners.llm.quoting import locate


@dataclass(frozen=True)
class Verdict:
    """What the model claims of a rule on a text: [start, stop) are the words that show a yes."""

    said: Literal["yes", "no", "unclear"]
    confidence: float
    span: tuple[int, int] = (0, 0)


UNCLEAR = Verdict("unclear", 0.0)

Said = Mapping[str, Verdict] | Fault
"""By rule id, what the model claims of one text; or why it claims nothing."""


def read_claims(answer: Claims, texts: Sequence[str], rule_ids: Sequence[str]) -> dict[str, Said]:
    """By text, the claims on it.

    A caption that the answer leaves out is a fault and no row of noes. Numbers that name no caption
    or rule of the question are passed over.
    """
    entries: dict[int, list[CaptionClaims]] = {}
    for entry in answer.captions:
        entries.setdefault(entry.caption, []).append(entry)
    said: dict[str, Said] = {}
    for number, text in enumerate(texts, 1):
        if number not in entries:
            said[text] = Fault("invalid", "the model's answer leaves this caption out")
            continue
        verdicts: dict[str, Verdict] = {}
        for claim in (claim for entry in entries[number] for claim in entry.claims):
            if 1 <= claim.rule <= len(rule_ids):
                rule_id = rule_ids[claim.rule - 1]
                verdict = _judged(claim, text)
                known = verdicts.get(rule_id, verdict)
                # Two claims that differ cancel each other out.
                verdicts[rule_id] = known if known.said == verdict.said else UNCLEAR
        said[text] = verdicts
    return said


def _judged(claim: Claim, text: str) -> Verdict:
    """A claim as it counts: a yes needs words that stand in the caption."""
    if claim.verdict != "yes":
        return Verdict(claim.verdict, claim.confidence)
    span = locate(text, claim.quote)
    return UNCLEAR if span is None else Verdict("yes", claim.confidence, span)
