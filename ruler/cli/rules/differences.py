"""How a difference between two rule sets looks in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ruler.cli import console

if TYPE_CHECKING:
    from ruler.steps.differing import Difference, FieldChange, RuleChange

_SIGNS = {"added": "[green]+[/]", "removed": "[red]-[/]", "changed": "[yellow]~[/]"}


def show_difference(change: Difference, *, empty: str = "They say the same.") -> None:
    """One paragraph a rule that differs, with each field before and after."""
    if change.is_empty:
        console.say(empty)
        return
    for field in change.settings:
        console.say(f"[yellow]~[/] {_field(field)}")
    for rule in change.rules:
        _show_rule(rule)
    if change.is_reordered:
        console.say("[yellow]~[/] the rules stand in another order")


def _show_rule(change: RuleChange) -> None:
    head = f"{_SIGNS[change.what]} [bold]{change.rule_id}[/]"
    console.say(f"{head}  {console.plain(change.title)}" if not change.fields else head)
    for field in change.fields:
        if isinstance(field.before, dict) and isinstance(field.after, dict):
            _show_parts(field)
        else:
            console.say(f"    {_field(field)}")


def _show_parts(field: FieldChange) -> None:
    """Only those parts of a group (tests, origin ...) that differ."""
    for name in field.after:
        if field.before.get(name) != field.after[name]:
            parts = _shown(field.before.get(name)), _shown(field.after[name])
            console.say(f"    {field.name}.{name}: {parts[0]} [dim]->[/] {parts[1]}")


def _field(field: FieldChange) -> str:
    return f"{field.name}: {_shown(field.before)} [dim]->[/] {_shown(field.after)}"


def _shown(value: Any) -> str:
    """A value as the rule file writes it; what is not there is a dash."""
    if value is None or value in ((), [], {}):
        return "-"
    from rules_store.rule_text import flow

    return console.plain(flow(_without_nothing(value)))


def _without_nothing(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {k: _without_nothing(v) for k, v in value.items()}
        return {k: v for k, v in kept.items() if v is not None and v not in ([], {})}
    if isinstance(value, list | tuple):
        return [_without_nothing(part) for part in value]
    return value
