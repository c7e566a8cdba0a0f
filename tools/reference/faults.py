"""The page of errors: exit codes, the tree of exceptions, and why a model gave no answer."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import get_args

from ruler import errors
from ruler.llm import questions
from tools.reference.tables import table

_INTRODUCTION = """\
# Errors and exit codes

Every error is one sentence that says what is wrong, where, and what to do. None becomes a frame
that counts as normal: see [how failure is handled](../failures.md).

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | done, and there is a finding: a test failed, a budget is exceeded, a lint warning |
| 2 | a mistake in usage or input; nothing was changed |
| 3 | incomplete: frames failed, clips could not be read, a model or the store failed |
| 130 | interrupted; a detection goes on with `ruler detect --resume RUN` |

## Exceptions

For those who use ruler as a library, `ruler.errors` has one tree:
"""


def page() -> str:
    """The page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _INTRODUCTION
    yield f"```text\n{_tree()}\n```\n"
    kinds = [
        one
        for _, one in inspect.getmembers(errors, inspect.isclass)
        if issubclass(one, errors.RulerError)
    ]
    rows = (
        (f"`{kind.__name__}`", str(kind.exit_code), (inspect.getdoc(kind) or "").split("\n\n")[0])
        for kind in kinds
    )
    yield from table(("exception", "exit code", "when"), rows)
    yield "\n## Why a model gave no answer\n"
    yield (
        "A frame that no answer was had for is `failed` (no caption) or `undetermined` (no "
        "reasoning). The kind of the fault, and a sentence, stand beside it.\n"
    )
    yield from table(("kind", "meaning"), ((f"`{name}`", what) for name, what in _faults()))


def _tree() -> str:
    """The tree as it is drawn in the module's docstring."""
    drawn = re.search(
        r"^( *RulerError.*?)\n\n", errors.__doc__ or "", flags=re.MULTILINE | re.DOTALL
    )
    assert drawn is not None
    return inspect.cleandoc("\n" + drawn[1])


def _faults() -> Iterator[tuple[str, str]]:
    """Kinds of faults with the remark that stands beside each in the code."""
    source = inspect.getsource(questions)
    for name in get_args(questions.FaultKind):
        said = re.search(rf'^ *"{name}",  # (.+)$', source, flags=re.MULTILINE)
        assert said is not None, f"FaultKind {name!r} has no remark in ruler/llm/questions.py"
        yield name, said[1]
