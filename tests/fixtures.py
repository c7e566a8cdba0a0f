"""Fixtures that the tests of graphs, jobs, evaluation and commands share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rules_store.store import Store
from tests.scenes import Brightness, Workplace, make_workplace, registered


@pytest.fixture(scope="session")
def _learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workplace whose scene is induced; never used itself, only copied."""
    place = make_workplace(tmp_path_factory.mktemp("yard") / "yard")
    with registered(), place.store:
        place.induce()
    return place.folder


@pytest.fixture
def captioner(_learned: Path) -> Iterator[Brightness]:
    """The captioner `lightmeter`, fresh, and known while the test runs."""
    with registered() as known:
        yield known


@pytest.fixture
def yard(_learned: Path, captioner: Brightness, tmp_path: Path) -> Iterator[Workplace]:
    """A workplace of the test's own, whose scene is induced."""
    shutil.copytree(_learned, tmp_path / "yard")
    with Store(tmp_path / "yard" / "store") as store:
        yield Workplace(tmp_path / "yard", store)


@pytest.fixture
def bare(captioner: Brightness, tmp_path: Path) -> Iterator[Workplace]:
    """A workplace of the test's own, where nothing is induced yet."""
    place = make_workplace(tmp_path / "bare")
    with place.store:
        yield place
