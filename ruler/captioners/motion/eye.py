"""Watching the camera itself: what the captioner tells of it beside what it sees (`sight`,
`clutter`), and the view as it is steadied for one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ruler.captioners.motion.arrays import Grey
from ruler.captioners.motion.clutter import changed_pixels, facts_of
from ruler.captioners.motion.lines import pixel_rows
from ruler.captioners.motion.observe import Observation, View
from ruler.captioners.motion.places import Places
from ruler.captioners.motion.scene import Scene
from ruler.captioners.motion.sight import Look, Shift, Sight
from ruler.video.frames import Frame


@dataclass(frozen=True)
class Glance:
    """One picture against the background.

    Attributes:
        look: What it tells of the camera.
        changes: Shares of pixels that differ from the window's frame before, and from its first.
        is_steadied: Whether the background follows its light and place.
        shifts: Where the background lies in each of the window's frames, in pixels; None where it
            lies still, or nobody knows.
    """

    look: Look
    changes: tuple[float, ...]
    is_steadied: bool
    shifts: Sequence[Shift] | None = None

    def steadied(self, view: View) -> View:
        """The view with its background in this picture's light and place."""
        if view.background is None or not self.is_steadied:
            return view
        return replace(view, background=self.look.steadied(view.background))


class Eye:
    """Watches the camera of one scene at one image size.

    Against a clip's own first second only contrast is told: there is nobody to say that the camera
    should not move, and who stood there at first is part of the background.
    """

    def __init__(self, scene: Scene, view: View) -> None:
        background = view.background
        self._usual = scene.usual
        self._sight = Sight(background) if background is not None else None
        self._places = Places(self._sight) if self._sight and scene.usual else None
        height = view.grid.height
        self._heights = scene.figure_height.at(pixel_rows(height)) * height

    def look(self, frames: Sequence[Frame], greys: Sequence[Grey]) -> Glance:
        """Look at the newest of a window's frames, ascending in time.

        Args:
            frames: The window's.
            greys: Their grey levels.
        """
        if self._places is None or self._usual is None:
            look = self._sight.contrast(greys[-1]) if self._sight else Look({})
            return Glance(look, (), is_steadied=False)
        look = self._places.look(frames[-1], greys[-1])
        earlier = (greys[-2], greys[0]) if len(greys) > 1 and self._usual.change else ()
        changes = tuple(changed_pixels(before, greys[-1]) for before in earlier)
        return Glance(look, changes, is_steadied=True, shifts=self._places.shifts(frames, greys))

    def facts(self, glance: Glance, observation: Observation) -> dict[str, float]:
        """The frame facts of a picture that was looked at and observed."""
        facts = dict(glance.look.facts)
        if self._usual is not None:
            facts |= facts_of(observation.mask, self._heights, self._usual, glance.changes)
        return facts
