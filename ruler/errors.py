"""Every error ruler raises on purpose.

    RulerError                      the root; never raised itself
    ├── InputError                  the user can mend it (exit code 2)
    │   ├── ClipError               a clip that is missing, damaged or not a video
    │   ├── FileProblems            a rule, taxonomy or manifest file with every problem in it
    │   ├── NotFoundError           a scene, revision, run or event that does not exist
    │   ├── UnknownNameError        a captioner, reasoner or provider nobody registered
    │   ├── MissingExtraError       an optional dependency that is not installed
    │   └── OvertakenError          somebody else has changed it meanwhile
    ├── RunError                    something failed while the inputs were fine (exit code 3)
    │   ├── CaptionError            a captioner could not describe a frame
    │   └── ModelError              a model endpoint failed or answered something unusable
    └── StoreError                  the store is damaged, locked or from a newer ruler (exit code 3)

The command line turns each into one sentence that says what, where and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class RulerError(Exception):
    """The root of ruler's errors."""

    exit_code = 3


class InputError(RulerError):
    """Something the user gave is wrong and can be mended by the user."""

    exit_code = 2


class ClipError(InputError):
    """A clip cannot be read at all.

    Args:
        clip: The path or name as the user gave it.
        reason: What is wrong, as a clause ("the file is empty").
        advice: What to do about it, as a sentence; may be empty.
    """

    def __init__(self, clip: str, reason: str, advice: str = "") -> None:
        self.clip = clip
        self.reason = reason
        self.advice = advice
        # A file's name is data: it starts no new line and colours no terminal.
        shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in clip)
        super().__init__(f"{shown}: {reason}." + (f" {advice}" if advice else ""))


MOST_SAID = 200
"""Of a file's problems, how many its error spells out: nobody reads on."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a file. `line` and `column` count from 1; 0 means the file as a whole."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        place = f":{self.line}:{self.column}" if self.line else ""
        # A key or value that is quoted may hold a line's end: a problem is one line all the same.
        said = self.message.replace("\r", " ").replace("\n", " ")
        return f"{self.file}{place}: {said}"


class FileProblems(InputError):
    """A file a person wrote is wrong; carries *all* its problems, ordered by place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.file, p.line, p.column)))
        said = [str(problem) for problem in self.problems[:MOST_SAID]]
        if (more := len(self.problems) - MOST_SAID) > 0:
            said.append(f"{self.problems[-1].file}: and {more} more problems")
        super().__init__("\n".join(said))


class NotFoundError(InputError):
    """A scene, revision, run or event that the store or disk does not have."""


class UnknownNameError(InputError):
    """No captioner, reasoner, taxonomy or format goes by this name."""


class MissingExtraError(InputError):
    """An optional dependency is needed and not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs an optional part: pip install 'ruler-vad[{extra}]'")
        self.extra = extra


class OvertakenError(InputError):
    """What was to be changed has been changed by somebody else meanwhile."""


class RunError(RulerError):
    """A step failed although its input was fine."""


class CaptionError(RunError):
    """A captioner could not describe a frame; the frame becomes `failed`, never normal."""


class ModelError(RunError):
    """A model endpoint failed, refused, or answered something that cannot be read."""


class StoreError(RulerError):
    """The store cannot be opened, is damaged, or refuses a write."""
