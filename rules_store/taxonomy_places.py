"""Where taxonomies are found by name beside those that ship: a team's folder (`RULER_TAXONOMIES`),
and installed packages (entry points of the group `ruler.taxonomies`).

An entry point's value is `module:attribute`; the attribute is the path of a taxonomy file, or a
resource of the package (`importlib.resources.files(...) / "mine.yaml"`). Packages are somebody
else's code: they are imported only when their taxonomy is asked for, and one that is broken is told
by its distribution's name and stops no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from importlib.resources.abc import Traversable
from pathlib import Path

from ruler.errors import InputError
from ruler.settings import Folders
from rules_store.yamlio import read_source

GROUP = "ruler.taxonomies"


@dataclass(frozen=True)
class TaxonomyPlace:
    """One taxonomy that is not ruler's own.

    Attributes:
        name: By which it is asked for.
        origin: Who supplies it, as it is shown: a file, or a distribution with its version.
        read: Gives its text and its name for problems; raises `InputError` where it cannot.
    """

    name: str
    origin: str
    read: Callable[[], tuple[str, str]]


def other_places() -> tuple[TaxonomyPlace, ...]:
    """All that the folder and installed packages offer, in the order in which names are looked up;
    where two have one name, the first is meant. Nothing is read or imported for this.

    Raises:
        InputError: the folder of the settings is none.
    """
    return (*_in_folder(), *_installed())


def _in_folder() -> Iterator[TaxonomyPlace]:
    folder = Folders().taxonomies
    if folder is None:
        return
    try:
        files = sorted(
            file
            for file in folder.iterdir()
            if file.suffix in (".yaml", ".yml") and not file.name.startswith(".")
        )
    except OSError as error:
        raise InputError(
            f"RULER_TAXONOMIES names {folder}, which cannot be listed: {error.strerror}. "
            "Name a folder of taxonomy files, or unset it."
        ) from error
    for file in files:
        yield TaxonomyPlace(file.stem, str(file), _reader_of(file))


def _reader_of(file: Path) -> Callable[[], tuple[str, str]]:
    return lambda: (read_source(file), str(file))


def _installed() -> Iterator[TaxonomyPlace]:
    points = entry_points(group=GROUP)
    for point in sorted(points, key=lambda point: (point.name, _distribution(point))):
        origin = f"package {_distribution(point)}"
        yield TaxonomyPlace(point.name, origin, _loader_of(point, origin))


def _distribution(point: EntryPoint) -> str:
    """Name and version of the distribution that an entry point belongs to."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else "of unknown name"


def _loader_of(point: EntryPoint, origin: str) -> Callable[[], tuple[str, str]]:
    def read() -> tuple[str, str]:
        try:
            found = point.load()
            resource = Path(found) if isinstance(found, str) else found
            if not isinstance(resource, Traversable):
                raise TypeError(f"it is a {type(found).__name__}, not a path or a resource")  # noqa: TRY301
            source = resource.read_text(encoding="utf-8")
        except Exception as error:  # a plug-in's edge
            said = f"{type(error).__name__}: {error}"
            raise InputError(
                f"taxonomy `{point.name}` of {origin} cannot be loaded from {point.value} "
                f"({said}). Mend or remove the package."
            ) from error
        return source, f"{origin}: {resource.name}"

    return read
