"""A tiny model with random weights; tests that need one skip where its libraries are not there."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session", autouse=True)
def _apart() -> Iterator[None]:
    """Nothing is downloaded, and two busy threads a model do not fight for two cores."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("OMP_NUM_THREADS", "1")
        yield


def skip_without(*modules: str) -> None:
    """Skip the whole file where a library is not there; nothing is imported."""
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)}: make test-models", allow_module_level=True)


@pytest.fixture(scope="session")
def make_tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Makes a checkpoint in a folder of the name given, with the options of `tools/tiny_vlm.py`."""

    def make(name: str = "tiny", **how: Any) -> Path:
        from tools.tiny_vlm import build

        folder = tmp_path_factory.mktemp("model") / name
        build(folder, **how)
        return folder

    return make


@pytest.fixture(scope="session")
def tiny(make_tiny: Callable[..., Path]) -> Path:
    """A tiny model that sees pictures and writes until its limit."""
    return make_tiny()
