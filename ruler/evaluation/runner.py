"""`ruler eval`: one result a manifest, by the protocol of its kind."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ruler.errors import InputError
from ruler.evaluation.answers import evaluate_answers
from ruler.evaluation.captions import evaluate_captions
from ruler.evaluation.clips import Reading, evaluate_clips
from ruler.evaluation.purse import Purse
from ruler.evaluation.understanding import evaluate_understanding
from ruler.jobs.models import Models
from ruler.jobs.progress import Report, silent
from ruler.reporting.atomic import AtomicText
from ruler.schemas.datasets import (
    AnswersManifest,
    CaptionsManifest,
    ClipsManifest,
    EvalDocument,
    EvalResult,
    UnderstandingManifest,
)
from ruler.schemas.runs import Smoothing
from rules_store.manifest_files import load_manifest
from rules_store.store import Store


def evaluate(
    manifests: Sequence[Path],
    *,
    smoothing: Smoothing,
    reasoner: str = "symbolic",
    options: Mapping[str, object] | None = None,
    workers: int = 1,
    reading: Reading | None = None,
    keep: Path | None = None,
    learn_from: Sequence[Path] = (),
    shots: int = 100,
    report: Report = silent,
) -> EvalDocument:
    """Measure on each manifest.

    Args:
        manifests: Files of `ruler/dataset/v1`.
        smoothing: As for a detection.
        reasoner: Who induces and reasons.
        options: Those of `ruler.jobs.models.Models`; limits hold for all manifests together.
        workers: Chunks at once.
        reading: How clips are read and by whom they are captioned; recorded ones are not.
        keep: Folder for store and runs; a temporary one, deleted afterwards, if not given.
        learn_from: Manifests of labelled answers, for `kind: answers`.
        shots: How many of them are learned from.
        report: Told of the progress.

    Raises:
        InputError: a manifest or what it names cannot be read.
    """
    loaded = [(path, load_manifest(path)) for path in manifests]
    reading = reading or Reading()
    for path, manifest in loaded:
        if not isinstance(manifest, ClipsManifest) and reading.is_chosen:
            raise InputError(
                f"{path}: its captions are recorded; --captioner and --every are for manifests of "
                "kind clips."
            )
    labelled = [_labelled(path) for path in learn_from]
    purse = Purse(options or {})
    with _workplace(keep) as folder:
        results = [
            _measure_texts(manifest, path.parent, labelled, shots)
            if isinstance(manifest, AnswersManifest | UnderstandingManifest)
            else _measure(
                manifest,
                path.parent,
                folder,
                smoothing,
                (reasoner, purse),
                (workers, reading),
                report,
            )
            for path, manifest in loaded
        ]
    return EvalDocument(results=tuple(results))


def _labelled(path: Path) -> tuple[AnswersManifest, Path]:
    manifest = load_manifest(path)
    if not isinstance(manifest, AnswersManifest):
        raise InputError(f"{path}: --learn-from takes manifests of kind answers.")
    return manifest, path.parent


def _measure_texts(
    manifest: AnswersManifest | UnderstandingManifest,
    base: Path,
    labelled: Sequence[tuple[AnswersManifest, Path]],
    shots: int,
) -> EvalResult:
    if isinstance(manifest, UnderstandingManifest):
        return evaluate_understanding(manifest, base)
    return evaluate_answers(manifest, base, learn_from=labelled, shots=shots).result


def _measure(
    manifest: CaptionsManifest | ClipsManifest,
    base: Path,
    folder: Path,
    smoothing: Smoothing,
    model: tuple[str, Purse],
    work: tuple[int, Reading],
    report: Report,
) -> EvalResult:
    if isinstance(manifest, CaptionsManifest):
        return _on_captions(manifest, base, folder, smoothing, model, report)
    return evaluate_clips(
        manifest,
        base,
        folder,
        smoothing=smoothing,
        reasoner=model[0],
        purse=model[1],
        workers=work[0],
        reading=work[1],
        report=report,
    )


def _on_captions(
    manifest: CaptionsManifest,
    base: Path,
    folder: Path,
    smoothing: Smoothing,
    model: tuple[str, Purse],
    report: Report,
) -> EvalResult:
    name, purse = model
    with Store(folder / "store") as store:
        models = Models(purse.options(), store)
        reasoner = models.reasoner(name)
        try:
            return evaluate_captions(
                manifest, base, smoothing=smoothing, reasoner=reasoner, report=report
            ).result
        finally:
            purse.spend(models.budget.spent)


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
