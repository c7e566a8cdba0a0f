"""How many frames share a caption, and how wrong that is, at several thresholds.

    python benchmarks/shared_captions.py SHARED [--every 1s] [--only falls clips]

SHARED is the folder of public footage (`data/` holds the sets). Frames that share a caption are
held against what is known of them without sharing: the facts that the captioner `motion` measures
on each, the captions that a VLM wrote for each (Ped2 and Avenue, AnomalyRuler's release), and the
truth of the set. A drawn figure shows how small a newcomer is seen.

Columns: `shared` share of sampled frames that go by another frame's caption; of these, in percent:
`figures` another number of figures (things that stand still fall into one or two by noise alone),
`movers` more figures that move, at 0.2 times the usual speed or more, `faster` the fastest one 1.5
times as fast as in the anchor and above the usual speed, `hidden` frames of an anomaly whose anchor
is normal (with their number), `people` another number of people in the VLM's caption (in brackets:
in two neighbouring frames, however alike).
`drawn H` share of shared frames that would still be shared with a figure of H x 0.4 H pixels (at
768 across) drawn into them, 25 grey levels apart from what is behind it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ruler.captioners.motion import create
from ruler.evaluation.truth import frame_truth, load_labels
from ruler.schemas.captions import Caption, SceneModel
from ruler.schemas.datasets import ClipsManifest
from ruler.schemas.runs import Every
from ruler.steps.sharing import GROUP, Groups, Subject, share
from ruler.video.clips import open_clip
from ruler.video.frames import Clip, Frame, FrameWindow, WindowSpec
from ruler.video.sampling import read_windows, sample_indices
from ruler.video.similarity import Similarity
from rules_store.manifest_files import load_manifest

THRESHOLDS = (2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 48.0)
HEIGHTS = (8, 12, 16, 24)
PICTURE = WindowSpec(steps=0, width=768)
PEOPLE = re.compile(r"\b(?:is|are) (no|one|two|three|four|five|six|seven|eight|nine|ten|\d+) p")


@dataclass
class Case:
    """One clip: its pictures and all that is known of its sampled frames."""

    clip: Clip
    sampled: np.ndarray
    windows: list[FrameWindow]
    motion: dict[int, Caption]
    truth: Sequence[int] | None = None
    said: dict[int, str] = field(default_factory=dict)


@dataclass
class Counts:
    """What is counted over the clips of a set."""

    samples: int = 0
    shared: int = 0
    measured: int = 0
    figures: int = 0
    movers: int = 0
    faster: int = 0
    told: int = 0
    hidden: int = 0
    recorded: int = 0
    people: int = 0
    drawn: dict[int, int] = field(default_factory=lambda: dict.fromkeys(HEIGHTS, 0))


def main() -> None:
    """Print one table a set."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("shared", type=Path)
    parser.add_argument("--every", type=Every.parse, default=Every(seconds=1))
    parser.add_argument("--only", nargs="*", default=["ped2", "avenue", "falls", "clips"])
    parser.add_argument("--turned", type=float, default=Similarity().most_turned)
    given = parser.parse_args()
    for name in given.only:
        cases = list(cases_of(given.shared / "data", name, given.every))
        print(f"\n{name}, every {given.every}, groups of {GROUP}, most_turned {given.turned}")
        print(
            "change  shared  figures movers  faster   hidden    people   "
            + "  ".join(f"drawn {height}" for height in HEIGHTS)
        )
        for threshold in THRESHOLDS:
            similarity = Similarity(most_change=threshold, most_turned=given.turned)
            print(row(threshold, counted(cases, similarity), neighbours(cases)))


def cases_of(data: Path, name: str, every: Every) -> Iterator[Case]:
    """The clips of a set; those without a manifest are learned from themselves."""
    folder = data / name
    if not (folder / "dataset.yaml").exists():
        for path in sorted(folder.glob("*.mp4")):
            clip = open_clip(path)
            yield case_of(clip, every, model_of([clip], "one"))
        return
    manifest = load_manifest(folder / "dataset.yaml")
    assert isinstance(manifest, ClipsManifest)
    assert manifest.labels is not None
    labels = load_labels(folder / manifest.labels)
    references = [open_clip(folder / one, frame_rate=manifest.fps) for one in manifest.reference]
    model = model_of(references, manifest.cameras)
    said = recorded(data / "captions" / f"{name}.jsonl.gz")
    for test in manifest.test:
        clip = open_clip(folder / test.clip, frame_rate=manifest.fps)
        case = case_of(clip, every, model)
        case.truth = frame_truth(labels[test.clip], clip.times, test.clip)
        case.said = said.get(Path(test.clip).stem, {})
        yield case


def model_of(clips: Sequence[Clip], cameras: str) -> SceneModel | None:
    """What `motion` learns."""
    return create("", {}).fit(clips, cameras=cameras, place="any")  # type: ignore[arg-type]


def case_of(clip: Clip, every: Every, model: SceneModel | None) -> Case:
    """Read a clip twice: its pictures, and the windows that `motion` needs."""
    captioner = create("", {})
    sampled = sample_indices(clip.times, every)
    frames = sampled.tolist()
    windows = [w for w in read_windows(clip, frames, PICTURE) if isinstance(w, FrameWindow)]
    moving = [w for w in read_windows(clip, frames, captioner.window) if isinstance(w, FrameWindow)]
    answers = captioner.caption(iter(moving), model)
    motion = {
        window.frame_index: one.answer
        for window, one in zip(moving, answers, strict=True)
        if isinstance(one.answer, Caption)
    }
    return Case(clip, sampled, windows, motion)


def recorded(path: Path) -> dict[str, dict[int, str]]:
    """A VLM's captions by video and frame; none where there is no recording."""
    found: dict[str, dict[int, str]] = {}
    if path.exists():
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for entry in map(json.loads, lines):
                found.setdefault(entry["video"], {})[entry["frame"]] = entry["caption"]
    return found


def counted(cases: Sequence[Case], similarity: Similarity) -> Counts:
    """Share and compare."""
    counts = Counts()
    for case in cases:
        for subject in share(case.windows, Groups(case.sampled), similarity):
            assert isinstance(subject, Subject)
            counts.samples += 1
            if subject.is_shared:
                count(counts, case, subject, similarity)
    return counts


def count(counts: Counts, case: Case, subject: Subject, similarity: Similarity) -> None:
    """Compare one frame with its anchor."""
    frame, anchor = subject.frame_index, subject.window.frame_index
    counts.shared += 1
    mine, other = case.motion.get(frame), case.motion.get(anchor)
    if mine and other:
        counts.measured += 1
        counts.figures += mine.facts["figures"] != other.facts["figures"]
        counts.movers += movers(mine) > movers(other)
        counts.faster += fastest(mine) > max(1.0, 1.5 * fastest(other))
    if case.truth is not None:
        counts.told += 1
        counts.hidden += case.truth[frame] > case.truth[anchor]
    pair = people(case.said.get(frame)), people(case.said.get(anchor))
    if None not in pair:
        counts.recorded += 1
        counts.people += pair[0] != pair[1]
    kept = similarity.look(subject.window)
    own = next(window for window in case.windows if window.frame_index == frame)
    for height in HEIGHTS:
        counts.drawn[height] += similarity.is_alike(kept, similarity.look(drawn(own, height)))


def fastest(caption: Caption) -> float:
    """The largest speed ratio of any figure; 0 where nothing moves."""
    return max((figure.facts.get("speed_ratio", 0.0) for figure in caption.figures), default=0.0)


def movers(caption: Caption) -> int:
    """How many figures move."""
    return sum(figure.facts.get("speed_ratio", 0.0) >= 0.2 for figure in caption.figures)


def people(text: str | None) -> str | None:
    """How many people a caption counts, in its own word."""
    found = PEOPLE.search(text or "")
    return found[1] if found else None


def drawn(window: FrameWindow, height: int) -> FrameWindow:
    """The window with an upright patch in its last picture, somewhere by the frame's number."""
    last = window.frames[-1]
    scale = last.image.shape[1] / 768
    tall, wide = max(1, round(height * scale)), max(1, round(0.4 * height * scale))
    random = np.random.default_rng(window.frame_index)
    top = int(random.integers(0, last.image.shape[0] - tall))
    left = int(random.integers(0, last.image.shape[1] - wide))
    image = last.image.astype(np.int16)
    patch = image[top : top + tall, left : left + wide]
    patch += np.int16(-25 if patch.mean() > 128 else 25)
    frame = Frame(last.index, last.time_seconds, image.clip(0, 255).astype(np.uint8))
    return replace(window, frames=(*window.frames[:-1], frame))


def neighbours(cases: Sequence[Case]) -> float | None:
    """How often the VLM counts differently in two frames next to each other."""
    pairs = [
        (people(text), people(case.said.get(frame + 1)))
        for case in cases
        for frame, text in case.said.items()
    ]
    both = [one != other for one, other in pairs if one is not None and other is not None]
    return sum(both) / len(both) if both else None


def row(threshold: float, counts: Counts, usual: float | None) -> str:
    """One line of a table."""
    cells = [
        f"{threshold:6.0f}",
        f"{share_of(counts.shared, counts.samples):>7}",
        f"{share_of(counts.figures, counts.measured):>8}",
        f"{share_of(counts.movers, counts.measured):>6}",
        f"{share_of(counts.faster, counts.measured):>7}",
        f"{share_of(counts.hidden, counts.told):>5} ({counts.hidden})",
        f"{share_of(counts.people, counts.recorded):>5}"
        + (f" ({100 * usual:.0f})" if usual is not None else ""),
    ]
    cells += [f"{share_of(counts.drawn[height], counts.shared):>7}" for height in HEIGHTS]
    return " ".join(cells)


def share_of(part: int, whole: int) -> str:
    """In percent, or a dash where there is nothing to take a share of."""
    return f"{100 * part / whole:.1f}" if whole else "-"


if __name__ == "__main__":
    main()
