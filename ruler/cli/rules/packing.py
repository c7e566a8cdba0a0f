"""`ruler rules packs`, and what `ruler rules import` says of a pack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ruler.cli import completing, console, options
from ruler.cli.rules.group import app

if TYPE_CHECKING:
    from rules_store.packs import Pack
    from rules_store.store import Store


@app.command("packs")
def list_packs(
    pack: Annotated[
        str | None,
        typer.Argument(
            metavar="PACK", autocompletion=completing.pack, help="A pack; all packs if not given."
        ),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """List the starter packs, or the rules of one.

    Copy one into a scene with: ruler rules import PACK --scene NAME

    Example: ruler rules packs walkway
    """
    from rules_store.packs import builtin_packs, load_pack

    names = (pack,) if pack is not None else builtin_packs()
    packs = [load_pack(name) for name in names]
    if as_json:
        console.emit_json([_as_data(one) for one in packs])
    elif pack is not None:
        _show_pack(packs[0])
    else:
        for one in packs:
            _tell_pack(one)
        console.say("[dim]Copy one into a scene with: ruler rules import PACK --scene NAME[/]")


def _as_data(pack: Pack) -> dict[str, Any]:
    return {
        "name": pack.name,
        "title": pack.title,
        "description": pack.description,
        "rules": [rule.model_dump(mode="json") for rule in pack.rule_set.rules],
    }


def _tell_pack(pack: Pack) -> None:
    console.say(f"[bold]{pack.name}[/]  {console.plain(pack.title)}")
    console.say(f"  {_holds(pack)}")


def _holds(pack: Pack) -> str:
    rules = pack.rule_set.rules
    anomalies = sum(rule.kind == "anomaly" for rule in rules)
    tests = sum(len(rule.tests.fire) + len(rule.tests.quiet) for rule in rules)
    todo = sum(len(rule.tests.todo) for rule in rules)
    return (
        f"{anomalies} anomaly and {len(rules) - anomalies} normal rules, {tests} tests"
        f" and {todo} known miss{'' if todo == 1 else 'es'}"
    )


def _show_pack(pack: Pack) -> None:
    from rich.table import Table

    console.say(f"[bold]{pack.name}[/]  {console.plain(pack.title)}")
    console.say(console.plain(pack.description))
    table = Table(title=_holds(pack))
    for column in ("rule", "kind", "level", "when", "says"):
        table.add_column(column, overflow="fold")
    for rule in pack.rule_set.rules:
        said = console.plain(rule.statement)
        table.add_row(rule.id, rule.kind, rule.level, rule.when.hours or "", said)
    console.show(table)


def copy_pack(store: Store, pack: str, scene: str | None, reason: str) -> None:
    """Copy a pack into a scene, and say what became of its rules.

    Raises:
        InputError: there is no such pack, or no scene is named.
    """
    from ruler.cli.context import settings
    from ruler.errors import InputError
    from ruler.jobs.packs import PackImport, import_pack
    from rules_store.packs import load_pack

    name = load_pack(pack).name
    if scene is None:
        raise InputError(f"say into which scene the pack {name} goes with --scene NAME.")
    copied = import_pack(store, PackImport(name, scene, settings().author, reason))
    ref = copied.revision.ref
    if not copied.is_new:
        console.say(f"Nothing new: [bold]{ref}[/] has all {len(copied.left)} rules of {name}.")
        return
    console.say(f"Saved as [bold]{ref}[/], active: {len(copied.added)} rules from {name}.")
    for rule_id in copied.left:
        console.say(f"  [dim]{rule_id} was there already and stays as it is[/]")
    console.say(
        f"[dim]Look at them: ruler rules list {ref.scene}; test them: ruler rules test "
        f"{ref.scene}[/]"
    )
