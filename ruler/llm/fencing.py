"""Text from scenes, captions, files and models as data in a prompt: it cannot leave its place.

Each piece of data is one line of JSON. A line holds no line break, a string no quotation mark that
ends it, and what chat templates and readers of prompts take for structure (angle brackets, braces,
back ticks, invisible characters) is written as an escape, which JSON reads back as the same text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

LONGEST = 4000
"""Characters of one text that are shown; a longer one is cut and says so."""

_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"')
_STRUCTURE = frozenset("<>{}[]`")


def fence(fields: Mapping[str, object]) -> str:
    """One line of JSON that stays one line and one object, whatever its texts hold."""
    line = json.dumps(_shortened(fields), ensure_ascii=False, allow_nan=False)
    return _STRING.sub(lambda found: "".join(map(_escaped, found[0])), line)


def fence_lines(items: Iterable[Mapping[str, object]]) -> str:
    """One line for each item; `(none)` where there are none."""
    return "\n".join(map(fence, items)) or "(none)"


def _escaped(character: str) -> str:
    if character.isprintable() and character not in _STRUCTURE:
        return character
    return "".join(f"\\u{unit:04x}" for unit in _units(character))


def _units(character: str) -> Iterable[int]:
    data = character.encode("utf-16-be", "surrogatepass")
    return (int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))


def _shortened(value: object) -> object:
    if isinstance(value, str) and len(value) > LONGEST:
        return f"{value[:LONGEST]} ... (cut)"
    if isinstance(value, Mapping):
        return {str(key): _shortened(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_shortened(one) for one in value]
    return value
