"""What the embedded captioner and reasoner find in footage, by how many references they learn from.

    python benchmarks/perception.py SHARED [--sets ped2 falls] [--references 1 2 4 8]
        [--draws 3] [--worst] [--json FILE]

SHARED is the folder of public data; every `*/dataset.yaml` of kind `clips` in it is measured with
one default configuration apart from the manifest's place and cameras. The first row of a set learns
from all its references. The others learn from so many of them, drawn at random: means over the
draws, and the worst of them. AUC is of frames, all clips together and never normalised by clip;
`clips` is the AUC of whole clips where those are labelled. Found, false positives, and events found
are at the shipped threshold, offline.

With --swap, references and test clips in which nothing is anomalous are drawn from together, so
that each of them is a reference in some draws and a test in others. With --worst, each set's worst
draws and clips are told: which references, and which clips alarm or go unnoticed.

Clips are decoded once, and captioned once for each draw; nothing is stored. All of the public
footage takes about ten minutes of one core.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from footage import Footage

from ruler import metrics
from ruler.evaluation.columns import ANSWERS, Column
from ruler.schemas.datasets import ClipsManifest
from ruler.schemas.runs import ONLINE, Smoothing
from rules_store.manifest_files import load_manifest

Figures = dict[str, float | None]

COLUMNS = {
    "auc": "AUC",
    "auc_least": "least",
    "online": "online",
    "online_least": "least",
    "clip_auc": "clips",
    "recall": "found",
    "recall_least": "least",
    "false_positive_rate": "false",
    "false_most": "most",
    "event_recall": "events",
}
_SEED = 0
_TOLD = 3


@dataclass(frozen=True)
class Draw:
    """What one choice of references gave: figures of all clips together, and by clip the shares of
    anomalous frames found and of normal frames that alarm."""

    references: Sequence[str]
    figures: Figures
    found: dict[str, float]
    false: dict[str, float]


def main() -> None:
    """Measure, print a table, and keep it where asked."""
    options = _options()
    kept = []
    print(f"{'set':9}{'references':>12}" + "".join(f"{head:>8}" for head in COLUMNS.values()))
    for path in sorted(options.shared.glob("*/dataset.yaml")):
        name, manifest = path.parent.name, load_manifest(path)
        if isinstance(manifest, ClipsManifest) and (not options.sets or name in options.sets):
            footage = Footage(manifest, path.parent)
            every: list[Draw] = []
            for title, draws in _rows(footage, options):
                row = _mean(draws)
                figures = "".join(f"{_shown(row.get(column)):>8}" for column in COLUMNS)
                print(f"{name:9}{title:>12}{figures}", flush=True)
                kept.append({"set": name, "references": title, **row, "draws": _told(draws)})
                every += draws
            if options.worst:
                _tell_worst(every)
    if options.json:
        options.json.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("shared", type=Path)
    parser.add_argument("--sets", nargs="*", help="folders of SHARED; all that hold clips")
    parser.add_argument("--references", nargs="*", type=int, default=[1, 2, 4, 8])
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--swap", action="store_true", help="normal test clips may be references")
    parser.add_argument("--worst", action="store_true", help="tell worst draws and clips")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def _rows(footage: Footage, options: argparse.Namespace) -> Iterator[tuple[str, list[Draw]]]:
    manifest = footage.manifest
    pool = list(manifest.reference)
    yield "all", [_measure(footage, pool)]
    if options.swap:
        pool += [test.clip for test in manifest.test if not any(footage.truth(test.clip))]
    for count in options.references:
        drawn = _draws(pool, count, options.draws)
        if drawn and drawn != [list(manifest.reference)]:
            yield f"{count} x {len(drawn)}", [_measure(footage, chosen) for chosen in drawn]


def _draws(pool: Sequence[str], count: int, draws: int) -> list[list[str]]:
    """Different sets of `count` clips, in their order; all there are if these are no more."""
    if count > len(pool):
        return []
    if math.comb(len(pool), count) <= draws:
        return [list(chosen) for chosen in itertools.combinations(pool, count)]
    chance = random.Random(_SEED)
    found: dict[tuple[int, ...], None] = {}
    while len(found) < draws:
        found.setdefault(tuple(sorted(chance.sample(range(len(pool)), count))))
    return [[pool[place] for place in chosen] for chosen in found]


def _measure(footage: Footage, references: Sequence[str]) -> Draw:
    """Learn from some clips, and judge all others that are labelled."""
    learned = footage.learn(references)
    offline, online, clips = Column(), Column(), Column()
    found: dict[str, float] = {}
    false: dict[str, float] = {}
    tests = [test for test in footage.manifest.test if test.clip not in references]
    for test in tests:
        truth, times = footage.truth(test.clip), footage.times(test.clip)
        verdicts = footage.judge(test.clip, learned, Smoothing())
        online.add(truth, times, footage.judge(test.clip, learned, ONLINE))
        offline.add(truth, times, verdicts)
        answers = offline.answers[-len(truth) :]
        for label, shares in ((1, found), (0, false)):
            told = [answer for answer, true in zip(answers, truth, strict=True) if true == label]
            if told:
                shares[test.clip] = fmean(float(answer == 1) for answer in told)
        if test.label is not None:
            clips.labels.append(test.label)
            clips.scores.append(max((v.score for v in verdicts if v.outcome in ANSWERS), default=0))
    figures = offline.figures() | {"online": online.figures()["auc"]}
    if clips.labels:
        figures["clip_auc"] = metrics.auc(clips.labels, clips.scores)
    return Draw(references, figures, found, false)


def _mean(draws: Sequence[Draw]) -> Figures:
    """Means over draws, and the worst of some."""

    def known(name: str) -> list[float]:
        return [value for draw in draws if (value := draw.figures.get(name)) is not None]

    row: Figures = {name: fmean(known(name)) for name in COLUMNS if known(name)}
    if len(draws) > 1:
        row["auc_least"] = min(known("auc"), default=None)
        row["online_least"] = min(known("online"), default=None)
        row["recall_least"] = min(known("recall"), default=None)
        row["false_most"] = max(known("false_positive_rate"), default=None)
    return row


def _told(draws: Sequence[Draw]) -> list[dict[str, object]]:
    return [
        {"references": list(d.references), "found": d.found, "false": d.false, **d.figures}
        for d in draws
    ]


def _tell_worst(draws: Sequence[Draw]) -> None:
    """The draws with the least AUC, and the clips that are judged worst over all draws."""
    for draw in sorted(draws, key=lambda one: one.figures["auc"] or 0.0)[:_TOLD]:
        print(f"  AUC {_shown(draw.figures['auc'])} from {', '.join(draw.references)}")
    shares: dict[str, dict[str, list[float]]] = {
        "normal frames that alarm": defaultdict(list),
        "anomalous frames that are missed": defaultdict(list),
    }
    for draw in draws:
        for clip, share in draw.false.items():
            shares["normal frames that alarm"][clip].append(share)
        for clip, share in draw.found.items():
            shares["anomalous frames that are missed"][clip].append(1.0 - share)
    for what, by_clip in shares.items():
        worst = sorted(by_clip.items(), key=lambda one: -fmean(one[1]))[:_TOLD]
        told = (f"{clip} {fmean(some):.0%} (up to {max(some):.0%})" for clip, some in worst)
        print(f"  {what}: {', '.join(told)}", flush=True)


def _shown(value: float | None) -> str:
    return f"{value:.3f}" if value is not None else "-"


if __name__ == "__main__":
    main()
