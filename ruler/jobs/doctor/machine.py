"""Python, the names of packages, graphics cards, and the terminal."""

from __future__ import annotations

import locale
import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions

import ruler
from ruler.jobs.doctor.findings import Finding

_PACKAGES = ("ruler", "graphs", "prompts", "rules_store")
_DISTRIBUTION = "ruler-vad"
_WAIT_SECONDS = 3.0
_NARROW = 80


def versions() -> Finding:
    """ruler, Python, and how much of the machine may be used."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    said = f"ruler {ruler.__version__}, Python {platform.python_version()}, {cores} cores"
    return Finding("ruler", "ok", said)


def names() -> Finding:
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


def graphics() -> Finding:
    """Cards that models in this process could use; nothing of ruler's own needs one."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return Finding("gpu", "ok", "none found; only models in this process would use one")
    query = [tool, "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        ended = subprocess.run(  # noqa: S603 - a fixed command
            query, capture_output=True, text=True, timeout=_WAIT_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        said = f"nvidia-smi does not answer ({type(error).__name__}); look at the driver"
        return Finding("gpu", "note", said)
    cards = "; ".join(line.strip() for line in ended.stdout.splitlines() if line.strip())
    if ended.returncode or not cards:
        return Finding("gpu", "note", "nvidia-smi finds no card; look at the driver")
    return Finding("gpu", "ok", cards)


def terminal() -> Finding:
    """Names of files and captions are Unicode: where the terminal is not, they come out wrong."""
    encodings = {
        "files": sys.getfilesystemencoding(),
        "terminal": getattr(sys.stdout, "encoding", None) or locale.getpreferredencoding(False),
    }
    other = [
        f"{what} {name}"
        for what, name in encodings.items()
        if name.lower().replace("-", "").replace("_", "") != "utf8"
    ]
    if other:
        said = f"not in UTF-8: {', '.join(other)}; set LC_ALL=C.UTF-8 (or PYTHONUTF8=1)"
        return Finding("terminal", "note", said)
    width = shutil.get_terminal_size().columns
    if sys.stdout.isatty() and width < _NARROW:
        said = f"UTF-8, {width} columns; tables read best from {_NARROW}"
        return Finding("terminal", "note", said)
    return Finding("terminal", "ok", "UTF-8")
