"""Who walks where and when: the scripts of the demo's clips, as plain values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import pi
from typing import Final, Literal

import numpy as np

from ruler.jobs.demo.figures import Gait, Style, random_style
from ruler.jobs.demo.scene import BENCH_X, FAR_ROW, FPS, METRE, NEAR_ROW, WIDTH, scale_at

What = Literal["cyclist", "runner", "loiterer", "normal"]

WALKING: Final = 1.35 * METRE
"""Usual walking speed in pixels a second where the scale is 1 (1.35 m/s)."""
_IDLE: Final = 0.14  # nobody stands like a post: weight shifts from leg to leg
_IDLING: Final = 1.8  # ... at so many radians a second
_MARGIN: Final = 0.75 * METRE
_STRIDES: Final[dict[Gait, float]] = {"walk": 1.42, "run": 2.35, "ride": 5.2}  # metres a cycle


@dataclass(frozen=True)
class Stop:
    """Somebody stands still at `x` for `seconds`; who `shuffles` shifts and turns meanwhile."""

    x: float
    seconds: float
    shuffles: bool = False


@dataclass(frozen=True)
class Actor:
    """One person's way through a clip. `pace` is in usual walking speeds, `drift` in rows a pixel
    walked; `enters` counts frames; `seed` decides how they shuffle."""

    style: Style
    gait: Gait
    enters: int
    x: float
    row: float
    facing: int
    pace: float
    drift: float = 0.0
    stops: tuple[Stop, ...] = ()
    phase: float = 0.0
    seed: int = 0


@dataclass(frozen=True)
class Step:
    """Where an actor is in one frame and how they hold themselves."""

    frame: int
    x: float
    row: float
    facing: int
    swing: float
    phase: float
    turn: float


@dataclass(frozen=True)
class Script:
    """A clip before it is drawn. The anomaly, if any, lasts [start_seconds, stop_seconds)."""

    name: str
    what: What
    frames: int
    actors: tuple[Actor, ...]
    start_seconds: float | None = None
    stop_seconds: float | None = None


def steps(actor: Actor) -> Iterator[Step]:
    """Walk an actor from entering the picture to leaving it, frame by frame.

    People slow down and set off within half a second; their legs keep pace with the ground.
    """
    rng = np.random.default_rng(actor.seed)
    x, row, facing, frame = actor.x, actor.row, actor.facing, actor.enters
    phase, turn, speed = actor.phase, 0.0, actor.pace
    stops, waits, shift = list(actor.stops), 0.0, 0.0
    while -2.2 * _MARGIN <= x <= WIDTH + 2.2 * _MARGIN:
        swing = max(_IDLE, min(1.0, speed / max(0.55, 0.8 * actor.pace)))
        yield Step(frame, x, row, facing, swing, phase, turn)
        scale = scale_at(row)
        if stops and waits <= 0 and (x - stops[0].x) * actor.facing >= -0.2 * METRE * scale:
            waits = stops[0].seconds
        wanted = actor.pace
        if waits > 0:
            wanted, facing, shift = _waiting(stops[0], x, facing, shift, rng)
            waits -= 1 / FPS
            if waits <= 0:
                stops.pop(0)
                facing = actor.facing
        speed += float(np.clip(wanted - speed, -0.3 * actor.pace, 0.3 * actor.pace))
        moved = speed * WALKING / FPS
        x += facing * moved * scale
        row += actor.drift * moved * scale
        cycle = _STRIDES[actor.gait] * METRE * actor.style.height
        phase += 2 * pi * moved / cycle + (_IDLING / FPS if waits > 0 else 0.0)
        turn += actor.facing * moved / (0.34 * METRE)
        frame += 1


def _waiting(
    stop: Stop, x: float, facing: int, shift: float, rng: np.random.Generator
) -> tuple[float, int, float]:
    """(speed wanted, facing, seconds left of a shuffling step) of somebody who stands."""
    if not stop.shuffles:
        return 0.0, facing, 0.0
    if shift > 0:
        return 0.35, facing, shift - 1 / FPS
    if rng.random() < 1.0 / FPS:
        away = abs(x - stop.x) > 5
        return 0.0, (1 if x < stop.x else -1) if away else -facing, float(rng.uniform(0.4, 0.8))
    return 0.0, facing, 0.0


def plan(seed: int) -> tuple[list[Script], list[Script]]:
    """All scripts: six references and four test clips."""
    traffic = (1, 2, 3, 3, 4, 5)
    references = [
        _street(f"reference{number + 1}", 15.0, people, np.random.default_rng([seed, 1, number]))
        for number, people in enumerate(traffic)
    ]
    makers = (_cyclist, _runner, _loiterer, _normal)
    tests = [make(np.random.default_rng([seed, 2, number])) for number, make in enumerate(makers)]
    return references, tests


def _street(
    name: str, seconds: float, people: int, rng: np.random.Generator, *, pauses: bool = True
) -> Script:
    """Ordinary coming and going with about `people` in view at any time."""
    frames = round(seconds * FPS)
    actors: list[Actor] = []
    lanes = rng.permutation(people)
    for lane in lanes:
        band = (NEAR_ROW - FAR_ROW) / people
        free, inside = 0, rng.random() < 0.7
        while free < frames - 2 * FPS:
            row = FAR_ROW + band * (lane + rng.uniform(0.08, 0.92))
            actor = _passer(rng, row, enters=free, inside=inside)
            if pauses and rng.random() < 0.3:
                actor = replace(actor, stops=(_pause(actor, rng),))
            actors.append(actor)
            if people > 1 and rng.random() < 0.22:
                actors.append(_companion(actor, rng))
            free = _last_frame(actor) + int(rng.uniform(0.3, 2.0) * FPS)
            inside = False
    return Script(name, "normal", frames, tuple(actors))


def _passer(rng: np.random.Generator, row: float, *, enters: int, inside: bool) -> Actor:
    facing = 1 if rng.random() < 0.5 else -1
    start = -_MARGIN if facing > 0 else WIDTH + _MARGIN
    return Actor(
        style=random_style(rng),
        gait="walk",
        enters=enters,
        x=float(rng.uniform(40, WIDTH - 40)) if inside else start,
        row=float(row),
        facing=facing,
        pace=float(rng.uniform(0.85, 1.15)),
        drift=float(rng.normal(0, 0.012)),
        phase=float(rng.uniform(0, 2 * pi)),
    )


def _pause(actor: Actor, rng: np.random.Generator) -> Stop:
    ahead = rng.uniform(0.25, 0.6) * (WIDTH - actor.x if actor.facing > 0 else actor.x)
    return Stop(float(actor.x + actor.facing * ahead), float(rng.uniform(2.0, 3.0)))


def _companion(actor: Actor, rng: np.random.Generator) -> Actor:
    """Somebody who walks beside another, at their speed and with their stops."""
    beside = (5.5 if actor.row < 150 else -5.5) * scale_at(actor.row)
    behind = float(rng.uniform(-9, 9)) * scale_at(actor.row)
    row = float(np.clip(actor.row + beside, FAR_ROW, NEAR_ROW))
    pace = actor.pace * scale_at(actor.row) / scale_at(row)
    stops = tuple(replace(stop, x=stop.x + behind) for stop in actor.stops)
    return replace(
        actor,
        style=random_style(rng),
        x=actor.x + behind,
        row=row,
        pace=pace,
        stops=stops,
        phase=float(rng.uniform(0, 2 * pi)),
    )


def _last_frame(actor: Actor) -> int:
    return max(step.frame for step in steps(actor))


def _passing(
    rng: np.random.Generator, what: What, gait: Gait, pace: float, row: float, second: float
) -> Script:
    """A clip of ordinary traffic through which somebody passes in another way."""
    street = _street(what, 20.0, 3, rng)
    actor = _passer(rng, row, enters=round(second * FPS), inside=False)
    actor = replace(actor, gait=gait, pace=pace)
    seen = [step.frame for step in steps(actor) if 0 <= step.x <= WIDTH]
    return replace(
        street,
        what=what,
        actors=(*street.actors, actor),
        start_seconds=seen[0] / FPS,
        stop_seconds=(seen[-1] + 1) / FPS,
    )


def _cyclist(rng: np.random.Generator) -> Script:
    return _passing(rng, "cyclist", "ride", 2.6, float(rng.uniform(146, 154)), 8.5)


def _runner(rng: np.random.Generator) -> Script:
    return _passing(rng, "runner", "run", 2.1, float(rng.uniform(156, 166)), 9.0)


def _loiterer(rng: np.random.Generator) -> Script:
    """Somebody comes, stays near the bench for about twelve seconds, and leaves. The anomaly is
    the staying: from standing still to setting off."""
    street = _street("loiterer", 24.0, 2, rng)
    stop = Stop(BENCH_X - 46, float(rng.uniform(11.5, 12.5)), shuffles=True)
    actor = _passer(rng, 133.0, enters=8, inside=False)
    actor = replace(actor, drift=0.0, stops=(stop,), seed=int(rng.integers(2**31)))
    still = [step.frame for step in steps(actor) if step.swing < 0.2]
    return replace(
        street,
        what="loiterer",
        actors=(*street.actors, actor),
        start_seconds=still[0] / FPS,
        stop_seconds=(still[-1] + 1) / FPS,
    )


def _normal(rng: np.random.Generator) -> Script:
    """Ordinary traffic; one of them pauses for two and a half seconds."""
    street = _street("normal", 20.0, 2, rng, pauses=False)
    actor = _passer(rng, 168.0, enters=30, inside=False)
    middle = float(rng.uniform(120, 200))
    return replace(street, actors=(*street.actors, replace(actor, stops=(Stop(middle, 2.5),))))
