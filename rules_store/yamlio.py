"""Files that people write: read, validated, and all problems told at once with their places.

A file is parsed into a tree with places (`yaml_reader`), its `schema:` line is checked, the data is
validated against a pydantic model, and each error is led back to the place it comes from
(`yaml_words` finds the sentence). Validation is strict: `weight: "0.8"` is text, not a number.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from collections.abc import Sequence as AnySequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ruler.errors import FileProblems, Problem
from ruler.files import opened
from rules_store.yaml_mending import Mended, read_on
from rules_store.yaml_nodes import Mapping, Node, Place, Scalar, Sequence, plain_data, text_of
from rules_store.yaml_reader import MAX_CHARACTERS, UnreadableError, read_tree
from rules_store.yaml_words import SENTENCES, Said

KeyPath = tuple[str | int, ...]
Schema = dict[str, Any]
_Model = TypeVar("_Model", bound=BaseModel)

_MAX_BYTES = 4 * MAX_CHARACTERS


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem that a check of ours found; `path` leads to the value it speaks of."""

    path: KeyPath
    place: Place
    message: str


Check = Callable[[Mapping], AnySequence[Finding]]
"""Looks at a tree for what pydantic cannot tell, or cannot tell well enough."""


def read_source(path: Path) -> str:
    """A file's text, line endings as they are.

    Raises:
        NotFoundError: There is no such file.
        FileProblems: It is not UTF-8, or far too large.
        InputError: It is no file, or cannot be opened.
    """
    with opened(path) as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise FileProblems(
            [Problem(str(path), 0, 0, f"the file is larger than {_MAX_BYTES} bytes")]
        )
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        before = data[: exc.start].decode("utf-8")
        lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        what = f"byte 0x{data[exc.start]:02X} is not UTF-8; save the file with the encoding UTF-8"
        problem = Problem(str(path), len(lines), len(lines[-1]) + 1, what)
        raise FileProblems([problem]) from exc


def load(
    source: str, *, file: str, schema: str, model: type[_Model], checks: AnySequence[Check] = ()
) -> _Model:
    """A file's values.

    Args:
        source: The text.
        file: Name that problems carry.
        schema: What the file's `schema:` line must say.
        model: What its other keys must fit.
        checks: Further checks; what they find silences pydantic's value errors about it.

    Raises:
        FileProblems: With everything that is wrong.
    """
    return load_placed(source, file=file, schema=schema, model=model, checks=checks)[0]


def load_placed(
    source: str, *, file: str, schema: str, model: type[_Model], checks: AnySequence[Check] = ()
) -> tuple[_Model, Mapping]:
    """As `load`, with the tree that knows where everything stands."""
    try:
        tree, problems = read_tree(source, file=file)
    except UnreadableError as exc:
        keys = _all_keys(model)
        beyond = read_on(source, exc, file=file, keys=keys)
        raise FileProblems(_told(beyond, file, schema, model, checks)) from exc
    value = validate(tree, problems, file=file, schema=schema, model=model, checks=checks)
    return value, tree


def _told(
    beyond: Mended, file: str, schema: str, model: type[BaseModel], checks: AnySequence[Check]
) -> list[Problem]:
    """Everything wrong with a file that is not all YAML: there, before and after."""
    if beyond.tree is None:
        return beyond.problems
    try:
        validate(beyond.tree, (), file=file, schema=schema, model=model, checks=checks)
    except FileProblems as exc:
        found = [one for one in exc.problems if one.line and not beyond.is_doubtful(one)]
        return list(dict.fromkeys([*beyond.problems, *found]))
    return beyond.problems


@lru_cache(maxsize=32)
def _all_keys(model: type[BaseModel]) -> frozenset[str]:
    """Every key that a file of a kind may have, wherever it stands."""
    root = _json_schema(model)
    parts = [root, *root.get("$defs", {}).values()]
    return frozenset({"schema"} | {key for part in parts for key in part.get("properties", ())})


def validate(
    tree: Mapping,
    problems: AnySequence[Problem],
    *,
    file: str,
    schema: str,
    model: type[_Model],
    checks: AnySequence[Check] = (),
) -> _Model:
    """As `load`, from a tree and the problems found when it was read."""
    found = [*problems, *check_schema_line(tree, file, schema)]
    findings = [finding for check in checks for finding in check(tree)]
    found += [_problem(file, finding.place, finding.message) for finding in findings]
    data = plain_data(tree)
    data.pop("schema", None)
    value: _Model | None = None
    try:
        value = model.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as exc:
        for error in exc.errors(include_url=False, include_input=False):
            if not _is_silenced(error, findings) and (told := _describe(error, model, tree)):
                found.append(_problem(file, *told))
        found = found or [Problem(file, 0, 0, str(exc))]
    if found or value is None:
        raise FileProblems(list(dict.fromkeys(found)))
    return value


def check_schema_line(tree: Mapping, file: str, schema: str) -> list[Problem]:
    """What is wrong with the `schema:` line.

    Raises:
        FileProblems: The file says that it is of another kind, so that nothing else would fit.
    """
    node = tree.get("schema")
    if node is None:
        return [_problem(file, tree.start, f"the line `schema: {schema}` is missing")]
    given = text_of(node)
    if given == schema:
        return []
    kind, _, version = schema.rpartition("/")
    if given is not None and given.startswith("ruler/"):
        shown = given[:60]
        message = f"this is a `{shown}` file; a `{schema}` file is expected"
        if given.rpartition("/")[0] == kind:
            message = f"`{shown}` is not known; this ruler reads version {version}: `{schema}`"
        raise FileProblems([_problem(file, node.start, message)])
    return [_problem(file, node.start, f"`schema` must be {schema}")]


def _problem(file: str, place: Place, message: str) -> Problem:
    return Problem(file, place.line, place.column, message)


def _is_silenced(error: ErrorDetails, findings: AnySequence[Finding]) -> bool:
    """True where one of our checks has said it better."""
    loc = error["loc"]
    if error["type"] == "value_error":
        return any(finding.path[: len(loc)] == loc for finding in findings)
    return any(finding.path == loc for finding in findings)


def _describe(
    error: ErrorDetails, model: type[BaseModel], root: Mapping
) -> tuple[Place, str] | None:
    """Where an error stands and what to say of it; None where that was said already."""
    path: KeyPath = tuple(error["loc"])
    is_key = bool(path) and path[-1] == "[key]"
    path = path[:-1] if is_key else path
    parent, key, node = _walk(root, path)
    if parent.is_refused or (node is not None and node.is_refused):
        return None
    if error["type"] == "too_short" and isinstance(node, Sequence) and node.items:
        return None  # pydantic counts the good entries alone; the bad ones have their own error
    subject = _subject(path, is_key=is_key)
    said = Said(
        subject=subject,
        key=str(path[-1]) if path else "",
        known=_known_keys(model, path[:-1]) if path else (),
        schema=_schema_at(model, path),
        node=key if is_key else node,
        context=error.get("ctx", {}),
    )
    sentence = SENTENCES.get(error["type"])
    message = sentence(said) if sentence else f"{subject}: {error['msg']}"
    if node is None:
        return parent.start, message
    if key is not None and (is_key or error["type"] == "extra_forbidden"):
        return key.start, message
    if isinstance(node, Scalar) and node.is_empty:
        return (key or node).start, f"{subject} has no value"
    return node.start, message


def _walk(root: Mapping, path: KeyPath) -> tuple[Node, Scalar | None, Node | None]:
    """(the node around, the key, the node) at a path; the node is None where nothing stands."""
    parent: Node = root
    key: Scalar | None = None
    node: Node | None = root
    for step in path:
        if node is None:
            break
        parent, key = node, None
        if isinstance(parent, Mapping) and step in parent.entries:
            entry = parent.entries[str(step)]
            key, node = entry.key, entry.node
        elif isinstance(parent, Sequence) and isinstance(step, int):
            node = parent.items[step] if step < len(parent.items) else None
        else:
            node = None
    return parent, key, node


def _subject(path: KeyPath, *, is_key: bool) -> str:
    """What an error is about, in words."""
    if not path:
        return "the file"
    if is_key:
        return "the key"
    if isinstance(path[-1], int):
        owner = next((step for step in reversed(path) if isinstance(step, str)), "the list")
        return f"entry {path[-1] + 1} of `{owner}`"
    return f"`{path[-1]}`"


@lru_cache(maxsize=32)
def _json_schema(model: type[BaseModel]) -> Schema:
    return model.model_json_schema()


def _schema_at(model: type[BaseModel], path: KeyPath) -> Schema:
    """The JSON schema of what should stand at a path; {} where nothing should."""
    root = _json_schema(model)
    here = root
    for step in path:
        within = here.get("items") if isinstance(step, int) else None
        if isinstance(step, str):
            named = here.get("properties", {}).get(step)
            by_pattern = next(iter(here.get("patternProperties", {}).values()), None)
            within = named or by_pattern or here.get("additionalProperties")
        here = _resolved(within if isinstance(within, dict) else {}, root.get("$defs", {}))
    return here


def _resolved(schema: Schema, definitions: Schema) -> Schema:
    """A schema without references and without the choice of null."""
    if reference := schema.get("$ref"):
        return _resolved(definitions[reference.rpartition("/")[2]], definitions)
    options = [option for option in schema.get("anyOf", ()) if option.get("type") != "null"]
    return _resolved(options[0], definitions) if options else schema


def _known_keys(model: type[BaseModel], path: KeyPath) -> tuple[str, ...]:
    """The keys that a mapping at a path may have; at the top level `schema` too."""
    names = tuple(_schema_at(model, path).get("properties", ()))
    return names if path else ("schema", *names)
