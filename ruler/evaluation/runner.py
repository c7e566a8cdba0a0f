"""`ruler eval`: one result a manifest, by the protocol of its kind."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from ruler.errors import InputError
from ruler.evaluation.clips import evaluate_clips
from ruler.jobs.progress import Report, silent
from ruler.reporting.atomic import AtomicText
from ruler.schemas.datasets import ClipsManifest, EvalDocument
from ruler.schemas.runs import Smoothing
from rules_store.manifest_files import load_manifest


def evaluate(
    manifests: Sequence[Path],
    *,
    smoothing: Smoothing,
    workers: int = 1,
    keep: Path | None = None,
    report: Report = silent,
) -> EvalDocument:
    """Measure on each manifest.

    Args:
        manifests: Files of `ruler/dataset/v1`.
        smoothing: As for a detection.
        workers: Chunks at once.
        keep: Folder for store and runs; a temporary one, deleted afterwards, if not given.
        report: Told of the progress.

    Raises:
        InputError: a manifest or what it names cannot be read, or its kind is not measured yet.
    """
    loaded = [(path, load_manifest(path)) for path in manifests]
    for path, manifest in loaded:
        if not isinstance(manifest, ClipsManifest):
            raise InputError(f"{path}: kind {manifest.kind!r} is not measured yet; clips is.")
    with _workplace(keep) as folder:
        results = [
            evaluate_clips(
                manifest,
                path.parent,
                folder,
                smoothing=smoothing,
                workers=workers,
                report=report,
            )
            for path, manifest in loaded
            if isinstance(manifest, ClipsManifest)
        ]
    return EvalDocument(results=tuple(results))


def write_document(path: Path, document: EvalDocument) -> None:
    """Write the figures, whole or not at all."""
    with AtomicText(path) as file:
        file.write(document.model_dump_json(indent=2) + "\n")


@contextlib.contextmanager
def _workplace(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="ruler-eval-") as folder:
        yield Path(folder)
