"""Rules as AnomalyRuler's authors publish them: numbered statements under four headings.

    **Anomaly Human Activities:**
    1. Riding a bicycle or scooter, skateboarding

A statement stays as it is, for a model to read. For the symbolic reasoner it gets `look_for`: the
doings it names, and the phrases of each concept of the lexicon that it speaks of. Nouns of anomaly
statements are not taken up: "unusual objects near the building" would fire on every building.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ruler.errors import FileProblems, Problem
from ruler.schemas.rules import Origin, Rule, RuleKind, RuleSet, Subject
from ruler.schemas.taxonomy import Concept, Lexicon
from ruler.text.analysis import analyse
from ruler.text.phrases import find_any

_HEADING = re.compile(
    r"^\**\s*(?:rules for\s+)?(anomaly|normal)\s+(human|non-human|environmental)\b[^:]*:?\**\s*$",
    re.IGNORECASE,
)
_ITEM = re.compile(r"^\s*(?:\d+[.)]|[-*])\s+(.+?)\s*$")
_ALTERNATIVES = re.compile(
    r"\s*(?:[,;/.()]|\b(?:or|and|such as|including|like|e\.g\.|examples? (?:are|include))\b)\s*",
    re.IGNORECASE,
)
_VAGUE = frozenset(
    """usual unusual typical atypical abnormal normal suspicious unexpected common engage exhibit
    display maintain function activity movement behavior object""".split()
)
_MOST_WORDS = 5
_WEIGHT = 0.6


def parse_anomalyruler(source: str, *, scene: str, lexicon: Lexicon, file: str) -> RuleSet:
    """Read a published rule file.

    Args:
        source: Its text.
        scene: Whose rules they become.
        lexicon: Links statements to concepts.
        file: For error messages.

    Raises:
        FileProblems: with every line that stands under no heading, or if there is no rule at all.
    """
    rules: list[Rule] = []
    problems: list[Problem] = []
    heading: tuple[RuleKind, Subject] | None = None
    for number, line in enumerate(source.splitlines(), start=1):
        if found := _HEADING.match(line.strip()):
            kind: RuleKind = "anomaly" if found[1].lower() == "anomaly" else "normal"
            subject: Subject = "human_activity" if found[2].lower() == "human" else "environment"
            heading = (kind, subject)
        elif item := _ITEM.match(line):
            if heading is None:
                problems.append(Problem(file, number, 1, "this rule stands under no heading"))
                continue
            rule_id = _free_id(scene, item[1], rules)
            rules.append(_rule(rule_id, item[1], *heading, lexicon))
        elif line.strip():
            said = "neither a heading such as **Normal Human Activities:** nor a numbered rule"
            problems.append(Problem(file, number, 1, said))
    if not rules and not problems:
        problems.append(Problem(file, 0, 0, "no rule of AnomalyRuler's format is in it"))
    if problems:
        raise FileProblems(problems)
    return RuleSet(scene=scene, rules=tuple(rules))


def _rule(rule_id: str, statement: str, kind: RuleKind, subject: Subject, lexicon: Lexicon) -> Rule:
    origin = Origin(by="imported", note="AnomalyRuler's published rules")
    title = statement if len(statement) <= 80 else f"{statement[:77].rstrip()}..."
    if kind == "normal":
        return Rule(
            id=rule_id,
            title=title,
            kind=kind,
            level="info",
            subject=subject,
            statement=statement,
            look_for=tuple(dict.fromkeys(_alternatives(statement))),
            origin=origin,
        )
    concepts = [c for c in lexicon.concepts.values() if find_any(statement, c.phrases)]
    gravest = max(concepts, key=lambda concept: concept.prior, default=None)
    return Rule(
        id=rule_id,
        title=title,
        kind=kind,
        subject=subject,
        statement=statement,
        look_for=tuple(dict.fromkeys(_accusing(statement, concepts))),
        weight=gravest.prior if gravest else _WEIGHT,
        category=gravest.category if gravest else None,
        level=gravest.level if gravest else "medium",
        origin=origin,
    )


def _accusing(statement: str, concepts: Sequence[Concept]) -> Iterator[str]:
    for concept in concepts:
        yield from concept.phrases
    for phrase in _alternatives(statement):
        is_known = any(find_any(phrase, concept.phrases) for concept in concepts)
        if analyse(phrase)[0].is_activity and not is_known:
            yield phrase


def _alternatives(statement: str) -> Iterator[str]:
    """What a statement lists: "Riding a bicycle or scooter" says "riding a bicycle" and "riding
    scooter"."""
    doing = ""
    for part in _ALTERNATIVES.split(statement):
        tokens = analyse(part)
        if not tokens or len(tokens) > _MOST_WORDS or any(t.lemma in _VAGUE for t in tokens):
            doing = ""
            continue
        phrase = part.strip(" -'\"").lower()
        if tokens[0].is_activity:
            doing = phrase.split()[0]
            yield phrase
        elif doing and len(tokens) == 1:
            yield f"{doing} {phrase}"
        else:
            doing = ""
            yield phrase


def _free_id(scene: str, statement: str, rules: Sequence[Rule]) -> str:
    """`scene.slug`, with a number where two statements begin alike."""
    words = re.findall(r"[a-z0-9]+", statement.lower())[:5]
    slug = "-".join(words) or "rule"
    taken = {rule.id for rule in rules}
    rule_id, number = f"{scene}.{slug}", 1
    while rule_id in taken:
        number += 1
        rule_id = f"{scene}.{slug}-{number}"
    return rule_id
