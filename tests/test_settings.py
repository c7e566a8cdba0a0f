"""Settings come from the environment, and from nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from ruler.settings import Settings


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RULER_STORE", "RULER_RUNS", "USER"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings()
    assert settings.store.is_absolute()
    assert settings.runs == Path("runs")
    assert settings.workers >= 1
    assert settings.author == "someone"
    assert settings.base_url is None
    assert settings.api_key is None


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"STORE": "/a", "RUNS": "b", "WORKERS": "3", "AUTHOR": "ann", "BASE_URL": "http://x"}
    for name, value in given.items():
        monkeypatch.setenv(f"RULER_{name}", value)
    monkeypatch.setenv("RULER_SOMETHING_ELSE", "1")
    settings = Settings()
    assert (settings.store, settings.runs) == (Path("/a"), Path("b"))
    assert (settings.workers, settings.author, settings.base_url) == (3, "ann", "http://x")


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """`RULER_STORE=` must not turn the working folder into a store."""
    for name in ("STORE", "RUNS", "WORKERS", "AUTHOR"):
        monkeypatch.setenv(f"RULER_{name}", "")
    monkeypatch.setenv("USER", "ben")
    settings = Settings()
    assert settings.store.is_absolute()
    assert settings.runs == Path("runs")
    assert settings.workers >= 1
    assert settings.author == "ben"


@pytest.mark.parametrize("workers", ["0", "-1", "many"])
def test_workers_are_counted(monkeypatch: pytest.MonkeyPatch, workers: str) -> None:
    monkeypatch.setenv("RULER_WORKERS", workers)
    with pytest.raises(ValidationError):
        Settings()


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().workers = 2
