"""Rules that may catch what was missed, the most telling first.

A rule of words looks for what the captions of that moment say and the scene's normal rules do not
know; a measured rule for a fact that lay beyond what was measured elsewhere.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from ruler.reasoners.symbolic.vocabulary import Vocabulary
from ruler.schemas.facts import FACTS
from ruler.schemas.rules import Measure, Origin, Rule, RuleSet, RuleTests
from ruler.steps.feedback import COMMON, Change, Moment, bound_for, covering, text_of, values_of
from ruler.text.analysis import content_tokens
from ruler.text.phrases import find_phrase
from ruler.text.words import Token

_STRENGTHS = (0.7, 0.9, 0.97)
_WEIGHT = 0.8
_MOST_WORDS = 4
_LONGEST_TITLE = 200
_LATIN = re.compile(r"[a-z0-9]+")
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_TURNING = frozenset({"direction_degrees"})
"""Facts on a circle: no value lies beyond another."""


def noticing(
    rules: RuleSet, moment: Moment, vocabulary: Vocabulary, taken: Collection[str] = ()
) -> Iterator[Change]:
    """New rules that hold in a moment, the most telling first.

    Args:
        rules: The rules in force.
        moment: When something was missed.
        vocabulary: What the normal rules know.
        taken: Ids that no new rule may have, beside those in force.
    """
    new = _New(rules, moment, vocabulary, frozenset(taken))
    yield from new.of_words()
    yield from new.of_measures()


@dataclass(frozen=True)
class _New:
    """What a new rule is made from."""

    rules: RuleSet
    moment: Moment
    vocabulary: Vocabulary
    taken: frozenset[str]

    def _rule(self, frame: int, **fields: object) -> Rule:
        reason = self.moment.reason
        entry = self.moment.entry(frame)
        return Rule.model_validate(
            {
                "id": self._id(),
                "title": reason[:1].upper() + reason[1:_LONGEST_TITLE],
                "kind": "anomaly",
                "statement": reason[:1].upper() + reason[1:].rstrip(".") + ".",
                "weight": max(_WEIGHT, round(min(1.0, self.rules.threshold + 0.2), 2)),
                "tests": RuleTests(fire=(entry,)),
                "origin": Origin(
                    by="person", note=reason, references=(entry.removeprefix("run:"),)
                ),
            }
            | fields
        )

    def _id(self) -> str:
        """An id that says what the reason says, or the next number."""
        words = content_tokens(self.moment.reason, self.moment.ignored)
        texts = [self.moment.reason[token.start : token.stop].lower() for token in words]
        slug = "-".join(_LATIN.findall(" ".join(texts[:_MOST_WORDS])))[:60].strip("-")
        scene, number = self.rules.scene, 1
        if slug and not self._is_taken(f"{scene}.{slug}"):
            return f"{scene}.{slug}"
        while self._is_taken(f"{scene}.missed-{number}"):
            number += 1
        return f"{scene}.missed-{number}"

    def _is_taken(self, rule_id: str) -> bool:
        return rule_id in self.taken or self.rules.rule(rule_id) is not None

    # Words.

    def of_words(self) -> Iterator[Change]:
        """Rules of what was said; the words of a measuring captioner merely repeat its facts."""
        texts = {
            text_of(trace): trace.observation.frame_index
            for trace in reversed(self.moment.traces)
            if trace.observation.caption and not trace.observation.caption.measured
        }
        groups: tuple[dict[str, None], ...] = ({}, {}, {}, {})
        for text in texts:
            for telling, phrase in self._phrases(text):
                groups[telling].setdefault(phrase)
        for group in groups:
            said = [p for p in group if any(find_phrase(text, p) for text in texts)]
            fits = [phrase for phrase in said if self._is_news(phrase)]
            ranked = sorted(fits, key=self._rank)
            for phrases in (*((phrase,) for phrase in ranked), *covering(ranked, texts)[-1:]):
                frame = next(f for t, f in texts.items() if find_phrase(t, phrases[0]))
                listed = " or ".join(f'"{phrase}"' for phrase in phrases)
                rule = self._rule(frame, look_for=phrases)
                yield Change(rule, "words", f"fires where the caption says {listed}", frame)

    def _phrases(self, text: str) -> Iterator[tuple[int, str]]:
        """Phrases by how telling they are: words of the reason, news, and what stands beside it."""
        reason = {t.lemma for t in content_tokens(self.moment.reason, self.moment.ignored)}
        news = [span for said in self.vocabulary.news(text).values() for span in said.spans]
        for start, stop in news:
            yield 1, text[start:stop].lower()
        tokens = [
            token
            for token in content_tokens(text, self.moment.ignored)
            if _WORD.fullmatch(text[token.start : token.stop])
        ]

        def said(*these: Token) -> str:
            return " ".join(text[token.start : token.stop].lower() for token in these)

        by_clause: dict[int, list[Token]] = {}
        for token in tokens:
            by_clause.setdefault(token.clause, []).append(token)
        for clause in by_clause.values():
            spoken = [token for token in clause if token.lemma in reason][:_MOST_WORDS]
            if spoken:
                yield 0, said(*spoken)
            for first, second in itertools.pairwise(clause):
                is_new = any(_overlaps(token, news) for token in (first, second))
                yield 2 if is_new else 3, said(first, second)
            for token in clause:
                yield 2 if _overlaps(token, news) else 3, said(token)

    def _rank(self, phrase: str) -> tuple[float, int, int]:
        """Rare elsewhere first, then frequent here, then exact."""
        here = sum(find_phrase(text_of(trace), phrase) is not None for trace in self.moment.traces)
        return self.moment.share(phrase), -here, -len(phrase.split())

    def _is_news(self, phrase: str) -> bool:
        """Rare in the rest of the run, and not what a normal rule speaks of."""
        usual = (p for rule in self.rules.live if rule.kind == "normal" for p in rule.look_for)
        is_known = any(find_phrase(known, phrase) is not None for known in usual)
        return not is_known and self.moment.share(phrase) <= COMMON

    # Measures.

    def of_measures(self) -> Iterator[Change]:
        """Rules of facts that lay beyond all that was measured elsewhere in the run."""
        beyond: list[tuple[float, str, float, int]] = []
        for fact in {fact for trace in self.moment.traces for fact, _, _ in values_of(trace)}:
            usual = self.moment.usual.get(fact, 0.0)
            value, frame = max(
                (value, -frame)
                for trace in self.moment.traces
                for name, value, frame in values_of(trace)
                if name == fact
            )
            if fact not in _TURNING and value > usual:
                beyond.append(((value - usual) / max(abs(usual), 1e-3), fact, value, -frame))
        for strength in _STRENGTHS:
            for _, fact, value, frame in sorted(beyond, key=lambda one: (-one[0], one[1])):
                yield self._beyond(fact, value, frame, strength)

    def _beyond(self, fact: str, value: float, frame: int, strength: float) -> Change:
        usual = self.moment.usual.get(fact, 0.0)
        softness = float(f"{max((value - usual) / 4, 0.02 * abs(value), 1e-3):.2g}")
        new = bound_for(Measure(fact=fact, above=value, softness=softness), value, strength)
        told = FACTS[fact].say(value)
        said = f"fires where {fact} lies above {new.above:g}: {told}, elsewhere at most {usual:.3g}"
        return Change(self._rule(frame, measures=(new,)), "measure", said, frame)


def _overlaps(token: Token, spans: Sequence[tuple[int, int]]) -> bool:
    return any(token.start < stop and start < token.stop for start, stop in spans)
