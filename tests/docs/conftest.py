"""A player for pages, in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.playing import Player


@pytest.fixture
def player(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Player:
    return Player(tmp_path, monkeypatch, capsys)
