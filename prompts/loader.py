"""Load a prompt, check it, fill it in.

A prompt is `prompts/NAME.md`: front matter, then the text, with `{{variable}}` where a value goes.

    ---
    name: caption_frame
    version: 1
    description: Asks for a terse caption of one frame.
    variables: [place]
    ---
    Describe what you see at {{place}}.

What the front matter declares and what the text uses must be the same. Values are put in once and
never read again: a value that holds braces stays text.

A line `<!-- question -->` may part the text in two: before it stands what is the same for all
questions of a kind (so that prefix caches hit), after it what belongs to one question alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

from ruler.errors import InputError

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_PLACE = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*\}\}")
_PART = "<!-- question -->"
_KEYS = ("name", "version", "description", "variables")


class PromptError(InputError):
    """A prompt does not exist, is malformed, or was given the wrong variables."""


@dataclass(frozen=True)
class Prompt:
    """A checked template. `variables` are the names that `render` must be given, all of them."""

    name: str
    version: str
    description: str
    variables: tuple[str, ...]
    text: str

    @cached_property
    def sha256(self) -> str:
        """Hash of the text alone: another description asks nothing else."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def render(self, **values: str | float) -> str:
        """The text with every variable filled in, both parts in one.

        Raises:
            PromptError: names every variable that is missing or not known.
        """
        return "\n".join(part for part in self.render_parts(**values) if part)

    def render_parts(self, **values: str | float) -> tuple[str, str]:
        """(what all questions of the kind share, what is this question's own), filled in. The
        second is empty where the text is not parted.

        Raises:
            PromptError: names every variable that is missing or not known.
        """
        missing = [name for name in self.variables if name not in values]
        unknown = [name for name in values if name not in self.variables]
        if missing or unknown:
            parts = [f"needs {', '.join(missing)}"] if missing else []
            parts += [f"does not know {', '.join(unknown)}"] if unknown else []
            raise PromptError(f"prompt {self.name!r} {' and '.join(parts)}")
        # Parted before it is filled in: a value cannot move the border.
        first, _, second = (part.strip("\n") for part in self.text.partition(_PART))
        shared, own = (
            _PLACE.sub(lambda place: str(values[place[1]]), part) for part in (first, second)
        )
        return f"{shared}\n", f"{own}\n" if second else ""


@cache
def load(name: str) -> Prompt:
    """The prompt of that name.

    Raises:
        PromptError: there is none, or its file is malformed.
    """
    if not _NAME.fullmatch(name) or name not in names():
        raise PromptError(f"no prompt is called {name!r}; known: {', '.join(names())}")
    return parse(files("prompts").joinpath(f"{name}.md").read_text("utf-8"), name)


def names() -> tuple[str, ...]:
    """All prompts that ship, sorted."""
    found = (item.name for item in files("prompts").iterdir())
    return tuple(sorted(name.removesuffix(".md") for name in found if name.endswith(".md")))


def parse(source: str, name: str) -> Prompt:
    """Read and check the source of the prompt `name`.

    Raises:
        PromptError: says what is wrong, and in which line of the front matter.
    """
    lines = source.splitlines()
    if lines[:1] != ["---"] or "---" not in lines[1:]:
        raise PromptError(
            f"prompt {name!r}: the file must begin with front matter between --- lines"
        )
    end = lines.index("---", 1)
    fields = _front_matter(lines[1:end], name)
    text = "\n".join(lines[end + 1 :]).strip() + "\n"
    variables = _variables(fields["variables"], name)
    _check(name, fields, variables, text)
    return Prompt(name, fields["version"], fields["description"], variables, text)


def _front_matter(lines: list[str], name: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for number, line in enumerate(lines, start=2):
        key, colon, value = line.partition(":")
        if not colon or key not in _KEYS or key in fields or not value.strip():
            known = ", ".join(_KEYS)
            raise PromptError(f"prompt {name!r}, line {number}: expected one each of {known}")
        fields[key] = value.strip()
    if missing := [key for key in _KEYS if key not in fields]:
        raise PromptError(f"prompt {name!r}: the front matter lacks {', '.join(missing)}")
    return fields


def _variables(value: str, name: str) -> tuple[str, ...]:
    listed = re.fullmatch(r"\[(.*)\]", value)
    found = [item.strip() for item in listed[1].split(",") if item.strip()] if listed else None
    if found is None or len(set(found)) < len(found) or not all(map(_NAME.fullmatch, found)):
        raise PromptError(f"prompt {name!r}: `variables` must be a list of names, like [a, b]")
    return tuple(found)


def _check(name: str, fields: Mapping[str, str], variables: tuple[str, ...], text: str) -> None:
    used = set(_PLACE.findall(text))
    problems = []
    if fields["name"] != name:
        problems.append(f"`name` says {fields['name']!r}")
    if undeclared := sorted(used.difference(variables)):
        problems.append(f"the text uses undeclared {', '.join(undeclared)}")
    if unused := sorted(set(variables) - used):
        problems.append(f"the text does not use {', '.join(unused)}")
    if "{{" in _PLACE.sub("", text):
        problems.append("the text holds {{ that begins no variable")
    if not all(part.strip() for part in text.split(_PART)):
        problems.append("the text is empty, or a part of it is")
    if text.count(_PART) > 1:
        problems.append(f"{_PART} stands more than once")
    if problems:
        raise PromptError(f"prompt {name!r}: {'; '.join(problems)}")
