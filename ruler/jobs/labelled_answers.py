"""Recorded first answers of a `kind: answers` manifest, and the truth that goes with them.

Of the truth only id, label and categories are read: what annotators wrote besides states the label.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruler.errors import InputError
from ruler.files import lines, parse_json
from ruler.llm.first_answers import FirstAnswer, read_first_answer
from ruler.reasoners.symbolic.answering import votes
from ruler.reasoners.symbolic.weighing import Example
from ruler.schemas.base import content_hash
from ruler.schemas.captions import Caption, recorded_caption
from ruler.schemas.datasets import AnswersManifest, UnderstandingManifest
from ruler.schemas.taxonomy import Taxonomy
from rules_store.taxonomy_files import is_path, load_taxonomy


@dataclass(frozen=True)
class Answered:
    """One clip: the first answer as it was read, and the truth."""

    id: str
    answer: FirstAnswer
    label: int
    categories: tuple[str, ...]

    @property
    def caption(self) -> Caption:
        """What the answer describes, as evidence; the verdict and its reasons are no part of it."""
        return recorded_caption(
            self.answer.description, captioner="first-answer", window_sha256=self.id
        )


def load_answers(manifest: AnswersManifest, base: Path) -> list[Answered]:
    """The answers that the manifest's filter lets through and that have a truth, sorted by id.

    Raises:
        InputError: what is wrong, with file and line; or no answer has a truth.
    """
    truth_file, answers_file = base / manifest.truth, base / manifest.answers
    truth = {str(row.get("id")): _truth(where, row) for where, row in json_lines(truth_file)}
    found: dict[str, Answered] = {}
    for where, row in json_lines(answers_file):
        if any(row.get(key) != value for key, value in manifest.filter.items()):
            continue
        clip, raw = row.get("id"), row.get("raw")
        if not isinstance(clip, str) or not isinstance(raw, str):
            raise InputError(f"{where}: an answer needs `id` and `raw`, both text.")
        if clip in found:
            raise InputError(f"{where}: {clip!r} is answered twice; narrow `filter`.")
        if clip in truth:
            label, categories = truth[clip]
            found[clip] = Answered(clip, read_first_answer(raw), label, categories)
    if not found:
        raise InputError(f"{answers_file}: no answer passes `filter` and has a truth.")
    return [found[clip] for clip in sorted(found)]


def shuffled(clip: Answered) -> str:
    """An order that has nothing to do with how ids were given, and is always the same."""
    return content_hash(clip.id)


def example_of(clip: Answered, taxonomy: Taxonomy) -> Example:
    """What is learned from: the votes of the first outcome and of items, and the label."""
    first, items = votes(clip.answer.outcome, clip.caption, taxonomy)
    return Example(clip.id, first, items, clip.label)


def taxonomy_of(manifest: AnswersManifest | UnderstandingManifest, base: Path) -> Taxonomy:
    """The manifest's taxonomy; a file stands beside it, anything else is a name."""
    return load_taxonomy(taxonomy_of_manifest(manifest, base))


def taxonomy_of_manifest(manifest: AnswersManifest | UnderstandingManifest, base: Path) -> str:
    """The name of the manifest's taxonomy, or the path of its file from the root."""
    named = manifest.taxonomy
    return str((base / named).absolute()) if is_path(named) else named


def _truth(where: str, row: dict[str, Any]) -> tuple[int, tuple[str, ...]]:
    label, categories = row.get("label"), row.get("categories")
    if label not in (0, 1) or not isinstance(categories, list) or not categories:
        raise InputError(f"{where}: a truth needs `label` (0 or 1) and `categories` (a list).")
    return int(label), tuple(map(str, categories))


def json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(file:line, object) of each line; gzip where the name ends in .gz.

    Raises:
        InputError: the file cannot be read, or a line of it is no object.
    """
    for number, line in lines(path):
        where = f"{path}:{number}"
        try:
            row = parse_json(line)
        except ValueError as error:
            raise InputError(f"{where}: is no JSON: {error}.") from error
        if not isinstance(row, dict):
            raise InputError(f"{where}: must be an object.")
        yield where, row
