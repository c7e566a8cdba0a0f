"""Reflection with a model: an event is held against normal and abnormal items of a taxonomy.

TRLC (SmartHome-Bench, CVPR-W 2025, section 4) reflects on a first answer with rules made from a
taxonomy, towards alarm only. Here normal items count as well. An answer moves an event only where
it names an item that exists, of the kind it decides for, and quotes a caption. Where there is no
answer, an alarm stays, and what only came near one is left open (DESIGN invariant 1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ruler.llm.fencing import fence, fence_lines
from ruler.llm.questions import Fault
from ruler.reasoners.base import EventEvidence
from ruler.reasoners.llm.answers import ClipJudged, Reflected
from ruler.reasoners.llm.interview import Interview, numbered, thinned
from ruler.reasoners.llm.quoting import evidence_of, grounds, locate
from ruler.reasoners.matching import FIRES
from ruler.schemas.observations import Observation
from ruler.schemas.taxonomy import Taxonomy, TaxonomyItem
from ruler.schemas.verdicts import NO_ANSWER, Outcome, Reflection, WordEvidence
from ruler.text.phrases import find_any

_PROMPT = "reflect_event"
_MAX_TOKENS = 1200
MOST_CAPTIONS = 24
_MOST_GROUNDS = 3


def reflect(interview: Interview, event: EventEvidence, taxonomy: Taxonomy) -> Reflection:
    """Confirm, overturn, rename or leave open a candidate event (see `Reasoner.reflect`)."""
    first: Outcome = "anomaly" if event.peak_score >= event.threshold else "normal"
    said = shown(event.observations)
    if not said or not taxonomy.items:
        why = "the taxonomy has no items" if said else "no caption says anything"
        return Reflection(first=first, second=first, why=f"not reflected on: {why}")
    captions = [{"frames": count, "text": text} for text, (_, count) in said.items()]
    question = interview.question(
        _PROMPT,
        Reflected,
        _MAX_TOKENS,
        items=fence_lines(map(item_shown, taxonomy.items)),
        event=fence(_event(event, first)),
        captions=fence_lines(numbered(captions, "caption")),
    )
    [answer] = interview.ask([question], Reflected)
    if isinstance(answer, Fault):
        second: Outcome = "anomaly" if first == "anomaly" else "undetermined"
        why = f"{NO_ANSWER}{answer.said}; not reflected on"
        return Reflection(first=first, second=second, why=why)
    seen = [observation for observation, _ in said.values()]
    return settled(answer, first, taxonomy, quoted_in(answer, seen))


def settled(
    answer: Reflected, first: Outcome, taxonomy: Taxonomy, quoted: WordEvidence | None
) -> Reflection:
    """The answer as it counts."""
    item = taxonomy.item(answer.item)
    if answer.verdict == "vague":
        return Reflection(
            first=first,
            second="undetermined",
            item=item.id if item else None,
            why=f"left open: {answer.why or 'the model cannot tell'}",
        )
    if problem := _problem(answer, item, quoted):
        return Reflection(first=first, second=first, why=f"stays {first}: {problem}")
    assert item is not None
    assert quoted is not None
    done = "confirmed" if answer.verdict == first else "overturned"
    return Reflection(
        first=first,
        second=answer.verdict,
        item=item.id,
        category=item.id,
        level=item.level,
        evidence=(quoted,),
        why=f"{done}: {item.title} ({item.id}): {answer.why or quoted.quote}",
    )


def _problem(
    answer: Reflected, item: TaxonomyItem | None, quoted: WordEvidence | None
) -> str | None:
    """Why a decided answer does not count, or None."""
    if item is None:
        return "the model names no item of the taxonomy"
    if quoted is None:
        return "the words that the model quotes are in no caption"
    decides = "anomaly" if item.kind == "abnormal" else "normal"
    is_excused = answer.verdict == "normal" and find_any(quoted.quote, item.unless) is not None
    if answer.verdict != decides and not is_excused:
        return f"the model calls it {answer.verdict} by {item.id}, which is {item.kind}"
    return None


def quoted_in(answer: Reflected | ClipJudged, seen: Sequence[Observation]) -> WordEvidence | None:
    """Where the quoted words stand: in the caption that the answer names, else in the first."""
    named = seen[answer.caption - 1 : answer.caption] if answer.caption > 0 else []
    for observation in (*named, *seen):
        caption = observation.caption
        if caption and (span := locate(caption.text, answer.quote)):
            return evidence_of(caption, observation.frame_index, span)
    return None


def shown(
    observations: Sequence[Observation], most: int = MOST_CAPTIONS
) -> dict[str, tuple[Observation, int]]:
    """By text, the first frame that has it and how many do; many texts are thinned evenly."""
    first: dict[str, Observation] = {}
    counts: Counter[str] = Counter()
    for seen in observations:
        if seen.caption and seen.caption.text.strip():
            first.setdefault(seen.caption.text, seen)
            counts[seen.caption.text] += 1
    return {text: (first[text], counts[text]) for text in thinned(list(first), most)}


def item_shown(item: TaxonomyItem) -> dict[str, object]:
    """An item as a model reads it."""
    told = item.model_dump(include={"kind", "title", "statement", "unless", "only_if"})
    return {"item": item.id, **{name: value for name, value in told.items() if value}}


def _event(event: EventEvidence, first: Outcome) -> dict[str, object]:
    """The first answer and what it rests on."""
    counts: Counter[str] = Counter()
    rests_on: dict[str, list[str]] = {}
    for match in (match for frame in event.matched for match in frame.matches):
        if match.strength >= FIRES:
            counts[match.rule_id] += 1
            said = rests_on.setdefault(match.rule_id, [])
            said += [one for one in grounds(match) if one not in said][: _MOST_GROUNDS - len(said)]
    rule = event.rule
    leading = {"rule": rule.id, "title": rule.title, "statement": rule.statement} if rule else None
    return {
        "first": first,
        "leading": leading,
        "found": [
            {"rule": rule_id, "frames": count, "grounds": rests_on[rule_id]}
            for rule_id, count in counts.most_common(_MOST_GROUNDS)
        ],
    }
