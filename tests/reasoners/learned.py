"""A small scene that the symbolic reasoner learned, in words or in measured facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ruler.reasoners.symbolic import create
from ruler.schemas.captions import Caption
from ruler.schemas.induction import Brief, Checkup
from ruler.schemas.rules import Rule
from ruler.schemas.verdicts import Match
from ruler.steps.batching import linked
from ruler.steps.voting import aggregate
from tests.support import (
    MEASURED,
    context_of,
    lexicon,
    make_box,
    make_brief,
    make_caption,
    make_concept,
    make_figure,
    observe,
    references,
)

REASONER = create("", {})
LEXICON = lexicon(
    "image",
    "show",
    people=["person", "man"],
    running=make_concept("running", fire=["A man is running."], quiet=["A man stands."]),
    walking=make_concept("walking", prior=0.9),
    littering=make_concept("dropping litter", prior=0.3, category="objects.left-behind"),
)
USUAL = [
    "The image shows a person who is walking. There is a red wall.",
    "A man is walking. There are a red wall and a bench.",
    "A person is sitting. There is a red wall.",
]


def learn(
    clips: Mapping[str, Sequence[Caption | str]],
    brief: Brief,
    checkups: Mapping[str, Checkup] | None = None,
) -> dict[str, Rule]:
    proposals = [
        REASONER.propose(clip, linked(clip, references(said, clip)), brief)
        for clip, said in clips.items()
    ]
    rules = REASONER.write_rules(aggregate(proposals), brief, checkups or {})
    return {rule.id: rule for rule in rules}


def measured(*speeds: float) -> Caption:
    return make_caption(
        "Figures move.",
        [make_figure(make_box(0.3 * n), speed_ratio=speed) for n, speed in enumerate(speeds)],
    )


FACTS = make_brief(LEXICON, place="walkway", measured=MEASURED)
WORDS = make_brief(LEXICON)


def learn_facts() -> dict[str, Rule]:
    usual = [measured(0.8 + n / 50) for n in range(20)]
    return learn({"a": usual, "b": usual[::-1], "c": usual}, FACTS)


def matches(rules: Mapping[str, Rule], said: Caption | str) -> dict[str, Match]:
    context = context_of(*rules.values(), words=LEXICON)
    [found] = REASONER.match([observe(said, frame=5)], context)
    return {match.rule_id: match for match in found.matches}
