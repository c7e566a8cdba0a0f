"""Optional parts: which are installed, and the line that installs the others."""

from __future__ import annotations

import importlib.util

from ruler.jobs.doctor.findings import Finding
from ruler.registry import BUILTINS, CHAT_PROVIDERS, names


def captioners() -> Finding:
    """Those that ship, and those that packages added."""
    missing = [
        f"{name} (pip install 'ruler-vad[{builtin.extra}]')"
        for name, builtin in BUILTINS["captioner"].items()
        if builtin.probe and importlib.util.find_spec(builtin.probe) is None
    ]
    known = ", ".join(names("captioner"))
    if missing:
        return Finding("captioners", "note", f"{known}; not installed: {', '.join(missing)}")
    return Finding("captioners", "ok", known)


def chat() -> Finding:
    """Chat models by LangChain: each provider has a package of its own."""
    if importlib.util.find_spec("langchain") is None:
        return Finding("chat models", "note", _install("chat"))
    here = [name for name in CHAT_PROVIDERS if importlib.util.find_spec(f"langchain_{name}")]
    more = "others need their package, like pip install langchain-anthropic"
    if not here:
        return Finding("chat models", "note", f"no provider is installed; {_install('chat')}")
    return Finding("chat models", "ok", f"{', '.join(here)}; {more}")


def library(extra: str, *also: str, module: str | None = None) -> Finding:
    """A library of an extra; `module` is its import name where that is another."""
    missing = [name for name in (module or extra, *also) if importlib.util.find_spec(name) is None]
    if missing:
        return Finding(extra, "note", _install(extra))
    return Finding(extra, "ok", "installed")


def _install(extra: str) -> str:
    return f"not installed: pip install 'ruler-vad[{extra}]'"
