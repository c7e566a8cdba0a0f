"""A clip put to a model: what first answers and reflections count for, and what they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from ruler.llm.questions import Fault, Question
from ruler.reasoners.base import ClipEvidence
from ruler.reasoners.llm import LlmReasoner
from ruler.reasoners.llm.answers import ClipJudged, ClipReflected
from ruler.schemas.rules import Rule
from ruler.schemas.taxonomy import Taxonomy
from ruler.schemas.verdicts import NO_ANSWER, ClipAnswer, Matched, Outcome, evidence_holds
from tests.conformance.reasoners import TAXONOMY
from tests.llm.test_fencing import HOSTILE
from tests.reasoners.llm.scripted import ScriptedAsker, lines
from tests.support import make_rule, make_rules, match_of, observe, quote

RUNNING = make_rule("running", category="motion.fast", level="high", statement="One runs.")
USUAL = make_rule("usual", kind="normal", statement="People walk.")
DRAFT = make_rule("draft", status="draft")
NIGHT = make_rule("night", when={"hours": "23:00-05:00"}, statement="Somebody comes at night.")
FAST = make_rule("fast", measures=[{"fact": "speed_ratio", "above": 2}])
EXCUSED = make_rule(
    "ball",
    exceptions=[
        {"name": "game", "unless": "playing ball"},
        {"name": "fair", "unless": "market", "until": "2027-01-31"},
    ],
)
RULES = (RUNNING, USUAL, DRAFT, NIGHT, FAST, EXCUSED)
GONE = Fault("timeout", "the model took too long")


def clip(
    *texts: str,
    first: Outcome = "normal",
    alarms: Sequence[int] = (),
    fired: Rule | None = None,
    rules: Sequence[Rule] = RULES,
) -> ClipEvidence:
    seen = [observe(text, frame=number) for number, text in enumerate(texts)]
    hit = fired and Matched(matches=(match_of(fired, 0.9, quote(seen[0], "A")),))
    answer = (
        ClipAnswer(outcome=first, rules=(RUNNING.id,), evidence=(quote(seen[0], "A"),), why="runs")
        if first == "anomaly"
        else ClipAnswer(outcome=first, why="by its frames")
    )
    return ClipEvidence(
        observations=seen,
        matched=[hit or Matched()] * len(seen),
        alarms=frozenset(alarms),
        first=answer,
        rule_set=make_rules(*rules),
    )


def judged(verdict: str, quoted: str = "", rule: str = "", caption: int = 1) -> dict[str, Any]:
    said = {"why": "so it is said", "caption": caption, "quote": quoted}
    return {**said, "rule": rule, "verdict": verdict}


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (judged("anomaly", "running", "gate.running"), "anomaly"),
        (judged("anomaly", "is  Running", "gate.running", caption=7), "anomaly"),
        (judged("anomaly", "sprinting", "gate.running"), "undetermined"),
        (judged("anomaly", "", "gate.running"), "undetermined"),
        (judged("anomaly", "running", "gate.nosuch"), "undetermined"),
        (judged("anomaly", "running", "gate.usual"), "undetermined"),  # it is normal
        (judged("anomaly", "running", "gate.draft"), "undetermined"),
        (judged("anomaly", "running", "gate.night"), "undetermined"),  # its gate is not open
        (judged("anomaly", "running"), "undetermined"),
        (judged("normal", "A man"), "normal"),
        (judged("normal"), "undetermined"),
        (judged("normal", "all is well"), "undetermined"),
        (judged("vague", "A man"), "undetermined"),
        (GONE, "undetermined"),
    ],
)
def test_a_first_answer_counts_with_its_grounds(
    said: Mapping[str, Any] | Fault, outcome: Outcome
) -> None:
    seen = clip("A man is running.", "A man walks.")
    found = LlmReasoner(ScriptedAsker(ClipJudged=said)).answer_clip(seen)
    assert (found.outcome, found.by) == (outcome, "captions")
    assert found.why.startswith(NO_ANSWER) == isinstance(said, Fault)
    if outcome == "anomaly":
        assert (found.rules, found.category, found.level) == (
            (RUNNING.id,),
            "motion.fast",
            "high",
        )
        [evidence] = found.evidence
        caption = seen.observations[0].caption
        assert caption is not None and evidence_holds(evidence, caption)


def test_rules_are_shown_that_words_can_tell() -> None:
    asker = ScriptedAsker()
    reasoner = LlmReasoner(asker)
    reasoner.answer_clip(clip("A man walks."))
    reasoner.answer_clip(clip("A man walks.", fired=FAST))
    plain, fired = (
        {one["rule"]: one for one in lines(question.system) if "rule" in one}
        for question in asker.asked_for(ClipJudged)
    )
    assert list(plain) == [RUNNING.id, USUAL.id, EXCUSED.id]
    assert list(fired) == [RUNNING.id, USUAL.id, FAST.id, EXCUSED.id]
    assert plain[EXCUSED.id]["unless"] == ["playing ball"]  # the other one may have ended
    assert plain[USUAL.id]["kind"] == "normal"


def test_a_long_clip_is_shown_in_part_with_its_alarms() -> None:
    texts = [f"A man walks past door {number}." for number in range(80)]
    asker = ScriptedAsker()
    LlmReasoner(asker).reflect_clip(clip(*texts, first="anomaly", alarms=range(40, 46)), TAXONOMY)
    [question] = asker.asked_for(ClipReflected)
    shown = [one for one in lines(question.text) if "caption" in one]
    assert len(shown) <= 24
    assert [one["caption"] for one in shown] == list(range(1, len(shown) + 1))
    doors = [int(one["text"].split()[-1][:-1]) for one in shown]
    assert doors == sorted(doors)
    assert set(range(40, 46)) <= set(doors)
    assert min(doors) < 8 and max(doors) > 70
    [first] = [one for one in lines(question.text) if "first" in one]
    assert first == {
        "first": "anomaly",
        "why": "runs",
        "rules": [{"rule": RUNNING.id, "title": RUNNING.title}],
    }


def reflected(verdict: str, item: str = "", quoted: str = "") -> dict[str, Any]:
    said = {"why": "so it is said", "caption": 1, "quote": quoted}
    return {**said, "item": item, "verdict": verdict}


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (reflected("anomaly", "motion.fast", "running"), ("anomaly", "anomaly", "anomaly")),
        (reflected("normal", "motion.walking", "walks"), ("normal", "normal", "normal")),
        (reflected("normal", "motion.fast", "running"), ("normal", "anomaly", "undetermined")),
        (reflected("anomaly", "motion.fast", "sprints"), ("normal", "anomaly", "undetermined")),
        (reflected("anomaly", "motion.nosuch", "running"), ("normal", "anomaly", "undetermined")),
        (reflected("vague"), ("undetermined",) * 3),
        (GONE, ("undetermined", "anomaly", "undetermined")),
    ],
)
def test_a_reflection_on_a_clip(
    said: Mapping[str, Any] | Fault, seconds: tuple[Outcome, ...]
) -> None:
    """Of a clip that was normal, an anomaly, or undetermined."""
    reasoner = LlmReasoner(ScriptedAsker(ClipReflected=said))
    firsts: tuple[Outcome, ...] = ("normal", "anomaly", "undetermined")
    for first, second in zip(firsts, seconds, strict=True):
        found = reasoner.reflect_clip(
            clip("A man is running.", "A man walks.", first=first), TAXONOMY
        )
        assert (found.first, found.second) == (first, second)
        if second in ("normal", "anomaly") and second != first:
            assert found.item and found.evidence


def test_a_clip_without_words_or_items_is_not_asked_about() -> None:
    asker = ScriptedAsker()
    reasoner = LlmReasoner(asker)
    assert reasoner.answer_clip(clip("")).outcome == "undetermined"
    assert reasoner.answer_clip(clip()).outcome == "undetermined"
    for found in (
        reasoner.reflect_clip(clip(""), TAXONOMY),
        reasoner.reflect_clip(clip("A man walks."), Taxonomy(id="empty", categories={})),
    ):
        assert found.first == found.second == "normal"
    assert not asker.asked


@pytest.mark.parametrize("said", [text.replace("\ud800", "") for text in HOSTILE])
def test_a_scene_cannot_change_these_questions(said: str) -> None:
    def asked(text: str) -> list[Question]:
        asker = ScriptedAsker()
        reasoner = LlmReasoner(asker)
        seen = clip(f"A person is running. {text}")
        reasoner.answer_clip(seen)
        reasoner.reflect_clip(seen, TAXONOMY)
        return asker.asked

    for ours, theirs in zip(asked(said), asked("harmless"), strict=True):
        assert ours.system == theirs.system
        assert [line[:12] for line in ours.text.splitlines()] == [
            line[:12] for line in theirs.text.splitlines()
        ]
