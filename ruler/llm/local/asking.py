"""What both ways of running a model share: how a question is put, and what may go wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from ruler.llm.questions import Completion, Fault

_Item = TypeVar("_Item")
Outcome = Completion | Fault
Message = dict[str, Any]

_LONGEST_REASON = 300
_ERROR_LINE = re.compile(
    r"^(?:\([^)]*\) )?(?:ERROR [^\]]*\] )?[\w.]*(?:Error|Exception): (?P<said>\S.*)", re.MULTILINE
)
_COMMONPLACES = re.compile(r"root cause|stack trace|^\d+ validation errors? for", re.IGNORECASE)
_NOISE = re.compile(r"^Value error, | \[type=.*$| at 0x[0-9a-f]+")
_OUT_OF_MEMORY = re.compile(
    r"out of memory|(?:can't|cannot|not enough|failed to).{0,30}memory", re.IGNORECASE
)


def special_tokens(tokenizer: Any) -> frozenset[str]:
    """The words by which a model's chat format tells turns, pictures and ends apart."""
    added = getattr(tokenizer, "added_tokens_decoder", {}).values()
    known = {str(token) for token in getattr(tokenizer, "all_special_tokens", ())}
    return frozenset(known | {token.content for token in added if token.special})


def disarm(text: str, special: Iterable[str]) -> str:
    """The text as data: where it holds a special token, a space breaks it, so that no caption can
    end its turn or claim a picture (DESIGN invariant 6)."""
    tokens = sorted((token for token in special if token.strip()), key=len, reverse=True)
    if not tokens:
        return text
    pattern = "|".join(re.escape(token) for token in tokens)
    return re.sub(pattern, lambda found: f"{found[0][:1]} {found[0][1:]}", text)


def conversation(
    system: str,
    text: str,
    pictures: Sequence[Message],
    special: Iterable[str] = (),
    *,
    takes_system: bool = True,
) -> list[Message]:
    """The chat: the system's words, then the user's pictures, then the user's words.

    Where the chat format takes no system's turn, or nothing else is said (many take no empty turn),
    the system's words open the user's.
    """
    first, last = _part(disarm(system, special)), _part(disarm(text, special))
    if not takes_system or not (pictures or last):
        return [{"role": "user", "content": [*first, *pictures, *last]}]
    opening = [{"role": "system", "content": first}] if first else []
    return [*opening, {"role": "user", "content": [*pictures, *last]}]


def _part(text: str) -> list[Message]:
    return [{"type": "text", "text": text}] if text else []


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on a GPU or beside it."""
    return (
        isinstance(error, MemoryError)
        or type(error).__name__ == "OutOfMemoryError"
        or (isinstance(error, RuntimeError) and _OUT_OF_MEMORY.search(str(error)) is not None)
    )


def halving(
    items: Sequence[_Item],
    answer: Callable[[Sequence[_Item]], list[Outcome]],
    out_of_memory: Callable[[int], None],
) -> list[Outcome]:
    """Answer a batch; where that fails, each half of it, down to the one item that is to blame.

    A single item that does not fit into memory is "too_long"; any other error makes a
    "bad_request". `out_of_memory` is told how many items will be tried next.
    """
    try:
        return answer(items)
    except Exception as error:  # noqa: BLE001 - a model's own code may raise anything
        is_memory = is_out_of_memory(error)
        blamed = _blame(error)
    # Outside of the handler: the traceback keeps the failed batch in memory.
    middle = max(1, len(items) // 2)
    if is_memory:
        out_of_memory(middle)
    if len(items) == 1:
        return [blamed]
    halves = items[:middle], items[middle:]
    return [outcome for half in halves for outcome in halving(half, answer, out_of_memory)]


def _blame(error: Exception) -> Fault:
    if is_out_of_memory(error):
        return Fault("too_long", "the question and its pictures do not fit into memory")
    return Fault("bad_request", f"the model cannot take the question: {first_line(error)}")


def first_line(error: BaseException | str, log: str = "") -> str:
    """The first line that says what is wrong: of an error, or of a log where the error points there
    or says only commonplaces."""
    lines = [line.strip() for line in str(error).splitlines()]
    said = [line for line in lines if line and not _COMMONPLACES.search(line)]
    logged = [found["said"] for found in _ERROR_LINE.finditer(log)]
    said += [line for line in logged if not _COMMONPLACES.search(line)]
    line = next(iter(said), type(error).__name__ if isinstance(error, Exception) else "no reason")
    line = _NOISE.sub("", line)  # pydantic's, and addresses: they differ from run to run
    return line if len(line) <= _LONGEST_REASON else f"{line[:_LONGEST_REASON]} ..."
