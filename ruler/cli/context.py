"""From settings and options to the store and machine a command works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruler.errors import InputError

if TYPE_CHECKING:
    from ruler.jobs.tools import Machine
    from ruler.settings import Settings
    from rules_store.store import Store


def settings() -> Settings:
    """The settings of the environment.

    Raises:
        InputError: a variable has a value that makes no sense.
    """
    from pydantic import ValidationError

    from ruler.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"RULER_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()
        )
        raise InputError(f"the environment is wrong: {problems}.") from error


def open_store(place: str | None = None) -> Store:
    """The store of an option, or of the settings."""
    from rules_store.store import Store

    return Store(place if place is not None else settings().store)


def model_options(base_url: str | None) -> dict[str, object]:
    """What a model captioner's factory is given."""
    known = settings()
    options = {"base_url": base_url or known.base_url, "api_key": known.api_key}
    return {name: value for name, value in options.items() if value is not None}


def machine(
    store: Store, *, workers: int | None, runs: str | None, base_url: str | None
) -> Machine:
    """Where a detection works."""
    from pathlib import Path

    from ruler.jobs.tools import Machine

    known = settings()
    return Machine(
        store=store,
        runs=Path(runs) if runs is not None else known.runs,
        workers=workers or known.workers,
        reader=known.reader,
        options=model_options(base_url),
    )
