"""Pages about values: settings, files, results and facts, from the models that read them."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, TypeAdapter

from ruler.reporting.tables import COLUMNS
from ruler.schemas.datasets import EvalDocument, Manifest
from ruler.schemas.facts import FACTS
from ruler.schemas.runs import RunRecord
from ruler.schemas.taxonomy import Taxonomy
from ruler.schemas.verdicts import Event, Verdict
from ruler.settings import Folders, Settings
from rules_store.rule_schema import rules_schema
from tools.reference.tables import kind_of, table, value_of

Schema = dict[str, Any]

_SETTINGS = """\
What a machine or a person sets once, in the environment. An option of a command comes before its
setting; an empty variable counts as not set.
"""
_RESULTS = """\
A run leaves `runs/RUN/` with `run.json`, `frames.jsonl`, `frames.csv`, `events.jsonl` and
`report.html`. `frames.csv` has the columns {columns}. In the lines of frames and events a revision
is written as `scene@number`, its hash as `revision_sha256`.
"""
_FACTS = """\
What captioners measure, and what `measures` of a rule may bound. `ruler help facts` shows the same.
"""


def settings_page() -> str:
    """Variables of the environment."""
    schema = Settings.model_json_schema()
    said = {**_remarks(Folders), **_remarks(Settings)}
    rows = (
        (f"`RULER_{name.upper()}`", said.get(name, ""), kind_of(one), value_of(one, required=False))
        for name, one in schema["properties"].items()
    )
    return "\n".join(
        (
            "# Settings\n",
            _SETTINGS,
            *table(("variable", "meaning", "takes", "if not set"), rows),
        )
    )


def rules_page() -> str:
    """The rule file."""
    return _page(
        "The rule file",
        "`ruler/rules/v1`: what `ruler rules edit` opens. An unknown key is an error with its "
        "line. `ruler rules schema > rules.schema.json` writes this as a JSON Schema for editors; "
        "[Rules](../rules.md) shows how to work with it, [lint](../lint.md) what is doubtful in "
        "it.",
        rules_schema(),
        "The file",
    )


def taxonomy_page() -> str:
    """The taxonomy file."""
    return _page(
        "The taxonomy file",
        "`ruler/taxonomy/v1`; the file also has `schema: ruler/taxonomy/v1`. "
        "[Writing a taxonomy](../taxonomies.md) explains each key with examples.",
        Taxonomy.model_json_schema(),
        "The file",
    )


def dataset_page() -> str:
    """The manifest of a data set."""
    return _page(
        "The dataset manifest",
        "`ruler/dataset/v1`: what `ruler eval` reads; the file also has "
        "`schema: ruler/dataset/v1`. `kind` says which of the four it is. Paths are meant from "
        "the manifest's folder.",
        TypeAdapter(Manifest).json_schema(),
    )


def results_page() -> str:
    """What a run and an evaluation leave."""
    parts = (
        ("run.json", RunRecord, "Inputs, versions, models, usage, coverage and time of a run."),
        ("frames.jsonl", Verdict, "One line a sampled frame."),
        ("events.jsonl", Event, "One line an event, a run of anomalous frames."),
        ("ruler eval --json FILE", EvalDocument, "What an evaluation writes."),
    )
    columns = ", ".join(f"`{name}`" for name in COLUMNS)
    lines = [
        "# Results\n",
        _RESULTS.format(columns=columns),
    ]
    told: set[str] = set()
    for title, model, what in parts:
        lines += [f"## {title}\n", f"{what}\n"]
        lines += _sections(model.model_json_schema(mode="serialization"), told=told)
    return "\n".join(lines)


def facts_page() -> str:
    """The table of facts."""
    rows = (
        (
            f"`{fact.name}`",
            fact.meaning,
            fact.unit,
            f"{_end(fact.low)} to {_end(fact.high)}",
            fact.scope if fact.source == "captioner" else f"{fact.scope}, by tracking",
        )
        for fact in FACTS.values()
    )
    return "\n".join(
        (
            "# Facts\n",
            _FACTS,
            *table(("fact", "meaning", "unit", "range", "said of"), rows),
        )
    )


def _end(value: float | None) -> str:
    return "any" if value is None else f"{value:g}"


def _page(title: str, introduction: str, schema: Schema, root: str | None = None) -> str:
    return "\n".join((f"# {title}\n", f"{introduction}\n", *_sections(schema, root=root)))


def _sections(
    schema: Schema, *, root: str | None = None, told: set[str] | None = None
) -> Iterator[str]:
    """A table for the schema's own properties, then one for each value that it refers to."""
    told = set() if told is None else told
    if "properties" in schema:
        if root is not None:
            yield f"## {root}\n"
        yield from _properties(schema)
    for name, part in schema.get("$defs", {}).items():
        if name in told:
            continue
        told.add(name)
        yield f"\n{'##' if root is not None or 'properties' not in schema else '###'} {name}\n"
        if part.get("description"):
            yield f"{_flat(part['description'])}\n"
        if "properties" in part:
            yield from _properties(part)
        else:
            yield kind_of(part)
    yield ""


def _properties(schema: Schema) -> Iterator[str]:
    needed = schema.get("required", ())
    items = schema["properties"].items()
    if any("description" in one for _, one in items):
        yield from table(
            ("key", "meaning", "takes", "if not given"),
            (
                (f"`{k}`", v.get("description", ""), kind_of(v), value_of(v, required=k in needed))
                for k, v in items
            ),
        )
        return
    yield from table(
        ("key", "takes", "if not given"),
        ((f"`{k}`", kind_of(v), value_of(v, required=k in needed)) for k, v in items),
    )


def _flat(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _remarks(model: type[BaseModel]) -> dict[str, str]:
    """The texts that stand below the fields of a class, by field."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for field, after in zip(tree.body, tree.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            found[field.target.id] = " ".join(str(after.value.value).split())
    return found
