"""`ruler demo`: the whole job on footage that ruler renders, or on footage of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ruler.errors import InputError
from ruler.jobs.demo import DemoClip, render_demo
from ruler.jobs.detect import DetectRequest, DetectResult, detect
from ruler.jobs.induce import InduceRequest, InduceResult, induce
from ruler.jobs.progress import Progress, Report, silent
from ruler.jobs.tools import Machine
from ruler.schemas.rules import Place
from rules_store.store import Store

SCENE = "demo"


@dataclass(frozen=True)
class DemoResult:
    """What the demo did; `clips` is what was staged, empty on footage of one's own."""

    learned: InduceResult
    found: DetectResult
    clips: Sequence[DemoClip]


def demonstrate(
    folder: Path,
    *,
    references: Sequence[str] = (),
    clips: Sequence[str] = (),
    place: Place = "any",
    workers: int = 1,
    report: Report = silent,
) -> DemoResult:
    """Render a scene (unless footage is given), learn it, look for what is wrong in it.

    Everything lies in `folder`, the store too, so that a demo leaves no trace in the user's own.

    Raises:
        InputError: only one of references and clips is given.
    """
    if bool(references) != bool(clips):
        raise InputError("footage of your own needs both: --reference A.mp4 --clip B.mp4")
    staged: Sequence[DemoClip] = ()
    if not references:
        report(Progress("rendering a scene", 0, 1))
        scene = render_demo(folder / "footage")
        references = [str(path) for path in scene.references]
        clips = [str(clip.path) for clip in scene.clips]
        staged, place = scene.clips, "walkway"
    with Store(folder / "store") as store:
        learned = induce(
            InduceRequest(
                references=references, scene=SCENE, place=place, activate=True, workers=workers
            ),
            store,
            report,
        )
        found = detect(
            DetectRequest(clips=clips, scene=SCENE),
            Machine(store=store, runs=folder / "runs", workers=workers),
            report,
        )
    return DemoResult(learned, found, staged)
