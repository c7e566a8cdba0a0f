"""What is wrong with a rule, by how it fared: findings with what a person should do about each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from ruler.reasoners.symbolic.writing import UNCOVERED
from ruler.schemas.rules import Rule
from ruler.steps.nights import NIGHT_FROM, NIGHT_UNTIL
from ruler.steps.rates import share_interval

_ALWAYS = 0.5
_DRIFTS = 2.0
_NIGHT = f"{NIGHT_FROM:02}:00-{NIGHT_UNTIL:02}:00"


def is_novelty(rule: Rule) -> bool:
    """Whether a rule fires on what no normal rule covers."""
    return rule.id.partition(".")[2].startswith(UNCOVERED)


@dataclass(frozen=True)
class Share:
    """On how many of some frames a rule fired."""

    hits: int = 0
    frames: int = 0

    def __add__(self, other: Share) -> Share:
        return Share(self.hits + other.hits, self.frames + other.frames)

    @property
    def rate(self) -> float | None:
        """Hits a frame; None where there is no frame."""
        return self.hits / self.frames if self.frames else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval; frames are taken for independent, which they are not quite."""
        return share_interval(self.hits, self.frames)


@dataclass(frozen=True)
class Fired:
    """Where a rule fired last."""

    run: str
    clip: str
    seconds: float


@dataclass(frozen=True)
class RuleHealth:
    """How one rule of the active revision fared in the finished runs that it was live in.

    Attributes:
        rule: The rule as it is now.
        runs: How many such runs there are.
        earlier, later: Hits in the first and the second half of them.
        day_frames: Frames by day, of clips that have a clock.
        day_hits, night_hits: Hits in these clips, by day and by night.
        last: Where it fired last.
        alone: Frames that were an anomaly by this rule alone.
    """

    rule: Rule
    runs: int = 0
    earlier: Share = Share()
    later: Share = Share()
    day_frames: int = 0
    day_hits: int = 0
    night_hits: int = 0
    last: Fired | None = None
    alone: int = 0

    @property
    def all(self) -> Share:
        """Over all runs."""
        return self.earlier + self.later


@dataclass(frozen=True)
class Finding:
    """What is the matter with a rule, and what to do."""

    code: str
    rule_id: str
    sentence: str


def findings(health: RuleHealth, today: dt.date) -> Iterator[Finding]:
    """What a person should look at; normal rules are only judged by what stands in them."""
    rule = health.rule
    if rule.kind == "anomaly" and rule.status in ("experimental", "stable"):
        yield from _of_use(health)
    for exception in rule.exceptions:
        if exception.until is not None and exception.until < today:
            yield Finding(
                "expired-exception",
                rule.id,
                f"its exception {exception.name!r} ended on {exception.until}: "
                "set a later date, or remove it.",
            )
    if not (rule.tests.fire or rule.tests.quiet) and rule.kind == "anomaly":
        yield Finding(
            "no-tests", rule.id, "no test yet: add a caption under `fire` and one under `quiet`."
        )


def _of_use(health: RuleHealth) -> Iterator[Finding]:
    rule, rate = health.rule, health.all.rate
    if rate is None:
        told = "no finished run had it: run detect, or try it with ruler rules backtest."
        yield Finding("never-tried", rule.id, told)
        return
    if health.all.hits == 0:
        if is_novelty(rule):  # silence is what it is there for
            return
        yield Finding(
            "never-fired",
            rule.id,
            f"it fired on none of {health.all.frames:,} frames: test it on a caption that it must "
            "catch, and deprecate it if nothing here can look like that.",
        )
        return
    if rate > _ALWAYS:
        yield Finding(
            "always-fires",
            rule.id,
            f"it fires on {rate:.0%} of frames, so it is no anomaly here: narrow its words or "
            "bounds, add an exception, or make it a normal rule.",
        )
    if health.day_frames and health.night_hits and not health.day_hits:
        yield Finding(
            "only-at-night",
            rule.id,
            f"it fires between {_NIGHT} only: if that is meant, say `when: {{hours: {_NIGHT}}}`; "
            "if not, look whether dark pictures are misread.",
        )
    yield from _drift(health)


def _drift(health: RuleHealth) -> Iterator[Finding]:
    before, after = health.earlier.rate, health.later.rate
    if health.runs < 2 or before is None or after is None:
        return
    low, high = sorted((health.earlier.interval, health.later.interval))
    apart = low[1] < high[0] and max(before, after) >= _DRIFTS * min(before, after)
    if apart:
        yield Finding(
            "drift",
            health.rule.id,
            f"it fired on {before:.1%} of frames in the earlier runs and on {after:.1%} in the "
            "later ones: look whether the scene or the camera has changed, and induce again if so.",
        )
