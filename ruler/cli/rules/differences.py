"""How a difference between two rule sets looks in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ruler.cli import console

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        for line in _lines(field.name, field.before, field.after):
            console.say(f"    {line}")


def _lines(name: str, before: Any, after: Any) -> Iterator[str]:
    """Only what differs: parts of a group (tests, origin ...), entries of a list."""
    if isinstance(before, dict) and isinstance(after, dict):
        for part in after:
            if before.get(part) != after[part]:
                yield from _lines(f"{name}.{part}", before.get(part), after[part])
    elif isinstance(before, list) and isinstance(after, list) and len(before) + len(after) > 2:
        gone = [f"  [red]-[/] {_shown(entry)}" for entry in before if entry not in after]
        new = [f"  [green]+[/] {_shown(entry)}" for entry in after if entry not in before]
        yield f"{name}:" if gone or new else f"{name}: in another order"
        yield from (*gone, *new)
    else:
        yield f"{name}: {_shown(before)} [dim]->[/] {_shown(after)}"


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
