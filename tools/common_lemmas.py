"""The lemmas of words that ruler's own captions, rules and taxonomies are made of.

    python tools/common_lemmas.py [--check]

Loading simplemma's dictionary takes a fifth of a second, and most runs of the embedded captioner
meet no other words than these. A word that is missing here costs that time and changes nothing;
`--check` says whether each word that stands here has the lemma that simplemma gives it.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import simplemma

ROOT = Path(__file__).resolve().parents[1]
TABLE = ROOT / "ruler" / "text" / "data" / "lemmas.en.txt"
SOURCES = (
    *sorted((ROOT / "rules_store" / "data").rglob("*.yaml")),
    *sorted((ROOT / "ruler" / "captioners" / "motion").glob("*.py")),
    *sorted((ROOT / "ruler" / "text").glob("*.py")),
    ROOT / "ruler" / "schemas" / "facts.py",
)
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")


def words() -> list[str]:
    """All words of the sources, in lower case, with the parts of compounds."""
    found: set[str] = set()
    for source in SOURCES:
        for word in _WORD.findall(source.read_text(encoding="utf-8").lower().replace("’", "'")):
            found |= {word, *re.split(r"['-]", word)}
    return sorted(word for word in found if word.isascii() and 1 <= len(word) <= 24)


def lines() -> list[str]:
    """One line a word; the lemma follows where it is another."""
    said = ((word, simplemma.lemmatize(word, lang="en").lower()) for word in words())
    return [word if lemma == word else f"{word} {lemma}" for word, lemma in said]


def main() -> int:
    """Write the table, or check it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    if not parser.parse_args().check:
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text("\n".join(lines()) + "\n", encoding="utf-8")
        return 0
    wrong = [
        line
        for line in TABLE.read_text(encoding="utf-8").split("\n")
        if line and simplemma.lemmatize(line.split()[0], lang="en").lower() != line.split()[-1]
    ]
    for line in wrong:
        print(f"{TABLE.name}: simplemma says otherwise of: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
