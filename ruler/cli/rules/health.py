"""`ruler rules health`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ruler.cli import completing, console, options
from ruler.cli.rules.group import app, parse_scene

if TYPE_CHECKING:
    from ruler.jobs.health import HealthReport
    from ruler.steps.health import RuleHealth


@app.command("health")
def show_health(
    scene: Annotated[
        str,
        typer.Argument(metavar="SCENE", autocompletion=completing.scene, help="Name of the scene."),
    ],
    store: options.StorePlace = None,
    as_json: options.AsJson = False,
) -> None:
    """Show how a scene's rules fared over its finished runs, and what a person should look at.

    Example: ruler rules health front-door
    """
    import datetime as dt

    from ruler.cli.context import open_store
    from ruler.jobs.health import health

    name, _ = parse_scene(scene)
    with open_store(store) as opened:
        found = health(opened, name, dt.datetime.now(dt.UTC).date())
    if as_json:
        console.emit_json(_data(found))
    else:
        _print(found)


def _data(found: HealthReport) -> dict[str, Any]:
    return {
        "revision": str(found.revision.ref),
        "runs": found.runs,
        "frames": found.frames,
        "alarm_frames": found.alarms,
        "rules": [_rule_data(one, found.alarms) for one in found.rules],
        "findings": [vars(finding) for finding in found.findings],
        "uncovered": [{"said": said, "count": count} for said, count in found.uncovered],
    }


def _rule_data(one: RuleHealth, alarms: int) -> dict[str, Any]:
    return {
        "rule": one.rule.id,
        "kind": one.rule.kind,
        "status": one.rule.status,
        "runs": one.runs,
        "frames": one.all.frames,
        "hits": one.all.hits,
        "hit_rate": one.all.rate,
        "last_fired": vars(one.last) if one.last else None,
        "hits_by_day": one.day_hits,
        "hits_by_night": one.night_hits,
        "decides_alone": one.alone,
        "share_of_alarms_alone": one.alone / alarms if alarms else None,
        "earlier": {"hit_rate": one.earlier.rate, "interval": list(one.earlier.interval)},
        "later": {"hit_rate": one.later.rate, "interval": list(one.later.interval)},
        "tests": {"fire": len(one.rule.tests.fire), "quiet": len(one.rule.tests.quiet)},
    }


def _print(found: HealthReport) -> None:
    plural = "" if found.runs == 1 else "s"
    console.show(_table(found))
    console.say(
        f"{found.frames:,} frames in {found.runs} finished run{plural}; "
        f"{found.alarms:,} of them were an anomaly."
    )
    if not found.runs:
        scene = found.revision.ref.scene
        console.say(f"Nothing is known yet. Run: ruler detect CLIP... --scene {scene}")
    for (code, sentence), rules in _by_sentence(found).items():
        named = ", ".join(rules)
        console.say(f"[yellow]{code}[/]  [bold]{named}[/]: {console.plain(sentence)}")
    if found.uncovered:
        console.say("What no normal rule covers, and how often it was said:")
    for said, count in found.uncovered:
        console.say(f"{count:>7,}  {console.plain(said)}")
    if found.uncovered:
        scene = found.revision.ref.scene
        console.say(f"Where it is normal, let a normal rule say so: ruler rules edit {scene}")


def _by_sentence(found: HealthReport) -> dict[tuple[str, str], list[str]]:
    """Ids of rules by (code, sentence): what holds for several is said once."""
    said: dict[tuple[str, str], list[str]] = {}
    for finding in found.findings:
        said.setdefault((finding.code, finding.sentence), []).append(finding.rule_id)
    return said


def _table(found: HealthReport) -> Any:
    """One line an anomaly rule: normal rules are not counted frame by frame."""
    from rich.table import Table

    table = Table(title=f"{found.revision.ref}: how its anomaly rules fared")
    table.add_column("rule", overflow="fold")
    for title in ("fires on", "earlier", "later", "alarms alone"):
        table.add_column(title, justify="right")
    table.add_column("last fired", overflow="fold")
    table.add_column("tests", justify="right")
    for one in found.rules:
        if one.rule.kind != "anomaly":
            continue
        last = one.last
        table.add_row(
            one.rule.id,
            *(_percent(share.rate) for share in (one.all, one.earlier, one.later)),
            _percent(one.alone / found.alarms if found.alarms else None),
            console.plain(f"{last.run} {last.clip} {last.seconds:.1f}s") if last else "never",
            f"{len(one.rule.tests.fire)}+{len(one.rule.tests.quiet)}",
        )
    return table


def _percent(rate: float | None) -> str:
    if rate is None:
        return "-"
    return "0 %" if rate == 0 else f"{rate:.2%}" if rate < 0.01 else f"{rate:.1%}"
