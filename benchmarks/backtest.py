"""How long a backtest takes over captions that the store holds, and how much memory.

    python benchmarks/backtest.py [--captions 10000 100000] [--from RECORDING.dataset.yaml...]
        [--clip 1000] [--stores FOLDER]

Fills a store with a detection's results over so many captions, in clips of `--clip` frames a second
apart, and holds three revisions against the active one: (words) one rule looks for another phrase,
(threshold) alarms begin elsewhere, (normal) a normal rule knows fewer words, so that what is news
changes in every caption. Captions are put together from templates, or are those of recordings, over
and over again as often as needed. Counts CPU seconds of a process of its own, with its start, and
its peak of memory; `start` is what a process needs that compares nothing.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from ruler.evaluation.captions import learn_fold, spread_shots
from ruler.evaluation.recorded import Recorded, Video, load_recorded
from ruler.jobs.backtest import backtest
from ruler.reasoners.symbolic import SymbolicReasoner
from ruler.schemas.base import bytes_hash
from ruler.schemas.datasets import CaptionsManifest
from ruler.schemas.rules import Revision, RuleSet
from ruler.schemas.runs import ClipInfo, RunSpec, Usage
from ruler.stamp import judging_stamp
from ruler.steps.deducing import Deducer
from rules_store.manifest_files import load_manifest
from rules_store.rule_files import dump_rules
from rules_store.scenes import NewRevision
from rules_store.store import Store

RUN = "benchmark"
EDITS = ("words", "threshold", "normal")

WHO = ("A man", "A woman", "A student", "An old man", "A couple", "A girl with a backpack")
DOES = ("is walking", "walks slowly", "is standing", "is waiting", "is talking on the phone")
WHERE = ("on the path", "by the door", "near the bench", "in front of the building", "at the wall")
ELSE = (
    "There are trees and a building in the background.",
    "The sky is clear and the path is wide.",
    "A few cars are parked along the street.",
    "Nothing else is visible.",
)
ODD = ("is running away", "is riding a bicycle", "is fighting with another person", "has fallen")


def templates(seconds: int, seed: int = 0) -> Iterator[tuple[str, bool]]:
    """Captions of footage, each with whether something odd goes on, as in 3 of 100 seconds."""
    rng, odd = random.Random(seed), 0
    for _ in range(seconds):
        odd = odd - 1 if odd else 12 * (rng.random() < 0.0025)
        first, second = (
            f"{rng.choice(WHO)} {rng.choice(ODD if odd and not n else DOES)} {rng.choice(WHERE)}."
            for n in range(2)
        )
        yield f"There are {rng.randint(2, 9)} people. {first} {second} {rng.choice(ELSE)}", odd > 0


def said(recordings: Iterable[Path]) -> list[tuple[str, bool]]:
    """All captions of recordings, with their truth."""
    found: list[tuple[str, bool]] = []
    for path in recordings:
        manifest = load_manifest(path)
        assert isinstance(manifest, CaptionsManifest)
        intervals = path.parent / manifest.intervals if manifest.intervals else None
        for video in load_recorded(path.parent / manifest.captions, manifest.fps, intervals):
            found += [(seen.text, bool(seen.truth)) for seen in video.frames]
    return found


def videos_of(captions: Iterable[tuple[str, bool]], length: int) -> Iterator[Video]:
    """The captions as videos of one frame a second."""
    pool = iter(captions)
    for number in itertools.count():
        part = list(itertools.islice(pool, length))
        if not part:
            return
        frames = [Recorded(n, text, int(odd), int(odd)) for n, (text, odd) in enumerate(part)]
        yield Video(f"clip-{number:04}", frames, 1.0)


def edited(rule_set: RuleSet, edit: str) -> RuleSet:
    """The rule set after one of the edits."""
    if edit == "threshold":
        return rule_set.model_copy(update={"threshold": 0.6})
    rules = list(rule_set.rules)
    wanted = "anomaly" if edit == "words" else "normal"
    place = next(n for n, rule in enumerate(rules) if rule.kind == wanted and rule.look_for)
    phrases = rules[place].look_for
    phrases = (*phrases, "old man standing") if edit == "words" else phrases[len(phrases) // 2 :]
    rules[place] = rules[place].model_copy(update={"look_for": phrases})
    return rule_set.model_copy(update={"rules": tuple(rules)})


def learn(captions: list[tuple[str, bool]]) -> Deducer:
    """Rules from fifty normal captions."""
    protocol = {"folds": 2, "shots": 50, "seed": 0}
    manifest = CaptionsManifest.model_validate(
        {"name": "benchmark", "kind": "captions", "captions": "-", "fps": 1, "protocol": protocol}
    )
    videos = list(videos_of(captions[:20_000], 500))
    shots = spread_shots(videos, 0, manifest.protocol)
    return learn_fold(manifest, 0, shots, SymbolicReasoner())


def fill(store: Store, captions: list[tuple[str, bool]], length: int) -> None:
    """What a detection leaves behind, and the revisions to hold against it."""
    deducer = learn(captions)
    rule_set = deducer.context.rule_set
    active = save(store, rule_set, activate=True)
    for edit in EDITS:
        save(store, edited(rule_set, edit), activate=False)
    videos = list(videos_of(captions, length))
    spec = RunSpec(
        id=RUN,
        scene=rule_set.scene,
        revision=active.ref,
        clips=tuple(video.name for video in videos),
        captioner="recorded",
        reasoner=SymbolicReasoner.identity.name,
        taxonomy="general",
        as_of=dt.date(2026, 1, 1),
        store=store.place,
        version=judging_stamp(),
    )
    store.runs.create(spec, [(video.name, video.name) for video in videos])
    for number, video in enumerate(videos):
        fill_clip(store, deducer, number, video)
    store.runs.finish(RUN, "done")


def fill_clip(store: Store, deducer: Deducer, number: int, video: Video) -> None:
    """One clip's captions, traces, verdicts and events."""
    seconds = float(len(video.frames))
    info = ClipInfo(
        name=video.name,
        path=video.name,
        sha256=bytes_hash(video.name.encode()),
        frames=len(video.frames),
        fps=1.0,
        duration_seconds=seconds,
        width=16,
        height=12,
        reader="folder",
    )
    place = (RUN, number)
    store.runs.set_clip(*place, info=info)
    observations = video.observations()
    store.captions.put(seen.caption for seen in observations if seen.caption)
    found = deducer.deduce(video.name, observations, lambda frame: min(float(frame), seconds))
    traces = store.traces
    traces.save_chunk(*place, 0, found.traces, Usage())
    traces.save_links(*place, found.traces)
    traces.save_scores(
        *place, "smooth", ((t.observation.frame_index, t.smooth) for t in found.traces)
    )
    traces.save_reasoned(*place, "reason", found.traces)
    traces.save_reasoned(*place, "reflect", found.traces)
    traces.save_verdicts(*place, found.verdicts)
    store.events.save(*place, list(found.events))
    store.runs.set_clip(*place, done=True)


def save(store: Store, rule_set: RuleSet, *, activate: bool) -> Revision:
    """One more revision."""
    new = NewRevision(
        rule_set.scene, dump_rules(rule_set), "kim", "for a benchmark", activate=activate
    )
    return store.scenes.save(new)


def measure(folder: str, against: int) -> None:
    """Run one backtest (none for 0), and say what it took."""
    said = ""
    if against:
        with Store(folder) as store:
            found = backtest(store, store.scenes.overview()[0].name, against).difference
        said = (
            f"{found.frames} frames, {found.added} added, {found.removed} removed, "
            f"{found.changed} changed; events {found.before} and {found.after}"
        )
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds, mebibytes = used.ru_utime + used.ru_stime, used.ru_maxrss // 1024
    print(f"{seconds:>9.2f}{mebibytes:>9} MiB  {said}")


def main() -> None:
    """Fill stores, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--captions", nargs="+", type=int, default=[10_000, 100_000])
    parser.add_argument("--from", nargs="+", type=Path, default=[], dest="recordings")
    parser.add_argument("--clip", type=int, default=1000)
    parser.add_argument("--stores", type=Path)
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        measure(args.measure[0], int(args.measure[1]))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.stores or Path(temporary)
        print(f"{'captions':>9} {'edit':<10}{'CPU s':>9}{'peak':>13}")
        for count in args.captions:
            place = folder / f"{'recorded' if args.recordings else 'templates'}-{count}-{args.clip}"
            if not place.exists():
                began = time.process_time()
                captions = list(
                    itertools.islice(itertools.cycle(said(args.recordings)), count)
                    if args.recordings
                    else templates(count)
                )
                with Store(place) as store:
                    fill(store, captions, args.clip)
                print(f"(filled in {time.process_time() - began:.0f} s)", file=sys.stderr)
            for number, edit in enumerate(("start", *EDITS)):
                against = number + 1 if number else 0
                line = [sys.executable, __file__, "--measure", str(place), str(against)]
                done = subprocess.run(line, check=True, capture_output=True, text=True)  # noqa: S603
                shown = done.stdout
                print(f"{count:>9} {edit:<10}{shown.rstrip()}")


if __name__ == "__main__":
    main()
