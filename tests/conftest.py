"""What every test has: a store and a runs folder of its own, no keys, repeatable properties."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("tests.conformance")

settings.register_profile("ruler", derandomize=True, deadline=None, database=None)
settings.load_profile("ruler")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(autouse=True)
def isolated(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the user's store, runs, settings or keys."""
    for name in os.environ:
        if name.startswith(("RULER_", "LANGCHAIN_", "LANGSMITH_")) or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("ruler")
    monkeypatch.setenv("RULER_STORE", str(home / "store"))
    monkeypatch.setenv("RULER_DRAFTS", str(home / "drafts"))
    monkeypatch.setenv("RULER_RUNS", str(home / "runs"))


@pytest.fixture(autouse=True)
def _usual_garbage_collection() -> Iterator[None]:
    """The command line collects garbage less often; no other test measures memory under that."""
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real footage and recordings beside the checkout; skips where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"needs real footage in {SHARED}")
    return SHARED
