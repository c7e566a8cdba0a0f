"""Reading on after what is not YAML, so that one slip does not hide the others.

A line that stops the scanner is told of, mended by a guess (a colon put in, a quote closed, an
indentation evened out) and the text is read again. The guess is never kept: it only lets the rest
of the file be looked at, and nothing is said of the lines that were guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ruler.errors import FileProblems, Problem
from rules_store.yaml_nodes import Mapping
from rules_store.yaml_reader import UnreadableError, read_tree
from rules_store.yaml_syntax import without_odd

_MOST_MENDED = 30
_LONGEST = 200_000
"""Characters of a text that is read on; beyond, only what came first is told."""

_MOST_READ = 400_000
"""Characters that are read over and over until the rest is YAML."""

_ENTRY = re.compile(r"( *)((?:- +)*)")
_KEYED = re.compile(r"([A-Za-z_][A-Za-z0-9_-]{0,40}):(?=[ \t]|$)")
_NO_BLANK = re.compile(r"([A-Za-z_][A-Za-z0-9_-]{0,40}):(?=[^\s:/])")
_NO_COLON = re.compile(r"([A-Za-z_][A-Za-z0-9_-]{0,40})(?=[ \t]|$)")
_GLUED_DASH = re.compile(r"( *)-(?=[A-Za-z_][A-Za-z0-9_-]{0,40}:(?:[ \t]|$))")


@dataclass
class Mended:
    """What could be read after all.

    Attributes:
        tree: None where nothing could.
        problems: All that stopped the reader, and what it said of the rest.
        lines: Numbers of lines that were guessed at, from 1.
        lost: What stood in lines that were left out.
    """

    tree: Mapping | None = None
    problems: list[Problem] = field(default_factory=list)
    lines: set[int] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)

    def is_doubtful(self, problem: Problem) -> bool:
        """Whether a problem may come from a guess rather than from the file."""
        if problem.line in self.lines:
            return True
        missing = problem.message.endswith("is missing") or " is missing (" in problem.message
        key = problem.message.removeprefix("`").partition("`")[0]
        return missing and any(key in text for text in self.lost)


def read_on(source: str, first: UnreadableError, *, file: str, keys: frozenset[str]) -> Mended:
    """All that is wrong with a text as YAML, and the tree of the rest.

    Args:
        source: The text.
        first: What stopped the reader.
        file: Name that problems carry.
        keys: The keys that a file of this kind may have anywhere.
    """
    mended = Mended(problems=list(first.problems))
    if len(source) > _LONGEST or first.line == 0:
        return mended
    lines = _Lines(without_odd(source.removeprefix("\ufeff")), keys)
    found: UnreadableError | None = None if first.kind == "characters" else first
    for number, column, what in lines.mend_small_slips():
        mended.problems.append(Problem(file, number, column, what))
        if first.kind == "syntax":  # which came of this
            mended.problems = [one for one in mended.problems if one not in first.stopping]
            found = None
    for _ in range(min(_MOST_MENDED, 3 + _MOST_READ // (len(source) + 1))):
        if found is not None:
            lines.mend(found, mended)
        try:
            mended.tree, problems = read_tree(lines.text, file=file)
        except UnreadableError as exc:
            found = exc
            told = {problem.line for problem in mended.problems} | mended.lines
            mended.problems += [one for one in exc.stopping if one.line not in told]
            continue
        except FileProblems as exc:
            mended.problems += exc.problems
            break
        mended.problems += problems
        break
    mended.problems = list(dict.fromkeys(mended.problems))
    return mended


class _Lines:
    """The lines of a text while they are mended; their number never changes."""

    def __init__(self, source: str, keys: frozenset[str]) -> None:
        self._lines = re.split(r"\r\n|\r|\n", source)
        self._keys = keys
        self._tries: dict[int, int] = {}

    @property
    def text(self) -> str:
        return "\n".join(self._lines)

    def mend_small_slips(self) -> Iterator[tuple[int, int, str]]:
        """(line, column, what) of blanks that are missing or too many, where that is plain."""
        contents = [
            at for at, line in enumerate(self._lines) if line.strip(" ")[:1] not in ("", "#")
        ]
        first = contents[0] if contents else 0
        if self._lines[first].startswith(" ") and any(
            _KEYED.match(self._lines[at]) for at in contents[1:]
        ):
            self._lines[first] = self._lines[first].lstrip(" ")
            yield first + 1, 1, "the line must begin without blanks, as those below it"
        for at in contents:
            line = self._lines[at]
            if _GLUED_DASH.match(line):
                line = line.replace("-", "- ", 1)
                yield (
                    at + 1,
                    line.index("-") + 1,
                    "a blank is missing after the `-` of a list entry",
                )
            blanks, dashes, body = _split(line)
            found = _NO_BLANK.match(body)
            if found and found[1] in self._keys:
                column = len(blanks) + len(dashes) + found.end()
                line = f"{blanks}{dashes}{found[1]}: {body[found.end() :]}"
                yield at + 1, column, f"a blank is missing after the colon of `{found[1]}:`"
            self._lines[at] = line

    def mend(self, error: UnreadableError, mended: Mended) -> None:
        """Change the line that stopped the reader; what does not help is left out."""
        if error.kind == "document":
            del self._lines[error.line - 1 :]
            return
        at = min(error.line, len(self._lines)) - 1
        tries = self._tries[at] = self._tries.get(at, 0) + 1
        line = self._lines[at]
        if tries == 1 and self._is_shifted(at, error):
            return
        mended.lines.add(at + 1)
        # A second stop at one line: the value goes, and if that does not help, the line.
        guesses = (self._guess(at, error), self._without_value(line), None)
        for guess in guesses[tries - 1 :]:
            if guess is not None and guess != line:
                self._lines[at] = guess
                if guess.endswith(":"):
                    mended.lines |= self._drop_rest(at)
                return
        mended.lost.append(line)
        self._lines[at] = "#"

    def _is_shifted(self, at: int, error: UnreadableError) -> bool:
        """Even out the indentation of a line, and of what belongs to it; true where that helps."""
        line = self._lines[at]
        lead = len(line) - len(line.lstrip())
        if "\t" in line[:lead]:
            self._lines[at] = " " * self._beside(at) + line.lstrip()
            return True
        if not (
            error.is_indentation or (error.is_second_colon and _is_first_colon(line, error.column))
        ):
            return False
        shift = self._nearest(at, lead) - lead
        last = at + 1
        while last < len(self._lines) and line.startswith("- ", lead):
            blanks = len(self._lines[last]) - len(self._lines[last].lstrip(" "))
            if self._lines[last].strip(" ") and blanks <= lead:
                break
            last += 1
        for number in range(at, last) if shift else ():
            moved = self._lines[number]
            self._lines[number] = " " * shift + moved if shift > 0 else moved[-shift:]
        return shift != 0

    def _drop_rest(self, at: int) -> set[int]:
        """Leave out the lines on which a list or group goes on whose beginning is gone."""
        deep = len(_split(self._lines[at])[0])
        dropped: set[int] = set()
        for number in range(at + 1, len(self._lines)):
            blanks, dashes, body = _split(self._lines[number])
            if dashes or len(blanks) <= deep or _KEYED.match(body):
                break
            self._lines[number] = "#"
            dropped.add(number + 1)
        return dropped

    def _guess(self, at: int, error: UnreadableError) -> str | None:
        line = self._lines[at]
        indent, dashes = (len(part) for part in _split(line)[:2])
        body = line[indent + dashes :]
        if error.is_second_colon:
            return line[: error.column - 1] + "," + line[error.column :]
        if error.is_without_colon:
            for pattern, joint in ((_NO_BLANK, ": "), (_NO_COLON, ":")):
                found = pattern.match(body)
                if found and found[1] in self._keys:
                    rest = body[found.end() :]
                    return line[: indent + dashes] + found[1] + joint + rest
            return None
        return self._without_value(line)

    def _without_value(self, line: str) -> str | None:
        """The line with its first key alone; a list entry without its text."""
        blanks, dashes, body = _split(line)
        found = _KEYED.match(body)
        if found:
            return f"{blanks}{dashes}{found[1]}:"
        return f"{blanks}{dashes}".rstrip() if dashes else None

    def _beside(self, at: int) -> int:
        """The indentation of the line above, or that of its value where it has none."""
        for line in reversed(self._lines[:at]):
            blanks, dashes, body = _split(line)
            if body and not body.startswith("#"):
                deeper = 2 if body.rstrip().endswith(":") else 0
                return len(blanks) + len(dashes) + deeper
        return 0

    def _nearest(self, at: int, indent: int) -> int:
        """The indentation, among those of lines above of the same kind, that is the nearest."""
        is_entry = self._lines[at].lstrip().startswith("- ")
        known: list[int] = []
        for line in reversed(self._lines[:at]):
            blanks, dashes, body = _split(line)
            if not body or body.startswith("#"):
                continue
            if is_entry and dashes:
                known.append(len(blanks))
            elif not is_entry and _KEYED.match(body):
                known.append(len(blanks) + len(dashes))
            if known and not blanks and not dashes:
                break
        # Of two that are equally near, the one that was used last.
        return min(known, key=lambda one: abs(one - indent), default=0)


def _split(line: str) -> tuple[str, str, str]:
    """(blanks, dashes of list entries, the rest)."""
    found = _ENTRY.match(line)
    assert found is not None
    return found[1], found[2], line[found.end() :]


def _is_first_colon(line: str, column: int) -> bool:
    """The colon at a column is the one after the line's key: the line stands too deep."""
    return _KEYED.fullmatch(line[:column].lstrip(" -").rstrip()) is not None
