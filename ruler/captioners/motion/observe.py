"""From a window of frames to what each person-size window of the image holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ruler.captioners.motion import foreground, tunables
from ruler.captioners.motion.arrays import Floats, Flow, Grey, Ints, Mask
from ruler.captioners.motion.attention import Area, Attention, changing_areas
from ruler.captioners.motion.flow import FlowMemo, net_motion, stride_marks
from ruler.captioners.motion.lines import RowLine
from ruler.captioners.motion.sight import Shift
from ruler.captioners.motion.windows import Grid, Windows, integral_of
from ruler.video.frames import Frame


@dataclass(frozen=True, eq=False)
class View:
    """A scene's geometry at one image size.

    Attributes:
        background: Grey levels (height, width), or None: then what moves is the foreground.
        learned: The background as it was learned. `background` may be fitted to one picture; what
            flows share may not.
        figure_heights: Typical figure height in pixels for each grid row, shape (R,).
        is_own: Whether the background is the clip's own first second: motion is then measured where
            something moves, and what came since and keeps still is seen beside it.
    """

    grid: Grid
    background: Grey | None
    learned: Grey | None
    figure_heights: Floats
    person: Windows
    wide: Windows
    is_own: bool = False

    @classmethod
    def of(
        cls,
        height: int,
        width: int,
        background: Grey | None,
        figure_height: RowLine,
        *,
        is_own: bool = False,
    ) -> View:
        """Lay person-size windows (half sizes h/2 x h/4) and wide ones over an image."""
        grid = Grid.over(height, width)
        heights = figure_height.at(grid.relative_rows) * height
        wide = heights * tunables.WIDE
        return cls(
            grid=grid,
            background=background,
            learned=background,
            figure_heights=heights,
            person=Windows.around(grid, heights / 2, heights / 4),
            wide=Windows.around(grid, wide, wide),
            is_own=is_own,
        )


@dataclass(frozen=True, eq=False)
class Motion:
    """Motion of what stands out. Velocities are (x, y) in pixels per 0.1 s, y downward.

    Attributes:
        short, long: Mean net velocity over about 0.4 and 0.8 s in each kept window, (N, 2).
        points: Flat grid indices of the P foreground points, ascending.
        own_speed: Net speed of each of them, (P,).
        step: Velocity of each of them over the newest step, (P, 2).
    """

    short: Floats
    long: Floats
    points: Ints
    own_speed: Floats
    step: Floats

    @classmethod
    def none(cls) -> Motion:
        """Of a frame without a window to measure."""
        nothing = np.zeros((0, 2))
        return cls(nothing, nothing, np.zeros(0, dtype=np.intp), np.zeros(0), nothing)

    @cached_property
    def speed(self) -> Floats:
        """Net speed of each kept window, (N,) (docs/perception, step 6)."""
        speed: Floats = (np.hypot(*self.short.T) + np.hypot(*self.long.T)) / 2
        return speed


@dataclass(frozen=True, eq=False)
class Observation:
    """What one window of frames shows, at its newest frame.

    Attributes:
        mask: Foreground, (height, width).
        kept: Flat grid indices of the N windows that hold enough foreground, ascending.
        wide_fill: Share of foreground in the wide window around each, (N,).
        motion: None where the window holds a single frame.
    """

    view: View
    mask: Mask
    kept: Ints
    wide_fill: Floats
    motion: Motion | None

    @cached_property
    def rows(self) -> Ints:
        """Grid row of each kept window, (N,)."""
        return self.kept // self.view.grid.shape[1]


def observe(
    frames: Sequence[Frame],
    memo: FlowMemo,
    view: View,
    shifts: Sequence[Shift] | None = None,
) -> Observation:
    """Measure the newest frame of a window (docs/perception, steps 1, 2, 4, 5).

    Args:
        frames: One or more, ascending in time; one is not enough without a background.
        memo: Flows of this pass.
        view: The scene at the frames' size.
        shifts: Where the background lies in each frame, (x, y) in pixels: what the camera moved is
            no motion of anybody's. None where it stood still.
    """
    places = {frame.index: place for frame, place in zip(frames, shifts or (), strict=False)}
    frames, ages = _distinct(frames)
    mask, attention = _attention(frames, ages, memo, view)
    motion = None
    if ages and len(attention.kept):
        pairs = zip(frames[-2::-1], frames[:0:-1], strict=True)
        flows = [_flow(earlier, later, memo, view) for earlier, later in pairs]
        motion = _motion(flows, ages, attention, view, _carried(frames, places))
    elif ages:
        motion = Motion.none()
    return Observation(
        view=view,
        mask=mask,
        kept=attention.kept,
        wide_fill=attention.wide_fill,
        motion=motion,
    )


def _attention(
    frames: Sequence[Frame], ages: Sequence[float], memo: FlowMemo, view: View
) -> tuple[Mask, Attention]:
    """All that stands out, and where there is motion to measure."""
    if view.background is None:
        mask = _moving(frames, ages, memo, view)
        return mask, _to(mask, view)
    newest = frames[-1]
    if view.is_own:
        moving = _moving(frames, ages, memo, view)
        standing = foreground.differing_mask(memo.grey(newest), view.background)
        return moving | standing, _to(moving, view)
    if view.background is view.learned:
        return _standing_out(newest, memo, view, view.background)
    mask = foreground.differing_mask(memo.grey(newest), view.background)
    return mask, _to(mask, view)


def _standing_out(
    frame: Frame, memo: FlowMemo, view: View, learned: Grey
) -> tuple[Mask, Attention]:
    """What differs from the background as it was learned."""

    def compute() -> tuple[Mask, Attention]:
        mask = foreground.differing_mask(memo.grey(frame), learned)
        return mask, _to(mask, view)

    return memo.attentions.get(frame.digest, compute)


def _moving(frames: Sequence[Frame], ages: Sequence[float], memo: FlowMemo, view: View) -> Mask:
    """Pixels that move in the newest frame."""
    if not ages:
        return np.zeros((view.grid.height, view.grid.width), dtype=np.bool_)
    flow = _flow(frames[-2], frames[-1], memo, view)
    return foreground.moving_mask(flow, ages[0], memo.grey(frames[-1]), memo.grey(frames[-2]))


def _to(mask: Mask, view: View) -> Attention:
    return Attention.to(mask, view.grid, view.person, view.wide)


def _flow(earlier: Frame, later: Frame, memo: FlowMemo, view: View) -> Flow:
    """Flow where it can matter, by the two frames alone."""
    learned = view.learned

    def areas() -> list[Area]:
        if learned is None or view.is_own:
            changing = foreground.changing_mask(memo.grey(later), memo.grey(earlier))
            return changing_areas(view.grid.at_points(changing), view.grid)
        _, attention = _standing_out(later, memo, view, learned)
        return attention.areas(view.grid, view.person)

    return memo.backward(earlier, later, areas)


def _distinct(frames: Sequence[Frame]) -> tuple[list[Frame], list[float]]:
    """Frames at different times, and the age in seconds of each but the newest, newest first.

    Ages are taken to the millisecond, as the window's hash takes them.
    """
    newest = frames[-1]
    ages = [0]
    kept = [newest]
    for frame in reversed(frames[:-1]):
        age = round((newest.time_seconds - frame.time_seconds) * 1000)
        if age > ages[-1]:
            ages.append(age)
            kept.append(frame)
    return kept[::-1], [age / 1000 for age in ages[1:]]


def _carried(frames: Sequence[Frame], places: Mapping[int, Shift]) -> Floats:
    """How far the background has come since each earlier frame, newest first, (x, y) in pixels,
    (frames - 1, 2)."""
    lies = np.array([places.get(frame.index, (0.0, 0.0)) for frame in reversed(frames)])
    return np.asarray(lies[0] - lies[1:], dtype=np.float64)


def _motion(
    flows: Sequence[Flow],
    ages: Sequence[float],
    attention: Attention,
    view: View,
    carried: Floats,
) -> Motion:
    """Motion of what stands out, less what the camera moved (`_carried`)."""
    grid = view.grid
    points = np.flatnonzero(attention.on_grid)
    at_row, at_column = np.divmod(points, grid.shape[1])
    rows, columns = grid.rows.take(at_row), grid.columns.take(at_column)
    marks = stride_marks(ages, (tunables.SHORT_SECONDS, tunables.LONG_SECONDS))
    looked = sorted(set(marks))
    moved = net_motion(flows, rows, columns, looked)
    moved -= carried[[mark - 1 for mark in looked]][:, None]
    strides = np.array([ages[mark - 1] for mark in marks]) / tunables.STEP_SECONDS
    short, long = moved[0] / strides[0], moved[-1] / strides[1]
    fields = np.zeros((grid.shape[0] * grid.shape[1], 4), dtype=np.float64)
    fields[points] = np.concatenate([short, long], axis=1)
    integral = integral_of(fields.reshape(*grid.shape, 4))
    means = view.person.sums(integral, attention.kept) / attention.counts[:, None]
    newest = flows[0].reshape(-1, 2).take(rows * grid.width + columns, axis=0).astype(np.float64)
    return Motion(
        short=means[:, :2],
        long=means[:, 2:],
        points=points,
        own_speed=(np.hypot(*short.T) + np.hypot(*long.T)) / 2,
        step=(newest + carried[0]) * (-tunables.STEP_SECONDS / ages[0]),
    )
