"""Clips that many tests of video read and none changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.video.clips import numbered, write_clip


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this session's shared clips lie."""
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
def plain(folder: Path) -> Path:
    """150 frames of H.264 with B-frames, closed groups of 30, 25 frames a second."""
    return write_clip(folder / "plain.mp4", numbered(150))


@pytest.fixture(scope="session")
def uneven(folder: Path) -> tuple[Path, list[int]]:
    """A clip of variable frame rate, and the times of its frames in milliseconds."""
    times = [0, 40, 80, 140, 150, 400, 440, 2440, 2480, 2530, 2600, 2601]
    path = write_clip(folder / "uneven.mp4", numbered(len(times)), times_ms=times)
    return path, times
