"""Write the complete pin list that `make install` uses: bare names and versions, sorted.

    python tools/constraints.py          core, chat, dev, docs -> constraints.txt
    python tools/constraints.py vllm     core and that extra   -> constraints-vllm.txt

pip resolves from scratch and installs nothing (`--dry-run --ignore-installed`), so the list does
not depend on what is installed, and for the oldest Python that `requires-python` admits,
so that every one can install the pins (some packages ask for a later 3.11 than Debian's). An
extra gets a file of its own where its pins clash with those of `constraints.txt`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OLDEST = PROJECT["requires-python"].removeprefix(">=") + ".0"
"""The oldest Python that ruler runs on."""


def requirements(*extras: str) -> list[str]:
    """What pyproject.toml asks for: the core, the extras, and the extras that these name."""
    wanted, open_extras = list(PROJECT["dependencies"]), list(extras)
    while open_extras:
        for requirement in PROJECT["optional-dependencies"][open_extras.pop()]:
            own = re.fullmatch(r"ruler-vad\[(.+)\]", requirement)
            if own:
                open_extras.append(own[1])
            else:
                wanted.append(requirement)
    return wanted


def resolve(*extras: str) -> list[str]:
    """`name==version` of everything that `pip install .[extras]` would install, sorted by name."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", "-qq", "--dry-run"]
        command += ["--ignore-installed", "--python-version", OLDEST, "--only-binary", ":all:"]
        command += ["--target", folder]
        command += ["--report", str(report), *requirements(*extras)]
        subprocess.run(command, check=True)
        found = [item["metadata"] for item in json.loads(report.read_text())["install"]]
    pins = {
        re.sub(r"[-_.]+", "-", item["name"]).lower(): item["version"].partition("+")[0]
        for item in found
    }
    return [f"{name}=={version}" for name, version in sorted(pins.items())]


def main() -> None:
    """Resolve and write the file."""
    extra = sys.argv[1] if len(sys.argv) > 1 else ""
    pins = resolve(extra) if extra else resolve("dev", "docs")
    target = ROOT / (f"constraints-{extra}.txt" if extra else "constraints.txt")
    again = f"make constraints{f' EXTRA={extra}' if extra else ''}"
    target.write_text("\n".join([f"# Made by `{again}`; do not edit.", *pins, ""]))
    print(f"{target.name}: {len(pins)} pins")


if __name__ == "__main__":
    main()
