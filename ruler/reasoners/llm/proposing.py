"""Proposing from one batch: what its captions show to be normal, from the abstract to the concrete.

The questions follow AnomalyRuler (ECCV 2024, section 3.1): normal human activities and the normal
environment, general first, then the forms the captions show. A rule counts only where the words it
quotes stand in a caption of the batch. The rules of several batches meet by id, which code makes
from the title's lemmas, so that `ruler.steps.voting` can count votes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ruler.llm.fencing import fence_lines
from ruler.reasoners.llm.answers import Learned, Normality
from ruler.reasoners.llm.interview import Interview, numbered, prompt_ref, thinned
from ruler.reasoners.llm.naming import slug_of
from ruler.reasoners.llm.quoting import locate
from ruler.reasoners.symbolic.proposing import fact_ranges
from ruler.schemas.induction import Brief, Proposal, Reference
from ruler.schemas.rules import Origin, Rule, Subject
from ruler.text.phrases import find_phrase

_MOST_CAPTIONS = 40
_PROMPT = "propose_normal"
_MAX_TOKENS = 6000


def propose(
    interview: Interview, batch: str, references: Sequence[Reference], brief: Brief
) -> Proposal:
    """What one batch of normal captions suggests is normal (see `Reasoner.propose`).

    A measuring captioner's facts become ranges, as the symbolic reasoner takes them, and the model
    is not asked: its words merely repeat the facts.

    Raises:
        ModelError: the model gives no answer that can be used.
    """
    usable = [ref for ref in references if ref.observation.caption is not None]
    clips = tuple(sorted({ref.clip for ref in references}))
    if brief.measured:
        ranges = tuple(fact_ranges(usable, brief.measured))
        return Proposal(batch=batch, clips=clips, captions=len(usable), ranges=ranges)
    shown = _shown(usable)
    rules: dict[str, Rule] = {}
    if shown:
        question = interview.question(
            _PROMPT,
            Normality,
            _MAX_TOKENS,
            place=brief.place,
            captions=fence_lines(numbered([{"text": text} for text in shown], "caption")),
        )
        [normality] = interview.insist([question], Normality)
        for rule in _rules(normality, shown, brief, interview.asker.name):
            rules.setdefault(rule.id, rule)
    return Proposal(batch=batch, clips=clips, captions=len(usable), rules=tuple(rules.values()))


def _shown(references: Sequence[Reference]) -> dict[str, Reference]:
    """The captions that are shown, each once, spread evenly over the batch."""
    distinct: dict[str, Reference] = {}
    for ref in references:
        if ref.observation.caption and ref.observation.caption.text.strip():
            distinct.setdefault(ref.observation.caption.text, ref)
    return {text: distinct[text] for text in thinned(list(distinct), _MOST_CAPTIONS)}


def _rules(
    normality: Normality, shown: dict[str, Reference], brief: Brief, model: str
) -> Iterator[Rule]:
    """The rules whose quotes are really there."""
    kinds: tuple[tuple[Subject, list[Learned]], ...] = (
        ("human_activity", normality.human_activities),
        ("environment", normality.environment),
    )
    for subject, all_learned in kinds:
        for learned in all_learned:
            quoted = next((ref for text, ref in shown.items() if locate(text, learned.quote)), None)
            if quoted is None:
                continue
            yield Rule(
                id=f"{brief.scene}.normal-{slug_of(learned.title)}",
                title=learned.title,
                kind="normal",
                level="info",
                subject=subject,
                statement=learned.statement,
                look_for=tuple(_seen(learned.look_for, shown)),
                origin=Origin(
                    by="induced",
                    references=(f"{quoted.clip}#{quoted.observation.frame_index}",),
                    model=model,
                    prompt=prompt_ref(_PROMPT),
                ),
            )


def _seen(phrases: Sequence[str], shown: dict[str, Reference]) -> Iterator[str]:
    """The phrases that stand in a caption; what a model merely imagines is not normal yet."""
    for phrase in phrases:
        if any(find_phrase(text, phrase) is not None for text in shown):
            yield phrase
