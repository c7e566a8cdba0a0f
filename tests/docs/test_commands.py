"""No command in the documentation is misspelt: verbs, options, files and names are real."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

import pytest

from tests.docs.blocks import Command, Page, pages
from tests.docs.cast import is_free
from tests.docs.grammar import commands, problems_of

PAGES = {one.name: one for one in pages()}


def names_of(one: Page) -> frozenset[str]:
    """Words that commands of a page may use beside the cast."""
    return frozenset(one.files)


@pytest.mark.parametrize("name", PAGES)
def test_every_command_can_be_typed(name: str) -> None:
    one = PAGES[name]
    wrong = [
        f"{command.place}: {command.text}\n    {problem}"
        for command in one.commands
        for problem in problems_of(command, names_of(one))
    ]
    assert not wrong, "\n".join(wrong)


def test_the_example_of_every_command_can_be_typed() -> None:
    shown = [
        Command(" ".join(("ruler", *path)), 0, text)
        for path, command in commands()
        for text in re.findall(r"^Example: (.+)$", command.help or "", flags=re.MULTILINE)
    ]
    wrong = [(one.text, problem) for one in shown for problem in problems_of(one)]
    assert not wrong
    assert len({one.page for one in shown}) >= 25


WORD = re.compile(r"""(?:"[^"]*"|'[^']*'|\S)+""")


def slips(command: Command) -> Iterator[Command]:
    """A command with one letter dropped from one of its words, every letter of all in turn."""
    text = re.sub(r"\s+# .*$", "", command.text)
    for word in WORD.finditer(text):
        plain = word[0].strip("[].…")
        letters = [at for at in range(len(plain)) if plain[at].isalpha()]
        if len(letters) < 3 or '"' in plain or is_free(plain):
            continue
        start = word.start() + word[0].index(plain)
        for at in letters:
            slip = text[: start + at] + text[start + at + 1 :]
            yield dataclasses.replace(command, text=slip)


def test_a_slip_in_any_command_is_caught() -> None:
    tried, escaped = 0, []
    seen: set[str] = set()
    for one in PAGES.values():
        for command in one.commands:
            if command.text in seen:
                continue
            seen.add(command.text)
            for slip in slips(command):
                tried += 1
                if not problems_of(slip, names_of(one)):
                    escaped.append(f"{command.place}: {slip.text}")
    print(f"{tried - len(escaped)} of {tried} slips are caught")
    assert tried > 2000
    assert not escaped, "\n".join(escaped)
