"""The linter: what is doubtful in a valid rule set. Pure; places in files are a job's business."""

from __future__ import annotations

from ruler.schemas.rules import RuleSet
from ruler.steps.linting import exercising, firing, likeness, links, phrasing, wording
from ruler.steps.linting.base import Code, LintContext, Note

_FAMILIES = (likeness, links, exercising, firing, phrasing, wording)

CODES: dict[str, Code] = {code.code: code for family in _FAMILIES for code in family.CODES}
"""Every kind of finding, by its code."""


def lint(rules: RuleSet, context: LintContext) -> list[Note]:
    """All findings in a rule set, by family, then in file order."""
    return [note for family in _FAMILIES for note in family.check(rules, context)]
