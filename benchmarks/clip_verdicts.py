"""Clips as a whole, before and after reflection: how many are right, and which way they moved.

    python benchmarks/clip_verdicts.py FOLDER_OR_MANIFEST...

Recorded captions (`kind: captions`) go through both modes; a clip is anomalous where its labels
name any frame. Rules of each fold come from normal captions of other videos, as in `captions.py`.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from captions import manifests

from ruler.evaluation.captions import learn_fold, spread_shots
from ruler.evaluation.recorded import load_recorded
from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.datasets import CaptionsManifest
from ruler.schemas.runs import ONLINE, Smoothing
from ruler.schemas.verdicts import ClipVerdict


def verdicts(manifest: CaptionsManifest, base: Path) -> dict[str, list[tuple[bool, ClipVerdict]]]:
    """By mode, the truth and the verdict of each clip."""
    intervals = base / manifest.intervals if manifest.intervals else None
    videos = load_recorded(base / manifest.captions, manifest.fps, intervals)
    found: dict[str, list[tuple[bool, ClipVerdict]]] = {"offline": [], "online": []}
    for fold in range(min(manifest.protocol.folds, len(videos))):
        shots = spread_shots(videos, fold, manifest.protocol)
        deducer = learn_fold(manifest, fold, shots, SymbolicReasoner())
        for video in videos[fold :: manifest.protocol.folds]:
            matched = deducer.match(video.observations())
            truth = any(frame.truth for frame in video.frames)
            for mode, smoothing in (("offline", Smoothing()), ("online", ONLINE)):
                by = deducer.smoothed_by(smoothing)
                told = by.conclude(video.name, matched, lambda frame: frame / 25)
                found[mode].append((truth, by.conclude_clip(video.name, told)))
    return found


def right(truth: bool, outcome: str) -> bool:
    """Undetermined and failed are wrong."""
    return outcome == ("anomaly" if truth else "normal")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("places", nargs="+", type=Path)
    asked = parser.parse_args()
    print(
        f"{'dataset':<28}{'mode':<9}{'clips':>6}{'right before':>14}{'after':>7}"
        "  moved right : wrong"
    )
    for path, manifest in manifests(asked.places):
        for mode, clips in verdicts(manifest, path.parent).items():
            moved: Counter[str] = Counter()
            for truth, one in clips:
                if one.is_overturned:
                    moved[f"{one.outcome} {right(truth, one.outcome)}"] += 1
            flips = ", ".join(
                f"to {way} {moved[f'{way} True']}:{moved[f'{way} False']}"
                for way in ("anomaly", "normal", "undetermined")
            )
            renamed = sum(
                one.category != one.first.category for _, one in clips if not one.is_overturned
            )
            before = sum(right(truth, one.first.outcome) for truth, one in clips)
            after = sum(right(truth, one.outcome) for truth, one in clips)
            print(
                f"{manifest.name:<28}{mode:<9}{len(clips):>6}{before:>14}{after:>7}  {flips}"
                f"; {renamed} renamed"
            )


if __name__ == "__main__":
    main()
