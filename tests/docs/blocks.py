"""The one reader of the documentation: pages, their fenced blocks, and every command on them.

A fence begins with its language; one of these may follow:

- `title="pool.yaml"`: the block is that file, and commands may name it;
- `{data-exit="1"}`: the commands of the block end with that code (0 if not given);
- `{data-run="no"}`: a page that is played leaves the block out; its commands are checked all the
  same.

In a `console` block a line that begins with `$ ` is a command, and the lines below it are what it
must say (`…` stands for anything). In a `bash` block every line is a command; a backslash goes on
with the next line. Elsewhere a command is what stands between back-ticks, or in indented lines,
and begins with the name of a program: there, words may be left out.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("ruler", "make", "python", "pip", "pytest", "bash", "uv", "git", "mkdocs", "vllm")

_FENCE = re.compile(
    r"^(?P<indent> *)(?P<mark>```+)(?P<kind>[\w-]*)(?P<options>[^\n`]*)\n"
    r"(?P<body>.*?)^(?P=indent)(?P=mark) *$",
    flags=re.MULTILINE | re.DOTALL,
)
_COMMENT = re.compile(r"\s+# .*$")
_OPTION = re.compile(r'([\w-]+)="([^"]*)"')
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_PROGRAM = re.compile(rf"(?:[A-Z_]+=\S+ )*({'|'.join(PROGRAMS)}) \S")


@dataclass(frozen=True)
class Command:
    """One command line: its words, and what is said of it.

    `expected` are lines that its output must hold, `is_whole` is False for one that is only
    mentioned, so that words may be missing.
    """

    page: str
    line: int
    text: str
    expected: tuple[str, ...] = ()
    exit_code: int = 0
    is_whole: bool = True

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def words(self) -> tuple[str, ...]:
        """The words as a shell would split them, without a comment at the end."""
        text = _COMMENT.sub("", self.text)
        try:
            return tuple(shlex.split(text))
        except ValueError:  # prose between back-ticks with a quotation mark
            return tuple(text.split())


@dataclass(frozen=True)
class Block:
    """A fenced block; `line` is that of its first line of text."""

    page: str
    line: int
    kind: str
    options: dict[str, str]
    body: str

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def title(self) -> str | None:
        return self.options.get("title")

    @property
    def is_run(self) -> bool:
        return self.options.get("data-run") != "no"

    def commands(self) -> Iterator[Command]:
        """The commands of a `console` or `bash` block."""
        code = int(self.options.get("data-exit", "0"))
        if self.kind == "bash":
            for line, text in _joined(self.body.splitlines(), self.line):
                if text.strip() and not text.lstrip().startswith("#"):
                    yield Command(self.page, line, text.strip(), exit_code=code)
        elif self.kind == "console":
            found: list[Command] = []
            said: list[list[str]] = []
            for line, text in _joined(self.body.splitlines(), self.line):
                if text.startswith("$ "):
                    found.append(Command(self.page, line, text[2:], exit_code=code))
                    said.append([])
                elif text.strip():
                    said[-1].append(text)
            for command, lines in zip(found, said, strict=True):
                yield Command(self.page, command.line, command.text, tuple(lines), exit_code=code)


def _joined(lines: list[str], first: int) -> Iterator[tuple[int, str]]:
    """Lines with their numbers; those that end with a backslash are one with the next."""
    begun, number = "", first
    for line, text in enumerate(lines, start=first):
        number = number if begun else line
        begun = f"{begun} {text.strip()}" if begun else text
        if begun.endswith("\\"):
            begun = begun[:-1].rstrip()
            continue
        yield number, begun
        begun = ""


@dataclass(frozen=True)
class Page:
    """A page by its path from the root of the repository."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """All fenced blocks, in order."""
        return tuple(
            Block(
                page=self.name,
                line=self.text.count("\n", 0, found.start("body")) + 1,
                kind=found["kind"],
                options=dict(_OPTION.findall(found["options"])),
                body=_dedented(found["body"], len(found["indent"])),
            )
            for found in _FENCE.finditer(self.text)
        )

    @cached_property
    def files(self) -> dict[str, str]:
        """Blocks with a title: by it, what stands in the first of them."""
        titled: dict[str, str] = {}
        for block in self.blocks:
            if block.title is not None:
                titled.setdefault(block.title, block.body)
        return titled

    @cached_property
    def prose(self) -> str:
        """The text with all fenced blocks emptied; lines keep their numbers."""
        return _FENCE.sub(lambda found: "\n" * found[0].count("\n"), self.text)

    @cached_property
    def spans(self) -> tuple[tuple[int, str], ...]:
        """(line, text) of what stands between back-ticks in the prose."""
        return tuple(
            (self.prose.count("\n", 0, found.start()) + 1, found[1].replace("\\|", "|"))
            for found in _INLINE.finditer(self.prose)
        )

    @cached_property
    def commands(self) -> tuple[Command, ...]:
        """Every command of the page: of blocks, between back-ticks, and in indented lines."""
        whole = [command for block in self.blocks for command in block.commands()]
        return (*whole, *self._mentioned())

    def _mentioned(self) -> Iterator[Command]:
        for line, text in self.spans:
            if _PROGRAM.match(text):
                yield Command(self.name, line, text, is_whole=False)
        for line, text in enumerate(self.prose.splitlines(), start=1):
            if text.startswith("    ") and _PROGRAM.match(text.strip()):
                # An overview may have two in a line, and a remark behind each.
                for part in re.split(r" {2,}", text.strip()):
                    if _PROGRAM.match(part):
                        yield Command(self.name, line, part, is_whole=False)


def _dedented(body: str, indent: int) -> str:
    return re.sub(rf"^ {{{indent}}}", "", body, flags=re.MULTILINE) if indent else body


def page(name: str) -> Page:
    """The page of a path from the root."""
    return Page(name, (ROOT / name).read_text(encoding="utf-8"))


def pages() -> tuple[Page, ...]:
    """Every page that people read; the change log tells of commands as they were."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/*/*.md")]
    names = sorted(path.relative_to(ROOT).as_posix() for path in found)
    return tuple(page(name) for name in names if name != "CHANGELOG.md")
