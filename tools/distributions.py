"""Look into the sdist and the wheel before anybody else does.

    python -m tools.distributions dist

Fails where a file of the four packages is not in the wheel, or more than they is; where the sdist
lacks what the tests need, or holds what is nobody's business; where a wheel built from the sdist
alone, without git, is another one; and where a file speaks of a folder of the machine it was
written on.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("ruler", "graphs", "prompts", "rules_store")
PRIVATE = re.compile(
    r"(^|/)(\.env|\.git|\.venv|\.ci|\.hypothesis|runs|shared|id_[a-z0-9]+|.*\.(pem|key|sqlite3?|log))(/|$)"
)
WRITTEN_HERE = re.compile(rb"/(?:home|Users)/[a-z][a-z0-9_-]*/")
"""A path below somebody's home."""
EXAMPLES = tuple(f"/{folder}/{who}/" for folder in ("home", "Users") for who in ("me", "you"))


def say(text: str) -> None:
    """Print a step."""
    print(f"distributions: {text}", flush=True)


def fail(text: str) -> None:
    """End with a sentence."""
    sys.exit(f"distributions: {text}")


def files_here(*folders: str) -> set[str]:
    """The files below folders of the checkout that git would keep."""
    return {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def in_wheel(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel but for its metadata, by name."""
    with zipfile.ZipFile(wheel) as held:
        names = [name for name in held.namelist() if ".dist-info/" not in name]
        return {name: held.read(name) for name in names}


def check_wheel(wheel: Path) -> None:
    """Every file of the packages, data files included, is in the wheel, and nothing else is."""
    held, here = set(in_wheel(wheel)), files_here(*PACKAGES)
    if held != here:
        fail(f"missing in the wheel {sorted(here - held)}, surplus {sorted(held - here)}")
    say(f"{wheel.name}: {len(held)} files, data included")


def check_sdist(sdist: Path) -> None:
    """What is listed in pyproject.toml is in it, whole, and nothing private is."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = project["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]
    folders = [name for name in listed if (ROOT / name).is_dir()]
    wanted = files_here(*folders) | {name for name in listed if name not in folders}
    with tarfile.open(sdist) as held:
        files = {
            member.name.partition("/")[2]: member for member in held.getmembers() if member.isfile()
        }
        links = [member.name for member in held.getmembers() if not member.isfile()]
        speaking = [
            name
            for name, member in files.items()
            if (file := held.extractfile(member)) is not None and _speaks_of_here(file.read())
        ]
    private = [name for name in files if PRIVATE.search(name)]
    if links or speaking or private:
        fail(f"links {links}, files that name a home {speaking}, private {private}")
    missing = {name for name in wanted - set(files) if not name.endswith((".pyc", ".html"))}
    if missing:
        fail(f"missing in the sdist: {sorted(missing)}")
    say(f"{sdist.name}: {len(files)} files, tests included")


def _speaks_of_here(content: bytes) -> bool:
    found = {match.decode() for match in WRITTEN_HERE.findall(content)}
    return bool(found - set(EXAMPLES))


def check_rebuilt(sdist: Path, wheel: Path) -> None:
    """The sdist alone makes the same wheel."""
    with tempfile.TemporaryDirectory(prefix="ruler-sdist-") as folder:
        with tarfile.open(sdist) as held:
            held.extractall(folder, filter="data")
        inside = next(Path(folder).iterdir())
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
        subprocess.run(build, cwd=inside, check=True, stdout=subprocess.DEVNULL)
        again = next(Path(folder).glob("*.whl"))
        if again.name != wheel.name:
            fail(f"the sdist makes {again.name}, the checkout {wheel.name}")
        before, after = in_wheel(wheel), in_wheel(again)
        if differing := sorted(name for name in before if before[name] != after.get(name)):
            fail(f"a wheel built from the sdist differs in {differing}")
    say("a wheel built from the sdist is the same")


def main() -> None:
    """Run all checks on the folder that the command line names."""
    folder = Path(sys.argv[1])
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    check_wheel(wheel)
    check_sdist(sdist)
    check_rebuilt(sdist, wheel)


if __name__ == "__main__":
    main()
