"""Plays a page: writes its files, runs its commands in their order, and compares what they say."""

from __future__ import annotations

import re
import runpy
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ruler import cli
from tests.docs.blocks import Block, Command, Page
from tests.docs.grammar import tree

_SPAN = re.compile(r"[\d.]+s to [\d.]+s")


@dataclass
class Player:
    """Where a page is played: a folder of its own, in this process.

    `replaced` are texts of commands that cannot hold here, such as the address of a server.
    """

    folder: Path
    patch: pytest.MonkeyPatch
    captured: pytest.CaptureFixture[str]
    replaced: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.patch.chdir(self.folder)
        self.patch.setenv("COLUMNS", "200")
        self.patch.delenv("RULER_RUNS")  # results go where a reader finds them
        # Building the tree of commands takes as long as most of them.
        built = tree()
        self.patch.setattr("typer.main.get_command", lambda _: built)

    def play(self, page: Page) -> int:
        """Play a page from top to bottom; returns how many commands were run."""
        for title, body in page.files.items():
            self.write(title, body)
        count = 0
        for block in page.blocks:
            if block.title is not None:
                self.write(block.title, block.body)
            if not block.is_run:
                continue
            for command in block.commands():
                if command.words[0] == "ruler":
                    self.run(command)
                    count += 1
            if block.kind == "python":
                self.execute(block)
                count += 1
        return count

    def write(self, title: str, body: str) -> None:
        """A file that the page shows."""
        path = self.folder / title
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")

    def run(self, command: Command) -> str:
        """Run one command of ruler; it ends and says as the page has it."""
        said = self._said(command)
        words = _squeezed(said)
        for line in command.expected:
            pieces = map(re.escape, map(_squeezed, line.split("…")))
            assert re.search(".*?".join(pieces), words), (command.place, command.text, line, said)
        return said

    def _said(self, command: Command) -> str:
        words, target = list(command.words), None
        if ">" in words:
            target = words.pop()
            words.pop()
        for old, new in self.replaced.items():
            words = [word.replace(old, new) for word in words]
        self.patch.setattr("sys.argv", words)
        self.captured.readouterr()
        code = 0
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        sys.stdout.flush()
        said, errors = self.captured.readouterr()
        assert code == command.exit_code, (command.place, command.text, code, said, errors)
        if target is not None:
            (self.folder / target).write_text(said, encoding="utf-8")
        return said

    def execute(self, block: Block) -> None:
        """Run a snippet of Python as a program."""
        path = self.folder / (block.title or "snippet.py")
        path.write_text(block.body, encoding="utf-8")
        runpy.run_path(str(path), run_name="__main__")


def _squeezed(text: str) -> str:
    """Without line breaks, and without the times at which events lie."""
    return " ".join(_SPAN.sub("", text).split())
