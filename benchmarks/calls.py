"""How many model calls a detection makes, as a share of AnomalyRuler's, and the AUC that it costs.

    python benchmarks/calls.py SHARED [--windows 1 2 4 5 8 10 16] [--json FILE]

SHARED is the folder of public footage (`data/` holds the sets). Nothing is asked of a model.

Calls: the test clips of Ped2 are sampled as a detection samples them, one question for so many
frames (`--every 0.8s --window 8`), and put to a captioner whose model only counts; near-duplicates
share a caption, or not. AnomalyRuler (ECCV 2024) asks twice a frame: a caption, and a verdict.
With the symbolic reasoner, captions are all that is asked. For a model as reasoner, `reasoner` adds
its questions: sixteen captions a question, sixteen disputed frames a question, one an event; the
last two as the symbolic reasoner meets them on the recorded captions.

AUC: recorded captions of the same clips, one for each frame, of which every Nth is kept and speaks
for N frames. A recorded caption is about one frame; a window's would be about all N. The rules are
the same in all rows: those learned from all captions of the other fold. `first` keeps the first of
every N frames, as a detection does; `mean` and the range are over all N ways to keep every Nth,
which shows how much of a change is chance.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ruler import metrics
from ruler.captioners.model import CaptionerOptions, ModelCaptioner
from ruler.evaluation.captions import learn_fold, spread_shots
from ruler.evaluation.columns import Column
from ruler.evaluation.recorded import Video, load_recorded
from ruler.llm.questions import Answer, Question
from ruler.reasoners.base import Checked, Disputed, EventEvidence
from ruler.reasoners.llm.interview import BATCH
from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.captions import Caption
from ruler.schemas.datasets import CaptionsManifest, ClipsManifest
from ruler.schemas.observations import Observation
from ruler.schemas.runs import ONLINE, Every, Smoothing
from ruler.schemas.taxonomy import Taxonomy
from ruler.schemas.verdicts import Reflection
from ruler.steps.captioning import caption_samples
from ruler.steps.deducing import Deducer
from ruler.steps.samples import samples_of
from ruler.steps.viewing import View
from ruler.video.clips import open_clip
from ruler.video.frames import Clip
from ruler.video.sampling import sample_indices
from rules_store.manifest_files import load_manifest

THEIRS = 2
"""AnomalyRuler's calls a frame."""

CHUNK = 64
WIDTHS = (6, 7, 7, 9, 7, 11, 7)
MODES = {"offline": Smoothing(), "online": ONLINE}


class Counting:
    """An `Asker` that counts."""

    name = "openai:nobody"
    endpoint = None

    def __init__(self) -> None:
        self.calls = 0

    def ask(self, questions: Iterator[Question]) -> Iterator[Answer]:
        """A caption of its own for each question."""
        for _ in questions:
            self.calls += 1
            yield Answer(text=f"Picture {self.calls}.")


class Memory:
    """A store of captions that holds nothing between clips."""

    def __init__(self) -> None:
        self.captions: dict[str, Caption] = {}

    def get(self, keys: Iterator[str]) -> dict[str, Caption]:
        """What was put."""
        return {key: self.captions[key] for key in keys if key in self.captions}

    def put(self, captions: Iterator[Caption]) -> dict[str, Caption]:
        """Keep."""
        given = {caption.key: caption for caption in captions}
        self.captions |= given
        return given

    def samples(self, _clip: str, _view: str, _frames: Sequence[int]) -> dict[int, str]:
        """Nothing."""
        return {}

    def put_samples(self, _clip: str, _view: str, _keys: dict[int, str]) -> None:
        """Nothing."""


class Disputing(SymbolicReasoner):
    """Counts what a reasoner is asked after matching."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def check(self, disputed: Sequence[Disputed]) -> list[Checked]:
        """As many more as a model would be asked, if no two frames were alike."""
        self.looks += -(-len(disputed) // BATCH)
        return super().check(disputed)

    def reflect(self, event: EventEvidence, taxonomy: Taxonomy) -> Reflection:
        """One more."""
        self.looks += 1
        return super().reflect(event, taxonomy)


@dataclass(frozen=True)
class Row:
    """One window size. `auc` holds, by mode, the AUC for each way to keep every Nth caption."""

    window: int
    frames: int
    calls: int
    calls_shared: int
    reasoner_calls: int
    auc: dict[str, list[float]]

    def share(self, calls: int) -> float:
        """As a share of AnomalyRuler's calls."""
        return calls / (THEIRS * self.frames)


@dataclass(frozen=True)
class Recording:
    """Recorded captions with the rules of each fold."""

    videos: Sequence[Video]
    deducers: Sequence[Deducer]
    reasoner: Disputing

    @classmethod
    def load(cls, path: Path) -> Recording:
        """Read a recording by its manifest, and learn the rules."""
        manifest = load_manifest(path)
        assert isinstance(manifest, CaptionsManifest)
        videos = load_recorded(path.parent / manifest.captions, manifest.fps, None)
        reasoner = Disputing()
        folds = range(min(manifest.protocol.folds, len(videos)))
        shots = [spread_shots(videos, fold, manifest.protocol) for fold in folds]
        deducers = [learn_fold(manifest, fold, shots[fold], reasoner) for fold in folds]
        return cls(videos, deducers, reasoner)

    def thinned(self, keep: int, first: int) -> tuple[dict[str, float], int]:
        """AUC by mode where every `keep`th caption is kept, from `first` on; and the questions to
        a reasoner after matching, offline."""
        columns = {mode: Column() for mode in MODES}
        looks = 0
        for number, whole in enumerate(self.videos):
            deducer = self.deducers[number % len(self.deducers)]
            truth = [seen.truth for seen in whole.frames]
            times = [frame / whole.fps for frame in range(len(truth))]
            video = replace(whole, frames=whole.frames[first::keep])
            matched = deducer.match(observed(video, len(truth)))
            for mode, smoothing in MODES.items():
                self.reasoner.looks = 0
                found = deducer.smoothed_by(smoothing).conclude(
                    video.name, matched, lambda frame, rate=video.fps: frame / rate
                )
                looks += self.reasoner.looks if mode == "offline" else 0
                # What is before the first kept caption goes by it, too.
                early = found.verdicts[0].model_copy(update={"frame_index": 0})
                columns[mode].add(truth, times, [early, *found.verdicts[1:]])
        found = {mode: metrics.auc(c.labels, c.scores) for mode, c in columns.items()}
        return {mode: float(auc or 0.0) for mode, auc in found.items()}, looks


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("shared", type=Path)
    parser.add_argument("--windows", type=int, nargs="*", default=[1, 2, 4, 5, 6, 8, 10, 16])
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    data = asked.shared / "data"
    clips = list(test_clips(data / "ped2" / "dataset.yaml"))
    recording = Recording.load(data / "captions" / "ped2.dataset.yaml")
    rows = [row_of(window, clips, recording) for window in asked.windows]
    whole, _ = recording.thinned(1, 0)
    table(rows, whole)
    if asked.json:
        found = {"whole": whole, "rows": [asdict(row) for row in rows]}
        asked.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def row_of(window: int, clips: Sequence[Clip], recording: Recording) -> Row:
    """All figures of a window size."""
    calls, shared = (sum(calls_on(clip, window, share) for clip in clips) for share in (0, 1))
    ways = [recording.thinned(window, first) for first in range(window)]
    samples = [len(range(0, clip.info.frames, window)) for clip in clips]
    matching = sum(-(-min(CHUNK, n - at) // BATCH) for n in samples for at in range(0, n, CHUNK))
    return Row(
        window=window,
        frames=sum(clip.info.frames for clip in clips),
        calls=calls,
        calls_shared=shared,
        reasoner_calls=matching + ways[0][1],
        auc={mode: [auc[mode] for auc, _ in ways] for mode in MODES},
    )


def test_clips(path: Path) -> Iterator[Clip]:
    """The test clips of a manifest."""
    manifest = load_manifest(path)
    assert isinstance(manifest, ClipsManifest)
    for test in manifest.test:
        yield open_clip(path.parent / test.clip, frame_rate=manifest.fps)


def calls_on(clip: Clip, window: int, share: int) -> int:
    """Questions about a clip, one for so many frames."""
    rate = clip.info.fps
    options = CaptionerOptions(window=window, step_seconds=1 / rate, share=bool(share))
    asker = Counting()
    sampled = sample_indices(clip.times, Every(seconds=window / rate))
    view = View(ModelCaptioner(asker, options), None)
    caption_samples(view, clip, samples_of(clip, sampled), Memory(), sampled=sampled)
    return asker.calls


def observed(video: Video, frames: int) -> list[Observation]:
    """A video's observations; the last speaks up to the end."""
    seen = video.observations()
    seen[-1] = seen[-1].model_copy(update={"until_frame": frames})
    return seen


def table(rows: Sequence[Row], whole: dict[str, float]) -> None:
    """Print."""
    frames = rows[0].frames
    print(f"Ped2, {frames} frames; AnomalyRuler: {THEIRS * frames} calls")
    print("AUC of all captions: " + ", ".join(f"{auc:.3f} {mode}" for mode, auc in whole.items()))
    asked = ("frames", "calls", "share", "sharing", "share", "+reasoner", "share")
    print("".join(f"{name:>{width}}" for name, width in zip(asked, WIDTHS, strict=True)), end="")
    for mode in MODES:
        print(f"   {f'{mode}: first':<15}{'mean':>6}{'change':>8}  {'range':<13}", end="")
    print()
    for row in rows:
        with_reasoner = row.calls + row.reasoner_calls
        cells = [f"{row.window}"]
        for calls, counted in (
            (row.calls, row.calls),
            (row.calls_shared, row.calls_shared),
            (row.reasoner_calls, with_reasoner),
        ):
            cells += [f"{calls}", f"{row.share(counted):.1%}"]
        said = "".join(f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=True))
        for mode, aucs in row.auc.items():
            mean, change = sum(aucs) / len(aucs), aucs[0] - whole[mode]
            first = f"{aucs[0]:.3f} ({change:+.3f})"
            span = f"{min(aucs):.3f}-{max(aucs):.3f}"
            said += f"   {first:<15}{mean:>6.3f}{mean - whole[mode]:>+8.3f}  {span:<13}"
        print(said.rstrip())


if __name__ == "__main__":
    main()
