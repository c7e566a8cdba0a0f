"""`ruler rules log|blame|diff|rollback|verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ruler.cli import completing, console, options
from ruler.cli.rules.differences import show_difference
from ruler.cli.rules.group import SceneName, app, parse_scene
from ruler.errors import InputError

if TYPE_CHECKING:
    from ruler.schemas.rules import Revision

Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the revision.")]


@app.command("log")
def log(
    scene: Annotated[
        str,
        typer.Argument(metavar="SCENE", autocompletion=completing.scene, help="Name of the scene."),
    ],
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Newest ones only.")] = 20,
    store: options.StorePlace = None,
    as_json: options.AsJson = False,
) -> None:
    """Show a scene's revisions, newest first: who, when, why, and what waits for approval.

    Example: ruler rules log front-door
    """
    from ruler.cli.context import open_store
    from ruler.jobs.history import log as read

    with open_store(store) as opened:
        logged = read(opened, scene)
    if as_json:
        console.emit_json([{**vars(one.entry), "state": one.state} for one in logged[:limit]])
        return
    for one in logged[:limit]:
        entry = one.entry
        state = f"  [green]{one.state}[/]" if one.state else ""
        by = f"{console.plain(entry.author)}, {_moment(entry.created_at)}"
        came = f", from {scene}@{entry.parent}" if entry.parent else ""
        rules = f"{entry.rules} rule{'' if entry.rules == 1 else 's'}"
        console.say(f"[bold]{scene}@{entry.revision}[/]{state}  [dim]{by}, {rules}{came}[/]")
        console.say(f"    {console.plain(entry.reason)}")
    if len(logged) > limit:
        console.say(f"[dim]... and {len(logged) - limit} older ones (--limit)[/]")


@app.command("blame")
def blame(
    rule: Annotated[
        str,
        typer.Argument(
            metavar="RULE|SCENE",
            autocompletion=completing.rule_or_scene,
            help="A rule's id, or a scene; @N for older.",
        ),
    ],
    store: options.StorePlace = None,
    as_json: options.AsJson = False,
) -> None:
    """Say who gave each rule its present form, when, why, and from which references.

    Example: ruler rules blame front-door.fast
    """
    from ruler.cli.context import open_store
    from ruler.jobs.history import blame as find

    name, number = parse_scene(rule)
    scene, dot, _ = name.partition(".")
    with open_store(store) as opened:
        found = find(opened, scene, number, name if dot else None)
    if as_json:
        console.emit_json(
            [
                {
                    "rule": one.rule.id,
                    "revision": str(one.revision.ref),
                    "author": one.revision.author,
                    "reason": one.revision.reason,
                    "at": one.revision.created_at,
                    "fields": list(one.fields),
                    "origin": one.rule.origin.model_dump(mode="json"),
                }
                for one in found
            ]
        )
        return
    for one in found:
        made = one.revision
        what = f"changed {', '.join(one.fields)}" if one.fields else "brought it in"
        when = f"{_moment(made.created_at)} in {made.ref}"
        console.say(f"[bold]{one.rule.id}[/]  {console.plain(made.author)} {what}, {when}")
        console.say(f"    why: {console.plain(made.reason)}")
        origin = one.rule.origin
        votes = f", {origin.votes} batches" if origin.votes else ""
        seen = f", bounds from {', '.join(origin.references)}" if origin.references else ""
        console.say(f"    [dim]{origin.by}{votes}{console.plain(seen)}[/]")


@app.command("diff")
def diff(
    before: Annotated[
        str,
        typer.Argument(
            metavar="SCENE[@N]",
            autocompletion=completing.revision,
            help="From: SCENE@N, or SCENE for the active one.",
        ),
    ],
    after: Annotated[
        str | None,
        typer.Argument(
            metavar="SCENE@M",
            autocompletion=completing.revision,
            help="To; the active revision if not given.",
        ),
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="Compare the files line by line.")] = False,
    store: options.StorePlace = None,
    as_json: options.AsJson = False,
) -> None:
    """Show what differs between two revisions of a scene, rule by rule.

    Example: ruler rules diff front-door@3 front-door@4
    """
    from ruler.cli.context import open_store
    from ruler.jobs.history import compare

    scene, old = parse_scene(before)
    other, new = parse_scene(after) if after is not None else (scene, None)
    if other.isdigit() and new is None:
        other, new = scene, int(other)
    if other != scene:
        raise InputError(f"{before} and {after} are of two scenes; compare revisions of one.")
    with open_store(store) as opened:
        sources = opened.scenes.revision(scene, old), opened.scenes.revision(scene, new)
        change = compare(opened, scene, old, new)
    if as_json:
        console.emit_json(
            {"before": str(sources[0].ref), "after": str(sources[1].ref)} | change.model_dump()
        )
    elif text:
        _unified(*sources)
    else:
        console.say(f"[dim]{sources[0].ref} -> {sources[1].ref}[/]")
        show_difference(change)


def _unified(before: Revision, after: Revision) -> None:
    import difflib

    colours = {"+": "green", "-": "red", "@": "cyan"}
    lines = difflib.unified_diff(
        before.source.splitlines(),
        after.source.splitlines(),
        str(before.ref),
        str(after.ref),
        lineterm="",
    )
    for line in lines:
        colour = colours.get(line[:1])
        shown = console.plain(line)
        console.say(f"[{colour}]{shown}[/]" if colour else shown)


@app.command("rollback")
def rollback(
    scene: SceneName,
    number: Annotated[
        int | None, typer.Argument(metavar="N", help="The revision to go back to.")
    ] = None,
    reason: Reason = "",
    store: options.StorePlace = None,
    as_json: options.AsJson = False,
) -> None:
    """Go back to what an older revision said, as a new revision: nothing is lost.

    Example: ruler rules rollback front-door@3 --reason "too many alarms"
    """
    from ruler.cli.context import open_store, settings
    from ruler.jobs.history import roll_back

    name, given = parse_scene(scene)
    wanted = given if number is None else number
    if wanted is None:
        raise InputError(f"say which revision: ruler rules rollback {name}@N (see rules log).")
    with open_store(store) as opened:
        saved, change = roll_back(opened, name, wanted, author=settings().author, reason=reason)
    if as_json:
        console.emit_json({"revision": str(saved.ref), "change": change.model_dump()})
        return
    show_difference(change)
    console.say(f"Saved as [bold]{saved.ref}[/], active: it says what {name}@{wanted} said.")


@app.command("verify")
def verify(
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
    """Check that no revision was changed or taken out behind ruler's back. Exit code 1 if one was.

    Example: ruler rules verify
    """
    from ruler.cli.context import open_store
    from ruler.jobs.history import verify as check

    with open_store(store) as opened:
        scenes, flaws = check(opened, scene)
    if as_json:
        console.emit_json({"scenes": scenes, "flaws": [vars(flaw) for flaw in flaws]})
    else:
        for flaw in flaws:
            console.say(f"[red]{console.plain(flaw)}[/]")
        if not flaws:
            plural = "" if len(scenes) == 1 else "s"
            console.say(f"{len(scenes)} scene{plural}: every revision is as it was saved.")
    if flaws:
        raise typer.Exit(1)


def _moment(created_at: str) -> str:
    """A stored time as people read it, in their own time zone."""
    import datetime as dt

    if not created_at:
        return "at an unknown time"
    return f"{dt.datetime.fromisoformat(created_at).astimezone():%Y-%m-%d %H:%M}"
