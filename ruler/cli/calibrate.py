"""`ruler calibrate`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ruler.cli import completing, console, options
from ruler.cli.context import asking, machine, model_options, open_store, settings, smoothing_named

if TYPE_CHECKING:
    from ruler.jobs.calibrate import Calibration
    from ruler.steps.calibrating import Row
    from ruler.steps.rates import Budget


def calibrate(
    scene: Annotated[
        str,
        typer.Argument(
            metavar="SCENE", autocompletion=completing.scene, help="Whose threshold to set."
        ),
    ],
    clips: Annotated[
        list[str], typer.Argument(metavar="CLIP", help="Normal footage: no alarm is right.")
    ],
    budget: Annotated[
        str,
        typer.Option(
            "--budget",
            metavar="N/day",
            help="False alarms that may be expected: 1/day, 0.5/hour, 2/week.",
        ),
    ] = "1/day",
    sure: Annotated[
        bool, typer.Option("--sure", help="Hold the interval's upper end to the budget.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the table; save no revision.")
    ] = False,
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with the revision.")] = "",
    taxonomy: options.Taxonomy = None,
    every: options.EveryOption = None,
    fps: options.FrameRate = None,
    smoothing: Annotated[
        str, typer.Option("--smoothing", help="As for detect; it has to be the same one later.")
    ] = "gaussian:1.0",
    online: Annotated[
        bool, typer.Option("--online", help="Never look ahead, as on a live camera (ema).")
    ] = False,
    out: Annotated[
        str | None, typer.Option("--out", help="Folder for runs (or RULER_RUNS).")
    ] = None,
    base_url: options.BaseUrl = None,
    window: options.Window = None,
    language: options.Language = None,
    share: options.Share = None,
    max_calls: options.MaxCalls = None,
    max_cost: options.MaxCost = None,
    concurrency: options.Concurrency = None,
    allow_host: options.AllowHost = None,
    workers: options.Workers = None,
    store: options.StorePlace = None,
    as_json: options.AsJson = False,
) -> None:
    """Set a scene's threshold from normal footage, for at most so many false alarms a day.

    Example: ruler calibrate front-door monday.mp4 tuesday.mp4 --budget 1/day
    """
    from ruler.jobs import calibrate as job
    from ruler.jobs.detect import DetectRequest
    from ruler.schemas.runs import Every
    from ruler.steps.rates import Budget

    most = console.parsed("--budget", options.BUDGET_FORM, Budget.parse, budget)
    density = console.parsed("--every", options.EVERY_FORM, Every.parse, every)
    look = DetectRequest(
        clips=clips,
        scene=scene,
        taxonomy=taxonomy,
        every=density,
        asking=asking(window, language, share, density),
        smoothing=smoothing_named(smoothing, online),
        frame_rate=fps,
    )
    assert most is not None
    request = job.CalibrateRequest(look, most, settings().author, reason, sure, dry_run)
    chosen = model_options(
        base_url,
        max_calls=max_calls,
        max_cost_usd=max_cost,
        concurrency=concurrency,
        allowed_hosts=tuple(allow_host) if allow_host else None,
    )
    with open_store(store) as opened, console.progress() as report:
        place = machine(opened, workers=workers, runs=out, options=chosen)
        found = job.calibrate(request, place, report)
    console.note_assumed_rate(clips, fps)
    if as_json:
        console.emit_json(_data(found, most))
    else:
        _print(found, most)
    raise typer.Exit(found.exit_code)


def _data(found: Calibration, budget: Budget) -> dict[str, Any]:
    from ruler.steps.rates import LEVEL, days_without_event

    return {
        "scene": found.before.ref.scene,
        "before": str(found.before.ref),
        "after": str(found.after.ref) if found.after else None,
        "threshold_before": found.before.rule_set.threshold,
        "threshold": found.chosen.threshold if found.chosen else None,
        "budget": str(budget),
        "run": str(found.run),
        "clips": found.clips,
        "hours": found.days * 24,
        "interval_level": LEVEL,
        "hours_without_event_needed": days_without_event(budget.a_day) * 24,
        "other_alarms": found.known.alarms,
        "reported_misses": found.known.misses,
        "thresholds": [_row_data(found, row) for row in found.rows],
    }


def _row_data(found: Calibration, row: Row) -> dict[str, Any]:
    estimate, low, high = row.a_day(found.days)
    return {
        "threshold": row.threshold,
        "events": row.events,
        "alarms_a_day": estimate,
        "interval": [low, high],
        "other_alarms_kept": row.kept,
        "misses_found": row.found,
    }


def _print(found: Calibration, budget: Budget) -> None:
    for clip in found.record.clips:
        if clip.error:
            console.warn(clip.error)
    console.show(_table(found))
    plural = "" if found.clips == 1 else "s"
    console.say(
        f"{length(found.days)} of footage in {found.clips} clip{plural}, looked at by "
        f"{found.before.ref}. Run: {console.plain(found.run)}"
    )
    lost = found.record.coverage.failed + found.record.coverage.undetermined
    if lost:
        console.warn(f"{lost} frames could not be judged; their time is not counted.")
    if found.chosen is None:
        console.say(why_none(found, budget))
        return
    _print_chosen(found, found.chosen, budget)


def _print_chosen(found: Calibration, chosen: Row, budget: Budget) -> None:
    estimate, low, high = chosen.a_day(found.days)
    console.say(
        f"At [bold]{chosen.threshold:g}[/] expect {rate(estimate)} false alarms a day "
        f"(95 % interval {rate(low)} to {rate(high)})."
    )
    for line in caveats(found, chosen, budget):
        console.say(line)
    scene, old = found.before.ref.scene, found.before.rule_set.threshold
    if found.after is not None:
        console.say(
            f"Saved as [bold]{found.after.ref}[/], active: threshold {chosen.threshold:g}, was "
            f"{old:g}. Back: ruler rules rollback {found.before.ref}"
        )
    elif chosen.threshold == old:
        console.say(f"The threshold is {old:g} already: nothing was saved.")
    else:
        console.say(
            f"Dry run: nothing was saved; the threshold of {scene} stays {old:g} "
            f"and would become {chosen.threshold:g}."
        )


def why_none(found: Calibration, budget: Budget) -> str:
    """Why no threshold was chosen, and what to do."""
    from ruler.steps.rates import days_without_event

    if found.rows[-1].a_day(found.days)[0] <= budget.a_day:
        return (
            f"No threshold is sure to keep {budget} on so little footage: nothing was saved. "
            f"It takes {length(days_without_event(budget.a_day))} without an event."
        )
    return (
        f"No threshold below 1 keeps {budget}: nothing was saved. See which rules fire with "
        f"ruler rules health {found.before.ref.scene}, and mend them first."
    )


def rate(a_day: float) -> str:
    """A rate in as many digits as it may be trusted in."""
    return f"{a_day:,.0f}" if a_day >= 100 or a_day == 0 else f"{a_day:.2g}"


def length(days: float) -> str:
    """So many days, in a unit that people would choose."""
    hours = days * 24
    if hours >= 48:
        return "an endless time" if math.isinf(days) else f"{days:,.1f} days"
    if hours >= 1:
        return f"{hours:.1f} hours"
    return f"{hours * 60:.1f} minutes" if hours >= 1 / 60 else f"{hours * 3600:.0f} seconds"


def caveats(found: Calibration, chosen: Row, budget: Budget) -> list[str]:
    """What the figures do not carry, one sentence each."""
    from ruler.steps.rates import days_without_event

    said = []
    if chosen.a_day(found.days)[2] > budget.a_day:
        needed = days_without_event(budget.a_day)
        said.append(
            f"This footage is too short to promise {budget}: that takes {length(needed)} without "
            "an event. Until then this is the best guess, and it looks better here than it is."
        )
        if chosen.threshold < found.before.rule_set.threshold:
            said.append(
                "It is lower than before, so alarms can only grow more; --sure lowers it only "
                "where the interval carries the budget."
            )
    if kept := found.known.alarms:
        said.append(f"Of {kept} other alarms of the scene, {chosen.kept} stay.")
    if misses := found.known.misses:
        said.append(f"Of {misses} reported misses, {chosen.found} give an alarm.")
    return said


def _table(found: Calibration) -> Any:
    from rich.table import Table

    table = Table(title="False alarms in the normal footage, by threshold")
    titles = ["threshold", "events", "a day", "95 % interval"]
    titles += ["other alarms kept"] if found.known.alarms else []
    titles += ["misses found"] if found.known.misses else []
    for title in titles:
        table.add_column(title, justify="right")
    table.add_column("")
    for row in _telling(found):
        estimate, low, high = row.a_day(found.days)
        cells = [f"{row.threshold:g}", f"{row.events:,}", rate(estimate)]
        cells.append(f"{rate(low)} to {rate(high)}")
        cells += [f"{row.kept} of {found.known.alarms}"] if found.known.alarms else []
        cells += [f"{row.found} of {found.known.misses}"] if found.known.misses else []
        marks = ["chosen"] * (row is found.chosen) + ["as it was"] * (row is found.present)
        style = "bold" if row is found.chosen else None
        table.add_row(*cells, ", ".join(marks), style=style)
    return table


def _telling(found: Calibration) -> list[Row]:
    """The rows to show: where something changes, what was chosen, and what was before."""
    shown: list[Row] = []
    for before, row in zip((None, *found.rows), found.rows, strict=False):
        same = before and (before.events, before.kept, before.found) == (
            row.events,
            row.kept,
            row.found,
        )
        if not same or row in (found.chosen, found.present, found.rows[-1]):
            shown.append(row)
    return shown
