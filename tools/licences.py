"""The licences of what is installed with ruler: docs/licences.md, and no copyleft by surprise.

    python -m tools.licences            write docs/licences.md from the environment's packages
    python -m tools.licences --check    fail for a package of the core or an extra whose licence is
                                        not known, or asks more of its users than the list allows;
                                        and where docs/licences.md lacks a package of the core

Licences are read from the packages' own metadata; nothing is downloaded.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "licences.md"

# What a package says, shortened: the first pattern that is found.
KINDS = (
    ("AGPL", r"\bAGPL|affero"),
    ("LGPL", r"\bLGPL|lesser general public"),
    ("GPL", r"\bGPL|general public licen[cs]e"),
    ("MPL-2.0", r"\bMPL|mozilla public"),
    ("EPL", r"\bEPL|eclipse public"),
    ("EUPL", r"\bEUPL\b"),
    ("Apache-2.0", r"apache"),
    ("BSD", r"\bBSD\b|redistribution and use in source and binary"),
    ("MIT", r"\bMIT\b|permission is hereby granted, free of charge"),
    ("ISC", r"\bISC\b"),
    ("PSF-2.0", r"\bPSF|python software foundation"),
    ("HPND", r"\bHPND\b|historical permission notice"),
    ("Unlicense", r"unlicense|public domain|\bCC0"),
    ("Zlib", r"\bzlib\b"),
    ("NVIDIA", r"nvidia"),
)
GPL_BINARIES = re.compile(r"lib(?:x264|x265|xvidcore|readline|postproc)")
STRONG = ("AGPL", "GPL", "EUPL")
WEAK = ("LGPL", "MPL-2.0", "EPL")

KNOWN = {
    "av": "wheels bundle FFmpeg (LGPL-3.0+) with libx264 and libx265 (GPL-2.0+), shared libraries",
    "decord": "wheels bundle FFmpeg with libx264 (GPL-2.0+), as shared libraries",
    "opencv-python-headless": "wheels bundle FFmpeg (LGPL-2.1+), as shared libraries",
    "certifi": "a list of certificates, used unchanged",
    "orjson": "offered under MPL-2.0 or MIT or Apache-2.0, as one likes",
}
"""Packages that are looked at and may stay: weak copyleft used unchanged, or what wheels bundle."""


@dataclass(frozen=True)
class Licensed:
    """A package, its version, and what it may be used under."""

    name: str
    version: str
    licence: str
    needed_by: str
    bundled: tuple[str, ...] = ()


def wanted(extras: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """(package, by whom) of everything that the core or an extra brings along, if installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = {"core": project["dependencies"]} | {
        extra: project["optional-dependencies"][extra] for extra in extras
    }
    seen: set[str] = set()
    for group, lines in groups.items():
        waiting = [Requirement(line) for line in lines]
        while waiting:
            requirement = waiting.pop()
            name = plain(requirement.name)
            if name in seen or name == "ruler-vad" or not applies(requirement):
                continue
            seen.add(name)
            try:
                held = distribution(name)
            except PackageNotFoundError:
                continue
            yield name, group
            waiting += [Requirement(line) for line in held.requires or ()]


def applies(requirement: Requirement) -> bool:
    """Whether it holds on this machine, without any extra of the package that asks."""
    environment = {key: str(value) for key, value in default_environment().items()}
    return requirement.marker is None or requirement.marker.evaluate({**environment, "extra": ""})


def plain(name: str) -> str:
    """A package's name in its one spelling."""
    return re.sub(r"[-_.]+", "-", name).lower()


def licence_of(held: Distribution) -> str:
    """Its licence in a word; "unknown" where it says none that is known here."""
    meta = held.metadata
    classified = [
        line for line in meta.get_all("Classifier") or () if line.startswith("License ::")
    ]
    expressions, free = meta.get_all("License-Expression") or (), meta.get_all("License") or ()
    for said in (*expressions, *classified, *free):
        if kinds := kinds_in(said):
            return " or ".join(kinds) if " OR " in said else kinds[0]
    for file in held.files or ():
        if re.search(r"licen[cs]e|copying", file.name, re.IGNORECASE):
            path = Path(str(held.locate_file(file)))
            text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
            if kinds := kinds_in(text[:3000]):
                return kinds[0]
    return "unknown"


def bundled_in(held: Distribution) -> tuple[str, ...]:
    """Libraries under the GPL whose binaries lie in the package's wheel."""
    names = {match[0] for file in held.files or () if (match := GPL_BINARIES.match(file.name))}
    return tuple(sorted(names))


def kinds_in(said: str) -> list[str]:
    """The licences that a text names, the most demanding first."""
    return [kind for kind, pattern in KINDS if re.search(pattern, said, re.IGNORECASE)]


def licensed(extras: tuple[str, ...]) -> list[Licensed]:
    """Every package, sorted by name."""
    found = []
    for name, group in wanted(extras):
        held = distribution(name)
        found.append(Licensed(name, held.version, licence_of(held), group, bundled_in(held)))
    return sorted(found, key=lambda one: one.name)


def trouble(one: Licensed) -> str | None:
    """What is wrong with a package's licence, in a sentence."""
    if one.licence == "unknown" and one.name not in KNOWN:
        return f"{one.name} {one.version} ({one.needed_by}) says no licence that is known here"
    choices = one.licence.split(" or ")
    if all(choice in STRONG for choice in choices):
        return f"{one.name} {one.version} ({one.needed_by}) is under {one.licence}: ruler is not"
    if one.bundled and one.name not in KNOWN:
        return f"{one.name} {one.version} ({one.needed_by}) bundles {', '.join(one.bundled)} (GPL)"
    if all(choice in (*STRONG, *WEAK) for choice in choices) and one.name not in KNOWN:
        return f"{one.name} {one.version} ({one.needed_by}) is under {one.licence}: look at it"
    return None


def page(found: list[Licensed]) -> str:
    """docs/licences.md."""
    lines = [
        "# Licences of dependencies",
        "",
        "ruler is under the Apache License 2.0. What an installation brings along, by what the",
        "packages say of themselves (written by `python -m tools.licences`; `make check` holds it",
        "against what is installed):",
        "",
        "pip fetches these packages; ruler's own wheel holds none of them. Who passes on an image",
        "that holds them (such as one built from the Containerfile) passes on, too, what their",
        "wheels bundle.",
        "",
        "| package | licence | for | remark |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {one.name} | {one.licence} | {one.needed_by} | {KNOWN.get(one.name, '')} |"
        for one in found
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page, or check what is installed."""
    found = licensed(("chat",))
    said = [sentence for one in found if (sentence := trouble(one))]
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page(found), encoding="utf-8")
    listed = set(re.findall(r"^\| ([a-z0-9-]+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    said += [
        f"{one.name} is not in docs/licences.md: python -m tools.licences"
        for one in found
        if one.name not in listed
    ]
    for sentence in said:
        print(sentence)
    sys.exit(bool(said))


if __name__ == "__main__":
    main()
