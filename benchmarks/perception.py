"""What the embedded captioner and reasoner find in footage, by how many references they learn from.

    python benchmarks/perception.py SHARED [--sets ped2 falls] [--references 1 2 4 8]
        [--draws 3] [--online] [--workers 2] [--json FILE]

SHARED is the folder of public data; every `*/dataset.yaml` of kind `clips` in it is measured with
one default configuration apart from the manifest's place and cameras. The first row of a set learns
from all its references. The others learn from so many of them, drawn at random: the mean over the
draws, and the least AUC among them. AUC and average precision are of frames, all clips together and
never normalised by clip; `clips` is the AUC of whole clips where those are labelled. Found, false
positives, events found and false alarms an hour are at the shipped threshold.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean

from ruler.evaluation.clips import evaluate_clips
from ruler.jobs.progress import silent
from ruler.schemas.datasets import ClipsManifest
from ruler.schemas.runs import ONLINE, Smoothing
from rules_store.manifest_files import load_manifest

Row = dict[str, float | str | None]

COLUMNS = {
    "auc": "AUC",
    "auc_least": "least",
    "ap": "AP",
    "clip_auc": "clips",
    "recall": "found",
    "false_positive_rate": "false",
    "event_recall": "events",
    "false_alarms_per_hour": "alarms/h",
}
_SEED = 0


def main() -> None:
    """Measure, print a table, and keep it where asked."""
    options = _options()
    rows = []
    print(f"{'set':10}{'references':>12}" + "".join(f"{head:>10}" for head in COLUMNS.values()))
    for row in _rows(options):
        rows.append(row)
        figures = "".join(f"{_shown(row.get(name)):>10}" for name in COLUMNS)
        print(f"{row['set']:10}{row['references']:>12}{figures}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("shared", type=Path)
    parser.add_argument("--sets", nargs="*", help="folders of SHARED; all that hold clips")
    parser.add_argument("--references", nargs="*", type=int, default=[1, 2, 4, 8])
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--online", action="store_true", help="never look ahead")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def _rows(options: argparse.Namespace) -> Iterator[Row]:
    smoothing = ONLINE if options.online else Smoothing()
    for path in sorted(options.shared.glob("*/dataset.yaml")):
        manifest = load_manifest(path)
        if options.sets and path.parent.name not in options.sets:
            continue
        if not isinstance(manifest, ClipsManifest):
            continue
        everything = manifest.reference
        for count in (len(everything), *options.references):
            drawn = _draws(everything, count, options.draws)
            if count < len(everything) or len(drawn) == 1:
                found = [
                    _measure(manifest, chosen, path.parent, smoothing, options.workers)
                    for chosen in drawn
                ]
                name = "all" if len(drawn) == 1 else f"{count} x {len(drawn)}"
                yield {"set": path.parent.name, "references": name, **_mean(found)}


def _draws(references: Sequence[str], count: int, draws: int) -> list[list[str]]:
    """Sets of `count` references, in the order of the manifest; one where that is all of them, and
    none where there are fewer."""
    if count > len(references):
        return []
    if count == len(references):
        return [list(references)]
    chance = random.Random(_SEED)
    places = [sorted(chance.sample(range(len(references)), count)) for _ in range(draws)]
    return [[references[place] for place in chosen] for chosen in places]


def _measure(
    manifest: ClipsManifest, chosen: Sequence[str], base: Path, smoothing: Smoothing, workers: int
) -> dict[str, float | None]:
    fewer = manifest.model_copy(update={"reference": tuple(chosen)})
    with tempfile.TemporaryDirectory(prefix="ruler-perception-") as folder:
        found = evaluate_clips(
            fewer, base, Path(folder), smoothing=smoothing, workers=workers, report=silent
        )
    return found.metrics


def _mean(found: Sequence[dict[str, float | None]]) -> Row:
    row: Row = {}
    for name in COLUMNS:
        known = [value for one in found if (value := one.get(name)) is not None]
        if known:
            row[name] = fmean(known)
    aucs = [one["auc"] for one in found if one.get("auc") is not None]
    if len(found) > 1 and aucs:
        row["auc_least"] = min(value for value in aucs if value is not None)
    return row


def _shown(value: float | str | None) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "-"


if __name__ == "__main__":
    main()
