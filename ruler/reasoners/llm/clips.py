"""A whole clip put to a model: a first answer by the scene's rules, and reflection on it.

TRLC (SmartHome-Bench, CVPR-W 2025, section 4): a first answer, rules made from a taxonomy, and a
second answer that may only raise alarms. Here each is one question a clip, the second answer may go
either way, and neither counts without words that stand in a caption. What cannot be read is
undetermined, never normal (DESIGN invariant 1).
"""

from __future__ import annotations

from ruler.llm.fencing import fence, fence_lines
from ruler.llm.questions import Fault
from ruler.reasoners.base import ClipEvidence
from ruler.reasoners.llm.answers import ClipJudged, ClipReflected
from ruler.reasoners.llm.interview import Interview, numbered, thinned
from ruler.reasoners.llm.reflecting import (
    MOST_CAPTIONS,
    item_shown,
    quoted_in,
    settled,
    shown,
)
from ruler.schemas.observations import Observation
from ruler.schemas.rules import Rule
from ruler.schemas.taxonomy import Taxonomy
from ruler.schemas.verdicts import NO_ANSWER, ClipAnswer, Outcome, Reflection, WordEvidence

_JUDGE, _REFLECT = "judge_clip", "reflect_clip"
_MAX_TOKENS = 1200
_MOST_RULES = 120


def answer_clip(interview: Interview, clip: ClipEvidence) -> ClipAnswer:
    """The first answer about a clip (see `Reasoner.answer_clip`)."""
    said, rules = _told(clip), _readable(clip)
    if not said:
        return _open("no caption says anything")
    question = interview.question(
        _JUDGE,
        ClipJudged,
        _MAX_TOKENS,
        rules=fence_lines(map(_rule, rules)),
        captions=fence_lines(numbered(_lines(said), "caption")),
    )
    [answer] = interview.ask([question], ClipJudged)
    if isinstance(answer, Fault):
        return _open(f"{NO_ANSWER}{answer.said}; not judged")
    quoted = quoted_in(answer, [seen for seen, _ in said.values()])
    named = next((rule for rule in rules if rule.id == answer.rule), None)
    return _judged(answer, named, quoted)


def _judged(answer: ClipJudged, rule: Rule | None, quoted: WordEvidence | None) -> ClipAnswer:
    """The answer as it counts."""
    why = answer.why or answer.quote
    if answer.verdict == "vague":
        return _open(f"left open: {why or 'the model cannot tell'}")
    if quoted is None:
        return _open(f"the words that the model quotes for {answer.verdict} are in no caption")
    if answer.verdict == "normal":
        return ClipAnswer(outcome="normal", by="captions", evidence=(quoted,), why=why)
    if rule is None or rule.kind != "anomaly":
        return _open("the model calls it an anomaly and names no rule that says so")
    return ClipAnswer(
        outcome="anomaly",
        by="captions",
        rules=(rule.id,),
        category=rule.category,
        level=rule.level,
        evidence=(quoted,),
        why=why,
    )


def reflect_clip(interview: Interview, clip: ClipEvidence, taxonomy: Taxonomy) -> Reflection:
    """Confirm, overturn, rename or leave open the first answer (see `Reasoner.reflect_clip`)."""
    first, said = clip.first.outcome, _told(clip)
    if not said or not taxonomy.items:
        why = "the taxonomy has no items" if said else "no caption says anything"
        return Reflection(first=first, second=first, why=f"not reflected on: {why}")
    question = interview.question(
        _REFLECT,
        ClipReflected,
        _MAX_TOKENS,
        items=fence_lines(map(item_shown, taxonomy.items)),
        first=fence(_first(clip)),
        captions=fence_lines(numbered(_lines(said), "caption")),
    )
    [answer] = interview.ask([question], ClipReflected)
    if isinstance(answer, Fault):
        second: Outcome = "anomaly" if first == "anomaly" else "undetermined"
        why = f"{NO_ANSWER}{answer.said}; not reflected on"
        return Reflection(first=first, second=second, why=why)
    return settled(answer, first, taxonomy, quoted_in(answer, [seen for seen, _ in said.values()]))


def _open(why: str) -> ClipAnswer:
    return ClipAnswer(outcome="undetermined", by="captions", why=why)


def _told(clip: ClipEvidence) -> dict[str, tuple[Observation, int]]:
    """The captions that are shown, in order of time; of many, up to half are those that alarm."""
    everything = shown(clip.observations, most=len(clip.observations))
    alarming = {
        seen.caption.text
        for seen in clip.observations
        if seen.caption and seen.frame_index in clip.alarms
    }
    kept = thinned([text for text in everything if text in alarming], MOST_CAPTIONS // 2)
    kept += thinned(list(everything), MOST_CAPTIONS - len(kept))
    return {text: one for text, one in everything.items() if text in set(kept)}


def _readable(clip: ClipEvidence) -> list[Rule]:
    """The live rules that words can tell. Numbers and gates are code's: a rule that has them is
    read where it fired on a frame."""
    fired = {one.rule_id for matched in clip.matched for one in matched.matches}
    plain = (
        rule
        for rule in clip.rule_set.live
        if rule.id in fired or (rule.when.is_open and not rule.measures)
    )
    return list(plain)[:_MOST_RULES]


def _lines(said: dict[str, tuple[Observation, int]]) -> list[dict[str, object]]:
    return [{"frames": count, "text": text} for text, (_, count) in said.items()]


def _rule(rule: Rule) -> dict[str, object]:
    """A rule as a model reads it; an exception that ends on a day is left to code."""
    told: dict[str, object] = {
        "rule": rule.id,
        "kind": rule.kind,
        "title": rule.title,
        "statement": rule.statement,
        "unless": [one.unless for one in rule.exceptions if one.until is None],
    }
    return {name: value for name, value in told.items() if value}


def _first(clip: ClipEvidence) -> dict[str, object]:
    rules = [rule for one in clip.first.rules if (rule := clip.rule_set.rule(one)) is not None]
    return {
        "first": clip.first.outcome,
        "why": clip.first.why,
        "rules": [{"rule": rule.id, "title": rule.title} for rule in rules[:3]],
    }
