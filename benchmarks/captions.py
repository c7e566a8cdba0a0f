"""The table of recorded captions: every dataset, both modes, baselines beside them.

    python benchmarks/captions.py FOLDER_OR_MANIFEST... [--json FILE]

Prints frame micro AUC with bootstrap intervals over videos, the paired difference to the keyword
pipeline on the same frames, the mean over all datasets, and how fast captions are read.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from ruler import metrics
from ruler.evaluation.captions import CaptionsOutcome, Scored, evaluate_captions
from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.datasets import CaptionsManifest
from ruler.schemas.runs import ONLINE
from rules_store.manifest_files import load_manifest

MODES = ("online", "offline")
DRAWS = 1000


def manifests(places: Sequence[Path]) -> Iterator[tuple[Path, CaptionsManifest]]:
    """All `kind: captions` manifests that are named or lie in a folder that is named."""
    for place in places:
        for path in sorted(place.glob("*.dataset.yaml")) if place.is_dir() else [place]:
            manifest = load_manifest(path)
            if isinstance(manifest, CaptionsManifest):
                yield path, manifest


def differences(scored: Scored) -> tuple[float, np.ndarray]:
    """AUC over the baseline's on the same frames, and the same over bootstrap samples of videos."""
    ours = metrics.Resampled(scored.labels, scored.scores, scored.clips)
    theirs = metrics.Resampled(scored.labels, scored.baseline, scored.clips)
    videos = scored.clips[-1] + 1
    drawn = [ours.auc(w) - theirs.auc(w) for w in metrics.draws(videos, DRAWS, seed=0)]
    whole = np.ones(videos)
    return ours.auc(whole) - theirs.auc(whole), np.asarray(drawn)


def shown(low_high: tuple[float, float] | None) -> str:
    """An interval as text."""
    return f"[{low_high[0]:+.3f}, {low_high[1]:+.3f}]" if low_high else "not defined"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("places", nargs="+", type=Path)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    outcomes: dict[str, CaptionsOutcome] = {}
    began = time.perf_counter()
    for path, manifest in manifests(asked.places):
        outcomes[manifest.name] = evaluate_captions(
            manifest,
            path.parent,
            smoothing=ONLINE,
            reasoner=SymbolicReasoner(),
            report=lambda _: None,
        )
    spent = time.perf_counter() - began
    document: dict[str, object] = {}
    for mode in MODES:
        document[mode] = table(mode, outcomes)
    frames = sum(outcome.result.frames for outcome in outcomes.values())
    print(f"\n{frames} captions, both modes, induction included: {spent:.1f} s")
    document["frames"], document["seconds"] = frames, round(spent, 2)
    if asked.json:
        asked.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def table(mode: str, outcomes: dict[str, CaptionsOutcome]) -> dict[str, object]:
    """Print one mode's table; its figures."""
    print(f"\n{mode}")
    print(
        f"{'dataset':<26}{'AUC':>7}  {'95% over videos':<18}{'pipeline':>9}{'hits':>7}  "
        f"{'paired difference':<26}{'FPR':>6}{'recall':>8}{'events':>8}{'delay':>7}"
    )
    rows: dict[str, object] = {}
    drawn_all: list[np.ndarray] = []
    means: list[float] = []
    for name, outcome in outcomes.items():
        result = outcome.result
        figures = dict(result.metrics if result.mode == mode else result.other_mode or {})
        gain, drawn = differences(outcome.scored[mode])
        drawn_all.append(drawn)
        means.append(gain)
        low, high = figures["auc_low"], figures["auc_high"]
        print(
            f"{name:<26}{figures['auc']:>7.3f}  [{low:.3f}, {high:.3f}]    "
            f"{result.baselines['auc_keyword_pipeline']:>9.3f}"
            f"{result.baselines['auc_keyword_hits']:>7.3f}  "
            f"{gain:+.3f} {shown(metrics.interval(drawn)):<19}"
            f"{figures['false_positive_rate']:>6.3f}{figures['recall']:>8.3f}"
            f"{figures['event_recall']:>8.3f}{figures['detection_delay_seconds'] or 0:>6.1f}s"
        )
        rows[name] = {**figures, "gain": gain, "gain_interval": metrics.interval(drawn)}
    together = metrics.interval(np.mean(drawn_all, axis=0))
    print(f"{'mean of the differences':<69}{np.mean(means):+.3f} {shown(together)}")
    rows["mean"] = {"gain": float(np.mean(means)), "gain_interval": together}
    return rows


if __name__ == "__main__":
    main()
