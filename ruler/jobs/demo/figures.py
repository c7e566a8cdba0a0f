"""People and a bicycle: jointed figures in profile, drawn large and shrunk onto the picture.

Lengths are in figure heights. A joint angle is in radians from straight down, positive forward.
The gait follows the usual curves of human walking closely enough to read as such: thighs swing
like a sine, the knee bends while its leg comes forward, arms swing against legs.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, hypot, pi, sin
from typing import Final, Literal, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ruler.jobs.demo.canvas import Canvas, Colour, Point

Gait = Literal["walk", "run", "ride"]
_THIGH, _SHIN, _UPPER_ARM, _FOREARM = 0.245, 0.235, 0.165, 0.155
_TRUNK, _HEAD = 0.30, 0.066
_WHEEL, _WHEEL_BASE = 0.190, 0.60


@dataclass(frozen=True)
class Style:
    """What somebody looks like: nothing in it depends on what they do."""

    height: float
    shirt: Colour
    trousers: Colour
    skin: Colour
    hair: Colour
    shoes: Colour
    cloth: NDArray[np.float32]
    coat: float
    bag: Colour | None
    long_hair: bool


@dataclass(frozen=True)
class Pose:
    """How somebody moves in one frame: `phase` in radians of the gait, `swing` from 0 (stands) to
    1 (full stride), `facing` 1 to the right and -1 to the left, `turn` of the wheels in radians."""

    gait: Gait
    phase: float
    swing: float
    facing: int
    turn: float = 0.0


_SHIRTS: Final[tuple[Colour, ...]] = (
    (176, 58, 52),
    (52, 88, 142),
    (214, 206, 190),
    (66, 110, 92),
    (198, 152, 66),
    (92, 74, 110),
    (70, 74, 82),
    (144, 168, 186),
    (206, 128, 104),
    (38, 46, 62),
)
_TROUSERS: Final[tuple[Colour, ...]] = (
    (46, 56, 82),
    (58, 58, 62),
    (112, 98, 78),
    (78, 86, 98),
    (36, 38, 46),
    (128, 120, 106),
)
_SKIN: Final[tuple[Colour, ...]] = ((224, 180, 150), (198, 146, 112), (142, 98, 72), (98, 66, 50))
_HAIR: Final[tuple[Colour, ...]] = ((42, 32, 28), (86, 58, 38), (152, 116, 70), (120, 116, 112))
_BAGS: Final[tuple[Colour, ...]] = ((92, 62, 44), (54, 70, 92), (122, 44, 48))


def random_style(rng: np.random.Generator) -> Style:
    """Anybody: everyone in the footage, odd or not, is drawn from this one distribution."""

    def pick(colours: tuple[Colour, ...]) -> Colour:
        base = np.array(colours[rng.integers(len(colours))]) * rng.uniform(0.88, 1.12)
        red, green, blue = np.clip(base, 12, 235).astype(int).tolist()
        return red, green, blue

    return Style(
        height=float(rng.uniform(0.9, 1.1)),
        shirt=pick(_SHIRTS),
        trousers=pick(_TROUSERS),
        skin=pick(_SKIN),
        hair=pick(_HAIR),
        shoes=pick(((44, 40, 38), (96, 78, 60), (206, 204, 200))),
        cloth=_cloth(rng),
        coat=float(rng.uniform(0.08, 0.2)) if rng.random() < 0.3 else 0.0,
        bag=pick(_BAGS) if rng.random() < 0.3 else None,
        long_hair=bool(rng.random() < 0.4),
    )


def _cloth(rng: np.random.Generator) -> NDArray[np.float32]:
    """A weave that multiplies the shirt's colour, (64, 64): plain, striped, checked or mottled."""
    rows, columns = np.mgrid[0:64, 0:64] / 64.0
    stripes = np.sin(2 * pi * rng.integers(4, 9) * rows)
    checks = np.sign(stripes) + np.sign(np.sin(2 * pi * rng.integers(5, 10) * columns))
    mottle = cv2.GaussianBlur(rng.standard_normal((64, 64)), (0, 0), 2.2) * 4.0
    chosen = (0 * rows, 0.9 * np.tanh(3 * stripes), 0.6 * checks, mottle)[rng.integers(4)]
    grain = 0.03 * rng.standard_normal((64, 64))
    return cast("NDArray[np.float32]", (1.0 + 0.13 * chosen + grain).astype(np.float32))


def _reach(start: Point, angle: float, length: float) -> Point:
    return start[0] + length * sin(angle), start[1] - length * cos(angle)


def draw_figure(style: Style, pose: Pose, pixels: float, fraction: Point) -> Canvas:
    """Draw somebody of usual height `pixels`; the feet lie `fraction` beyond whole pixels."""
    width = 1.6 if pose.gait == "ride" else 1.15
    canvas = Canvas(pixels * style.height, pose.facing, width, fraction)
    if pose.gait == "ride":
        _draw_rider(canvas, style, pose)
    else:
        _draw_walker(canvas, style, pose)
    return canvas


def _leg_angles(pose: Pose, phase: float) -> Point:
    """(thigh, knee) of one leg."""
    running = pose.gait == "run"
    sweep, bend, ready = (0.72, 1.45, 0.28) if running else (0.42, 0.80, 0.06)
    knee = ready + pose.swing * bend * max(0.0, cos(phase - 0.25)) ** 1.6
    lift = 0.16 if running else 0.03
    return pose.swing * (sweep * sin(phase) + lift), knee


def _draw_walker(canvas: Canvas, style: Style, pose: Pose) -> None:
    near, far = _leg_angles(pose, pose.phase), _leg_angles(pose, pose.phase + pi)
    drop = max(_THIGH * cos(thigh) + _SHIN * cos(thigh - knee) for thigh, knee in (near, far))
    flight = 0.025 * abs(sin(pose.phase + 0.5)) * pose.swing if pose.gait == "run" else 0.0
    hip = (0.0, drop + 0.022 + flight)
    lean = (0.17 if pose.gait == "run" else 0.035) * pose.swing
    neck = (hip[0] + _TRUNK * sin(lean), hip[1] + _TRUNK * cos(lean))
    _draw_arm(canvas, style, pose, neck, pose.phase, 0.74)
    _draw_leg(canvas, style, hip, far, 0.74)
    _draw_leg(canvas, style, hip, near, 1.0)
    _draw_trunk(canvas, style, hip, neck, lean)
    _draw_arm(canvas, style, pose, neck, pose.phase + pi, 0.94)


def _draw_leg(canvas: Canvas, style: Style, hip: Point, angles: Point, shade: float) -> None:
    thigh, knee_bend = angles
    knee = _reach(hip, thigh, _THIGH)
    ankle = _reach(knee, thigh - knee_bend, _SHIN)
    _draw_shoe(canvas, style, ankle, thigh - knee_bend, shade)
    canvas.limb(knee, ankle, (0.070, 0.050), style.trousers, shade * 0.97)
    canvas.limb(hip, knee, (0.098, 0.072), style.trousers, shade)


def _draw_shoe(canvas: Canvas, style: Style, ankle: Point, shin: float, shade: float) -> None:
    toe_angle = pi / 2 + min(0.0, shin) * 0.8
    toe = _reach(ankle, toe_angle, 0.078)
    heel = ankle[0] - 0.018, ankle[1] - 0.004
    canvas.limb(heel, toe, (0.044, 0.030), style.shoes, shade)


def _draw_trunk(canvas: Canvas, style: Style, hip: Point, neck: Point, lean: float) -> None:
    forward, up = (cos(lean), -sin(lean)), (sin(lean), cos(lean))

    def at(right: float, high: float) -> Point:
        return (
            hip[0] + right * forward[0] + high * up[0],
            hip[1] + right * forward[1] + high * up[1],
        )

    if style.bag is not None:
        canvas.limb(at(-0.085, 0.13), at(-0.085, 0.23), (0.10, 0.09), style.bag)
    head = neck[0] + 0.020 + 0.085 * sin(lean), neck[1] + 0.098 * cos(0.7 * lean)
    canvas.limb(at(0.0, 0.27), head, (0.060, 0.050), style.skin, 0.88)
    hem = -0.03 - style.coat * (1.0 - min(1.0, 1.8 * lean))
    body = [
        at(-0.062, hem),
        at(-0.058, 0.10),
        at(-0.072, 0.22),
        at(-0.045, 0.300),
        at(0.040, 0.300),
        at(0.070, 0.21),
        at(0.056, 0.08),
        at(0.064, hem),
    ]
    canvas.shape(body, style.shirt)
    canvas.weave(body, style.cloth)
    _draw_head(canvas, style, head)


def _draw_head(canvas: Canvas, style: Style, centre: Point) -> None:
    x, y = centre
    if style.long_hair:
        canvas.limb((x - 0.030, y + 0.01), (x - 0.045, y - 0.085), (0.085, 0.06), style.hair, 0.92)
    canvas.disc((x - 0.010, y + 0.012), _HEAD, style.hair)
    canvas.disc((x + 0.014, y - 0.008), _HEAD * 0.84, style.skin)
    canvas.disc((x + 0.062, y - 0.010), 0.014, style.skin)
    canvas.limb((x - 0.02, y + 0.048), (x + 0.036, y + 0.040), (0.05, 0.03), style.hair)


def _draw_arm(
    canvas: Canvas, style: Style, pose: Pose, neck: Point, phase: float, shade: float
) -> None:
    running = pose.gait == "run"
    sweep = (0.75 if running else 0.40) * pose.swing
    shoulder = neck[0], neck[1] - 0.032
    upper = sweep * sin(phase) - (0.10 if running else 0.0)
    bend = 1.45 * pose.swing if running else 0.16 + 0.22 * pose.swing * max(0.0, sin(phase))
    elbow = _reach(shoulder, upper, _UPPER_ARM)
    hand = _reach(elbow, upper + bend, _FOREARM)
    canvas.disc(hand, 0.026, style.skin, shade)
    canvas.limb(elbow, hand, (0.050, 0.040), style.shirt, shade * 0.97)
    canvas.limb(shoulder, elbow, (0.064, 0.052), style.shirt, shade)


def _bent(start: Point, end: Point, first: float, second: float) -> Point:
    """The joint between two bones that reach from start to end, bent forward."""
    gap = min(hypot(end[0] - start[0], end[1] - start[1]), first + second - 1e-4)
    angle = np.arctan2(end[0] - start[0], start[1] - end[1])
    inner = np.arccos(np.clip((first**2 + gap**2 - second**2) / (2 * first * gap), -1, 1))
    return _reach(start, float(angle + inner), first)


def _draw_rider(canvas: Canvas, style: Style, pose: Pose) -> None:
    crank, saddle, bars = (-0.03, _WHEEL - 0.01), (-0.135, 0.51), (0.205, 0.555)
    pedals = [
        (crank[0] + 0.095 * sin(angle), crank[1] - 0.095 * cos(angle))
        for angle in (-pose.phase, pi - pose.phase)
    ]
    hip, lean = (saddle[0] + 0.01, saddle[1] + 0.055), 0.52
    neck = hip[0] + _TRUNK * sin(lean), hip[1] + _TRUNK * cos(lean)
    _draw_pedalling(canvas, style, hip, pedals[1], 0.74)
    for side in (-1, 1):
        _draw_wheel(canvas, (side * _WHEEL_BASE / 2, _WHEEL), pose.turn)
    _draw_frame(canvas, style.bag or (62, 70, 82), crank, saddle, bars)
    _draw_pedalling(canvas, style, hip, pedals[0], 1.0)
    _draw_trunk(canvas, style, hip, neck, lean)
    shoulder = neck[0], neck[1] - 0.03
    elbow = ((shoulder[0] + bars[0]) / 2 - 0.02, (shoulder[1] + bars[1]) / 2 - 0.04)
    canvas.limb(elbow, bars, (0.050, 0.040), style.shirt, 0.92)
    canvas.limb(shoulder, elbow, (0.064, 0.052), style.shirt, 0.95)
    canvas.disc(bars, 0.028, style.skin)


def _draw_frame(canvas: Canvas, colour: Colour, crank: Point, saddle: Point, bars: Point) -> None:
    rear, front = (-_WHEEL_BASE / 2, _WHEEL), (_WHEEL_BASE / 2, _WHEEL)
    head_tube = (bars[0] + 0.01, bars[1] - 0.095)
    for start, end in (
        (rear, crank),
        (crank, head_tube),
        (saddle, crank),
        (saddle, rear),
        ((saddle[0] + 0.02, saddle[1] - 0.06), head_tube),
        (bars, front),
    ):
        canvas.limb(start, end, (0.022, 0.022), colour)
    ends = (saddle[0] - 0.05, saddle[1]), (saddle[0] + 0.05, saddle[1])
    canvas.limb(*ends, (0.03, 0.02), (40, 40, 40))


def _draw_wheel(canvas: Canvas, hub: Point, turn: float) -> None:
    for spoke in range(4):
        angle = turn + spoke * pi / 4
        ends = [_reach(hub, angle + half, _WHEEL * 0.93) for half in (0.0, pi)]
        canvas.limb(ends[0], ends[1], (0.006, 0.006), (150, 150, 152))
    canvas.ring(hub, _WHEEL - 0.012, 0.026, (38, 38, 42))
    canvas.disc(hub, 0.022, (90, 90, 94))


def _draw_pedalling(canvas: Canvas, style: Style, hip: Point, pedal: Point, shade: float) -> None:
    ankle = pedal[0] - 0.02, pedal[1] + 0.035
    knee = _bent(hip, ankle, _THIGH, _SHIN)
    _draw_shoe(canvas, style, ankle, 0.0, shade)
    canvas.limb(knee, ankle, (0.070, 0.050), style.trousers, shade * 0.97)
    canvas.limb(hip, knee, (0.098, 0.072), style.trousers, shade)
