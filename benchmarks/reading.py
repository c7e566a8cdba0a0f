"""How fast captions are read: with their analysis, and when only the rules changed.

    python benchmarks/reading.py RECORDING.dataset.yaml...

Counts CPU seconds of one process, so that other load on the machine does not matter.
"""

from __future__ import annotations

import argparse
import gc
import time
from pathlib import Path

from ruler.evaluation.captions import learn_fold, spread_shots
from ruler.evaluation.recorded import load_recorded
from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.datasets import CaptionsManifest
from rules_store.manifest_files import load_manifest


def main() -> None:
    """Measure and print."""
    gc.set_threshold(100_000, 20, 20)  # as the command does
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("manifests", nargs="+", type=Path)
    print(f"{'recording':<28}{'captions':>9}{'with analysis':>16}{'rules changed':>16}")
    for path in parser.parse_args().manifests:
        manifest = load_manifest(path)
        assert isinstance(manifest, CaptionsManifest)
        intervals = path.parent / manifest.intervals if manifest.intervals else None
        videos = load_recorded(path.parent / manifest.captions, manifest.fps, intervals)
        reasoner = SymbolicReasoner()
        first, second = (
            learn_fold(manifest, fold, spread_shots(videos, fold, manifest.protocol), reasoner)
            for fold in (0, 1)
        )
        clips = [video.observations() for video in videos]
        captions = sum(len(seen) for seen in clips)
        rates = []
        for deducer in (first, second):
            began = time.process_time()
            for seen in clips:
                deducer.match(seen)
            rates.append(captions / (time.process_time() - began))
        print(f"{manifest.name:<28}{captions:>9}{rates[0]:>14.0f}/s{rates[1]:>14.0f}/s")


if __name__ == "__main__":
    main()
