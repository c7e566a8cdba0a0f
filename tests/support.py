"""Small values for tests: each factory takes what matters and fills in the rest."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from hypothesis import strategies as st

from ruler.reasoners.base import MatchContext
from ruler.schemas.captions import Box, Caption, Figure
from ruler.schemas.facts import FACTS
from ruler.schemas.induction import Brief, Reference
from ruler.schemas.observations import Observation
from ruler.schemas.rules import Place, RevisionRef, Rule, RuleSet, RuleTests
from ruler.schemas.taxonomy import Concept, Lexicon, Taxonomy
from ruler.schemas.traces import Trace
from ruler.schemas.verdicts import (
    Evidence,
    FactEvidence,
    Match,
    Matched,
    StageScores,
    Verdict,
    WordEvidence,
)

SCENE = "gate"
REVISION = RevisionRef(scene=SCENE, revision=3, sha256="a" * 64)
MEASURED = tuple(sorted(name for name, spec in FACTS.items() if spec.source == "captioner"))
STAGES = StageScores(match=1, smooth=1, reason=1, reflect=1)


def make_box(left: float = 0.2, top: float = 0.2, width: float = 0.1, height: float = 0.3) -> Box:
    return Box(left=left, top=top, right=min(1.0, left + width), bottom=min(1.0, top + height))


def make_figure(box: Box | None = None, **facts: float) -> Figure:
    return Figure(box=box or make_box(), facts=facts)


def make_caption(
    text: str = "A person walks.",
    figures: Sequence[Figure] = (),
    *,
    measured: Sequence[str] | None = None,
    key: str = "key",
    captioner: str = "test",
    **facts: float,
) -> Caption:
    """A caption; with facts or figures it measures all a captioner can, unless told otherwise."""
    if measured is None:
        measured = MEASURED if figures or facts else ()
    return Caption(
        key=key,
        captioner=captioner,
        text=text,
        facts=facts,
        figures=tuple(figures),
        measured=tuple(measured),
    )


def observe(
    said: Caption | str = "A person walks.", *, frame: int = 0, time: float | None = None
) -> Observation:
    """An observation at ten frames a second."""
    return Observation(
        frame_index=frame,
        until_frame=frame + 1,
        time_seconds=frame / 10 if time is None else time,
        caption=make_caption(said) if isinstance(said, str) else said,
    )


def failed(frame: int = 0, why: str = "the frame is damaged") -> Observation:
    return Observation(
        frame_index=frame, until_frame=frame + 1, time_seconds=frame / 10, failure=why
    )


def make_rule(slug: str = "odd", **fields: object) -> Rule:
    kind = fields.get("kind", "anomaly")
    return Rule.model_validate(
        {
            "id": f"{SCENE}.{slug}",
            "title": f"The rule {slug}",
            "kind": kind,
            "statement": f"What {slug} says.",
        }
        | fields
    )


def make_rules(*rules: Rule, threshold: float = 0.5) -> RuleSet:
    return RuleSet(scene=SCENE, threshold=threshold, rules=rules)


def lexicon(*stop_words: str, people: Sequence[str] = (), **concepts: Concept) -> Lexicon:
    return Lexicon(id="test", concepts=concepts, stop_words=stop_words, people=tuple(people))


def make_concept(
    *phrases: str, prior: float = 0.6, category: str = "motion.fast", **tests: Sequence[str]
) -> Concept:
    """A concept of these phrases; `fire` and `quiet` are its tests."""
    return Concept(
        title=phrases[0].capitalize(),
        category=category,
        prior=prior,
        phrases=phrases,
        tests=RuleTests.model_validate(tests),
    )


def context_of(
    *rules: Rule,
    linked: bool = False,
    clip_start: dt.datetime | None = None,
    as_of: dt.date = dt.date(2026, 3, 1),
    words: Lexicon | None = None,
) -> MatchContext:
    return MatchContext(
        rule_set=make_rules(*rules),
        lexicon=words or lexicon(),
        clip_start=clip_start,
        as_of=as_of,
        linked=linked,
    )


def make_brief(
    words: Lexicon | None = None,
    taxonomy: Taxonomy | None = None,
    *,
    place: Place = "any",
    measured: Sequence[str] = (),
) -> Brief:
    return Brief(
        scene=SCENE,
        place=place,
        captioner="test",
        measured=tuple(measured),
        lexicon=words or lexicon(),
        taxonomy=taxonomy or Taxonomy(id="test", categories={}),
    )


def references(said: Iterable[Caption | str], clip: str = "clip") -> list[Reference]:
    return [
        Reference(clip=clip, observation=observe(one, frame=frame))
        for frame, one in enumerate(said)
    ]


def quote(seen: Observation, words: str) -> WordEvidence:
    """True evidence: where the words stand in the caption."""
    assert seen.caption is not None
    start = seen.caption.text.index(words)
    return WordEvidence(
        caption=seen.caption.sha256,
        frame_index=seen.frame_index,
        start=start,
        stop=start + len(words),
        quote=words,
    )


def measured_on(seen: Observation, fact: str, figure: int | None = None) -> FactEvidence:
    """True evidence: a fact as the observation has it."""
    assert seen.caption is not None
    facts = seen.caption.facts if figure is None else seen.figure_facts(figure)
    return FactEvidence(
        caption=seen.caption.sha256,
        frame_index=seen.frame_index,
        fact=fact,
        value=facts[fact],
        figure=figure,
        box=None if figure is None else seen.figures[figure].box,
    )


def match_of(rule: Rule | str, strength: float, *evidence: Evidence) -> Match:
    rule_id = rule if isinstance(rule, str) else rule.id
    return Match(rule_id=rule_id, strength=strength, evidence=evidence)


def trace_of(
    seen: Observation, *matches: Match, score: float | None = None, **stages: float | None
) -> Trace:
    """A trace that has every stage's score, the same unless told otherwise."""
    scores = dict.fromkeys(("match", "smooth", "reason", "reflect"), score) | stages
    return Trace(observation=seen, matched=Matched(matches=matches), **scores)


def verdict_of(
    frame: int,
    score: float = 0.9,
    *,
    threshold: float = 0.5,
    rules: Sequence[str] = (f"{SCENE}.odd",),
    evidence: Sequence[Evidence] | None = None,
    **fields: object,
) -> Verdict:
    """A normal or anomalous verdict by its score, at ten frames a second."""
    seen = observe(frame=frame)
    is_anomaly = score >= threshold
    given = (quote(seen, "person"),) if evidence is None else tuple(evidence)
    values: Mapping[str, object] = {
        "clip": "clip",
        "frame_index": frame,
        "until_frame": frame + 1,
        "time_seconds": frame / 10,
        "outcome": "anomaly" if is_anomaly else "normal",
        "score": score,
        "stages": STAGES,
        "rules": tuple(rules) if is_anomaly else (),
        "revision": REVISION,
        "evidence": given if is_anomaly else (),
    }
    return Verdict.model_validate({**values, **fields})


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
WORDS = st.sampled_from(
    "a man woman dog car runs walks is not no but may fall falls down the at door 2.3 and , . it's"
    " standing standing quickly".split()
)
SENTENCES = st.lists(WORDS, max_size=14).map(" ".join)
"""English enough to have negations, speculation, numbers and several clauses."""


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    left, top = draw(st.integers(0, 8)), draw(st.integers(0, 8))
    right, bottom = draw(st.integers(left + 1, 10)), draw(st.integers(top + 1, 10))
    return Box(left=left / 10, top=top / 10, right=right / 10, bottom=bottom / 10)


@st.composite
def captions(draw: st.DrawFn, texts: st.SearchStrategy[str] = SENTENCES) -> Caption:
    """Captions with figures that measure speed and size."""
    values = st.floats(0, 8).map(lambda value: round(value, 3))
    figures = [
        make_figure(box, speed_ratio=draw(values), height_ratio=draw(values))
        for box in draw(st.lists(boxes(), max_size=3))
    ]
    return make_caption(draw(texts), figures, novelty=draw(values))


@st.composite
def observations(
    draw: st.DrawFn, texts: st.SearchStrategy[str] = SENTENCES, least: int = 0
) -> list[Observation]:
    """A stretch of a clip, now and then with a failed frame."""
    said = draw(st.lists(st.none() | captions(texts), min_size=least, max_size=8))
    return [
        failed(frame) if caption is None else observe(caption, frame=frame)
        for frame, caption in enumerate(said)
    ]
