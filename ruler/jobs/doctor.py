"""`ruler doctor`: what works on this machine, what does not, and what to do about it."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Literal

import ruler
from ruler.errors import RulerError
from ruler.registry import BUILTINS, names
from ruler.settings import Settings
from rules_store.store import Store

_PACKAGES = ("ruler", "graphs", "prompts", "rules_store")
_DISTRIBUTION = "ruler-vad"
_LOW_DISK_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. A `note` is worth knowing; `bad` stops something."""

    what: str
    state: Literal["ok", "note", "bad"]
    said: str


def examine(settings: Settings, store: str | None = None) -> list[Finding]:
    """Look at everything a run needs."""
    place = store if store is not None else str(settings.store)
    checks: list[Callable[[], Finding]] = [
        _versions,
        _names,
        _reader,
        _vision,
        lambda: _store(place),
        lambda: _runs(settings.runs),
        _captioners,
    ]
    return [check() for check in checks]


def _versions() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    said = f"ruler {ruler.__version__}, Python {platform.python_version()}, {cores} cores"
    return Finding("ruler", "ok", said)


def _names() -> Finding:
    """Ruler ships four import names; another distribution may ship one of them, too."""
    owners = packages_distributions()
    clashes = [
        f"{package} ({', '.join(others)})"
        for package in _PACKAGES
        if (others := sorted(set(owners.get(package, [])) - {_DISTRIBUTION}))
    ]
    if clashes:
        said = (
            f"other packages ship names of ruler's: {'; '.join(clashes)}. Give ruler its own venv."
        )
        return Finding("names", "bad", said)
    return Finding("names", "ok", "no other package ships ruler's import names")


def _reader() -> Finding:
    if importlib.util.find_spec("av") is None:
        return Finding("video", "bad", "PyAV is missing: pip install av")
    if importlib.util.find_spec("decord") is None:
        return Finding("video", "note", "decord has no build here; PyAV reads everything")
    return Finding("video", "ok", "decord and PyAV read clips")


def _vision() -> Finding:
    try:
        import cv2
    except ImportError as error:
        return Finding("vision", "bad", f"OpenCV does not load ({error}); reinstall ruler-vad")
    return Finding("vision", "ok", f"OpenCV {cv2.__version__}")


def _store(place: str) -> Finding:
    try:
        with Store(place) as opened:
            scenes = len(opened.scenes.overview())
    except RulerError as error:
        return Finding("store", "bad", str(error))
    return Finding("store", "ok", f"{place}, {scenes} scenes")


def _runs(folder: Path) -> Finding:
    """Can results be written, and is there room? The nearest folder that exists is tried."""
    parent = folder.resolve()
    while not parent.exists():
        parent = parent.parent
    try:
        with tempfile.TemporaryFile(dir=parent):
            free = shutil.disk_usage(parent).free
    except OSError as error:
        said = f"{folder} cannot be written ({error.strerror}); set RULER_RUNS to another folder"
        return Finding("runs", "bad", said)
    state: Literal["ok", "note"] = "ok" if free > _LOW_DISK_BYTES else "note"
    return Finding("runs", state, f"{folder.resolve()}, {free / 1e9:.0f} GB free")


def _captioners() -> Finding:
    missing = [
        f"{name} (pip install 'ruler-vad[{builtin.extra}]')"
        for name, builtin in BUILTINS["captioner"].items()
        if builtin.probe and importlib.util.find_spec(builtin.probe) is None
    ]
    known = ", ".join(names("captioner"))
    if missing:
        return Finding("captioners", "note", f"{known}; not installed: {', '.join(missing)}")
    return Finding("captioners", "ok", known)
