"""Writes a manifest for the UCSD pedestrian data as it is handed out, for `ruler eval`.

    python examples/ucsd_ped2.py UCSD_Anomaly_Dataset.v1p2/UCSDped2

The folder holds `Train/Train001/001.tif ...`, `Test/Test001/001.tif ...`, and the truth as lines
of `Test/UCSDped2.m` such as `TestVideoFile{end+1}.gt_frame = [61:180];`, one for each test clip.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_TRUTH = re.compile(r"gt_frame\s*=\s*\[([\d:,\s]*)\]")
PICTURES = (".tif", ".jpg", ".png", ".bmp")


def anomalous(spans: str) -> Iterator[int]:
    """Frames counted from 1, as MATLAB writes them: `61:180` or `1:40, 95:180`."""
    for span in re.findall(r"\d+(?::\d+)?", spans):
        first, _, last = span.partition(":")
        yield from range(int(first), int(last or first) + 1)


def clips(folder: Path) -> list[Path]:
    """The clips of a part, without the pictures of masks beside them."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and "_gt" not in path.name)


def labels(folder: Path) -> dict[str, list[int]]:
    """0 or 1 for every frame of every test clip.

    Raises:
        SystemExit: the list of truths does not fit the clips.
    """
    truth = next(iter(sorted((folder / "Test").glob("*.m"))), None)
    spans = _TRUTH.findall(truth.read_text(encoding="utf-8", errors="replace")) if truth else []
    tested = clips(folder / "Test")
    if len(spans) != len(tested):
        raise SystemExit(f"{folder}: {len(tested)} test clips, but {len(spans)} lines of truth")
    found = {}
    for clip, span in zip(tested, spans, strict=True):
        marked = set(anomalous(span))
        count = sum(path.suffix in PICTURES for path in clip.iterdir())
        found[f"Test/{clip.name}"] = [int(number in marked) for number in range(1, count + 1)]
    return found


def main(arguments: Sequence[str]) -> None:
    """Write `dataset.yaml` and `frame_labels.json` into the folder."""
    if len(arguments) != 1:
        raise SystemExit(__doc__)
    folder = Path(arguments[0])
    truth = labels(folder)
    (folder / "frame_labels.json").write_text(json.dumps(truth), encoding="utf-8")
    reference = ", ".join(f"Train/{clip.name}" for clip in clips(folder / "Train"))
    lines = ["schema: ruler/dataset/v1", f"name: {folder.name.lower()}", "kind: clips"]
    lines += ["cameras: one", "place: walkway", "fps: 10", f"reference: [{reference}]", "test:"]
    lines += [f"  - {{clip: {clip}}}" for clip in truth]
    lines += ["labels: frame_labels.json", ""]
    (folder / "dataset.yaml").write_text("\n".join(lines), encoding="utf-8")
    print(f"Wrote {folder / 'dataset.yaml'}. Next: ruler eval {folder / 'dataset.yaml'}")


if __name__ == "__main__":
    main(sys.argv[1:])
