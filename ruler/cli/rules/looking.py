"""`ruler rules list|show|export|import`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ruler.cli import completing, console, options
from ruler.cli.rules.differences import show_difference
from ruler.cli.rules.group import SceneName, app, is_path, parse_scene
from ruler.cli.rules.packing import copy_pack
from ruler.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ruler.schemas.rules import Revision
    from rules_store.scenes import SceneInfo
    from rules_store.store import Store


@app.command("list")
def list_rules(
    scene: Annotated[
        str | None,
        typer.Argument(
            metavar="SCENE",
            autocompletion=completing.scene,
            help="A scene; all scenes if not given.",
        ),
    ] = None,
    store: options.StorePlace = None,
    as_json: options.AsJson = False,
) -> None:
    """List the scenes of the store, or the rules of one scene.

    Example: ruler rules list front-door
    """
    from ruler.cli.context import open_store

    with open_store(store) as opened:
        if scene is None:
            scenes = opened.scenes.overview()
            more = {info.name: _about(opened, info.name) for info in scenes}
            if as_json:
                console.emit_json([vars(info) | more[info.name] for info in scenes])
                return
            _print_scenes(scenes, more)
            return
        revision = opened.scenes.revision(*parse_scene(scene))
    if as_json:
        console.emit_json(
            {
                "revision": str(revision.ref),
                "sha256": revision.ref.sha256,
                "place": revision.rule_set.place,
                "cameras": revision.rule_set.cameras,
                "rules": [rule.model_dump(mode="json") for rule in revision.rule_set.rules],
            }
        )
        return
    _print_rules(revision)


def _about(store: Store, scene: str) -> dict[str, Any]:
    """What is worth knowing of a scene beside its revisions."""
    active = store.scenes.find(scene)
    return {
        "place": active.rule_set.place if active else None,
        "cameras": active.rule_set.cameras if active else None,
        "open_proposals": store.decisions.open_proposals(scene),
    }


def _print_scenes(scenes: Sequence[SceneInfo], more: Mapping[str, Mapping[str, Any]]) -> None:
    if not scenes:
        console.say("No scene yet. Begin with: ruler induce CLIP... --scene NAME")
    for info in scenes:
        plural = "" if info.revisions == 1 else "s"
        about = more[info.name]
        named = ", ".join(f"{info.name}@{number}" for number in about["open_proposals"])
        proposed = f", [yellow]waiting: {named}[/]" if named else ""
        console.say(
            f"[bold]{info.name}[/]  active revision {info.active_revision}, "
            f"{info.revisions} revision{plural}, {_seen_as(about['place'], about['cameras'])}"
            f"{proposed}"
        )


def _print_rules(revision: Revision) -> None:
    from rich.table import Table

    state = "active" if revision.is_active else "not active"
    rules = revision.rule_set
    seen = _seen_as(rules.place, rules.cameras)
    table = Table(title=f"{revision.ref} ({state}, {seen}, threshold {rules.threshold:g})")
    for column in ("rule", "kind", "level", "status", "says"):
        table.add_column(column, overflow="fold")
    for rule in rules.rules:
        said = console.plain(rule.statement)
        table.add_row(rule.id, rule.kind, rule.level, rule.status, said)
    console.show(table)


def _seen_as(place: str | None, cameras: str | None) -> str:
    """What a scene was learned as, in words."""
    return f"place: {place or 'any'}" + (", many cameras" if cameras == "many" else "")


@app.command("show")
def show_rule(
    rule: Annotated[
        str,
        typer.Argument(
            autocompletion=completing.rule, help="A rule's id, or RULE@N for a revision."
        ),
    ],
    store: options.StorePlace = None,
    as_json: options.AsJson = False,
) -> None:
    """Show one rule with its bounds, tests and origin.

    Example: ruler rules show front-door.fast
    """
    from ruler.cli.context import open_store
    from ruler.errors import NotFoundError

    rule_id, number = parse_scene(rule)
    with open_store(store) as opened:
        revision = opened.scenes.revision(rule_id.partition(".")[0], number)
    found = revision.rule_set.rule(rule_id)
    if found is None and rule_id == revision.ref.scene:
        raise InputError(
            f"{rule_id} is a scene, and this shows one rule: name one of those that "
            f"`ruler rules list {rule}` lists, or see all of them: ruler rules export {rule}"
        )
    if found is None:
        known = ", ".join(other.id for other in revision.rule_set.rules)
        raise NotFoundError(f"{revision.ref} has no rule {rule_id!r}; its rules: {known}.")
    if as_json:
        console.emit_json(found.model_dump(mode="json"))
        return
    from rules_store.rule_files import dump_rules

    alone = revision.rule_set.model_copy(update={"rules": (found,)})
    author, reason = console.plain(revision.author), console.plain(revision.reason)
    console.say(f"[dim]# {revision.ref}, {author}: {reason}[/]")
    console.say(console.block(dump_rules(alone).rstrip()))


@app.command("export")
def export_rules(
    scene: SceneName,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write; stdout if not given.")
    ] = None,
    store: options.StorePlace = None,
) -> None:
    """Write a revision's rule file, byte for byte as it was saved.

    Example: ruler rules export front-door --out front-door.yaml
    """
    import sys

    from ruler.cli.context import open_store

    with open_store(store) as opened:
        revision = opened.scenes.revision(*parse_scene(scene))
    if out is None:
        sys.stdout.buffer.write(revision.source.encode())
        return
    try:
        out.write_bytes(revision.source.encode())
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}.") from error
    console.say(f"Wrote {revision.ref} to {console.plain(out)}")


@app.command("import")
def import_rules(
    file: Annotated[
        str, typer.Argument(metavar="FILE|PACK", help="A rule file, or a starter pack by name.")
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with the revision.")] = "",
    form: Annotated[
        str,
        typer.Option("--format", help="ruler, or anomalyruler for rules its authors publish."),
    ] = "ruler",
    scene: Annotated[
        str | None,
        typer.Option(
            "--scene",
            "-s",
            autocompletion=completing.scene,
            help="Whose rules they become; ruler's own files say it.",
        ),
    ] = None,
    store: options.StorePlace = None,
) -> None:
    """Save a rule file as a new revision of its scene, and make it the active one.

    A starter pack (ruler rules packs) is copied into the scene: its rules are added to those there.

    Example: ruler rules import front-door.yaml --reason "couriers are welcome"
    """
    from ruler.cli.context import open_store, settings
    from ruler.jobs.history import compare
    from ruler.jobs.rules import Import, import_file

    asked = Import(Path(file), settings().author, reason, form, scene)
    with open_store(store) as opened:
        if form == "ruler" and not is_path(file):
            copy_pack(opened, file, scene, reason)
            return
        revision, is_new = import_file(opened, asked)
        before = revision.parent
        # A file that was taken out long ago would undo what others saved since: that is shown.
        change = compare(opened, revision.ref.scene, before, None) if is_new and before else None
    if change is not None:
        show_difference(change, empty="No rule has changed.")
    if is_new:
        console.say(f"Saved as [bold]{revision.ref}[/], active.")
    else:
        console.say(f"Nothing new: [bold]{revision.ref}[/] says the same already.")
