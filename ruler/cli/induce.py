"""`ruler induce`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ruler.cli import console, options
from ruler.errors import InputError

if TYPE_CHECKING:
    from ruler.jobs.induce import InduceResult
    from ruler.schemas.rules import Rule


_MOST_PHRASES = 10
"""Of a rule that says what the references speak of."""


def induce(
    scene: options.Scene,
    references: Annotated[
        list[str] | None,
        typer.Argument(metavar="REFERENCE", help="Normal clips, or folders of frames."),
    ] = None,
    from_answers: Annotated[
        Path | None,
        typer.Option("--from-answers", help="Manifest of labelled answers, instead of clips."),
    ] = None,
    shots: Annotated[
        int, typer.Option("--shots", min=1, help="How many labelled answers are learned from.")
    ] = 100,
    captioner: Annotated[
        str,
        typer.Option(
            "--captioner", help="Who describes frames: motion, PROVIDER:MODEL, replay:PATH."
        ),
    ] = "motion",
    reasoner: options.Reasoner = "symbolic",
    taxonomy: options.Taxonomy = None,
    place: Annotated[
        str | None,
        typer.Option(
            "--place",
            help="What the camera looks at: walkway, home, street, indoor or any. Kept with the "
            "scene; the scene's own, or any, if not given.",
        ),
    ] = None,
    cameras: Annotated[
        str | None,
        typer.Option(
            "--cameras",
            help="one view, or many: clips of different views. The scene's own, or one, if not "
            "given.",
        ),
    ] = None,
    every: options.EveryOption = None,
    fps: options.FrameRate = None,
    reason: Annotated[
        str, typer.Option("--reason", help="Why; it is kept with the revision.")
    ] = "induced from normal references",
    activate: Annotated[
        bool,
        typer.Option("--activate", help="Use the new rules at once instead of proposing them."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be learned; save nothing.")
    ] = False,
    local_only: Annotated[
        bool,
        typer.Option("--local-only", help="What this scene shows never leaves this machine."),
    ] = False,
    base_url: options.BaseUrl = None,
    captioner_url: options.CaptionerUrl = None,
    reasoner_url: options.ReasonerUrl = None,
    window: options.Window = None,
    language: options.Language = None,
    share: options.Share = None,
    record: options.Record = None,
    max_calls: options.MaxCalls = None,
    max_tokens: options.MaxTokens = None,
    max_cost: options.MaxCost = None,
    estimate: options.Estimate = False,
    concurrency: options.Concurrency = None,
    allow_host: options.AllowHost = None,
    workers: options.Workers = None,
    store: options.StorePlace = None,
    as_json: options.AsJson = False,
) -> None:
    """Learn what is normal from a few normal clips, and write it down as rules.

    Example: ruler induce monday.mp4 tuesday.mp4 --scene front-door --place home

    Example: ruler induce --from-answers answers.yaml --shots 100 --scene front-door
    """
    from ruler.cli.context import asking, limits, model_options, open_store, settings

    if from_answers is not None:
        if references:
            raise InputError("--from-answers takes no clips: give either.")
        from ruler.cli.answer_tables import print_learned
        from ruler.jobs.from_answers import LearnRequest, learn_from_answers

        asked = LearnRequest(from_answers, scene, shots, settings().author, activate, dry_run)
        with open_store(store) as opened:
            learned = learn_from_answers(asked, opened)
        print_learned(learned, scene, as_json=as_json)
        if not as_json:
            is_active = learned.revision is not None and learned.revision.is_active
            console.say(_saved(scene, learned.number, learned.is_new, is_active))
        return
    if not references:
        raise InputError("there is nothing to learn from: give normal clips, or --from-answers.")
    from ruler.jobs.estimate import estimate_learning
    from ruler.jobs.induce import InduceRequest
    from ruler.jobs.induce import induce as run
    from ruler.schemas.rules import Cameras, Place
    from ruler.schemas.runs import Every

    density = console.parsed("--every", options.EVERY_FORM, Every.parse, every)
    chosen = model_options(
        base_url,
        captioner_url,
        reasoner_url,
        record=record,
        max_calls=max_calls,
        max_tokens=max_tokens,
        max_cost_usd=max_cost,
        concurrency=concurrency,
        allowed_hosts=tuple(allow_host) if allow_host else None,
    )
    request = InduceRequest(
        references=references,
        scene=scene,
        captioner=captioner,
        reasoner=reasoner,
        taxonomy=taxonomy,
        place=console.one_of("--place", Place, place) if place else None,
        cameras=console.one_of("--cameras", Cameras, cameras) if cameras else None,
        every=density,
        frame_rate=fps,
        author=settings().author,
        reason=reason,
        is_dry_run=dry_run,
        activate=activate,
        workers=workers or settings().workers,
        reader=settings().reader,
        limits=limits(),
        options=chosen | asking(window, language, share, density),
        local_only=local_only,
    )
    with open_store(store) as opened, console.progress() as report:
        if estimate:
            console.tell_estimate(estimate_learning(request, opened), as_json)
            return
        result = run(request, opened, report)
    console.note_assumed_rate(references, fps)
    if as_json:
        console.emit_json(_as_data(scene, result))
    else:
        _print(scene, result)
    if result.skipped:
        raise typer.Exit(3)


def _as_data(scene: str, result: InduceResult) -> dict[str, object]:
    return {
        "scene": scene,
        "revision": result.revision,
        "is_new": result.is_new,
        "is_active": result.is_active,
        "rules": [rule.model_dump(mode="json") for rule in result.rule_set.rules],
        "verification": [checkup.model_dump() for checkup in result.checkups.values()],
        "merge": dict(result.notes),
        "scene_model": dict(result.scene_info),
        "usage": result.usage.model_dump(),
        "skipped": [str(error) for error in result.skipped],
    }


def _print(scene: str, result: InduceResult) -> None:
    for error in result.skipped:
        console.warn(str(error))
    warnings = result.scene_info.get("warnings", [])
    for warning in warnings if isinstance(warnings, list) else []:
        console.warn(str(warning))
    for rule in _without_concepts(result.rule_set.rules):
        mark = "[green]normal [/]" if rule.kind == "normal" else "[yellow]anomaly[/]"
        console.say(f"{mark} [bold]{rule.id}[/]  {console.plain(rule.statement)}")
        if rule.kind == "normal" and rule.origin.by == "induced" and rule.look_for:
            console.say(f"         [dim]{console.plain(_few(rule.look_for))}[/]")
        if rule.origin.note:
            console.say(f"         [dim]{console.plain(rule.origin.note)}[/]")
    for checkup in result.checkups.values():
        if checkup.action == "dropped":
            console.say(f"[dim]{checkup.rule_id}: left out, it {console.plain(checkup.why)}[/]")
    for rule_id, what in result.notes:
        console.say(f"[dim]{rule_id}: {what}[/]")
    console.say(_saved(scene, result.revision, result.is_new, result.is_active))
    console.tell_spending(result.usage)


def _few(phrases: Sequence[str]) -> str:
    """The first phrases of a rule, and how many more there are."""
    more = len(phrases) - _MOST_PHRASES
    return ", ".join(phrases[:_MOST_PHRASES]) + (f" and {more} more" if more > 0 else "")


def _without_concepts(rules: Sequence[Rule]) -> Iterator[Rule]:
    """The rules that are about this scene, in order; those that every scene gets from the lexicon
    are told in one line where the first of them stands."""
    from ruler.reasoners.symbolic.writing import CONCEPT

    common = [rule for rule in rules if rule.id.partition(".")[2].startswith(CONCEPT)]
    for rule in rules:
        if rule not in common:
            yield rule
        elif rule is common[0]:
            titles = ", ".join(one.title.lower() for one in common)
            console.say(
                f"[yellow]anomaly[/] [bold]{len(common)} rules from ruler's lexicon[/], of what "
                f"the references hardly ever show: {console.plain(titles)}"
            )


def _saved(scene: str, revision: int | None, is_new: bool, is_active: bool) -> str:
    name = f"[bold]{scene}@{revision}[/]"
    if revision is None:
        return "Dry run: nothing was saved."
    if not is_new:
        return f"Nothing new: {name} says the same already."
    if is_active:
        return f"Saved as {name}, active. Next: ruler detect CLIP... --scene {scene}"
    return (
        f"Saved as {name}, a proposal: what is active stays. Look at it: "
        f"ruler rules approve {scene} --list   Use it: ruler rules approve {name}"
    )
