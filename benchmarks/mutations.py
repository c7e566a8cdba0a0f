"""Damage clips in many ways and see whether `ruler detect` stands it.

    python benchmarks/mutations.py [CLIP...] [--real DATA] [--count 300] [--seed 0] [--slice 1/1]
                                   [--keep FOLDER]

Sound clips are made with PyAV in many codecs and containers, taken from those named, and cut from
real footage: three seconds of a few files of each container under DATA, and some pictures of each
folder of pictures there. A scene is learned from each, and damaged copies of it (flipped bytes,
cut-off tails and heads, header fields, lengths, zeroed and repeated stretches, wrong names, huge
dimensions, a stretch of noise in the middle) go through `ruler detect` in one run with it: with all
frames, adaptively, sparsely, online, or killed twice and gone on with. Beside them goes what is no
clip, seems to have no end, or leads elsewhere. Told are hangs, crashes, sentences that are none,
results of the sound clip that changed, files that were followed, and, where pictures alone were
damaged, frames with other times, frames apart from the damage with other captions, and damage that
nobody noticed. `--slice 2/5` does the second fifth; each slice and seed makes other clips. In the
end stands a table of what became of each kind, and what it cost at worst to open and read one.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from mutants.checks import MODES, Batch, Findings, disturb
from mutants.damage import DAMAGE, mutant
from mutants.sources import sound_clips
from mutants.strange import strange

FIRST = ("read", "partly", "refused", "complaints")


def kind_of(path: Path) -> str:
    """How a clip was damaged, by its name."""
    parts = path.name.split("-")
    return parts[1] if len(parts) > 2 and parts[0].isdigit() else "strange"


def table(findings: Findings) -> None:
    """One line a kind."""
    print(f"\n{'kind':<12}" + "".join(f"{name:>11}" for name in FIRST) + "   worst s  of")
    for kind, tally in sorted(findings.kinds.items()):
        counts = "".join(f"{tally.counts[name]:>11}" for name in FIRST)
        print(f"{kind:<12}{counts}{tally.worst_seconds:>10.1f}  {tally.worst!r}")
        for name, count in sorted(tally.counts.items()):
            if name not in FIRST:
                print(f"{'':<12}{count:>11} {name}")


def work(options: argparse.Namespace, folder: Path) -> tuple[int, Findings]:
    """Make, damage, detect; how many clips there were."""
    part, parts = (int(number) for number in options.slice.split("/"))
    sources, findings, total = sound_clips(folder, options.real) + options.clips, Findings(), 0
    if part == 1:
        (folder / "strange").mkdir(parents=True, exist_ok=True)
        batch = Batch(folder, sources[0], "uniform", findings, "strange")
        batch.learn()
        odd = strange(folder / "strange", sources[0])
        batch.examine(odd, lambda _: "strange", lambda: disturb(folder / "strange"))
        total += len(odd)
    each = max(1, (options.count - total) // len(sources))
    for turn, source in list(enumerate(sources))[part - 1 :: parts]:
        mode = list(MODES)[(turn + options.seed) % len(MODES)]
        made = folder / "mutants" / source.name.replace(".", "-")
        made.mkdir(parents=True, exist_ok=True)
        clips = [
            mutant(source, made, n, options.seed, DAMAGE[(n + turn) % len(DAMAGE)])
            for n in range(each)
        ]
        batch = Batch(folder, source, mode, findings)
        batch.learn()
        batch.examine(clips, kind_of)
        total += len(clips)
    return total, findings


def main() -> None:
    """Work, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--real", type=Path, help="Folder of real footage.")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--slice", default="1/1")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp(prefix="ruler-mutants-"))
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    total, findings = work(options, folder)
    table(findings)
    took, count = time.monotonic() - began, len(findings.wrong)
    print(f"{total} clips with seed {options.seed} in {took:.0f}s, {count} complaints")
    if not options.keep:
        shutil.rmtree(folder)
    sys.exit(bool(findings.wrong))


if __name__ == "__main__":
    main()
