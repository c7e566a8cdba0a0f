"""Rules from a taxonomy: each item worded for one scene, normal items as well as abnormal ones.

TRLC (SmartHome-Bench, CVPR-W 2025, section 4) lets a model derive rules from a taxonomy; of its 29
abnormal items 18 came back, and no normal one. Here every item becomes a rule: one that the model
leaves out keeps the words that the taxonomy has for it.
"""

from __future__ import annotations

from ruler.llm.fencing import fence, fence_lines
from ruler.reasoners.llm.answers import ItemRule, ItemRules
from ruler.reasoners.llm.interview import Interview, prompt_ref
from ruler.reasoners.symbolic.taxonomy_rules import rule_of
from ruler.schemas.induction import Brief
from ruler.schemas.rules import Origin, Rule
from ruler.schemas.taxonomy import TaxonomyItem
from ruler.text.phrases import find_phrase

_PROMPT = "rules_from_taxonomy"
_MAX_TOKENS = 6000


def rules_from_taxonomy(interview: Interview, brief: Brief) -> tuple[Rule, ...]:
    """One rule an item of the brief's taxonomy, in file order; one question a category.

    Raises:
        ModelError: the model gives no answer that can be used.
    """
    groups = [category for category in brief.taxonomy.categories.values() if category.items]
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
        model = interview.asker.name
        rules.extend(_rule(item, worded.get(item.id), brief.scene, model) for item in group.items)
    return tuple(rules)


def _shown(item: TaxonomyItem) -> dict[str, object]:
    shown = item.model_dump(include={"kind", "title", "statement", "look_for", "unless", "only_if"})
    return {"item": item.id, **{name: value for name, value in shown.items() if value}}


def _rule(item: TaxonomyItem, worded: ItemRule | None, scene: str, model: str) -> Rule:
    """The rule of an item: its words may be the model's; id, kind, level, subject, conditions and
    tests are the taxonomy's."""
    if worded is None:
        return rule_of(item, scene)
    more = (phrase for phrase in worded.look_for if _is_quiet(phrase, item))
    said = item.model_copy(
        update={
            "title": worded.title,
            "statement": worded.statement,
            "look_for": tuple(dict.fromkeys([*item.look_for, *more])),
        }
    )
    origin = Origin(by="taxonomy", model=model, prompt=prompt_ref(_PROMPT))
    return rule_of(said, scene).model_copy(update={"origin": origin})


def _is_quiet(phrase: str, item: TaxonomyItem) -> bool:
    """Whether a phrase of the model stands in no sentence that the team says is not meant."""
    return all(find_phrase(text, phrase) is None for text in item.tests.quiet)
