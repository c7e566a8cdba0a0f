"""Dataset manifests (`ruler/dataset/v1`, DESIGN section 6): what `ruler eval` reads."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from pydantic import BaseModel

from ruler.errors import FileProblems, InputError, Problem
from ruler.files import is_folder
from ruler.schemas.datasets import DATASET_SCHEMA, Manifest
from rules_store.yaml_nodes import text_of
from rules_store.yaml_reader import read_tree
from rules_store.yamlio import check_schema_line, read_source, validate

_KINDS: dict[str, type[BaseModel]] = {
    get_args(model.model_fields["kind"].annotation)[0]: model
    for model in get_args(get_args(Manifest)[0])
}


def load_manifest(path: Path) -> Manifest:
    """Read a manifest from its file. The paths in it stay as they are written.

    Raises:
        NotFoundError: There is no such file.
        FileProblems: With every problem of the file.
    """
    if is_folder(path):
        raise InputError(f"{path}: is a folder; give the manifest in it, such as dataset.yaml")
    return parse_manifest(read_source(path), file=str(path))


def parse_manifest(source: str, *, file: str = "dataset.yaml") -> Manifest:
    """Read a manifest's text.

    Raises:
        FileProblems: With every problem of the file.
    """
    tree, problems = read_tree(source, file=file)
    node = tree.get("kind")
    model = _KINDS.get(text_of(node) or "")
    if model is None:
        problems += check_schema_line(tree, file, DATASET_SCHEMA)
        kinds = ", ".join(_KINDS)
        place, message = tree.start, f"`kind` is missing (one of {kinds})"
        if node is not None:
            place, message = node.start, f"`kind` must be one of {kinds}, not `{text_of(node)}`"
        raise FileProblems([*problems, Problem(file, place.line, place.column, message)])
    manifest: Manifest = validate(  # type: ignore[assignment]
        tree, problems, file=file, schema=DATASET_SCHEMA, model=model
    )
    return manifest
