"""What may stand in a file that somebody else wrote, and the law that every reader keeps.

The law: a reader returns, or raises an `InputError` (a `StoreError`, for a store) whose sentences
say where, cannot touch a terminal, and are no copy of the file. Nothing else is raised, and nothing
takes long.

`FUZZ=20 pytest tests/fuzz` tries twenty times as much as usual, another part of it each time.
"""

from __future__ import annotations

import copy
import json
import os
import time
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from ruler.errors import FileProblems, InputError, RulerError

TIMES = int(os.environ.get("FUZZ", "1"))
"""How many times the usual number of examples."""

MOST_SECONDS = 5.0
LONGEST_SENTENCE = 2_000


def fuzz(examples: int) -> settings:
    """Settings for a property over hostile input: repeatable as a rule, at random where more is
    tried."""
    return settings(
        max_examples=examples * TIMES,
        derandomize=TIMES == 1,
        phases=(Phase.explicit, Phase.generate),  # a failure is told as it was met, at once
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


def lawful(
    read: Callable[[], object], *, place: str = "", errors: type[RulerError] = InputError
) -> RulerError | None:
    """See that a reader keeps the law.

    Args:
        read: Reads and returns whatever it likes.
        place: What each error must name: the file.
        errors: The only errors that may be raised.

    Returns:
        The error, or None where there was something to read.
    """
    start = time.process_time()
    error: RulerError | None = None
    try:
        read()
    except errors as raised:
        error = raised
    taken = time.process_time() - start
    assert taken < MOST_SECONDS, f"took {taken:.1f} s"
    if error is not None:
        check_sentence(error, place)
    return error


def check_sentence(error: RulerError, place: str) -> None:
    """Each line of an error is a sentence with its place, fit for people and terminals."""
    said = str(error).split("\n") if isinstance(error, FileProblems) else [str(error)]
    for sentence in said:
        assert sentence.strip(), error
        assert place in sentence, f"{sentence!r} does not name {place!r}"
        assert len(sentence) <= LONGEST_SENTENCE, f"{len(sentence)} characters: {sentence[:300]}"
        assert "Traceback" not in sentence


SCALARS: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, False, 0, 1, -1, 2**31, 2**63, -(2**63) - 1, 10**30, 10**400, 0.5, -0.0),
        *(1e-320, 1e308, float("nan"), float("inf"), float("-inf"), "", " ", "\x00", "a\x00b"),
        *("\ud800", "\ufeff", "\u202e", "\x1b[31m", "\r\n", "\u2028", "[red]", "{{ x }}", "${x}"),
        *("../../etc/passwd", "/dev/zero", "/etc", "C:\\CON", "~", ".", "..", "a/../../b", "%s%n"),
        *("'; DROP TABLE scene; --", "<script>alert(1)</script>", "x" * 5000, "1e999", "NaN"),
        *(
            "0001-01-01",
            "9999-12-31T23:59:59+23:59",
            "25:00-26:00",
            "(a+)+$",
            "1/0",
            "0/0",
            "é" * 9,
        ),
    ]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS | st.text(max_size=20) | st.integers() | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=5,
)

TOKENS = st.sampled_from(
    [
        *(b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\r", b"\r\n", b"\n", b"\t"),
        *(b"\x85", b"\xe2\x80\xa8", b"{", b"}", b"[", b"]", b'"', b"'", b":", b": ", b"- ", b"#"),
        *(b"&a ", b"*a", b"!!python/object/apply:os.system ", b"<<: *a", b"---\n", b"...\n", b"|"),
        *(
            b">",
            b"? ",
            b"%YAML 1.1\n",
            b"\\ud800",
            b"\\u0000",
            b"NaN",
            b"Infinity",
            b"-1",
            b"1e999",
        ),
        *(b"9" * 500, b"9" * 5000, b"[" * 200, b"{a: " * 200, b"- " * 200, b"x" * 10_000, b"\x1b["),
        *(b"null", b"true", b"~", b".inf", b".nan", b"0x1f", b"0o17", b"1_000", b"12:30:45"),
    ]
)


@st.composite
def mutated(draw: st.DrawFn, seed: bytes, most: int = 6) -> bytes:
    """A file with some bytes flipped, cut out, doubled, cut off, or put in."""
    data = bytearray(seed)
    for _ in range(draw(st.integers(1, most))):
        place = draw(st.integers(0, len(data)))
        what = draw(st.sampled_from(["flip", "cut", "double", "end", "put", "put", "put"]))
        length = draw(st.integers(1, 40))
        if what == "flip" and place < len(data):
            data[place] ^= draw(st.integers(1, 255))
        elif what == "cut":
            del data[place : place + length]
        elif what == "double":
            data[place:place] = data[place : place + length]
        elif what == "end":
            del data[place:]
        else:
            data[place:place] = draw(TOKENS)
    return bytes(data)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else []
    inner = enumerate(value) if isinstance(value, list) else inner
    return [path] + [place for key, item in inner for place in _places(item, (*path, key))]


@st.composite
def twisted(draw: st.DrawFn, seed: Any, most: int = 3) -> Any:
    """A document with some of its values, keys or entries exchanged for others."""
    value = copy.deepcopy(seed)
    for _ in range(draw(st.integers(1, most))):
        path = draw(st.sampled_from(_places(value)))
        what = draw(st.sampled_from(["set", "set", "set", "drop", "add"]))
        if not path:
            value = draw(VALUES) if what == "set" and draw(st.booleans()) else value
            continue
        owner = value
        for step in path[:-1]:
            owner = owner[step]
        if what == "set":
            owner[path[-1]] = draw(VALUES)
        elif what == "drop":
            del owner[path[-1]]
        elif isinstance(owner, list):
            owner.append(draw(VALUES))
        else:
            owner[draw(st.text(max_size=8))] = draw(VALUES)
    return value


def as_json(value: Any) -> bytes:
    """A value as a program in another language may write it: with NaN, and half characters."""
    return json.dumps(value, ensure_ascii=True).encode()


def hostile(seed: bytes) -> st.SearchStrategy[bytes]:
    """A JSON document, or lines of it, spoiled as bytes or in what it says."""
    lines = [json.loads(line) for line in seed.splitlines() if line.strip()]
    spoiled = twisted(lines).map(_written)
    return mutated(seed) | spoiled | spoiled.flatmap(lambda data: mutated(data, 2))


def _written(lines: Any) -> bytes:
    rows = lines if isinstance(lines, list) else [lines]
    return b"\n".join(as_json(row) for row in rows) + b"\n"
