"""What the prose names is there: links and anchors, files, options, variables, codes."""

from __future__ import annotations

import re
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import pytest

from ruler.schemas.facts import FACTS
from ruler.steps.linting import CODES
from tests.docs.blocks import ROOT, Page, page, pages
from tests.docs.grammar import commands, variables

PAGES = {one.name: one for one in pages()}
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
TOP = ("ruler", "graphs", "prompts", "rules_store", "tests", "docs", "tools", "examples")
FILE = re.compile(rf"(?:{'|'.join((*TOP, 'benchmarks'))})/[\w./-]+\.\w+")
OPTION = re.compile(r"--[a-z][a-z-]+")
VARIABLE = re.compile(r"RULER_[A-Z_]+")
FOREIGN = frozenset(
    "--ignore-installed --port --strict --extra --compile-bytecode --constraints".split()
)
"""Options of other programs."""


def slug(heading: str) -> str:
    """The anchor of a heading, as code hosts and the site make it."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)|[`*]", r"\1", heading)
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


@cache
def anchors(name: str) -> frozenset[str]:
    one = PAGES[name] if name in PAGES else page(name)
    return frozenset(slug(found) for found in re.findall(r"^#+ (.+)$", one.prose, re.MULTILINE))


def broken(one: Page, link: str) -> str | None:
    """Why a link leads nowhere; others' sites are not asked."""
    if link.startswith(("http://", "https://")):
        return None
    path, _, anchor = link.partition("#")
    target = (ROOT / one.name).parent / path if path else ROOT / one.name
    if not target.exists():
        return "there is no such file"
    if anchor and anchor not in anchors(target.resolve().relative_to(ROOT).as_posix()):
        return "there is no such heading"
    return None


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    one = PAGES[name]
    wrong = [
        (line, link, why)
        for line, text in enumerate(one.prose.splitlines(), start=1)
        for link in LINK.findall(text)
        if (why := broken(one, link))
    ]
    assert not wrong


@cache
def options() -> frozenset[str]:
    """Every option of every command, and of the scripts beside it."""
    found: set[str] = {"--version", "--debug", "--help"}
    for script in (*ROOT.glob("tools/**/*.py"), *ROOT.glob("benchmarks/*.py")):
        found |= set(re.findall(r'"(--[a-z-]+)"', script.read_text(encoding="utf-8")))
    parameters: list[Any] = [one for _, command in commands() for one in command.params]
    for parameter in parameters:
        found |= {name for name in (*parameter.opts, *parameter.secondary_opts) if "--" in name}
    return frozenset(found)


@pytest.mark.parametrize("name", PAGES)
def test_names_between_back_ticks_exist(name: str) -> None:
    wrong = []
    for line, text in PAGES[name].spans:
        files = () if "*" in text else FILE.findall(text)
        wrong += [(line, file) for file in files if not (ROOT / file).exists()]
        known = options() | FOREIGN
        wrong += [(line, one) for one in OPTION.findall(text) if one not in known]
        wrong += [(line, one) for one in VARIABLE.findall(text) if one not in variables()]
        if re.fullmatch(r"RL\d+", text) and text not in CODES:
            wrong.append((line, text))
    assert not wrong


def test_every_fact_is_in_the_reference() -> None:
    text = PAGES["docs/reference/facts.md"].text
    assert all(f"`{fact}`" in text for fact in FACTS)


def test_every_page_is_in_the_site() -> None:
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    inside = [PurePosixPath(name).relative_to("docs") for name in PAGES if name.startswith("docs/")]
    assert [str(path) for path in inside if f": {path}\n" not in nav] == []
