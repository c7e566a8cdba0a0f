"""From a trace with its neighbours to a verdict: outcome, rules, evidence and rationale."""

from __future__ import annotations

from collections.abc import Sequence

from ruler.reasoners.matching import FIRES
from ruler.schemas.facts import FACTS
from ruler.schemas.rules import RevisionRef, Rule
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import (
    Evidence,
    FactEvidence,
    Match,
    Outcome,
    StageScores,
    Verdict,
    WordEvidence,
    evidence_holds,
)
from ruler.steps.disturbing import disturbed
from ruler.steps.scoring import ranked

_MOST_RULES = 3


class Judge:
    """Turns traces into verdicts for one clip under one revision."""

    def __init__(
        self, clip: str, revision: RevisionRef, rules: Sequence[Rule], threshold: float
    ) -> None:
        self.clip = clip
        self.revision = revision
        self.rules = {rule.id: rule for rule in rules}
        self.weights = {rule.id: rule.weight for rule in rules if rule.kind == "anomaly"}
        self.threshold = threshold

    def judge(self, trace: Trace, support: Sequence[Trace]) -> Verdict:
        """The verdict of a frame; evidence may come from any frame of its smoothing support.

        Args:
            trace: The frame, with all its stage scores.
            support: The frame itself and the frames its smoothed score rests on.
        """
        failure = trace.observation.failure
        if failure is not None:
            return self._verdict(trace, "failed", 0.0, reason=failure)
        score = trace.reflect
        if score is None:
            why = trace.matched.undetermined or "; ".join(trace.notes) or "no score could be made"
            return self._verdict(trace, "undetermined", 0.0, reason=why)
        disturbance = disturbed(trace.observation)
        if score < self.threshold and disturbance:
            return self._verdict(trace, "undetermined", score, reason=disturbance)
        if score < self.threshold:
            named = [m for m in ranked(trace.matched, self.weights) if m.strength >= FIRES]
            return self._verdict(trace, "normal", score, matches=named[:_MOST_RULES])
        matches = self.grounds(trace, support)
        if not matches:
            why = "the score reached the threshold, but no rule gives evidence for it here"
            return self._verdict(trace, "undetermined", score, reason=why)
        return self._verdict(trace, "anomaly", score, matches=matches)

    def grounds(self, trace: Trace, support: Sequence[Trace]) -> list[Match]:
        """The matches an alarm rests on: the frame's own that fire, else the support's strongest.

        A match whose evidence is not in its caption is refused (DESIGN invariant 3).
        """
        own = [m for m in self._checked(trace) if m.strength >= FIRES]
        if own:
            return own[:_MOST_RULES]
        near = sorted(
            support, key=lambda t: (abs(t.time_seconds - trace.time_seconds), t.time_seconds)
        )
        everything = [match for other in near for match in self._checked(other)]
        firing = [match for match in everything if match.strength >= FIRES] or everything
        best: dict[str, Match] = {}
        for match in sorted(firing, key=lambda m: -self.weights[m.rule_id] * m.strength):
            best.setdefault(match.rule_id, match)
        return list(best.values())[:_MOST_RULES]

    def _checked(self, trace: Trace) -> list[Match]:
        seen, caption = trace.observation, trace.observation.caption
        if caption is None:
            return []
        return [
            match
            for match in ranked(trace.matched, self.weights)
            if all(
                evidence.frame_index == seen.frame_index
                and evidence_holds(evidence, caption, seen.links, seen.disturbed_seconds)
                for evidence in match.evidence
            )
        ]

    def _verdict(
        self,
        trace: Trace,
        outcome: Outcome,
        score: float,
        *,
        matches: Sequence[Match] = (),
        reason: str | None = None,
    ) -> Verdict:
        seen = trace.observation
        return Verdict(
            clip=self.clip,
            frame_index=seen.frame_index,
            until_frame=seen.until_frame,
            time_seconds=seen.time_seconds,
            outcome=outcome,
            score=score,
            stages=_stages(trace),
            rules=tuple(match.rule_id for match in matches),
            revision=self.revision,
            caption=seen.caption.sha256 if seen.caption else None,
            evidence=tuple(e for match in matches for e in match.evidence),
            rationale=self._rationale(trace, outcome, matches),
            reason=reason,
        )

    def _rationale(self, trace: Trace, outcome: Outcome, matches: Sequence[Match]) -> str:
        if outcome != "anomaly":
            return "; ".join(trace.notes)
        said = [explain(match, self.rules[match.rule_id]) for match in matches]
        return " ".join([*said, *(f"({note})" for note in trace.notes)])


def _stages(trace: Trace) -> StageScores | None:
    if trace.match is None or trace.smooth is None or trace.reason is None or trace.reflect is None:
        return None
    return StageScores(
        match=trace.match, smooth=trace.smooth, reason=trace.reason, reflect=trace.reflect
    )


def explain(match: Match, rule: Rule) -> str:
    """One sentence: the rule, and the words or measured facts it rests on."""
    grounds = "; ".join(_ground(evidence, rule) for evidence in match.evidence)
    return f"{rule.title} [{rule.id}]: {grounds}."


def _ground(evidence: Evidence, rule: Rule) -> str:
    if isinstance(evidence, WordEvidence):
        return f'the caption says "{evidence.quote}"'
    where = f", {evidence.box.place} of the picture" if evidence.box else ""
    return FACTS[evidence.fact].say(evidence.value) + where + _bound(evidence, rule)


def _bound(evidence: FactEvidence, rule: Rule) -> str:
    """What the rule asks of a measured fact, in brackets."""
    measure = next((m for m in rule.measures if m.fact == evidence.fact), None)
    if measure is None:
        return ""
    parts = [
        f"{word} {bound:.3g}"
        for word, bound in (("above", measure.above), ("below", measure.below))
        if bound is not None
    ]
    return f" (the rule: {' and '.join(parts)})"
