"""Matching: what code can decide first, then one question for a few captions and all open rules.

Gates, exceptions and measures are never put to the model, and captions are all it is shown: never a
pixel. Its yes and no replace what the words of a rule gave (DESIGN section 3a), but only with words
that really stand in the caption; what it cannot tell, and what it fails to answer, leaves the frame
`undetermined` unless a rule fires on it all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ruler.llm.fencing import fence_lines
from ruler.llm.questions import Fault, Question
from ruler.reasoners.base import MatchContext
from ruler.reasoners.gates import Gate, check_gates
from ruler.reasoners.llm.answers import Claims
from ruler.reasoners.llm.claims import Said, Verdict, read_claims
from ruler.reasoners.llm.interview import BATCH, SMALLER, Interview, batched, numbered
from ruler.reasoners.llm.quoting import evidence_of
from ruler.reasoners.matching import FAINT, FIRES, match_rule
from ruler.reasoners.symbolic import matching as symbolic
from ruler.reasoners.symbolic.writing import UNCOVERED, UNCOVERED_DOINGS
from ruler.schemas.observations import Observation
from ruler.schemas.rules import Rule
from ruler.schemas.verdicts import NO_ANSWER, Match, Matched, NotEvaluable

_PROMPT = "match_captions"
_MAX_TOKENS, _MAX_TOKENS_EACH = 1000, 250


def match(
    interview: Interview, observations: Sequence[Observation], context: MatchContext
) -> list[Matched]:
    """Apply the live rules to each observation (see `Reasoner.match`)."""
    matcher = _Matcher(interview, context)
    measured = matcher.measured(observations)
    looks = [matcher.look(*pair) for pair in zip(observations, measured, strict=True)]
    said = matcher.ask(looks)
    return [matcher.settle(look, said.get(look.text, {})) for look in looks]


@dataclass(frozen=True)
class _Look:
    """What code found on one observation, and what is left to ask.

    Attributes:
        observation: The frame.
        text: Its caption's text; empty where there is none.
        found: Matches by rule id, those of overriding normal rules included.
        unknown: Rules that cannot be evaluated.
        asked: Ids of the open rules whose statement the model is asked about.
    """

    observation: Observation
    text: str = ""
    found: dict[str, Match] = field(default_factory=dict)
    unknown: tuple[NotEvaluable, ...] = ()
    asked: tuple[str, ...] = ()


class _Matcher:
    """The live rules of a context, sorted once for many observations."""

    def __init__(self, interview: Interview, context: MatchContext) -> None:
        self.interview = interview
        self.context = context
        scene, live = context.rule_set.scene, context.rule_set.live
        self.novel = frozenset({f"{scene}.{UNCOVERED}", f"{scene}.{UNCOVERED_DOINGS}"})
        self.normal = [rule for rule in live if rule.kind == "normal"]
        self.overriding = {rule.id: rule for rule in self.normal if rule.overrides}
        accusing = [rule for rule in live if rule.kind == "anomaly" and not rule.measures]
        self.stated = [] if context.linked else accusing
        # Numbers are code's: the symbolic reasoner decides them, novelty of facts included.
        self.measuring = tuple(
            rule.model_copy(update={"overrides": ()})
            for rule in live
            if rule.measures or rule.id in self.novel
        )

    def measured(self, observations: Sequence[Observation]) -> list[Matched]:
        """What the rules with measures give."""
        if not any(rule.measures for rule in self.measuring):
            return [Matched() for _ in observations]
        rule_set = self.context.rule_set.model_copy(update={"rules": self.measuring})
        return symbolic.match(observations, replace(self.context, rule_set=rule_set))

    def look(self, observation: Observation, measured: Matched) -> _Look:
        """What code can tell of one observation."""
        caption = observation.caption
        if caption is None:
            return _Look(observation)
        found = {one.rule_id: one for one in measured.matches}
        unknown = list(measured.not_evaluable)
        asked: list[str] = []
        for rule in (*self.stated, *self._overriding_any(found)):
            state, why = check_gates(rule, observation, self.context)
            if state == Gate.OPEN:
                words = match_rule(rule, observation, self.context)
                if isinstance(words, Match):
                    found[rule.id] = words
                # The words of a measuring captioner repeat its facts: code tells what is new.
                repeats = rule.id in self.novel and caption.measured
                if caption.text.strip() and not rule.measures and not repeats:
                    asked.append(rule.id)
            elif state != Gate.CLOSED and rule.kind == "anomaly":
                unknown.append(NotEvaluable(rule_id=rule.id, reason=why))
        return _Look(observation, caption.text, found, tuple(unknown), tuple(asked))

    def _overriding_any(self, found: Mapping[str, Match]) -> Iterator[Rule]:
        """The normal rules that may suppress something here: in the pass over links they are worth
        a question only where a rule matched that they override."""
        for rule in self.overriding.values():
            if not self.context.linked or any(rule_id in found for rule_id in rule.overrides):
                yield rule

    def ask(self, looks: Sequence[_Look]) -> dict[str, Said]:
        """By text, what the model says of it."""
        by_text: dict[str, list[_Look]] = {}
        for look in looks:
            if look.asked:
                by_text.setdefault(look.text, []).append(look)
        texts = list(by_text)
        batches = batched(texts, BATCH)
        said = self._ask_batches(batches, by_text)
        alone = [
            [text]
            for batch in batches
            for text in batch
            if isinstance(fault := said[text], Fault) and fault.kind in SMALLER and len(batch) > 1
        ]
        return said | self._ask_batches(alone, by_text)

    def _ask_batches(
        self, batches: Sequence[Sequence[str]], by_text: Mapping[str, Sequence[_Look]]
    ) -> dict[str, Said]:
        """One question a batch of texts."""
        rules = [
            self._open([look for text in batch for look in by_text[text]]) for batch in batches
        ]
        questions = [
            self._question(batch, by_text, known)
            for batch, known in zip(batches, rules, strict=True)
        ]
        answers = self.interview.ask(questions, Claims)
        said: dict[str, Said] = {}
        for batch, known, answer in zip(batches, rules, answers, strict=True):
            if isinstance(answer, Fault):
                said |= dict.fromkeys(batch, answer)
            else:
                said |= read_claims(answer, batch, [rule.id for rule in known])
        return said

    def _open(self, looks: Sequence[_Look]) -> list[Rule]:
        """The rules that are asked about on any of the frames, in the order of the rule set."""
        asked = {rule_id for look in looks for rule_id in look.asked}
        return [rule for rule in self.context.rule_set.live if rule.id in asked]

    def _question(
        self, batch: Sequence[str], by_text: Mapping[str, Sequence[_Look]], rules: Sequence[Rule]
    ) -> Question:
        number = {rule.id: position for position, rule in enumerate(rules, 1)}
        captions: list[dict[str, object]] = []
        for text in batch:
            found = {rule_id for look in by_text[text] for rule_id in look.found}
            check = [number[rule.id] for rule in rules if rule.id in found]
            captions.append({"check": check, "text": text})
        return self.interview.question(
            _PROMPT,
            Claims,
            _MAX_TOKENS + _MAX_TOKENS_EACH * len(batch),
            normal=fence_lines(map(_shown, self.normal)),
            rules=fence_lines(numbered(list(map(_shown, rules)), "rule")),
            captions=fence_lines(numbered(captions, "caption")),
        )

    def settle(self, look: _Look, said: Said) -> Matched:
        """What code and model found together."""
        claims: Mapping[str, Verdict] = {} if isinstance(said, Fault) else said
        found = dict(look.found)
        for rule_id in look.asked:
            if (verdict := claims.get(rule_id)) is None:
                continue
            # The model's word replaces what the rule's own words gave.
            found.pop(rule_id, None)
            if verdict.said == "yes" and verdict.confidence >= FAINT:
                found[rule_id] = _match(rule_id, verdict, look)
        away = self._suppressed(found) | set(self.overriding)
        matches = tuple(one for rule_id, one in found.items() if rule_id not in away)
        unanswered = f"{NO_ANSWER}{said.said}" if isinstance(said, Fault) else None
        undetermined = unanswered or _unclear(look, claims, away)
        if undetermined and not any(one.strength >= FIRES for one in matches):
            # A faint match decides nothing, and must not make an open frame look normal.
            matches = ()
        return Matched(matches=matches, not_evaluable=look.unknown, undetermined=undetermined)

    def _suppressed(self, found: Mapping[str, Match]) -> set[str]:
        """Ids of the rules that a normal rule overrides here; it must fire itself."""
        return {
            overridden
            for rule_id, rule in self.overriding.items()
            if rule_id in found and found[rule_id].strength >= FIRES
            for overridden in rule.overrides
        }


def _shown(rule: Rule) -> dict[str, object]:
    return {"title": rule.title, "statement": rule.statement, "look_for": rule.look_for}


def _match(rule_id: str, verdict: Verdict, look: _Look) -> Match:
    caption = look.observation.caption
    assert caption is not None
    evidence = evidence_of(caption, look.observation.frame_index, verdict.span)
    return Match(rule_id=rule_id, strength=round(verdict.confidence, 6), evidence=(evidence,))


def _unclear(look: _Look, claims: Mapping[str, Verdict], away: set[str]) -> str | None:
    """What the model leaves open, as a sentence."""
    names = [
        rule_id
        for rule_id in look.asked
        if rule_id in claims and claims[rule_id].said == "unclear" and rule_id not in away
    ]
    return f"the model cannot tell whether {', '.join(names)} holds" if names else None
