"""`ruler doctor`: what works on this machine, what does not, and what to do about it."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import ruler
from ruler.errors import RulerError
from ruler.llm.endpoints import check_address, without_secrets
from ruler.registry import BUILTINS, CHAT_PROVIDERS, names
from ruler.settings import Settings
from rules_store.store import Store

_PACKAGES = ("ruler", "graphs", "prompts", "rules_store")
_DISTRIBUTION = "ruler-vad"
_LOW_DISK_BYTES = 1_000_000_000
_WAIT_SECONDS = 3.0
_MOST_BYTES = 1_000_000
_MOST_NAMES = 5


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. A `note` is worth knowing; `bad` stops something."""

    what: str
    state: Literal["ok", "note", "bad"]
    said: str


def examine(settings: Settings, store: str | None = None) -> list[Finding]:
    """Look at everything a run needs."""
    place = store if store is not None else str(settings.store)
    checks: list[Callable[[], Finding | None]] = [
        _versions,
        _names,
        _reader,
        _vision,
        lambda: _store(place),
        lambda: _runs(settings.runs),
        _captioners,
        _chat,
        lambda: _library("transformers", "torch"),
        lambda: _library("vllm"),
        lambda: _endpoint(settings),
    ]
    return [finding for check in checks if (finding := check()) is not None]


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


def _chat() -> Finding:
    """Chat models by LangChain: each provider has a package of its own."""
    if importlib.util.find_spec("langchain") is None:
        return Finding("chat models", "note", _install("chat"))
    here = [name for name in CHAT_PROVIDERS if importlib.util.find_spec(f"langchain_{name}")]
    more = "others need their package, like pip install langchain-anthropic"
    if not here:
        return Finding("chat models", "note", f"no provider is installed; {_install('chat')}")
    return Finding("chat models", "ok", f"{', '.join(here)}; {more}")


def _library(extra: str, *also: str) -> Finding:
    """A library that runs models in this process."""
    missing = [name for name in (extra, *also) if importlib.util.find_spec(name) is None]
    if missing:
        return Finding(extra, "note", _install(extra))
    return Finding(extra, "ok", "installed")


def _install(extra: str) -> str:
    return f"not installed: pip install 'ruler-vad[{extra}]'"


def _endpoint(settings: Settings) -> Finding | None:
    """Does the server of RULER_BASE_URL answer? It is asked for its models, without any key."""
    if settings.base_url is None:
        return None
    try:
        place = without_secrets(check_address(settings.base_url))
    except ValueError as error:
        return Finding("endpoint", "bad", f"RULER_BASE_URL {error}")
    try:
        status, body = _get(f"{place}/models")
    except (OSError, http.client.HTTPException) as error:
        said = f"{place} does not answer ({str(error) or type(error).__name__}); is it running?"
        return Finding("endpoint", "note", said)
    if status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
        has_key = "RULER_API_KEY is set" if settings.api_key else "set RULER_API_KEY"
        return Finding("endpoint", "ok", f"{place} answers and asks for a key; {has_key}")
    if status != http.client.OK:
        return Finding("endpoint", "note", f"{place} answers, with HTTP status {status}")
    return Finding("endpoint", "ok", f"{place} answers; models: {_models(body)}")


def _get(url: str) -> tuple[int, bytes]:
    """Status and body. No redirect is followed, no proxy is used, and no key is sent."""
    parts = urlsplit(url)
    secure = parts.scheme.lower() == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_WAIT_SECONDS)
    try:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        return answer.status, answer.read(_MOST_BYTES)
    finally:
        connection.close()


def _models(body: bytes) -> str:
    """The first names that an OpenAI-compatible server lists."""
    try:
        listed = [str(one["id"]) for one in json.loads(body)["data"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return "it does not list any"
    more = f" and {len(listed) - _MOST_NAMES} more" if len(listed) > _MOST_NAMES else ""
    return (", ".join(listed[:_MOST_NAMES]) or "none") + more
