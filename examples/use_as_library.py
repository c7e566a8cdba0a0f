"""ruler as a library: learn a scene from normal clips, judge another clip, print what was found.

    python examples/use_as_library.py --scene hall --normal monday.mp4 tuesday.mp4 --clip friday.mp4

It does what `ruler induce` and `ruler detect` do, with the same store and the same runs folder
(`RULER_STORE`, `RULER_RUNS`).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ruler.jobs.detect import DetectRequest, detect
from ruler.jobs.induce import InduceRequest, induce
from ruler.jobs.tools import Machine
from ruler.settings import Settings
from rules_store.store import Store


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the example; returns the exit code that `ruler detect` would."""
    parser = argparse.ArgumentParser(description="Learn what is normal, and find what is not.")
    parser.add_argument("--scene", required=True)
    parser.add_argument("--normal", nargs="+", required=True, metavar="CLIP")
    parser.add_argument("--clip", required=True)
    parser.add_argument("--frame-rate", type=float, help="of folders of frames")
    given = parser.parse_args(arguments)

    settings = Settings()
    with Store(settings.store) as store:
        learned = induce(
            InduceRequest(
                references=given.normal,
                scene=given.scene,
                frame_rate=given.frame_rate,
                workers=settings.workers,
            ),
            store,
        )
        print(f"{given.scene}@{learned.revision}: {len(learned.rule_set.rules)} rules")
        for rule in learned.rule_set.rules:
            print(f"  {rule.id}: {rule.statement}")

        found = detect(
            DetectRequest(clips=[given.clip], scene=given.scene, frame_rate=given.frame_rate),
            Machine(store=store, runs=settings.runs, workers=settings.workers),
        )
        events = store.events.of_clip(found.record.spec.id, 0)
    coverage = found.record.coverage
    print(f"{coverage.anomaly} of {coverage.total} sampled frames are anomalies")
    for event in events:
        print(
            f"  {event.start_seconds:.1f}-{event.stop_seconds:.1f} s  {event.level}  {event.title}"
        )
        print(f"    {event.rationale}")
    print(f"report: {found.folder / 'report.html'}")
    return found.exit_code


if __name__ == "__main__":
    raise SystemExit(main())
