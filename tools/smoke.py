"""Install a wheel in a clean environment and use it from another folder.

    python tools/smoke.py dist/ruler_vad-0.1.0-py3-none-any.whl

Fails where the core install grew heavy, or where a command does not run without the checkout. What
is in the wheel is looked at by `tools.distributions`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("ruler", "graphs", "prompts", "rules_store")
HEAVIEST_MEGABYTES = 900
SLOWEST_START = 25  # `ruler --help`, in bare interpreter starts


def say(text: str) -> None:
    """Print a step."""
    print(f"smoke: {text}", flush=True)


def install(wheel: Path, folder: Path) -> Path:
    """The `bin` folder of a fresh environment that holds the wheel and its core dependencies."""
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "-qq"]
    subprocess.run([*pip, "install", "-c", str(ROOT / "constraints.txt"), str(wheel)], check=True)
    size = sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) >> 20
    if size > HEAVIEST_MEGABYTES or list(folder.glob("lib/*/site-packages/torch")):
        sys.exit(f"smoke: the core install is too heavy: {size} MB, or it holds torch")
    say(f"installed, {size} MB")
    return folder / "bin"


def run(*command: str | Path, cwd: Path) -> float:
    """Run a command that must succeed; returns its seconds."""
    environment = {key: value for key, value in os.environ.items() if "PYTHON" not in key}
    environment |= {"RULER_STORE": str(cwd / "store"), "RULER_RUNS": str(cwd / "runs")}
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        words = " ".join(str(word) for word in command)
        sys.exit(f"smoke: `{words}` ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return seconds


def check_start(commands: Path, cwd: Path) -> None:
    """`ruler --help` starts fast enough (the best of five, against a bare interpreter)."""
    bare = min(run(commands / "python", "-c", "pass", cwd=cwd) for _ in range(5))
    start = min(run(commands / "ruler", "--help", cwd=cwd) for _ in range(5))
    say(f"ruler --help in {start:.2f} s, {start / bare:.0f} bare starts")
    if start > SLOWEST_START * bare:
        sys.exit(f"smoke: more than {SLOWEST_START} bare interpreter starts")


def main() -> None:
    """Run all checks on the wheel that the command line names."""
    wheel = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="ruler-smoke-") as name:
        elsewhere = Path(name, "elsewhere")
        elsewhere.mkdir()
        commands = install(wheel, Path(name, "environment"))
        for words in ("--version", "doctor", "help", "help facts", "demo", "rules test walkway"):
            seconds = run(commands / "ruler", *words.split(), cwd=elsewhere)
            say(f"ruler {words}: {seconds:.1f} s")
        picture = (sys.executable, ROOT / "tools" / "readme_picture.py", "--check")
        run(*picture, elsewhere / "demo", cwd=elsewhere)
        run(commands / "python", "-c", f"import {', '.join(PACKAGES)}", cwd=elsewhere)
        check_start(commands, elsewhere)
    say("passed")


if __name__ == "__main__":
    main()
