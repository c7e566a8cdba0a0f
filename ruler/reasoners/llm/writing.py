"""Writing rules: the voted normal rules, without repetitions, and anomaly rules by contrast.

AnomalyRuler (ECCV 2024, sections 3.1 and 3.2) contrasts normal rules into anomaly rules and lets a
model aggregate what the batches voted for. Verification calls this once for every batch it leaves
out, so both are asked in a way that makes the same questions again: one normal rule a contrast,
whatever other rules there are, and an aggregation that picks among the voted rules and rewrites
none. A consensus of n rules costs n + 1 questions; leaving a batch out costs one more, and only
where that changes which rules are voted for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ruler.errors import ModelError
from ruler.llm.fencing import fence, fence_lines
from ruler.reasoners.llm.answers import Contrast, Contrasts, Groups
from ruler.reasoners.llm.interview import Interview, numbered, prompt_ref
from ruler.reasoners.llm.naming import slug_of
from ruler.reasoners.symbolic import writing as symbolic
from ruler.schemas.induction import Brief, Checkup, Consensus
from ruler.schemas.rules import Origin, Rule
from ruler.schemas.taxonomy import Taxonomy
from ruler.text.phrases import find_phrase

_MOST_ANOMALIES = 40
_MOST_PHRASES = 16
_AGGREGATE, _CONTRAST = "aggregate_rules", "contrast_anomaly"
_MAX_TOKENS = 2000


def write_rules(
    interview: Interview, consensus: Consensus, brief: Brief, checkups: Mapping[str, Checkup]
) -> tuple[Rule, ...]:
    """The rule set's rules, normal ones first (see `Reasoner.write_rules`).

    Where the captioner measures, ranges become rules as the symbolic reasoner writes them.

    Raises:
        ModelError: the model gives no answer that can be used, or the batches agree on nothing.
    """
    if brief.measured:
        return symbolic.write_rules(consensus, brief, checkups)
    normal = _aggregated(interview, sorted(consensus.rules, key=lambda rule: rule.id))
    if not normal:
        raise ModelError(
            f"model {interview.asker.name!r}: the batches of references agree on nothing that is "
            f"normal in {brief.scene!r}"
        )
    anomaly = _contrasted(interview, normal, brief)
    rules = [*normal, *anomaly, _uncovered(interview, brief)]
    return tuple(
        left
        for rule in rules
        if (left := symbolic.checked(rule, checkups.get(rule.id))) is not None
    )


def _aggregated(interview: Interview, voted: Sequence[Rule]) -> list[Rule]:
    """The voted rules without those that another one says, too; what is kept takes over their
    phrases."""
    if len(voted) < 2:
        return list(voted)
    items = numbered([_said(rule) for rule in voted], "rule")
    question = interview.question(_AGGREGATE, Groups, _MAX_TOKENS, rules=fence_lines(items))
    [answer] = interview.insist([question], Groups)
    merged = _merges(answer, len(voted))
    kept: list[Rule] = []
    for number, rule in enumerate(voted, 1):
        if number in merged:
            continue
        others = [voted[other - 1] for other, into in merged.items() if into == number]
        phrases = _united(phrase for one in (rule, *others) for phrase in one.look_for)
        kept.append(rule.model_copy(update={"look_for": phrases}))
    return kept


def _merges(answer: Groups, rules: int) -> dict[int, int]:
    """By number, the rule that another one is merged into; a rule that takes others in stays."""
    merged: dict[int, int] = {}
    for group in answer.groups:
        if not 1 <= group.keep <= rules or group.keep in merged:
            continue
        for number in group.merge:
            stays = number == group.keep or number in merged.values()
            if 1 <= number <= rules and not stays:
                merged.setdefault(number, group.keep)
    return merged


def _contrasted(interview: Interview, normal: Sequence[Rule], brief: Brief) -> list[Rule]:
    """Anomaly rules by contrast, those that most normal rules lead to first."""
    items = fence_lines(_abnormal_items(brief.taxonomy))
    questions = [
        interview.question(_CONTRAST, Contrasts, _MAX_TOKENS, items=items, rule=fence(_said(rule)))
        for rule in normal
    ]
    answers = interview.insist(questions, Contrasts)
    slugs = {slug_of(rule.title) for rule in normal}
    phrases = [phrase for rule in normal for phrase in (rule.statement, *rule.look_for)]
    rules: dict[str, Rule] = {}
    counts: Counter[str] = Counter()
    for source, answer in zip(normal, answers, strict=True):
        for contrast in answer.rules:
            usable = _not_normal(contrast.look_for, phrases)
            if slug_of(contrast.title) in slugs or (contrast.look_for and not usable):
                continue
            rule = _anomaly(contrast, usable, source, brief, interview.asker.name)
            known = rules.setdefault(rule.id, rule)
            counts[rule.id] += 1
            united = _united([*known.look_for, *rule.look_for])
            rules[rule.id] = known.model_copy(update={"look_for": united})
    places = {rule_id: place for place, rule_id in enumerate(rules)}
    ranked = sorted(rules, key=lambda rule_id: (-counts[rule_id], places[rule_id]))
    return [rules[rule_id] for rule_id in ranked[:_MOST_ANOMALIES]]


def _not_normal(phrases: Iterable[str], normal: Sequence[str]) -> tuple[str, ...]:
    """The phrases that stand in no normal rule: a contrast is made from one rule, and another may
    say that it is normal."""
    return tuple(
        phrase
        for phrase in phrases
        if not any(find_phrase(said, phrase) is not None for said in normal)
    )


def _anomaly(
    contrast: Contrast, phrases: tuple[str, ...], source: Rule, brief: Brief, model: str
) -> Rule:
    item = brief.taxonomy.item(contrast.category)
    return Rule(
        id=f"{brief.scene}.odd-{slug_of(contrast.title)}",
        title=contrast.title,
        kind="anomaly",
        level=contrast.level,
        category=item.id if item and item.kind == "abnormal" else None,
        subject=contrast.subject,
        statement=contrast.statement,
        look_for=phrases,
        origin=Origin(
            by="induced",
            votes=source.origin.votes,
            references=source.origin.references,
            model=model,
            prompt=prompt_ref(_CONTRAST),
        ),
    )


def _uncovered(interview: Interview, brief: Brief) -> Rule:
    """The rule for what no normal rule covers; alone it does not reach the usual threshold."""
    return Rule(
        id=f"{brief.scene}.{symbolic.UNCOVERED}",
        title="Something the references never showed",
        kind="anomaly",
        level="low",
        category="novelty.uncovered",
        subject="environment",
        statement="People do, or there is, what none of the normal rules covers.",
        weight=symbolic.NEWS_WEIGHT,
        origin=Origin(by="induced", model=interview.asker.name),
    )


def _said(rule: Rule) -> dict[str, object]:
    """A normal rule as it is shown: without phrases and votes, which change with the batches."""
    return {"title": rule.title, "statement": rule.statement, "subject": rule.subject}


def _abnormal_items(taxonomy: Taxonomy) -> Iterator[dict[str, object]]:
    for item in taxonomy.items:
        if item.kind == "abnormal":
            yield {"category": item.id, "title": item.title, "level": item.level}


def _united(phrases: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(phrases))[:_MOST_PHRASES]
