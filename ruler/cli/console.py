"""What people see: results on stdout, progress on stderr, and numbers read from options."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from ruler.errors import InputError

if TYPE_CHECKING:
    from ruler.jobs.estimate import Estimate
    from ruler.jobs.progress import Progress, Report
    from ruler.schemas.runs import Usage

T = TypeVar("T")


def say(text: str = "") -> None:
    """One line of a result, on stdout, with rich's markup."""
    from rich.console import Console

    Console(highlight=False, soft_wrap=True, emoji=False).print(text)


def show(renderable: Any) -> None:
    """A table or tree, on stdout."""
    from rich.console import Console

    Console(highlight=False, emoji=False).print(renderable)


def warn(text: str) -> None:
    """One line on stderr."""
    sys.stderr.write(f"ruler: {printable(text)}\n")


def printable(text: object, keep: str = "\n") -> str:
    """Text of others without control characters, those in `keep` apart: no file's name can move
    the cursor or colour the terminal."""
    return "".join(
        c if c.isprintable() or c in keep else "\N{REPLACEMENT CHARACTER}" for c in str(text)
    )


def note_assumed_rate(paths: Iterable[str], frame_rate: float | None) -> None:
    """Say what a folder of frames was taken for where nobody said how fast it runs.

    Speeds and durations in rules depend on it.
    """
    from pathlib import Path

    from ruler.files import is_folder

    if frame_rate is None and any(is_folder(Path(path)) for path in paths):
        warn("folders of frames were taken at 25 frames a second; say otherwise with --fps.")


def tell_estimate(estimate: Estimate, as_json: bool) -> None:
    """What a job would ask of models, on stdout; clips that cannot be read, on stderr."""
    for error in estimate.unread:
        warn(str(error))
    if as_json:
        emit_json(estimate.as_data())
        return
    for line in estimate.lines():
        say(plain(line))


def tell_spending(usage: Usage) -> None:
    """What models and captions cost, where models or the store had a part in it."""
    from ruler.reporting.spending import spending

    if usage.model_calls or usage.answers_cached or usage.captions_cached or usage.captions_shared:
        for what, how_much in spending(usage):
            say(f"[dim]{what}: {how_much}[/]")


def plain(text: object) -> str:
    """One line of others' text, safe inside rich's markup."""
    return block(printable(text, keep=""))


def block(text: object) -> str:
    """Lines of others' text, safe inside rich's markup."""
    from rich.markup import escape

    return escape(printable(text))


def emit_json(value: Any) -> None:
    """Data on stdout, for programs."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


@contextlib.contextmanager
def progress() -> Iterator[Report]:
    """A progress bar on stderr; where that is no terminal, nothing."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    bar = Bar(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task("starting", total=None)

        def report(step: Progress) -> None:
            bar.update(task, description=step.task, completed=step.done, total=step.total)

        yield report


def parsed(option: str, form: str, parse: Callable[[str], T], text: str | None) -> T | None:
    """Read an option's text; None stays None.

    Raises:
        InputError: names the option and says how it should look.
    """
    if text is None:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise InputError(f"{option} takes {form}, not {text!r}.") from error


def one_of(option: str, kind: Any, text: str) -> Any:
    """Read an option that takes one of a literal type's words.

    Raises:
        InputError: names the words.
    """
    known = get_args(kind)
    if text not in known:
        raise InputError(f"{option} takes one of {', '.join(known)}, not {text!r}.")
    return text
