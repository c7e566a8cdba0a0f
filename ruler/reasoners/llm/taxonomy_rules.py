"""Rules from a taxonomy: each item worded for one scene, normal items as well as abnormal ones.

TRLC (SmartHome-Bench, CVPR-W 2025, section 4) lets a model derive rules from a taxonomy; of its 29
abnormal items 18 came back, and no normal one. Here every item becomes a rule: one that the model
leaves out keeps the words that the taxonomy has for it.
"""

from __future__ import annotations

from ruler.llm.fencing import fence, fence_lines
from ruler.llm.questions import Asker
from ruler.reasoners.llm.answers import ItemRule, ItemRules
from ruler.reasoners.llm.interview import LANGUAGE, Interview, prompt_ref
from ruler.schemas.induction import Brief
from ruler.schemas.rules import Origin, Rule
from ruler.schemas.taxonomy import Taxonomy, TaxonomyItem

_PROMPT = "rules_from_taxonomy"
_MAX_TOKENS = 6000


def rules_from_taxonomy(
    asker: Asker, taxonomy: Taxonomy, brief: Brief, *, language: str = LANGUAGE
) -> tuple[Rule, ...]:
    """One rule an item, in file order; one question a category.

    Raises:
        ModelError: the model gives no answer that can be used.
    """
    interview = Interview(asker, language)
    groups = [category for category in taxonomy.categories.values() if category.items]
    questions = [
        interview.question(
            _PROMPT,
            ItemRules,
            _MAX_TOKENS,
            scene=fence({"scene": brief.scene, "place": brief.place, "category": group.title}),
            items=fence_lines(map(_shown, group.items)),
        )
        for group in groups
    ]
    answers = interview.insist(questions, ItemRules)
    rules: list[Rule] = []
    for group, answer in zip(groups, answers, strict=True):
        worded = {one.item: one for one in reversed(answer.rules)}
        rules.extend(_rule(item, worded.get(item.id), brief, asker.name) for item in group.items)
    return tuple(rules)


def _shown(item: TaxonomyItem) -> dict[str, object]:
    shown = item.model_dump(include={"kind", "title", "statement", "look_for", "unless"})
    return {"item": item.id, **{name: value for name, value in shown.items() if value}}


def _rule(item: TaxonomyItem, worded: ItemRule | None, brief: Brief, model: str) -> Rule:
    """The rule of an item: ids, kinds and levels are the taxonomy's, words are the model's."""
    phrases = dict.fromkeys([*item.look_for, *(worded.look_for if worded else ())])
    return Rule(
        id=f"{brief.scene}.{item.id}",
        title=worded.title if worded else item.title,
        kind="normal" if item.kind == "normal" else "anomaly",
        level=item.level,
        category=item.id,
        subject=worded.subject if worded else "human_activity",
        statement=worded.statement if worded else item.statement,
        look_for=tuple(phrases),
        origin=Origin(
            by="taxonomy",
            model=model if worded else None,
            prompt=prompt_ref(_PROMPT) if worded else None,
        ),
    )
