"""What is computed once for a scene and its pictures, and kept from one call to the next.

A clip is captioned in chunks, and the first window of a chunk shares its flows with the last one of
the chunk before. All that is kept is addressed by pixels, so that a caption does not depend on what
was captioned before.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from ruler.captioners.motion import tunables
from ruler.captioners.motion.eye import Eye
from ruler.captioners.motion.figures import Norms
from ruler.captioners.motion.flow import SMALLEST, FlowMemo
from ruler.captioners.motion.observe import View
from ruler.captioners.motion.scene import Scene
from ruler.errors import CaptionError
from ruler.schemas.captions import SceneModel
from ruler.video.frames import FrameWindow

_IDLE = 4
"""Passes that are kept while nobody uses them, of up to 15 MB each at 360x240."""


class Pass:
    """Flows, and the scene's geometry by image size. For one thread at a time."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._geometries: dict[tuple[int, int], tuple[View, Norms, Eye]] = {}
        self.memo = FlowMemo(scene.shape)

    def geometry(self, window: FrameWindow) -> tuple[View, Norms, Eye]:
        """The view that fits a window's frames, what is usual in it, and what watches the camera.

        Raises:
            CaptionError: their shape is not the scene's, or too small, or changes within.
        """
        shapes = {frame.image.shape[:2] for frame in window.frames}
        if len(shapes) != 1:
            raise CaptionError("the frames of the window differ in size")
        height, width = shapes.pop()
        if self._scene.shape is not None:
            _check_same_view(height, width, *self._scene.shape)
            height, width = self._scene.shape
        if min(height, width) < SMALLEST:
            raise CaptionError(f"{width}x{height} pixels are too few to see motion")
        if (height, width) not in self._geometries:
            scene = self._scene
            view = View.of(
                height, width, scene.background, scene.figure_height, is_own=scene.is_own
            )
            self._geometries[height, width] = view, Norms.of(scene, view), Eye(scene, view)
        return self._geometries[height, width]


class Passes:
    """The passes of one captioner, each lent to one caller at a time.

    Args:
        read: Gives what a scene model holds, or raises.
    """

    def __init__(self, read: Callable[[SceneModel | None], Scene]) -> None:
        self._read = read
        self._idle: list[tuple[str, Pass]] = []
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def over(self, scene_model: SceneModel | None) -> Iterator[Pass]:
        """A pass over a scene: the one that was given back last, or a new one."""
        sha256 = scene_model.sha256 if scene_model else ""
        lent = self._take(sha256) or Pass(self._read(scene_model))
        try:
            yield lent
        finally:
            with self._lock:
                self._idle = [*self._idle, (sha256, lent)][-_IDLE:]

    def _take(self, sha256: str) -> Pass | None:
        with self._lock:
            for number in reversed(range(len(self._idle))):
                if self._idle[number][0] == sha256:
                    return self._idle.pop(number)[1]
        return None


def _check_same_view(height: int, width: int, scene_height: int, scene_width: int) -> None:
    """Frames of the scene's proportions can be resized to it; others show something else."""
    if abs(width / height - scene_width / scene_height) > tunables.ASPECT_SLACK:
        raise CaptionError(
            f"the clip is {width}x{height} while the scene was learned on "
            f"{scene_width}x{scene_height} (after shrinking)"
        )
