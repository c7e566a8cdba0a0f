"""Opening what a user named: clips, captioners, reasoners, taxonomies."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from ruler import registry
from ruler.captioners.base import Captioner
from ruler.errors import ClipError, InputError
from ruler.reasoners.base import Reasoner
from ruler.schemas.rules import LONGEST_NAME, NAME_PATTERN
from ruler.video.clips import clip_names
from ruler.video.frames import Clip
from ruler.video.isolation import open_isolated
from ruler.video.known import ClipMemory, KnownClip, signature_of
from ruler.video.limits import DEFAULT_LIMITS, Limits
from rules_store.taxonomy_files import is_path


def captioner_named(name: str, options: Mapping[str, object] | None = None) -> Captioner:
    """The captioner of that name (see `ruler.registry.resolve`)."""
    captioner: Captioner = registry.resolve("captioner", name, options)
    return captioner


def reasoner_named(name: str, options: Mapping[str, object] | None = None) -> Reasoner:
    """The reasoner of that name (see `ruler.registry.resolve`)."""
    reasoner: Reasoner = registry.resolve("reasoner", name, options)
    return reasoner


def is_model(kind: registry.Kind, name: str) -> bool:
    """Whether a captioner or reasoner of that name is a model, whoever serves it."""
    provider, _ = registry.split_name(name)
    models = (*registry.LOCAL_PROVIDERS, *registry.CHAT_PROVIDERS, registry.ANY_CHAT)
    return provider in models and provider not in registry.BUILTINS[kind]


def asks_models(*, captioner: str, reasoner: str) -> bool:
    """Whether anybody is asked beside what is embedded: models, and packages that may ask one."""
    return not (_is_embedded("captioner", captioner) and _is_embedded("reasoner", reasoner))


def asks_nobody(reasoner: str) -> bool:
    """Whether a reasoner of that name is embedded: it can be asked again at no cost."""
    return _is_embedded("reasoner", reasoner)


def _is_embedded(kind: registry.Kind, name: str) -> bool:
    return registry.split_name(name)[0] in registry.BUILTINS[kind]


REMEMBERED_TAXONOMY = "taxonomy"
"""In `Revision.asking`: the taxonomy that a scene was learned with, where one was named."""

USUAL_TAXONOMY = "general"


def taxonomy_named(named: str | None, asking: Mapping[str, object] | None = None) -> str | None:
    """The taxonomy that a user names, or else the one that a scene remembers, as it can be kept: a
    path from the root. None where there is neither."""
    chosen = named or (asking or {}).get(REMEMBERED_TAXONOMY)
    if chosen is None:
        return None
    return str(Path(str(chosen)).absolute()) if is_path(str(chosen)) else str(chosen)


def without_taxonomy(
    asking: Mapping[str, str | int | float | bool],
) -> dict[str, str | int | float | bool]:
    """What a scene remembers of its models alone."""
    return {name: value for name, value in asking.items() if name != REMEMBERED_TAXONOMY}


def check_scene(name: str) -> None:
    """Refuse what cannot be a scene's name.

    Raises:
        InputError: says how one looks.
    """
    if not re.fullmatch(NAME_PATTERN, name) or len(name) > LONGEST_NAME:
        raise InputError(
            f"a scene's name has small letters, digits, '_' and '-', which {name!r} "
            "does not: write it like front-door."
        )


def spelled(path: str | Path) -> str:
    r"""A path from the root as results can name it: bytes that are no UTF-8 are written `\xe9`. No
    file is found under such a name, and `ruler.video` says why."""
    return os.fsencode(Path(path).absolute()).decode("utf-8", "backslashreplace")


def check_names(paths: Sequence[str | Path]) -> None:
    """Refuse paths in bytes that are not UTF-8: no result could name them.

    Raises:
        ClipError: for the first of them.
    """
    for path in paths:
        try:
            str(path).encode()
        except UnicodeEncodeError as error:
            raise ClipError(str(path), "its name is not UTF-8", "Rename it.") from error


def open_all(
    paths: Sequence[str | Path],
    frame_rate: float | None = None,
    reader: Literal["pyav", "decord"] = "pyav",
    limits: Limits | None = DEFAULT_LIMITS,
    memory: ClipMemory | None = None,
) -> list[Clip | ClipError]:
    """Open each clip; one that cannot be read is its error, so that the others go on.

    Clips are opened and decoded in processes of their own, within `limits`; None does it here. Of
    those that `memory` knows, and that have not changed since, none is opened before its pictures
    are asked for.

    Raises:
        ClipError: a path is no text, so that nothing could be written down about it.
    """
    check_names(paths)
    opened: list[Clip | ClipError] = []
    for path, name in zip(paths, clip_names([str(path) for path in paths]), strict=True):
        try:
            opened.append(_open(Path(path), name, frame_rate, reader, limits, memory))
        except ClipError as error:
            opened.append(error)
    return opened


def _open(
    path: Path,
    name: str,
    frame_rate: float | None,
    reader: Literal["pyav", "decord"],
    limits: Limits | None,
    memory: ClipMemory | None,
) -> Clip:
    """Open a clip, unless it is known and has not changed."""

    def anew() -> Clip:
        return open_isolated(path, name=name, frame_rate=frame_rate, reader=reader, limits=limits)

    seen = signature_of(path, reader, frame_rate, limits and limits.pixels)
    if memory is None or seen is None:
        return anew()
    place = str(path.absolute())
    if (known := memory.get(place, seen.text)) is not None:
        info = known[0].model_copy(update={"name": name, "path": str(path)})
        return KnownClip(info, known[1], anew, lambda: memory.forget(place))
    is_settled = seen.is_settled
    clip = anew()
    if is_settled and signature_of(path, reader, frame_rate, limits and limits.pixels) == seen:
        memory.put(place, seen.text, clip.info, clip.times)
    return clip
