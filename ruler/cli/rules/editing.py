"""`ruler rules edit|merge`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ruler.cli import completing, console, options
from ruler.cli.rules.differences import show_difference
from ruler.cli.rules.group import app, parse_scene
from ruler.errors import FileProblems, InputError

if TYPE_CHECKING:
    from ruler.jobs.editing import Draft, Edited
    from rules_store.store import Store


@app.command("edit")
def edit(
    scene: Annotated[
        str,
        typer.Argument(metavar="SCENE", autocompletion=completing.scene, help="Name of the scene."),
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why; asked for if not given.")] = "",
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Save without asking where nothing is wrong.")
    ] = False,
    anew: Annotated[
        bool, typer.Option("--anew", help="Begin from the active revision, not from a draft.")
    ] = False,
    store: options.StorePlace = None,
) -> None:
    """Open a scene's rules in $EDITOR; check, compare, and save them as a new revision.

    Nothing is lost: a file with mistakes is kept as a draft, and the next edit goes on with it.

    Example: ruler rules edit front-door --reason "couriers are welcome"
    """
    from ruler.cli.context import open_store, settings
    from ruler.jobs.editing import open_draft, run_editor, save_draft

    known = settings()
    with open_store(store) as opened:
        draft = open_draft(opened, scene, known.drafts, anew=anew)
        if draft.is_resumed:
            console.say(f"Going on with the draft {console.plain(draft.path)} (--anew to begin).")
        while True:
            run_editor(known.editor, draft.path)
            edited = _checked(opened, draft, ask=not yes)
            if edited is None:
                continue
            if not edited.is_new:
                draft.path.unlink(missing_ok=True)
                console.say(f"Nothing was changed: [bold]{edited.active.ref}[/] stays.")
                return
            answer = "s" if yes else _ask("Save it? [s]ave, [e]dit again, [k]eep the draft", "sek")
            if answer == "e":
                continue
            if answer == "k":
                console.say(f"Kept: {console.plain(draft.path)}")
                raise typer.Exit(1)
            why = reason or ("edited" if yes else typer.prompt("Why", default="edited"))
            saved = save_draft(opened, draft, edited, author=known.author, reason=why)
            console.say(f"Saved as [bold]{saved.ref}[/], active.")
            return


def _checked(store: Store, draft: Draft, *, ask: bool) -> Edited | None:
    """The draft with all that can be said of it, or None where it is to be edited again.

    Raises:
        FileProblems: there are mistakes, and nobody is there to mend them.
    """
    from ruler.jobs.editing import read_draft
    from ruler.jobs.rule_tests import run_rule_tests

    try:
        edited = read_draft(store, draft)
    except FileProblems as problems:
        if not ask:
            console.warn(f"the draft is kept: {draft.path}")
            raise
        for problem in problems.problems:
            console.say(f"[red]{console.plain(problem)}[/]")
        if _ask("Not saved. [e]dit again, or [k]eep the draft", "ek") == "e":
            return None
        console.say(f"Kept: {console.plain(draft.path)}")
        raise typer.Exit(2) from None
    show_difference(edited.change, empty="No rule has changed.")
    for rule_id in edited.conflicts:
        console.say(
            f"[yellow]{rule_id} was changed by somebody else meanwhile: theirs stands, yours is "
            "kept as a draft beside it.[/]"
        )
    _show_findings(edited, store, str(draft.path))
    _show_backtest(edited, store)
    tested = run_rule_tests(edited.source, store, name=str(draft.path))
    if tested.is_failure:
        from ruler.cli.rules.testing import show_tested

        show_tested(tested)
    return edited


def _show_findings(edited: Edited, store: Store, file: str) -> None:
    """What the linter says of the rules that were changed."""
    import datetime as dt

    from ruler.cli.rules.linting import show_findings
    from ruler.jobs.linting import at_least, lint_source

    today = dt.datetime.now(dt.UTC).astimezone().date()
    found = lint_source(edited.source, file=file, store=store, as_of=today)
    changed = {change.rule_id for change in edited.change.rules}
    show_findings([one for one in at_least(found, "warning") if one.rule_id in changed])


def _show_backtest(edited: Edited, store: Store) -> None:
    """What the rules would have said of footage that was captioned before, if there is any."""
    from ruler.jobs.backtest import backtest

    if edited.change.is_empty or not store.runs.finished(edited.rule_set.scene):
        return
    try:
        found = backtest(store, edited.rule_set.scene, edited.rule_set)
    except InputError as error:
        console.say(f"[dim]No backtest: {console.plain(error)}[/]")
    else:
        console.say(console.plain(found.summary))


def _ask(question: str, letters: str) -> str:
    while True:
        answer = str(typer.prompt(question, default=letters[0])).strip().lower()[:1]
        if answer and answer in letters:
            return answer


@app.command("merge")
def merge(
    scene: Annotated[
        str,
        typer.Argument(
            metavar="SCENE@N",
            autocompletion=completing.revision,
            help="The scene, at the revision the file began from.",
        ),
    ],
    file: Annotated[Path, typer.Argument(help="A rule file that was exported at N and edited.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with the revision.")] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change; save nothing.")
    ] = False,
    store: options.StorePlace = None,
    as_json: options.AsJson = False,
) -> None:
    """Bring an edited file in without undoing what others saved meanwhile.

    Exit code 1 where both changed the same thing: what is active stands, and the file's version is
    kept as a draft beside it.

    Example: ruler rules merge front-door@3 rules.yaml --reason "night shift"
    """
    from ruler.cli.context import open_store, settings
    from ruler.jobs.history import MergeRequest, merge_file
    from rules_store.yamlio import read_source

    name, base = parse_scene(scene)
    if base is None:
        raise InputError(f"say which revision {file} began from: {name}@N.")
    asked = MergeRequest(
        scene=name,
        source=read_source(file),
        file=str(file),
        base=base,
        author=settings().author,
        reason=reason or f"merged from {file.name}",
        is_dry_run=dry_run,
    )
    with open_store(store) as opened:
        saved, done, change = merge_file(opened, asked)
    if as_json:
        console.emit_json(
            {
                "revision": str(saved.ref) if saved else None,
                "conflicts": list(done.conflicts),
                "change": change.model_dump(),
            }
        )
    else:
        show_difference(change, empty="Nothing new in it.")
        for rule_id in done.conflicts:
            console.say(f"[yellow]conflict: {rule_id} stands as it is active.[/]")
        if saved:
            console.say(f"Saved as [bold]{saved.ref}[/], active.")
        elif dry_run:
            console.say("Dry run: nothing was saved.")
    if done.conflicts:
        raise typer.Exit(1)
