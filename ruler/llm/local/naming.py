"""What a local model is called where its answers are stored: never by this machine's paths."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

from ruler.errors import InputError, MissingExtraError
from ruler.files import is_file, is_folder

_KINDS = frozenset({".bin", ".jinja", ".json", ".model", ".safetensors", ".txt"})
_TAIL_BYTES = 65_536


def need(provider: str, model: str, *modules: str) -> None:
    """Make sure, without importing anything, that the model's libraries are there.

    Raises:
        MissingExtraError: one is not installed.
        InputError: no model is named.
    """
    if not model:
        raise InputError(f"{provider!r} needs a model: a name or a folder, like {provider}:./model")
    if any(importlib.util.find_spec(module) is None for module in modules):
        raise MissingExtraError(f"model '{provider}:{model}'", provider)


def not_here(model: str) -> str:
    """What to say of a model that is no folder and cannot be fetched."""
    return (
        f"model {model!r} is neither a folder here nor among the downloaded models, and cannot be "
        f"fetched; run `hf download {model}` where there is a network, or give a folder"
    )


def stable_name(provider: str, model: str) -> str:
    """`provider:model` as it is stored.

    A folder is called by its last name and a hash: of the names and sizes of its files and the last
    64 KiB of each, so that another training of the same model is another model, and large weights
    need not be read as a whole.

    Raises:
        InputError: the folder is not there, or holds no model.
    """
    folder = Path(model)
    if not is_folder(folder):
        if folder.is_absolute() or model.startswith((".", "~")):
            raise InputError(f"model {model!r}: there is no such folder")
        return f"{provider}:{model}"
    if not is_file(folder / "config.json"):
        raise InputError(f"model {model!r}: the folder holds no model (no config.json)")
    digest = hashlib.sha256()
    for part in _parts(folder):
        digest.update(hashlib.sha256(part).digest())
    return f"{provider}:{folder.resolve().name}@{digest.hexdigest()[:12]}"


def _parts(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.iterdir()):
        if path.suffix not in _KINDS or not path.is_file():
            continue
        size = path.stat().st_size
        yield f"{path.name} {size}".encode()
        with path.open("rb") as file:
            file.seek(-min(size, _TAIL_BYTES), os.SEEK_END)
            yield file.read()
