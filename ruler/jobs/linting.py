"""`ruler rules lint`, and what `edit` and `import` ask: findings with their places in the file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from ruler.errors import InputError
from ruler.jobs.taxonomies import known_taxonomies
from ruler.schemas.taxonomy import Taxonomy
from ruler.steps.linting import CODES, lint
from ruler.steps.linting.base import SEVERITIES, LintContext, Note, Severity
from rules_store.rule_files import parse_placed
from rules_store.store import Store
from rules_store.taxonomy_files import load_lexicon, load_taxonomy
from rules_store.yaml_nodes import Mapping, Node, Place, Scalar
from rules_store.yaml_nodes import Sequence as NodeSequence


@dataclass(frozen=True, slots=True)
class LintFinding:
    """One doubtful thing in a rule file. `line` and `column` count from 1; `advice` says how to
    mend it; `rule_id` is None where the file as a whole is meant."""

    code: str
    level: Severity
    file: str
    line: int
    column: int
    rule_id: str | None
    message: str
    advice: str

    @property
    def place(self) -> str:
        """`file:line:column`."""
        return f"{self.file}:{self.line}:{self.column}"


def lint_source(
    source: str,
    *,
    file: str,
    store: Store | None = None,
    as_of: dt.date,
    taxonomies: Sequence[Taxonomy] = (),
) -> list[LintFinding]:
    """What is doubtful in a rule file, in file order.

    Args:
        source: The file's text.
        file: Name that findings carry.
        store: Whose scenes are known; None where the file's scene need not be.
        as_of: The day, for exceptions that expire.
        taxonomies: Those of the user; the ones that ship are known anyway.

    Raises:
        FileProblems: it is not a valid rule file; carries every problem.
    """
    rules, tree = parse_placed(source, file=file)
    known = [*taxonomies, *_remembered(store, rules.scene)]
    notes = lint(rules, _context(store, as_of, known))
    ids = [rule.id for rule in rules.rules]
    found = [_finding(note, file, tree, ids) for note in notes]
    return sorted(found, key=lambda one: (one.line, one.column, one.code))


def _remembered(store: Store | None, scene: str) -> list[Taxonomy]:
    """The taxonomy that a scene was learned with, if it can still be read."""
    active = None if store is None else store.scenes.find(scene)
    name = None if active is None else active.asking.get("taxonomy")
    if not isinstance(name, str):
        return []
    try:
        return [load_taxonomy(name)]
    except InputError:
        # It has moved: its categories are unknown then, and the findings say so.
        return []


def fails(findings: Iterable[LintFinding]) -> bool:
    """Whether there is an error or a warning; what is merely worth knowing fails nothing."""
    return any(finding.level != "info" for finding in findings)


def at_least(findings: Iterable[LintFinding], level: Severity) -> list[LintFinding]:
    """The findings of a level and above."""
    least = SEVERITIES.index(level)
    return [one for one in findings if SEVERITIES.index(one.level) >= least]


def _context(store: Store | None, as_of: dt.date, taxonomies: Iterable[Taxonomy]) -> LintContext:
    lexicon = load_lexicon()
    supplied = [one.taxonomy for one in known_taxonomies() if one.taxonomy is not None]
    known = [*supplied, *taxonomies]
    categories = {item.id for taxonomy in known for item in taxonomy.items}
    categories |= {concept.category for concept in lexicon.concepts.values()}
    scenes = None if store is None else frozenset(i.name for i in store.scenes.overview())
    return LintContext(
        as_of=as_of,
        categories=frozenset(categories),
        scenes=scenes,
        people=frozenset(lexicon.people),
        stop_words=frozenset(lexicon.stop_words),
        given_names=_given_names(),
    )


@lru_cache(maxsize=1)
def _given_names() -> frozenset[str]:
    entry = resources.files("rules_store") / "data" / "words" / "given_names.txt"
    lines = entry.read_text(encoding="utf-8").splitlines()
    return frozenset(
        name.lower() for line in lines if not line.startswith("#") for name in line.split()
    )


def _finding(note: Note, file: str, tree: Mapping, ids: Sequence[str]) -> LintFinding:
    code = CODES[note.code]
    place = _place(tree, note)
    of_rule = len(note.path) > 1 and note.path[0] == "rules" and isinstance(note.path[1], int)
    return LintFinding(
        code=code.code,
        level=code.level,
        file=file,
        line=place.line,
        column=place.column,
        rule_id=ids[int(note.path[1])] if of_rule else None,
        message=note.message,
        advice=code.advice,
    )


def _place(tree: Mapping, note: Note) -> Place:
    """Where the value stands; where it is left out, what holds it."""
    node: Node = tree
    place = tree.start
    for step in note.path:
        if isinstance(node, Mapping) and step in node.entries:
            entry = node.entries[str(step)]
            node = entry.node
            place = node.start if isinstance(node, Scalar) else entry.key.start
        elif isinstance(node, NodeSequence) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
            place = node.start
        else:
            break
    return place
