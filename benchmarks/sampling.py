"""What adaptive sampling keeps, and what it costs: `ruler eval` with and without.

    python benchmarks/sampling.py ../shared/data [--sets ped2,falls,fights,avenue] [--keep FOLDER]

Printed are, for each data set of clips, the share of sampled frames that are looked at, the AUC of
frames with each of them looked at and with few, and the difference. vtest.mp4 has no labels: its
first 250 frames are the reference, and the share is of the whole clip.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from mutants.sources import copied

from ruler.evaluation.clips import Reading
from ruler.evaluation.runner import evaluate
from ruler.jobs.detect import DetectRequest, detect
from ruler.jobs.induce import InduceRequest, induce
from ruler.jobs.tools import Machine
from ruler.schemas.runs import Sampling, Smoothing, Usage
from rules_store.store import Store

SETS = ("ped2", "falls", "fights", "avenue")


def share(usage: Usage) -> float:
    """Share of sampled frames that were looked at; a clip's first frames see the same pictures."""
    looked = usage.captions_computed + usage.captions_cached
    return looked / max(looked + usage.captions_shared, 1)


def labelled(data: Path, name: str, keep: Path) -> None:
    """One line for a data set."""
    figures: dict[Sampling, tuple[float, float]] = {}
    kinds: tuple[Sampling, ...] = ("uniform", "adaptive")
    for kind in kinds:
        document = evaluate(
            [data / name / "dataset.yaml"],
            smoothing=Smoothing(),
            workers=2,
            reading=Reading(sample=kind),
            keep=keep / name,
        )
        result = document.results[0]
        figures[kind] = result.metrics["auc"] or 0.0, share(result.usage)
    (before, whole), (after, kept) = figures["uniform"], figures["adaptive"]
    moved = f"AUC {before:.4f} -> {after:.4f} ({after - before:+.4f})"
    print(f"{name:8} kept {kept / whole:6.1%}  {moved}", flush=True)


def walkway(path: Path, keep: Path) -> None:
    """One line for a clip without labels, by what its own start teaches."""
    (keep / "walkway").mkdir(parents=True, exist_ok=True)
    start = copied(path, keep / "walkway" / "start.mp4", packets=250)
    with Store(keep / "walkway" / "store") as store:
        induce(InduceRequest(references=[str(start)], scene="walkway", activate=True), store)
        machine = Machine(store=store, runs=keep / "walkway" / "runs", workers=2)
        request = DetectRequest(clips=[str(path)], scene="walkway", sample="adaptive")
        usage = detect(request, machine).record.usage
    print(f"{path.name:8} kept {share(usage):6.1%}", flush=True)


def main() -> None:
    """Measure the sets that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        keep = options.keep or Path(folder)
        for name in filter(None, options.sets.split(",")):
            if name == "vtest":
                walkway(options.data / "clips" / "vtest.mp4", keep)
            else:
                labelled(options.data, name, keep)


if __name__ == "__main__":
    main()
