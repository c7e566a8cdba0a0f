"""What a taxonomy file says of itself that pydantic cannot tell: ids, maps, and phrases in vain."""

from __future__ import annotations

from collections.abc import Iterator

from ruler.text.languages import ENGLISH, LANGUAGES, Language
from ruler.text.phrase_checks import says, why_never_found
from rules_store.yaml_nodes import Entry, Mapping, Node, Scalar, Sequence, numbered_groups, text_of
from rules_store.yamlio import Check, Finding, KeyPath

_PHRASES = ("look_for", "unless", "only_if")


def items_of(tree: Mapping) -> list[tuple[str, KeyPath, Mapping]]:
    """(category key, path, item) of all items that can be looked at."""
    return [
        (key, ("categories", key, "items", number), item)
        for key, category in _categories(tree)
        for number, item in numbered_groups(category.get("items"))
    ]


def _categories(tree: Mapping) -> Iterator[tuple[str, Mapping]]:
    categories = tree.get("categories")
    for key, entry in categories.entries.items() if isinstance(categories, Mapping) else ():
        if isinstance(entry.node, Mapping):
            yield key, entry.node


def _check_items(tree: Mapping) -> list[Finding]:
    """Item ids begin with their category and stand once."""
    findings: list[Finding] = []
    first: dict[str, int] = {}
    for category, path, item in items_of(tree):
        node = item.get("id")
        given = text_of(node)
        if node is None or not given:
            continue
        if given in first:
            twice = f"item id `{given}` stands twice (first on line {first[given]})"
            findings.append(Finding((*path, "id"), node.start, twice))
        elif "." in given and not given.startswith(f"{category}."):
            alien = f"item id `{given}` must begin with its category: `{category}.`"
            findings.append(Finding((*path, "id"), node.start, alien))
        first.setdefault(given, node.start.line)
    return findings


def _check_contents(tree: Mapping) -> Iterator[Finding]:
    """There are categories, and every category has items."""
    categories = tree.entries.get("categories")
    if categories and isinstance(categories.node, Mapping) and not categories.node.entries:
        yield Finding(("categories",), categories.key.start, "there is no category here")
    for key, category in _categories(tree):
        items = category.entries.get("items")
        if items is None or _is_empty(items.node):
            place = items.key.start if items else category.start
            message = f"category `{key}` has no items: give it some, or remove it"
            yield Finding(("categories", key, "items"), place, message)


def _is_empty(node: Node) -> bool:
    return (isinstance(node, Sequence) and not node.items and not node.is_refused) or (
        isinstance(node, Scalar) and node.value is None and not node.is_refused
    )


def map_entries(tree: Mapping) -> Iterator[tuple[str | None, KeyPath, Entry]]:
    """(taxonomy or None for any, path, item id and target) of all lines of `maps`."""
    maps = tree.get("maps")
    for key, entry in maps.entries.items() if isinstance(maps, Mapping) else ():
        if "." in key:
            yield None, ("maps", key), entry
        elif isinstance(entry.node, Mapping):
            for item, inner in entry.node.entries.items():
                yield key, ("maps", key, item), inner


def _check_maps(tree: Mapping) -> list[Finding]:
    """`maps` leads from items of this taxonomy to ids."""
    own = {text_of(item.get("id")) for _, _, item in items_of(tree)}
    findings: list[Finding] = []
    for taxonomy, path, entry in map_entries(tree):
        if entry.key.text not in own:
            alien = f"`maps` names `{entry.key.text}`, which is no item here"
            findings.append(Finding(path, entry.key.start, alien))
        refused = entry.node.is_refused
        if taxonomy is None and text_of(entry.node) is None and not refused:
            wanted = "`maps` leads to an item of another taxonomy, such as `general: {id: id}`"
            findings.append(Finding(path, entry.node.start, wanted))
    return findings


def _check_phrases(tree: Mapping) -> Iterator[Finding]:
    """Phrases that no caption can ever hold, and those that an `unless` takes back at once."""
    language = _language(tree)
    for _, path, item in items_of(tree):
        phrases = {key: list(_phrases(item, key)) for key in _PHRASES}
        for key, nodes in phrases.items():
            for number, node in nodes:
                if why := why_never_found(node.text, language):
                    message = f"no caption can ever hold `{node.text}`: {why}"
                    yield Finding((*path, key, number), node.start, message)
        for number, excuse in phrases["unless"]:
            if swallowed := _swallowed(excuse.text, phrases["look_for"], language):
                message = (
                    f"`unless` holds `{excuse.text}`, which stands in `{swallowed}` of `look_for` "
                    "itself: that phrase could never count"
                )
                yield Finding((*path, "unless", number), excuse.start, message)


def _phrases(item: Mapping, key: str) -> Iterator[tuple[int, Scalar]]:
    node = item.get(key)
    for number, part in enumerate(node.items if isinstance(node, Sequence) else ()):
        if text_of(part) and isinstance(part, Scalar):
            yield number, part


def _swallowed(excuse: str, look_for: list[tuple[int, Scalar]], language: Language) -> str | None:
    """The first phrase of `look_for` that says the excuse itself."""
    for _, node in look_for:
        if says(node.text, excuse, language):
            return node.text
    return None


def _language(tree: Mapping) -> Language:
    """The language whose closed words tell how phrases are read; English where ruler has none."""
    code = (text_of(tree.get("language")) or "en").partition("-")[0]
    return next((known for known in LANGUAGES if known.code == code), ENGLISH)


CHECKS: tuple[Check, ...] = (
    _check_items,
    lambda tree: list(_check_contents(tree)),
    _check_maps,
    lambda tree: list(_check_phrases(tree)),
)
