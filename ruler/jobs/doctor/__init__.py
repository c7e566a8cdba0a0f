"""`ruler doctor`: what works on this machine, what does not, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ruler.jobs.doctor import decoding, endpoints, machine, parts, places
from ruler.jobs.doctor.findings import Finding
from ruler.settings import Settings

__all__ = ["Finding", "examine"]


def examine(
    settings: Settings, store: str | None = None, *, models: bool = False
) -> Iterator[Finding]:
    """Look at everything a run needs, and tell each thing as it is found.

    Args:
        settings: Where things are kept and models are served.
        store: Another store than the settings'.
        models: Ask the endpoints, too, that scenes of the store remember.
    """
    place = store if store is not None else str(settings.store)
    checks: list[Callable[[], Finding | None]] = [
        machine.versions,
        machine.names,
        decoding.readers,
        decoding.pictures,
        lambda: decoding.isolation(settings),
        machine.graphics,
        lambda: places.store(place),
        lambda: places.folder("runs", settings.runs, "RULER_RUNS"),
        lambda: places.folder("drafts", settings.drafts, "RULER_DRAFTS"),
        lambda: places.clock(place),
        machine.terminal,
        parts.captioners,
        parts.chat,
        lambda: parts.library("transformers", "torch"),
        lambda: parts.library("vllm"),
        lambda: parts.library("postgres", module="psycopg"),
        lambda: parts.library("otel", module="opentelemetry"),
    ]
    yield from (finding for check in checks if (finding := check()) is not None)
    yield from endpoints.of_settings(settings)
    if models:
        yield from endpoints.of_scenes(settings, place)
