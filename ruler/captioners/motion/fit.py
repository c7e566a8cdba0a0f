"""Learning the scene: background, perspective, usual speed and usual fill."""

from __future__ import annotations

from collections.abc import Sequence

from ruler.captioners.motion import norms, tunables
from ruler.captioners.motion.arrays import Grey
from ruler.captioners.motion.clutter import Usual
from ruler.captioners.motion.emptying import empty_background
from ruler.captioners.motion.lines import RowLine, pixel_rows
from ruler.captioners.motion.references import References, measure
from ruler.captioners.motion.scene import Scene
from ruler.errors import InputError
from ruler.schemas.rules import Cameras
from ruler.video.frames import Clip, WindowSpec

Info = dict[str, str | float | int | bool | list[str]]

_CLEAR_HEIGHT = 25
"""Pixels of a figure's height below which flow blurs it (docs/perception, flow table)."""

_ENOUGH_SECONDS = 10


def fit_scene(clips: Sequence[Clip], spec: WindowSpec, *, cameras: Cameras) -> tuple[Scene, Info]:
    """Learn a scene from normal clips (docs/perception, steps 1, 3, 6, 7).

    Args:
        clips: One or more.
        spec: The window that captions are made from.
        cameras: With "many" the references share no background; neither do references of different
            shapes. Then what moves is the foreground, and perspective is taken as flat.

    Returns:
        The scene, and what people want to know of it.

    Raises:
        InputError: no frame can be read, or they are too small.
    """
    if not clips:
        raise InputError("the motion captioner needs at least one reference clip.")
    references = References.of(clips, spec)
    warnings: list[str] = []
    greys = references.background_frames()
    background = _background(greys, cameras, warnings)
    height = _figure_height(references, background, warnings)
    usual = _usual(references, greys, background, height)
    scene = _scene(references, background, height, usual, warnings)
    warnings += references.unread
    if references.size * spec.step_seconds < _ENOUGH_SECONDS:
        warnings.append(f"the references last {references.size * spec.step_seconds:.1f} s in all")
    return scene, _info(scene, references, greys[0].shape[:2], warnings)


def _background(greys: Sequence[Grey], cameras: Cameras, warnings: list[str]) -> Grey | None:
    if cameras == "many":
        return None
    if len({grey.shape for grey in greys}) > 1:
        warnings.append("the references differ in shape: only what moves can be seen")
        return None
    return empty_background(greys)


def _figure_height(references: References, background: Grey | None, warnings: list[str]) -> RowLine:
    if background is None:
        return RowLine.constant(tunables.BLIND_HEIGHT)
    line = norms.figure_height_line(references.blobs(background))
    if line is None:
        warnings.append("no figure stands out in the references: the usual height is a guess")
        return RowLine.constant(tunables.HEIGHT_GUESS)
    return line


def _usual(
    references: References, greys: Sequence[Grey], background: Grey | None, height: RowLine
) -> Usual | None:
    if background is None:
        return None
    rows = pixel_rows(background.shape[0])
    heights = height.at(rows) * background.shape[0]
    return Usual.of(greys, references.stretches(), background, heights)


def _scene(
    references: References,
    background: Grey | None,
    height: RowLine,
    usual: Usual | None,
    warnings: list[str],
) -> Scene:
    samples = measure(references, background, height)
    by_row = background is not None
    speed = norms.usual_speed_line(samples.rows, samples.speeds, samples.heights, by_row=by_row)
    fill = norms.usual_fill_line(samples.rows, samples.fills, by_row=by_row)
    if speed is None or fill is None:
        warnings.append("hardly anything moves in the references: the usual speed is a guess")
    speed = speed or RowLine.constant(tunables.SPEED_GUESS)
    return Scene(
        background=background,
        figure_height=height,
        usual_speed=speed,
        usual_fill=fill or RowLine.constant(tunables.FILL_GUESS),
        fast_ratio=norms.fast_ratio(samples.speeds / speed.at(samples.rows)),
        usual=usual,
    )


def _info(
    scene: Scene, references: References, shape: tuple[int, ...], warnings: list[str]
) -> Info:
    height, width = shape
    pixels = scene.figure_height.at_row(0.5) * height
    if scene.background is not None and pixels < _CLEAR_HEIGHT:
        warnings.append(
            f"figures are {pixels:.0f} px tall mid-image at flow scale, less than "
            f"{_CLEAR_HEIGHT}: fast ones may be missed"
        )
    return {
        "references": len(references.clips),
        "seconds": round(references.size * references.spec.step_seconds, 1),
        "image": f"{width}x{height}",
        "has_background": scene.background is not None,
        "figure_height_px": round(pixels, 1),
        "usual_speed_px_per_second": round(
            scene.usual_speed.at_row(0.5) * width / tunables.STEP_SECONDS, 1
        ),
        "fast_from_ratio": round(scene.fast_ratio, 2),
        "warnings": warnings,
    }
