"""From settings and options to the store and machine a command works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruler.errors import InputError

if TYPE_CHECKING:
    from ruler.jobs.tools import Machine
    from ruler.schemas.runs import Every, Sampling, Smoothing
    from ruler.settings import Settings
    from ruler.video.limits import Limits
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


def model_options(
    base_url: str | None,
    captioner_url: str | None = None,
    reasoner_url: str | None = None,
    **given: object,
) -> dict[str, object]:
    """What models are given: endpoints that were named, the settings' endpoints and keys, and
    options that were given."""
    known = settings()
    options = {
        "base_url": base_url,
        "captioner_url": captioner_url or (None if base_url else known.captioner_url),
        "reasoner_url": reasoner_url or (None if base_url else known.reasoner_url),
        "usual_base_url": known.base_url,
        "api_key": known.api_key,
        "captioner_api_key": known.captioner_api_key,
        "reasoner_api_key": known.reasoner_api_key,
        **given,
    }
    return {name: value for name, value in options.items() if value is not None}


def asking(
    window: int | None, language: str | None, share: bool | None, every: Every | None
) -> dict[str, str | int | float | bool]:
    """The options of models that decide results. The pictures of a window lie evenly in the time
    from one sample to the next.

    Raises:
        InputError: `every` counts frames while `window` asks for several pictures.
    """
    decided: dict[str, str | int | float | bool] = {}
    if window is not None:
        decided["window"] = window
        if window > 1 and every is not None:
            if every.seconds is None:
                raise InputError("--window needs --every in seconds, like --every 0.4s --window 4.")
            decided["step_seconds"] = round(every.seconds / window, 6)
    if language is not None:
        decided["language"] = language
    if share is not None:
        decided["share"] = share
    return decided


def sampling(text: str) -> Sampling:
    """What `--sample` names.

    Raises:
        InputError: it is neither uniform nor adaptive.
    """
    known: dict[str, Sampling] = {"uniform": "uniform", "adaptive": "adaptive"}
    if text not in known:
        raise InputError(f"--sample takes uniform or adaptive, not {text!r}.")
    return known[text]


def limits() -> Limits:
    """What the processes that decode clips may take."""
    from ruler.video.limits import Limits

    known = settings()
    return Limits(
        seconds=known.decoder_seconds,
        megabytes=known.decoder_megabytes,
        pixels=known.max_pixels,
    )


def machine(
    store: Store, *, workers: int | None, runs: str | None, options: dict[str, object]
) -> Machine:
    """Where a detection works; `options` are those of `model_options`."""
    from pathlib import Path

    from ruler.jobs.tools import Machine

    known = settings()
    return Machine(
        store=store,
        runs=Path(runs) if runs is not None else known.runs,
        workers=workers or known.workers,
        reader=known.reader,
        limits=limits(),
        options=options,
    )


def smoothing_named(text: str, online: bool) -> Smoothing:
    """`METHOD` or `METHOD:SECONDS`; online swaps the default Gaussian for an EMA."""
    from pydantic import ValidationError

    from ruler.schemas.runs import ONLINE, Smoothing

    method, _, seconds = text.partition(":")
    if online and method == "gaussian":
        return ONLINE
    values: dict[str, object] = {"method": method, "is_causal": online}
    if seconds:
        values["seconds"] = seconds
    try:
        return Smoothing.model_validate(values)
    except ValidationError as error:
        raise InputError(
            f"--smoothing takes gaussian, ema, majority or none, with seconds after a colon "
            f"(gaussian:1.0), not {text!r}."
        ) from error
