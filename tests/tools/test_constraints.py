"""What `make install` pins can be installed on every Python that ruler runs on."""

import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from tools.constraints import OLDEST

ROOT = Path(__file__).resolve().parents[2]


def _pins(name: str) -> list[tuple[str, str]]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [(pin[1], pin[2]) for line in lines if (pin := re.fullmatch(r"(\S+)==(\S+)", line))]


def test_every_pin_that_is_installed_here_admits_the_oldest_python() -> None:
    checked, refused = 0, []
    for name, version in _pins("constraints.txt"):
        try:
            found = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            continue
        if found["Version"].partition("+")[0] != version:
            continue
        checked += 1
        if OLDEST not in SpecifierSet(found["Requires-Python"] or ""):
            refused.append(f"{name}=={version} needs Python {found['Requires-Python']}")
    assert checked > 50
    assert not refused


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-models.txt"])
def test_pins_are_bare_names_and_versions(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    other = [line for line in lines if not line.startswith("#") and "==" not in line]
    assert not [line for line in other if line.strip()]
